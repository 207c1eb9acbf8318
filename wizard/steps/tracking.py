"""A live picture of one namespace: list once, watch from there, list again when the server says 410."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from wizard.domain.finding import WizardError
from wizard.ports import (
    DAEMON_SETS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    PODS,
    STATEFUL_SETS,
    Clock,
    Gone,
    Kube,
    KubeObject,
    Resource,
)

_HASH = "pod-template-hash"
TRACKED = (PODS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, EVENTS)
WORKLOADS = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS)

_SHORT = 1.0
"""Seconds: a watch that ends sooner and without an event was not meant to end."""


def _pause(failures: int) -> float:
    return float(min(0.2 * 2**failures, 10.0))


def _newest_set(pods: list[KubeObject]) -> list[KubeObject]:
    """Those of a Deployment's newest ReplicaSet: an old pod that crashes must not fail the very rollout that
    replaces it. The hash of the pod that was made last tells which set that is, after a rollback too."""
    made = [(pod["metadata"].get("creationTimestamp") or "", pod) for pod in pods]
    newest = max((when for when, _ in made), default="")
    hashes = {pod["metadata"]["labels"].get(_HASH) for when, pod in made if when == newest}
    return [pod for pod in pods if pod["metadata"]["labels"].get(_HASH) in hashes]


class Tracker:
    """Keeps the newest state of the TRACKED kinds while it is entered (`async with`).

    Watching starts with the first `ensure()`, so that a run with nothing to wait for asks nothing.
    """

    def __init__(self, kube: Kube, namespace: str, clock: Clock) -> None:
        self._kube, self._namespace, self._clock = kube, namespace, clock
        self._objects: dict[Resource, dict[str, KubeObject]] = {resource: {} for resource in TRACKED}
        self._synced: dict[Resource, asyncio.Event] = {resource: asyncio.Event() for resource in TRACKED}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._blind: dict[Resource, str] = {}
        self.moves = 0
        """Counts changes of anything tracked: what a look at the picture was made at, see `change`."""

    @property
    def blind(self) -> str:
        """Why the picture may be stale; empty while every watch is connected."""
        return next(iter(self._blind.values()), "")

    async def __aenter__(self) -> Tracker:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def ensure(self) -> None:
        """Returns once every kind has been listed, or could not be: `blind` then says why."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow(resource)) for resource in TRACKED]
        await asyncio.gather(*(event.wait() for event in self._synced.values()))

    def objects(self, resource: Resource) -> Mapping[str, KubeObject]:
        """Name -> object, newest known state."""
        return self._objects[resource]

    def pods_of(self, workload: KubeObject) -> list[KubeObject]:
        """The pods that the workload's selector matches, through its own labels."""
        selector = workload.get("spec", {}).get("selector", {}).get("matchLabels", {})
        if not selector:
            return []
        pods = [
            pod for pod in self._objects[PODS].values() if selector.items() <= pod["metadata"].get("labels", {}).items()
        ]
        return pods if workload.get("kind") != "Deployment" else _newest_set(pods)

    async def change(self, *, within: float, since: int | None = None) -> None:
        """Waits for the next change of anything tracked, at most `within` seconds. With `since` (a value of
        `moves`), returns at once where something has changed after that look."""
        if since is not None and since != self.moves:
            return
        try:
            async with asyncio.timeout(within):
                await self._changed.wait()
        except TimeoutError:
            return

    def _move(self) -> None:
        self.moves += 1
        self._changed.set()
        self._changed = asyncio.Event()  # who waits next waits for the next change, whoever else waits

    async def _follow(self, resource: Resource) -> None:
        version, failures = "", 0
        while True:
            try:
                if not version:
                    version = await self._list(resource)
                    self._blind.pop(resource, None)
                    self._synced[resource].set()
                since, events = self._clock.monotonic(), 0
                async for event in self._kube.watch(resource, self._namespace, resource_version=version):
                    failures, events = 0, events + 1
                    version = event.object["metadata"]["resourceVersion"]
                    if event.type == "DELETED":
                        self._objects[resource].pop(event.object["metadata"]["name"], None)
                    elif event.type != "BOOKMARK":
                        self._objects[resource][event.object["metadata"]["name"]] = event.object
                    self._move()
                if not events and self._clock.monotonic() - since < _SHORT:
                    # A proxy in between that ends every watch at once: asked without a pause, it would be asked
                    # a thousand times a second.
                    failures += 1
                    await self._clock.sleep(_pause(failures))
            except Gone:
                version = ""
            except WizardError as problem:
                # A watch may drop at any time; the picture is stale until it is back, the run goes on. Listed
                # again, because only an answer tells that it is back, and a watch may long have none.
                version = ""
                self._blind[resource] = str(problem)
                self._synced[resource].set()
                failures += 1
                self._move()
                await self._clock.sleep(_pause(failures))

    async def _list(self, resource: Resource) -> str:
        listed = await self._kube.list(resource, self._namespace)
        # Items of a list carry no kind of their own; the rollout table needs it.
        for item in listed["items"]:
            item.setdefault("kind", resource.kind)
        self._objects[resource] = {item["metadata"]["name"]: item for item in listed["items"]}
        self._move()
        version: str = listed["metadata"]["resourceVersion"]
        return version
