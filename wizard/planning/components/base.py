"""What the components' files share: merging values, images, overrides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.catalog.charts import Chart
from wizard.domain.finding import UsageError, Where, error
from wizard.domain.profile import Profile
from wizard.domain.profile.components import Amounts, ComponentName
from wizard.planning.budget import resources
from wizard.planning.desired import Component, HttpCheck


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Helm's own merge: mappings by key, anything else replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


OBSERVABILITY = "monitoring and logs"
"""`Component.part` of whatever watches the platform; what the platform itself consists of has none."""


def volume(profile: Profile, size: str) -> dict[str, Any]:
    """Values of a chart's `persistence`."""
    return {"size": size, **({"storageClassName": profile.storage.class_name} if profile.storage.class_name else {})}


def exposure(profile: Profile, host: str | None) -> dict[str, Any]:
    """Values of a chart's `url` and `ingress`, for a profile that is exposed."""
    tls = profile.access.tls
    secure = tls.issuer != "none"
    ingress: dict[str, Any] = {
        "enabled": True,
        "className": profile.access.ingress_class,
        "host": host,
        "tls": {"enabled": secure},
    }
    if tls.issuer == "cluster-issuer":
        ingress["annotations"] = {"cert-manager.io/cluster-issuer": tls.issuer_name}
    return {"url": f"http{'s' if secure else ''}://{host}", "ingress": ingress}


def amounts(given: Amounts) -> dict[str, str]:
    return {key: value for key in ("cpu", "memory") if (value := getattr(given, key)) is not None}


def component(
    profile: Profile,
    chart: Chart,
    name: ComponentName,
    values: Mapping[str, Any],
    *,
    needs: tuple[str, ...] = (),
    checks: tuple[HttpCheck, ...] = (),
    replicas: int = 1,
    part: str = "",
) -> Component:
    """The component with the profile's own wishes on top: mirror, pull secrets, expert overrides."""
    ours: dict[str, Any] = dict(values)
    if profile.images.registry:
        repository = f"{profile.images.registry}/{chart.defaults['image']['repository']}"
        ours = merge(ours, {"image": {"repository": repository}})
    if profile.images.pull_secrets:
        ours["imagePullSecrets"] = [{"name": secret} for secret in profile.images.pull_secrets]
    if not profile.security.network_policies:
        ours = merge(ours, {"networkPolicy": {"enabled": False}})
    override = profile.components.get(name)
    if override is not None:
        if override.resources is not None:
            wished = {
                "requests": amounts(override.resources.requests),
                "limits": amounts(override.resources.limits),
            }
            ours = merge(ours, {"resources": {kind: part for kind, part in wished.items() if part}})
        ours = merge(ours, override.values)
    whole = merge(chart.defaults, ours)
    try:
        compute = resources(whole.get("resources") or {}, replicas)
    except (ValueError, TypeError, AttributeError) as wrong:
        raise UsageError(
            error(
                "component-values",
                f"the resources of {name} cannot be read",
                detail=str(wrong),
                hint="write them as Kubernetes does: {requests: {cpu: 500m, memory: 1Gi}}",
                where=Where(path=f"components.{name}.values.resources"),
            )
        ) from wrong
    return Component(
        name=name,
        namespace=profile.namespace,
        chart=str(chart.path),
        chart_name=chart.name,
        chart_version=chart.version,
        chart_digest=chart.digest,
        values=ours,
        needs=needs,
        checks=checks,
        resources=compute,
        part=part,
    )
