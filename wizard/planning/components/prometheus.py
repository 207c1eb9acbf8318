"""Prometheus: what is scraped, and the rules that become alerts."""

from __future__ import annotations

from typing import Any, Final

from wizard.catalog.alerts import rule_files
from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.domain.profile.units import duration_seconds, size_bytes
from wizard.planning.alerts import rules
from wizard.planning.components.base import OBSERVABILITY, component, volume
from wizard.planning.desired import Component, HttpCheck

NAME: Final = "prometheus"
PORT = 9090
_SHARE = 0.8
"""Of the volume, for samples; the write-ahead log and compactions take the rest (the chart's values.yaml)."""
_TIMEOUT = 10
_SIGNED = ("k3s", "aws")
"""Targets whose kubelets' certificates are signed by the cluster's CA; of another cluster's nobody knows."""


def plan(profile: Profile, chart: Chart) -> Component:
    metrics = profile.observability.metrics
    values: dict[str, Any] = {
        "retention": {"time": metrics.retention, "size": f"{int(size_bytes(metrics.size) * _SHARE / 2**20)}MB"},
        "scrape": {
            "interval": metrics.interval,
            "timeout": f"{min(_TIMEOUT, duration_seconds(metrics.interval))}s",
        },
        "kubelet": {"insecureSkipVerify": profile.target.kind not in _SIGNED},
        "externalLabels": {"cluster": profile.name},
        "rules": rules(profile, rule_files()),
        "persistence": volume(profile, metrics.size),
    }
    check = HttpCheck(NAME, "http", "/-/ready", "Prometheus' readiness")
    return component(profile, chart, NAME, values, checks=(check,), part=OBSERVABILITY)
