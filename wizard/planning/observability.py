"""Which of the monitoring a profile brings: components, their secrets, the Secret objects. Footprint lean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.domain.secret import SecretRef
from wizard.planning.components import (
    alertmanager,
    alloy,
    grafana,
    kube_state_metrics,
    loki,
    node_exporter,
    prometheus,
)
from wizard.planning.desired import Component, SecretObject

NAMES = (
    prometheus.NAME,
    alertmanager.NAME,
    grafana.NAME,
    loki.NAME,
    alloy.NAME,
    node_exporter.NAME,
    kube_state_metrics.NAME,
)


@dataclass(frozen=True, slots=True)
class Parts:
    components: tuple[Component, ...] = ()
    secrets: tuple[SecretRef, ...] = ()
    secret_objects: tuple[SecretObject, ...] = ()


def wanted(profile: Profile) -> tuple[str, ...]:
    """Names of the components that the profile means."""
    if not profile.observability.enabled:
        return ()
    without = () if profile.observability.logs.backend == "loki" else (loki.NAME, alloy.NAME)
    return tuple(name for name in NAMES if name not in without)


def parts(profile: Profile, chart: Callable[[str], Chart]) -> Parts:
    names = wanted(profile)
    if not names:
        return Parts()
    plans: dict[str, Callable[[Profile, Chart], Component]] = {
        prometheus.NAME: prometheus.plan,
        alertmanager.NAME: alertmanager.plan,
        grafana.NAME: grafana.plan,
        loki.NAME: loki.plan,
        alloy.NAME: alloy.plan,
        node_exporter.NAME: node_exporter.plan,
        kube_state_metrics.NAME: kube_state_metrics.plan,
    }
    receivers = alertmanager.secret_object(profile)
    return Parts(
        tuple(plans[name](profile, chart(name)) for name in names),
        (*grafana.SECRETS, *alertmanager.secrets(profile)),
        (grafana.SECRET_OBJECT, *((receivers,) if receivers is not None else ())),
    )
