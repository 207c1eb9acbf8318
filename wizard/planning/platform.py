"""profile -> desired."""

from __future__ import annotations

from collections.abc import Callable

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.planning.components import ollama, open_webui, postgresql
from wizard.planning.coverage import gaps
from wizard.planning.desired import Component, Desired


def desired(profile: Profile, chart: Callable[[str], Chart]) -> Desired:
    """What the profile means. `chart` gives a shipped chart by its name (catalog.charts.chart)."""
    components: list[Component] = []
    secrets = list(open_webui.secrets(profile))
    objects = []
    if profile.database.kind == "internal":
        components.append(postgresql.plan(profile, chart(postgresql.NAME)))
        secrets += postgresql.SECRETS
        objects.append(postgresql.SECRET_OBJECT)
    components.append(ollama.plan(profile, chart(ollama.NAME)))
    components.append(open_webui.plan(profile, chart(open_webui.NAME)))
    objects.append(open_webui.secret_object(profile))
    scheme = "http" if profile.access.tls.issuer == "none" else "https"
    urls = (f"{scheme}://{profile.chat_host}",) if profile.exposed else ()
    return Desired(
        deployment=profile.name,
        namespace=profile.namespace,
        components=tuple(components),
        secrets=tuple(secrets),
        secret_objects=tuple(objects),
        urls=urls,
        simulated=profile.simulated,
        findings=gaps(profile),
    )
