"""node-exporter: memory, processors and disks of each node."""

from __future__ import annotations

from typing import Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.planning.components.base import OBSERVABILITY, component
from wizard.planning.desired import Component

NAME: Final = "node-exporter"


def plan(profile: Profile, chart: Chart) -> Component:
    """Its resources are those of one node: how many there are, the cluster knows."""
    return component(profile, chart, NAME, {}, part=OBSERVABILITY)
