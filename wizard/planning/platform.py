"""profile -> desired."""

from __future__ import annotations

from collections.abc import Callable

from wizard.catalog import instances, models
from wizard.catalog.charts import Chart
from wizard.domain.finding import Finding
from wizard.domain.profile import Profile
from wizard.planning import observability
from wizard.planning.components import ollama, open_webui, postgresql
from wizard.planning.coverage import gaps
from wizard.planning.desired import Component, Desired
from wizard.planning.fit import findings, server_finding


def desired(profile: Profile, chart: Callable[[str], Chart], known: models.Models | None = None) -> Desired:
    """What the profile means. `chart` gives a shipped chart by its name (catalog.charts.chart); `known` are models of
    another catalog than the shipped one."""
    known = known or models.catalog()
    components: list[Component] = []
    secrets = list(open_webui.secrets(profile))
    objects = []
    if profile.database.kind == "internal":
        components.append(postgresql.plan(profile, chart(postgresql.NAME)))
        secrets += postgresql.SECRETS
        objects.append(postgresql.SECRET_OBJECT)
    components.append(ollama.plan(profile, chart(ollama.NAME), known))
    components.append(open_webui.plan(profile, chart(open_webui.NAME)))
    objects.append(open_webui.secret_object(profile))
    watching = observability.parts(profile, chart)
    components += watching.components
    secrets += watching.secrets
    objects += watching.secret_objects
    scheme = "http" if profile.access.tls.issuer == "none" else "https"
    hosts = (profile.chat_host, *((profile.monitor_host,) if watching.components else ()))
    urls = tuple(f"{scheme}://{host}" for host in hosts) if profile.exposed else ()
    return Desired(
        deployment=profile.name,
        namespace=profile.namespace,
        components=tuple(components),
        secrets=tuple(secrets),
        secret_objects=tuple(objects),
        urls=urls,
        simulated=profile.simulated,
        findings=(*gaps(profile), *_fits(profile, components, known)),
    )


def _fits(profile: Profile, components: list[Component], known: models.Models) -> tuple[Finding, ...]:
    """What is to be said of the models' memory."""
    served = next(component for component in components if component.name == ollama.NAME)
    limit = served.resources.memory_limit // profile.tiers.standard.ollama.replicas
    server = server_finding(profile, components)
    return (*findings(profile, limit, known, instances.catalog()), *((server,) if server is not None else ()))
