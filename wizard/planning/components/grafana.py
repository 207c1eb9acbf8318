"""Grafana: dashboards as code, at the profile's monitor host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from wizard.catalog.charts import Chart
from wizard.catalog.dashboards import dashboards
from wizard.domain.profile import Profile
from wizard.domain.secret import SecretRef
from wizard.planning.components import alertmanager, loki, prometheus
from wizard.planning.components.base import OBSERVABILITY, component, exposure
from wizard.planning.desired import Component, HttpCheck, SecretEntry, SecretObject

NAME: Final = "grafana"
SECRET = "grafana-admin"  # noqa: S105 - a name
HOME = "platform"
"""uid of the dashboard that comes first."""
SECRETS = (
    SecretRef("grafana-admin-password", SECRET, "admin-password", length=24),
    # Encrypts what Grafana stores; its built-in default is the same everywhere, and public.
    SecretRef("grafana-secret-key", SECRET, "secret-key", length=64),
)
SECRET_OBJECT = SecretObject(SECRET, tuple(SecretEntry(ref.key, ref.name) for ref in SECRETS))


def plan(profile: Profile, chart: Chart) -> Component:
    logs = profile.observability.logs.backend == "loki"
    shown = {uid: _shown(board, logs=logs) for uid, board in dashboards().items()}
    values: dict[str, Any] = {
        "admin": {"existingSecret": SECRET, "email": profile.admin_email},
        "datasources": _datasources(profile, logs=logs),
        "dashboards": {
            uid: json.dumps(board, separators=(",", ":"), ensure_ascii=False)
            for uid, board in shown.items()
            if board["panels"]
        },
        "homeDashboard": HOME,
        # Pods read Secrets when they start.
        "podAnnotations": {"wizard.dev/secrets": SECRET_OBJECT.digest},
    }
    if profile.exposed:
        values |= exposure(profile, profile.monitor_host)
    check = HttpCheck(NAME, "http", "/api/health", "Grafana's health")
    return component(profile, chart, NAME, values, checks=(check,), part=OBSERVABILITY)


def _datasources(profile: Profile, *, logs: bool) -> list[dict[str, Any]]:
    def one(name: str, kind: str, service: str, port: int, **more: Any) -> dict[str, Any]:
        url = f"http://{service}.{profile.namespace}.svc:{port}"
        return {"name": name, "type": kind, "uid": service, "url": url, "access": "proxy", "editable": False, **more}

    interval = {"timeInterval": profile.observability.metrics.interval, "httpMethod": "POST"}
    found = [
        one("Prometheus", "prometheus", prometheus.NAME, prometheus.PORT, isDefault=True, jsonData=interval),
        one(
            "Alertmanager",
            "alertmanager",
            alertmanager.NAME,
            alertmanager.PORT,
            jsonData={"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
        ),
    ]
    if logs:
        found.append(one("Loki", "loki", loki.NAME, loki.PORT, jsonData={"maxLines": 1000}))
    return found


def _shown(board: Mapping[str, Any], *, logs: bool) -> dict[str, Any]:
    """The dashboard without what there are no data for: panels on logs, where none are kept."""
    if logs:
        return dict(board)
    panels = [panel for panel in board["panels"] if panel.get("datasource", {}).get("type") != "loki"]
    return {**board, "panels": panels if any(panel["type"] != "row" for panel in panels) else []}
