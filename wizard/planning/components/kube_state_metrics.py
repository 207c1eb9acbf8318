"""kube-state-metrics: what the API server knows of each object, as metrics."""

from __future__ import annotations

from typing import Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.planning.components.base import OBSERVABILITY, component
from wizard.planning.desired import Component

NAME: Final = "kube-state-metrics"


def plan(profile: Profile, chart: Chart) -> Component:
    return component(profile, chart, NAME, {}, part=OBSERVABILITY)
