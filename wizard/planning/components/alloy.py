"""Alloy: ships the logs of all pods to Loki."""

from __future__ import annotations

from typing import Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.planning.components import loki
from wizard.planning.components.base import OBSERVABILITY, component
from wizard.planning.desired import Component

NAME: Final = "alloy"


def plan(profile: Profile, chart: Chart) -> Component:
    url = f"http://{loki.NAME}.{profile.namespace}.svc:{loki.PORT}/loki/api/v1/push"
    values = {"loki": {"url": url}, "externalLabels": {"cluster": profile.name}}
    return component(profile, chart, NAME, values, part=OBSERVABILITY)
