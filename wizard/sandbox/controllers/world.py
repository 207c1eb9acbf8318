"""What the programs of one sandbox share: the load on the platform, pulled models, and the scenarios' effects."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.effects import Effects

if TYPE_CHECKING:
    from wizard.sandbox.controllers.programs.base import Program

_DAY = 86400.0


@dataclass(slots=True)
class Model:
    """A model on a volume."""

    name: str
    size: float
    """Bytes."""
    pulled: float
    """When."""


@dataclass(slots=True)
class World:
    cluster: Cluster
    effects: Effects
    secrets_manager: dict[str, str] = field(default_factory=dict)
    """Name -> value (text or JSON) of the simulated AWS Secrets Manager."""
    models: dict[str, dict[str, Model]] = field(default_factory=dict)
    """Volume (a claim's uid, a pod's uid, or `namespace:NAME`) -> models on it."""
    program_of: Callable[[str, str], Program | None] = lambda uid, container: None
    """(pod's uid, container) -> what runs there now."""
    running: Callable[[], list[Program]] = lambda: []
    """Every program that runs now."""
    telemetry: Any = None
    """wizard.sandbox.telemetry.Telemetry, for the programs that serve it."""

    def activity(self, ns: str, now: float) -> float:
        """How busy the users of a namespace are, 0 to 1: a working day with waves, the same for the same seed."""
        phase = self.cluster.jitter("activity", ns)
        hour = (now % _DAY) / 3600
        day = 0.5 - 0.5 * math.cos((hour - 2) / 24 * 2 * math.pi)
        waves = 0.22 * math.sin(now / 433 + phase * 20) + 0.12 * math.sin(now / 97 + phase * 50)
        return min(1.0, max(0.02, 0.2 + 0.5 * day + waves))

    def requests(self, ns: str, now: float) -> float:
        """Chat requests a second in a namespace."""
        return 0.05 + 0.6 * self.activity(ns, now) ** 2

    def models_in(self, *volumes: str) -> dict[str, Model]:
        found: dict[str, Model] = {}
        for volume in volumes:
            found.update(self.models.get(volume, {}))
        return found
