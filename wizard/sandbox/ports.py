"""The seam between the API half of the sandbox and its controllers half."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wizard.sandbox.clock import SimClock
from wizard.sandbox.store import Store


@dataclass(slots=True)
class Faults:
    """How the API misbehaves, set by scenarios while it runs. All rates are shares of requests, 0 to 1."""

    too_many: float = 0.0
    """Requests answered 429 with Retry-After: 1."""
    errors: float = 0.0
    """Requests answered 500 (InternalError)."""
    dropped: float = 0.0
    """Requests whose connection is closed without an answer."""
    delay: float = 0.0
    """Real seconds before every answer."""
    watch_seconds: float = 0.0
    """Real seconds after which every watch ends; 0 leaves them alone."""
    stale: bool = False
    """Lists and gets with resourceVersion=0 are answered as they were when this was set."""

    def clear(self) -> None:
        fresh = Faults()
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))


class BadOption(ValueError):
    """A sandbox cannot be started like that; the message says what of it is wrong."""


@dataclass(slots=True)
class SandboxOptions:
    """What a sandbox is started with."""

    speed: float = 1.0
    """Simulated seconds in a real one."""
    seed: int | None = None
    """Makes names, uids and load the same on every start."""
    nodes: str = "k3s-4gb"
    """Which nodes the controllers half creates: a name or a number, theirs to interpret."""
    faults: Faults = field(default_factory=Faults)
    extra: dict[str, Any] = field(default_factory=dict)
    """Anything else the controllers half takes, from `--set key=value` of the server's command line."""


class Controllers(Protocol):
    """The moving half: controllers, scheduler, kubelets, telemetry. One instance a sandbox."""

    async def close(self) -> None: ...

    def logs(
        self,
        ns: str,
        pod: str,
        container: str,
        tail: int | None,
        previous: bool,
        follow: bool,
        *,
        since: float = 0.0,
        timestamps: bool = False,
    ) -> AsyncIterator[str]:
        """Lines without their newline, of `since` and later (epoch seconds), each with its time before it where
        `timestamps`. Raises StatusError before the first if there are none to have."""
        ...

    async def proxy(
        self,
        ns: str,
        kind: str,
        name: str,
        port: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """`kind` is `services` or `pods`. Raises StatusError 503 if nothing answers there."""
        ...

    def pod_usage(self, pod: dict[str, Any], before: float) -> dict[str, tuple[float, float]]:
        """Cores and bytes of each container that was started before then; empty for a pod that does not run."""
        ...

    def node_usage(self, name: str) -> tuple[float, float] | None:
        """Cores and bytes of a node; None for one that nobody can ask."""
        ...

    def scenario(self, name: str) -> dict[str, Any]:
        """Starts a scenario; returns what to show of it. Raises KeyError for an unknown one."""
        ...

    def running(self) -> list[str]:
        """The names of the scenarios that were started, and not ended since."""
        ...

    def reset(self) -> None:
        """Ends every scenario and clears the faults."""
        ...


class StartControllers(Protocol):
    """The signature of `wizard.sandbox.controllers.start`."""

    def __call__(self, store: Store, clock: SimClock, options: SandboxOptions) -> Controllers: ...
