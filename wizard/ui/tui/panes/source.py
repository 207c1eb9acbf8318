"""What the panes need of a `Watch`: the feeds, and the few things that are asked or done about one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wizard.domain.live import (
    AlertRow,
    EventRow,
    FeedState,
    LogLine,
    LogSelection,
    ModelRow,
    NodeRow,
    PodRow,
    SilenceRow,
)
from wizard.observers.feed import Feed


class Alerts(Protocol):
    """The feed of alerts, and what can be done about them."""

    @property
    def version(self) -> int: ...

    @property
    def state(self) -> FeedState: ...

    def rows(self) -> Sequence[AlertRow]: ...

    @property
    def silences(self) -> Sequence[SilenceRow]: ...

    async def silence(self, alert: AlertRow, who: str, why: str, seconds: float) -> str: ...

    async def expire(self, silence: str) -> None: ...


class Lines(Protocol):
    """A feed of log lines: they are taken once, and how many were dropped is known."""

    @property
    def state(self) -> FeedState: ...

    @property
    def dropped(self) -> int:
        """Lines that nobody took in time."""
        ...

    @property
    def source(self) -> str:
        """`Loki monitoring/loki`, or `pods`."""
        ...

    def take(self, limit: int = 5000) -> Sequence[LogLine]: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Watching(Protocol):
    """`wizard.observers.watch.Watch`, as far as it is drawn. Who made it starts and stops it."""

    def now(self) -> float:
        """Seconds since the epoch, by the cluster's clock: what ages are counted from."""
        ...

    @property
    def pods(self) -> Feed[PodRow]: ...

    @property
    def nodes(self) -> Feed[NodeRow]: ...

    @property
    def events(self) -> Feed[EventRow]: ...

    @property
    def models(self) -> Feed[ModelRow]: ...

    @property
    def alerts(self) -> Alerts: ...

    def logs(self, selection: LogSelection) -> Lines:
        """A feed of its own: start it, take from it, stop it."""
        ...

    async def describe(self, pod: PodRow) -> str:
        """As `kubectl describe`, in lines. Raises WizardError."""
        ...

    async def pod_logs(self, pod: PodRow, *, previous: bool = False, tail: int = 500) -> Sequence[LogLine]:
        """Raises WizardError."""
        ...

    async def delete_pod(self, pod: PodRow) -> None:
        """Raises WizardError."""
        ...
