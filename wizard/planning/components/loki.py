"""Loki: keeps the logs of all pods."""

from __future__ import annotations

from typing import Any, Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.domain.profile.units import duration_seconds
from wizard.planning.components.base import OBSERVABILITY, component, volume
from wizard.planning.desired import Component, HttpCheck

NAME: Final = "loki"
PORT = 3100
_LEAST_HOURS = 24
"""Loki refuses a shorter retention: its index has a table for each day."""


def plan(profile: Profile, chart: Chart) -> Component:
    logs = profile.observability.logs
    hours = max(_LEAST_HOURS, -(-duration_seconds(logs.retention) // 3600))
    values: dict[str, Any] = {"retention": {"time": f"{hours}h"}, "persistence": volume(profile, logs.size)}
    check = HttpCheck(NAME, "http", "/ready", "Loki's readiness")
    return component(profile, chart, NAME, values, checks=(check,), part=OBSERVABILITY)
