"""Words that every front end ends with."""

from __future__ import annotations

from wizard.domain.profile import Profile


def where_it_is(profile: Profile) -> list[str]:
    """Where a deployed platform is, and how to log in."""
    lines = [f"{profile.name} is deployed and ready{' (SIMULATED)' if profile.simulated else ''}."]
    if profile.exposed:
        scheme = "http" if profile.access.tls.issuer == "none" else "https"
        lines.append(f"  {scheme}://{profile.chat_host}")
    else:
        lines.append(f"  kubectl -n {profile.namespace} port-forward svc/open-webui 8080:80")
    lines.append(f"  log in as {profile.admin_email}; its password:")
    lines.append(f"  wizard credentials show admin-password --profile {profile.name}")
    return lines
