"""What a profile may say but this version does not deploy: said before anything is touched.

Parts whose absence would break what the profile promises are errors; the rest is said once.
"""

from __future__ import annotations

from wizard.domain.finding import Finding, Severity, Where, error
from wizard.domain.profile import Profile
from wizard.planning import observability

DEPLOYABLE = ("cluster", "sandbox", "k3s")
"""Kinds of target that this version deploys to."""


def _missing(path: str, what: str, hint: str) -> Finding:
    return error(
        "not-in-this-version",
        f"{what}: not deployed by this version",
        detail=f"`{path}` is a valid part of the profile and is planned for a later version.",
        hint=hint,
        where=Where(path=path),
    )


def gaps(profile: Profile) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if profile.tenants:
        found.append(_missing("tenants", "tenants with namespaces of their own", "leave `tenants` out"))
    if profile.footprint == "full":
        found.append(_missing("footprint", "the full footprint", "use `footprint: lean`"))
    if profile.database.kind == "aurora":
        found.append(_missing("database.kind", "Aurora", "use `database.kind: internal` or `external`"))
    if profile.database.kind == "internal" and profile.database.internal.instances > 1:
        found.append(_missing("database.internal.instances", "replicated PostgreSQL", "use 1 instance"))
    if profile.tiers.premium is not None:
        found.append(_missing("tiers.premium", "the premium tier", "leave it out"))
    if profile.chat.replicas > 1 or profile.chat.max_replicas:
        found.append(_missing("chat.replicas", "several copies of Open WebUI", "use 1 copy"))
    if profile.backup.enabled:
        found.append(_missing("backup.enabled", "scheduled backups", "use `enabled: false`"))
    if profile.chat.enabled is False:
        found.append(_missing("chat.enabled", "a platform without its own Open WebUI", "leave it out"))
    if profile.exposed and profile.access.routes == "gateway":
        found.append(_missing("access.routes", "routes by the Gateway API", "use `routes: ingress`"))
    if profile.target.kind == "k3s" and profile.target.need_k3s().air_gapped:
        found.append(_missing("target.k3s.airGapped", "an installation without network", "use `airGapped: false`"))
    there = {"ollama", "open-webui", *observability.wanted(profile)}
    if profile.database.kind == "internal":
        there.add("postgresql")
    for name, override in profile.components.items():
        if override.enabled is False and name in there:
            found.append(_missing(f"components.{name}.enabled", f"a platform without {name}", "leave it out"))
    later = [f"component {name}" for name, given in profile.components.items() if given.enabled and name not in there]
    if profile.observability.enabled and profile.observability.logs.backend == "cloudwatch":
        later.append("logs in CloudWatch")
    if profile.exposed and profile.access.tls.issuer not in ("none", "cluster-issuer"):
        later.append(f"certificates by {profile.access.tls.issuer} (the ingress serves its own until then)")
    if profile.access.dns.provider != "none":
        later.append(f"DNS records by {profile.access.dns.provider}")
    if any(model.warm for model in profile.models):
        later.append("loading models before the first question")
    if profile.security.pod_security != "restricted":
        later.append(f"Pod Security {profile.security.pod_security} (restricted is enforced)")
    if later:
        found.append(
            Finding(
                Severity.INFO,
                "later-version",
                "left out by this version: " + "; ".join(later),
                detail="Everything else of the profile is deployed.",
            )
        )
    return tuple(found)


def undeployable(profile: Profile) -> Finding | None:
    """Why this version cannot deploy to the profile's target; None where it can."""
    kind = profile.target.kind
    if kind in DEPLOYABLE and not profile.sandbox:
        return None
    return _missing(
        "target.kind",
        f"target {'sandbox' if profile.sandbox else kind}",
        "plan it with --plan, or deploy to a cluster that is there: --set target.kind=cluster",
    )
