"""What every step is, and what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from wizard.domain.events import Event
from wizard.domain.plan import Plan, StepSpec
from wizard.planning.desired import Component, Desired
from wizard.planning.observed import Observed
from wizard.ports import Clock, Helm, Kube, Resource, SecretStore
from wizard.steps.tracking import Tracker

if TYPE_CHECKING:
    from wizard.steps.server import ServerJob


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator chose for this run, beside the profile."""

    patience: float = 60.0
    """Seconds that a pod may be in a fatal state (image pull, crash loop, unschedulable) before its
    step gives up: registries and schedulers do recover."""
    deadline: float = 900.0
    """Seconds one step may take in all."""
    take_back_conflicts: bool = False
    delete_data: bool = False
    server: bool = False
    """Whether destroy removes k3s from the server too, with all its data."""
    concurrency: int = 8


class Stop:
    """The operator's wish to stop: first drain, then force."""

    def __init__(self) -> None:
        self._draining = asyncio.Event()

    @property
    def draining(self) -> bool:
        return self._draining.is_set()

    def drain(self) -> None:
        self._draining.set()

    async def wait(self) -> None:
        await self._draining.wait()


@dataclass(slots=True)
class Context:
    """The ports and facts of one run. Steps share it and nothing else."""

    run: str
    desired: Desired
    observed: Observed
    plan: Plan
    kube: Kube
    helm: Helm
    clock: Clock
    stores: Sequence[SecretStore]
    emit: Callable[[Event], None]
    tracker: Tracker
    stop: Stop
    options: Options = field(default_factory=Options)
    workloads: dict[str, tuple[tuple[Resource, str], ...]] = field(default_factory=dict)
    """Component -> the workloads (kind, name) that its release consists of; filled by the release step."""
    record_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    server: ServerJob | None = None
    """For target k3s: the server below the cluster."""

    def component(self, name: str) -> Component:
        return self.desired.component(name)


class Step(Protocol):
    """One idempotent action. Raises WizardError with findings; `temporary` errors are tried again."""

    spec: StepSpec

    async def satisfied(self) -> bool:
        """Level-based: looks at the cluster now, True where there is nothing to do."""
        ...

    async def apply(self) -> bool:
        """True where it changed something."""
        ...
