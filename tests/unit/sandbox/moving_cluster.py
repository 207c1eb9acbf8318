"""A sandbox without its HTTP, on a virtual clock: what the tests of the controllers half stand on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from wizard.sandbox.clock import SimClock, VirtualClock
from wizard.sandbox.cluster import Cluster
from wizard.sandbox.controllers import Moving, start
from wizard.sandbox.controllers.shapes import KINDS, PODS, Obj, Resource
from wizard.sandbox.ports import SandboxOptions
from wizard.sandbox.store import Store

NS = "t"


class Sandbox:
    """Shorthands; `moving` is what is under test."""

    def __init__(self, cluster: Cluster, clock: VirtualClock, moving: Moving) -> None:
        self.cluster, self.clock, self.moving = cluster, clock, moving
        self.store: Store = cluster.store

    def create(self, resource: Resource, name: str, spec: Obj | None = None, ns: str = NS, **more: Any) -> Obj:
        meta: Obj = {"name": name, **({"namespace": ns} if ns else {}), **more.pop("metadata", {})}
        version, kind = KINDS.get(resource, (more.pop("version", "v1"), more.pop("kind", "")))
        body: Obj = {"apiVersion": version, "kind": kind, "metadata": meta, **more}
        if spec is not None:
            body["spec"] = spec
        return self.store.create(*resource, body)

    def get(self, resource: Resource, name: str, ns: str = NS) -> Obj:
        found: Obj | None = self.store.get(*resource, ns, name)
        assert found is not None, f"{resource[1]} {ns}/{name} is not there: {self.names(resource)}"
        return found

    def status(self, resource: Resource, name: str) -> Obj:
        found: Obj = self.get(resource, name).get("status") or {}
        return found

    def names(self, resource: Resource) -> list[str]:
        return [each["metadata"]["name"] for each in self.store.list(*resource, NS)]

    def pods(self, **labels: str) -> list[Obj]:
        found = self.store.list(*PODS, NS)
        return [pod for pod in found if labels.items() <= (pod["metadata"].get("labels") or {}).items()]

    def edit(self, resource: Resource, name: str, fn: Callable[[Obj], object], ns: str = NS) -> None:
        assert self.store.mutate(*resource, ns, name, fn) is not None

    def events(self, name: str) -> list[tuple[str, str]]:
        """(reason, message) of what happened to the object of that name."""
        found = [e for e in self.store.list("", "events") if e["involvedObject"]["name"] == name]
        return [(each["reason"], each["message"]) for each in found]

    def reasons(self, name: str) -> list[str]:
        return [reason for reason, _ in self.events(name)]

    async def until(self, check: Callable[[], object], limit: float = 600) -> None:
        await self.clock.run_until(lambda: bool(check()), limit)

    async def until_ready(self, name: str) -> None:
        await self.until(lambda: is_ready(self.store.get("", "pods", NS, name)))

    async def log(self, pod: str, container: str = "", **options: Any) -> list[str]:
        return [line async for line in self.moving.logs(NS, pod, container, **options)]

    async def http(self, target: str, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
        """`target` is `services/web:http` or `pods/web:8080`."""
        kind, _, rest = target.partition("/")
        name, _, port = rest.partition(":")
        status, _, answer = await self.moving.proxy(NS, kind, name, port, method, path, {}, {}, body)
        return status, answer


def is_ready(pod: Obj | None) -> bool:
    conditions = (pod or {}).get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def condition(obj: Obj, kind: str) -> Obj:
    found = [each for each in obj["status"]["conditions"] if each["type"] == kind]
    assert found, f"no {kind} in {obj['status']}"
    first: Obj = found[0]
    return first


def container(image: str = "sound:1", **more: Any) -> Obj:
    return {"name": "main", "image": image, **more}


def pod_spec(image: str = "sound:1", **more: Any) -> Obj:
    extra = {key: more.pop(key) for key in list(more) if key in _POD_FIELDS}
    return {"containers": [container(image, **more)], **extra}


_POD_FIELDS = (
    "affinity", "initContainers", "nodeSelector", "restartPolicy", "terminationGracePeriodSeconds",
    "tolerations", "topologySpreadConstraints", "volumes",
)  # fmt: skip


def template(name: str, image: str = "sound:1", annotations: dict[str, str] | None = None, **more: Any) -> Obj:
    meta: Obj = {"labels": {"app": name}}
    if annotations:
        meta["annotations"] = annotations
    return {"metadata": meta, "spec": pod_spec(image, **more)}


def workload(name: str, replicas: int = 1, image: str = "sound:1", **more: Any) -> Obj:
    """The spec of a Deployment or, with a serviceName, of a StatefulSet."""
    outer = {key: more.pop(key) for key in list(more) if key in _OUTER}
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": template(name, image, **more),
        **outer,
    }


_OUTER = (
    "strategy", "progressDeadlineSeconds", "revisionHistoryLimit", "minReadySeconds", "serviceName",
    "podManagementPolicy", "updateStrategy", "volumeClaimTemplates", "paused",
)  # fmt: skip


def service(name: str, port: int, target: int | str | None = None) -> Obj:
    return {"selector": {"app": name}, "ports": [{"name": "http", "port": port, "targetPort": target or port}]}


@asynccontextmanager
async def sandbox(nodes: Any = "1", **extra: Any) -> AsyncIterator[Sandbox]:
    clock = VirtualClock()
    started: list[Moving] = []

    def starting(store: Store, clock: SimClock, options: SandboxOptions) -> Moving:
        started.append(start(store, clock, options))
        return started[0]

    cluster = Cluster(clock, SandboxOptions(seed=1, nodes="1", extra={"nodes": nodes, **extra}), starting)
    await clock.advance(0.1)
    cluster.store.create("", "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}})
    await clock.advance(1)
    try:
        yield Sandbox(cluster, clock, started[0])
        assert not started[0].cluster.bugs, list(started[0].cluster.bugs)
    finally:
        await cluster.close()


def simulated(nodes: Any = "1", **extra: Any) -> Callable[[Callable[[Sandbox], Awaitable[None]]], Callable[[], None]]:
    """Makes a test of `async def test(box)`."""

    def decorate(test: Callable[[Sandbox], Awaitable[None]]) -> Callable[[], None]:
        def run() -> None:
            async def inside() -> None:
                async with sandbox(nodes, **extra) as box:
                    await test(box)

            asyncio.run(inside())

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate
