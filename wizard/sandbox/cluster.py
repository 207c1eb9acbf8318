"""One simulated cluster: the store, what is served from it, the rules of writing, and what moves in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from wizard.sandbox import bootstrap
from wizard.sandbox.admission import plugins
from wizard.sandbox.auth.aggregation import Aggregation
from wizard.sandbox.auth.escalation import Escalation
from wizard.sandbox.auth.rbac import Rbac
from wizard.sandbox.clock import SimClock
from wizard.sandbox.crds import CrdController
from wizard.sandbox.expiry import EventExpiry
from wizard.sandbox.garbage import GarbageCollector
from wizard.sandbox.kinds import Kinds
from wizard.sandbox.namespaces import NamespaceController
from wizard.sandbox.netpol import allowed
from wizard.sandbox.ports import Controllers, Faults, SandboxOptions, StartControllers
from wizard.sandbox.registry import Registry
from wizard.sandbox.status import StatusError, not_found
from wizard.sandbox.store import Store
from wizard.sandbox.verbs import Verbs

Obj = dict[str, Any]


class Cluster:
    """Everything but the HTTP. Needs a running event loop."""

    def __init__(
        self, clock: SimClock, options: SandboxOptions, start_controllers: StartControllers | None = None
    ) -> None:
        self.clock, self.options = clock, options
        self.faults: Faults = options.faults
        self.raise_bugs = False
        """Tests set it: an exception of ours then fails the request's connection instead of being a 500."""
        self.store = Store(clock, seed=options.seed)
        self.kinds = Kinds()
        self.registry = Registry(self.store, self.kinds)
        self.rbac = Rbac(self.store)
        self.registry.plugins.extend(plugins(self.store, self.registry))
        self.registry.plugins.append(Escalation(self.rbac, lambda: self.registry.requester))
        self.verbs = Verbs(self.registry)
        self._own: list[_Closing] = [
            CrdController(self.store, self.kinds),
            NamespaceController(self.store, self.kinds),
            GarbageCollector(self.store, self.kinds),
            EventExpiry(self.store),
            Aggregation(self.store, self.kinds, self.verbs),
        ]
        bootstrap.fill(self.store)
        self.moves = start_controllers is not None
        """Whether pods run, and use anything."""
        self.controllers: Controllers = (start_controllers or _no_controllers)(self.store, clock, options)

    async def close(self) -> None:
        await self.controllers.close()
        for each in self._own:
            each.close()

    async def admin(self, method: str, path: str, query: Mapping[str, str]) -> Obj:
        """The sandbox's own endpoints, which a real cluster lacks. Raises StatusError."""
        verb, _, name = path.partition("/")
        if verb == "status" and method == "GET":
            objects = sum(len(self.store.list(*each)) for each in self.store.resources())
            return {
                "objects": objects,
                "resourceVersion": self.store.resource_version,
                "time": self.clock.now(),
                "speed": self.clock.speed,
                "scenarios": self.controllers.running(),
            }
        if verb == "scenario" and method == "POST":
            try:
                return self.controllers.scenario(name)
            except KeyError as problem:
                raise StatusError(404, "NotFound", f'scenario "{name}" not found') from problem
        if verb == "reset" and method == "POST":
            self.controllers.reset()
            self.faults.clear()
            return {"reset": True}
        if verb == "faults" and method == "POST":
            for key, value in query.items():
                if not hasattr(self.faults, key):
                    raise StatusError(404, "NotFound", f'fault "{key}" not found')
                setattr(self.faults, key, value == "true" if key == "stale" else float(value))
            return {"faults": True}
        if verb == "allowed" and method == "GET":
            source, target = self._pod(query.get("from", "")), self._pod(query.get("to", ""))
            port, protocol = int(query.get("port", "0")), query.get("protocol", "TCP")
            return {"allowed": allowed(self.store, source, target, port, protocol)}
        if verb == "compact" and method == "POST":
            self.store.compact()
            return {"compacted": self.store.resource_version}
        raise StatusError(404, "NotFound", "no such endpoint of the sandbox")

    def _pod(self, told: str) -> Obj:
        """Of `namespace/name`."""
        namespace, _, name = told.partition("/")
        found = self.store.get("", "pods", namespace, name)
        if found is None:
            raise not_found("", "pods", told)
        return found


class _Closing(Protocol):
    def close(self) -> None: ...


class _NoControllers:
    """Nothing moves: for tests of the API alone."""

    async def close(self) -> None:
        pass

    async def logs(
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
        nothing: list[str] = []
        for line in nothing:
            yield line

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
        raise StatusError(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')

    def pod_usage(self, pod: Obj, before: float) -> dict[str, tuple[float, float]]:
        return {}

    def node_usage(self, name: str) -> tuple[float, float] | None:
        return None

    def scenario(self, name: str) -> Obj:
        raise KeyError(name)

    def running(self) -> list[str]:
        return []

    def reset(self) -> None:
        pass


def _no_controllers(store: Store, clock: SimClock, options: SandboxOptions) -> Controllers:
    return _NoControllers()
