"""A cluster, a helm and a clock in memory, behind the same Protocols as the real ones.

What steps can see of a real API server holds here too: resourceVersions, 404 and 409, an apply or update that
changes nothing moves nothing, generations that follow the spec, a watch that goes on from a version or answers 410.
"""

from __future__ import annotations

import asyncio
import builtins
import copy
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import yaml

from wizard.domain.events import Event
from wizard.domain.finding import error
from wizard.domain.plan import Plan
from wizard.domain.secret import Secret
from wizard.planning.desired import SYSTEM_NAMESPACE, Component, Desired, HttpCheck
from wizard.planning.observed import Observed
from wizard.ports import (
    NAMESPACES,
    Conflict,
    Gone,
    Helm,
    HelmError,
    HelmFieldConflict,
    Kube,
    KubeObject,
    NotFound,
    Release,
    ReleaseBusy,
    ReleaseMissing,
    ReleaseRequest,
    Resource,
    SecretStore,
    ServerBusy,
    Unreachable,
    Upgraded,
    WatchEvent,
)
from wizard.steps import history
from wizard.steps.base import Context, Options, Stop
from wizard.steps.tracking import Tracker

START = 1_800_000_000.0
Kind = TypeVar("Kind")


async def settle(rounds: int = 60) -> None:
    """Lets every task that can run do so, until each waits for something."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], *, within: float = 5.0) -> None:
    """Yields to the loop until the condition holds; the bound only ends a test that would hang."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for is not ours to instrument
            await asyncio.sleep(0)


class ManualClock:
    """Stands still until `advance`; with `auto`, a sleep moves it at once."""

    def __init__(self, *, auto: bool = False) -> None:
        self.auto = auto
        self.elapsed = 0.0
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return START + self.elapsed

    def monotonic(self) -> float:
        return self.elapsed

    @property
    def sleepers(self) -> int:
        return sum(not future.done() for _, future in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        due = self.elapsed + seconds
        if self.auto:
            await asyncio.sleep(0)
            self.elapsed = max(self.elapsed, due)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((due, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Moves on, waking each sleeper at its own time and letting it act."""
        end = self.elapsed + seconds
        await settle()
        while due := sorted(at for at, future in self._sleepers if at <= end and not future.done()):
            self.elapsed = max(self.elapsed, due[0])
            for at, future in self._sleepers:
                if at <= self.elapsed and not future.done():
                    future.set_result(None)
            await settle()
        self.elapsed = end
        self._sleepers = [(at, future) for at, future in self._sleepers if not future.done()]
        await settle()


Hook = Callable[[], object]


@dataclass(slots=True)
class _Fault:
    verb: str
    plural: str
    times: int
    problem: BaseException | None
    hook: Hook | None


def server_busy(retry_after: float | None = None) -> ServerBusy:
    return ServerBusy(error("server-busy", "etcd is slow"), retry_after=retry_after)


def unreachable() -> Unreachable:
    return Unreachable(error("cluster-unreachable", "no answer"))


class FakeKube:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], KubeObject] = {}
        self.owners: dict[tuple[str, str, str], dict[str, str]] = {}
        """Object -> `.spec.replicas` -> the manager that holds it against all others."""
        self.calls: list[tuple[str, str, str]] = []
        """(verb, plural, name), as asked."""
        self.pod_logs: dict[tuple[str, bool], list[str]] = {}
        """(pod, previous) -> lines."""
        self.services: dict[str, tuple[int, bytes]] = {}
        """`service:port/path` -> answer; 503 where there is none."""
        self.closed = False
        self._version = 100
        self._oldest = 0
        self._history: list[tuple[int, str, str, WatchEvent]] = []
        self._faults: list[_Fault] = []
        self._moved = asyncio.Event()
        self._epoch = 0
        self.put(NAMESPACES, "", "kube-system", {"metadata": {"uid": "cluster-uid"}})
        self.put(NAMESPACES, "", SYSTEM_NAMESPACE)

    # What tests do to it.

    def fail(self, verb: str, problem: BaseException, plural: str = "", *, times: int = 1) -> None:
        """The next `times` calls of that verb raise; an empty plural means any."""
        self._faults.append(_Fault(verb, plural, times, problem, None))

    def before(self, verb: str, hook: Hook, plural: str = "", *, times: int = 1) -> None:
        """Runs something in the middle of the next calls, as another client would."""
        self._faults.append(_Fault(verb, plural, times, None, hook))

    def put(self, resource: Resource, namespace: str, name: str, obj: KubeObject | None = None) -> KubeObject:
        """Writes an object past every check, as a controller or another client does."""
        obj = copy.deepcopy(obj or {})
        meta = obj.setdefault("metadata", {})
        meta["name"] = name
        if resource.namespaced:
            meta["namespace"] = namespace
        obj.setdefault("apiVersion", resource.api_version)
        obj.setdefault("kind", resource.kind)
        return self._store(resource, namespace, obj)

    def change(self, resource: Resource, namespace: str, name: str, **parts: Any) -> KubeObject:
        """Replaces whole parts (`status=...`) of an object."""
        return self._store(resource, namespace, {**copy.deepcopy(self.at(resource, namespace, name)), **parts})

    def at(self, resource: Resource, namespace: str, name: str) -> KubeObject:
        return self.objects[(resource.plural, namespace if resource.namespaced else "", name)]

    def drop(self, resource: Resource, namespace: str, name: str) -> None:
        gone = self.objects.pop((resource.plural, namespace if resource.namespaced else "", name))
        self._version += 1
        gone = copy.deepcopy(gone)
        gone["metadata"]["resourceVersion"] = str(self._version)
        self._tell(resource, namespace, "DELETED", gone)

    def end_watches(self) -> None:
        """As the server does after some minutes."""
        self._epoch += 1
        self._wake()

    def compact(self) -> None:
        """Older resourceVersions than now answer 410, and the watches that stand are ended."""
        self._version += 1
        self._oldest = self._version
        self.end_watches()

    def count(self, verb: str, plural: str = "") -> int:
        return sum(v == verb and (not plural or p == plural) for v, p, _ in self.calls)

    # ports.Kube

    async def get(self, resource: Resource, namespace: str, name: str) -> KubeObject:
        await self._called("get", resource, name)
        return copy.deepcopy(self._found(resource, namespace, name))

    async def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", metadata_only: bool = False
    ) -> KubeObject:
        await self._called("list", resource, labels)
        wanted = [pair.partition("=") for pair in labels.split(",") if pair]
        items = [
            copy.deepcopy(obj)
            for (plural, within, _), obj in sorted(self.objects.items())
            if plural == resource.plural
            and (not namespace or within == namespace)
            and all(obj["metadata"].get("labels", {}).get(key) == value for key, _, value in wanted)
        ]
        for item in items:
            item.pop("kind"), item.pop("apiVersion")
            if metadata_only:
                for part in item.keys() - {"metadata"}:
                    del item[part]
        return {"kind": f"{resource.kind}List", "metadata": {"resourceVersion": str(self._version)}, "items": items}

    async def version(self) -> str:
        return "v1.37.2"

    async def create(self, resource: Resource, obj: KubeObject, namespace: str = "") -> KubeObject:
        await self._called("create", resource, obj["metadata"]["name"])
        if resource.namespaced:
            self._found(NAMESPACES, "", namespace)
        if (resource.plural, namespace, obj["metadata"]["name"]) in self.objects:
            raise Conflict(error("conflict", f"{resource.plural} {obj['metadata']['name']!r} already exists"))
        return copy.deepcopy(self.put(resource, namespace, obj["metadata"]["name"], obj))

    async def replace(self, resource: Resource, obj: KubeObject) -> KubeObject:
        meta = obj["metadata"]
        await self._called("replace", resource, meta["name"])
        found = self._found(resource, meta.get("namespace", ""), meta["name"])
        if meta.get("resourceVersion", found["metadata"]["resourceVersion"]) != found["metadata"]["resourceVersion"]:
            raise Conflict(error("conflict", f"{meta['name']}: the object has been modified"))
        return copy.deepcopy(self._store(resource, meta.get("namespace", ""), copy.deepcopy(obj)))

    async def apply(
        self,
        resource: Resource,
        obj: KubeObject,
        *,
        manager: str = "wizard",
        force: bool = False,
        dry_run: bool = False,
    ) -> KubeObject:
        meta = obj["metadata"]
        await self._called("apply", resource, meta["name"])
        namespace = meta.get("namespace", "") if resource.namespaced else ""
        key = (resource.plural, namespace, meta["name"])
        found = self.objects.get(key)
        if found is None and resource.namespaced:
            self._found(NAMESPACES, "", namespace)
        causes = [
            {"reason": "FieldManagerConflict", "field": path, "message": f'conflict with "{owner}" using apps/v1'}
            for path, owner in self.owners.get(key, {}).items()
            if owner != manager and _has(obj, path) and _value(obj, path) != _value(found or {}, path)
        ]
        if causes and not force:
            raise Conflict(error("conflict", f"Apply failed with {len(causes)} conflict"), causes=causes)
        merged: KubeObject = _merged(copy.deepcopy(found or {}), obj)
        if dry_run:
            return merged
        return copy.deepcopy(self.put(resource, namespace, meta["name"], merged))

    async def delete(self, resource: Resource, namespace: str, name: str) -> None:
        await self._called("delete", resource, name)
        self._found(resource, namespace, name)
        self.drop(resource, namespace, name)

    async def watch(self, resource: Resource, namespace: str, *, resource_version: str) -> AsyncIterator[WatchEvent]:
        await self._called("watch", resource, resource_version)
        seen, epoch = int(resource_version), self._epoch
        if seen < self._oldest:
            raise Gone(error("gone", "too old resource version"))
        while True:
            for version, plural, within, event in list(self._history):
                if version > seen and plural == resource.plural and within == namespace:
                    seen = version
                    yield copy.deepcopy(event)
            if self._epoch != epoch:
                return
            self._check("watching", resource)
            await self._moved.wait()

    async def logs(
        self, namespace: str, pod: str, *, container: str = "", tail: int = 20, previous: bool = False
    ) -> builtins.list[str]:
        self.calls.append(("logs", "pods", pod))
        await self._fault("logs", "pods")
        return self.pod_logs.get((pod, previous), [])[-tail:]

    async def service_get(self, namespace: str, service: str, port: str, path: str) -> tuple[int, bytes]:
        self.calls.append(("service_get", "services", service))
        await self._fault("service_get", "services")
        return self.services.get(f"{service}:{port}{path}", (503, b"no endpoints available"))

    async def close(self) -> None:
        self.closed = True

    # Its insides.

    async def _called(self, verb: str, resource: Resource, name: str) -> None:
        self.calls.append((verb, resource.plural, name))
        await asyncio.sleep(0)  # a request always lets others run
        await self._fault(verb, resource.plural)

    async def _fault(self, verb: str, plural: str) -> None:
        for fault in list(self._faults):
            if fault.verb == verb and fault.plural in ("", plural) and fault.times:
                fault.times -= 1
                if fault.problem is not None:
                    raise fault.problem
                if fault.hook is not None and inspect.isawaitable(waiting := fault.hook()):
                    await waiting
                return

    def _check(self, verb: str, resource: Resource) -> None:
        """Breaks a watch that stands: `fail("watching", ...)`, then any change."""
        for fault in self._faults:
            if fault.verb == verb and fault.plural in ("", resource.plural) and fault.times and fault.problem:
                fault.times -= 1
                raise fault.problem

    def _found(self, resource: Resource, namespace: str, name: str) -> KubeObject:
        try:
            return self.at(resource, namespace, name)
        except KeyError:
            raise NotFound(error("not-found", f'{resource.plural} "{name}" not found')) from None

    def _store(self, resource: Resource, namespace: str, obj: KubeObject) -> KubeObject:
        namespace = namespace if resource.namespaced else ""
        key = (resource.plural, namespace, obj["metadata"]["name"])
        old, meta = self.objects.get(key), obj["metadata"]
        if old is None:
            meta.setdefault("uid", f"uid-{self._version}")
            meta.setdefault("generation", 1)
        else:
            meta["uid"] = old["metadata"]["uid"]
            meta["resourceVersion"] = old["metadata"]["resourceVersion"]
            meta["generation"] = old["metadata"]["generation"] + (old.get("spec") != obj.get("spec"))
            if obj == old:
                return old  # what changes nothing is not written
        self._version += 1
        meta["resourceVersion"] = str(self._version)
        self.objects[key] = obj
        self._tell(resource, namespace, "MODIFIED" if old else "ADDED", obj)
        return obj

    def _tell(self, resource: Resource, namespace: str, kind: str, obj: KubeObject) -> None:
        self._history.append((self._version, resource.plural, namespace, WatchEvent(kind, copy.deepcopy(obj))))
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


def _value(obj: KubeObject, path: str) -> Any:
    for part in path.strip(".").split("."):
        obj = obj.get(part) or {}
    return obj


def _has(obj: KubeObject, path: str) -> bool:
    return bool(_value(obj, path) != {})


def _merged(base: Any, change: Any) -> Any:
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: _merged(base.get(key), value) for key, value in change.items()}}
    return copy.deepcopy(change)


def deployment(name: str, release: str, *, image: str = "img:1", namespace: str = "chat") -> str:
    """What our charts render, cut down to what is looked at."""
    labels = {"app.kubernetes.io/instance": release, "app.kubernetes.io/managed-by": "Helm"}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": {"image": image}},
    }
    return yaml.safe_dump(obj)


class FakeHelm:
    """helm without templates: what a release renders to is `rendered[name]`, by default one Deployment."""

    def __init__(self, clock: ManualClock, kube: FakeKube | None = None) -> None:
        self._clock, self._kube = clock, kube
        self.revisions: dict[str, list[Release]] = {}
        self.manifests: dict[str, str] = {}
        self.rendered: dict[str, str] = {}
        self.calls: list[tuple[str, str]] = []
        self.conflicts: set[str] = set()
        """Releases whose upgrade meets a field of another manager."""
        self.server_side = True
        self._faults: list[_Fault] = []

    def fail(self, verb: str, problem: BaseException, *, times: int = 1) -> None:
        self._faults.append(_Fault(verb, "", times, problem, None))

    def before(self, verb: str, hook: Hook, *, times: int = 1) -> None:
        self._faults.append(_Fault(verb, "", times, None, hook))

    def have(self, name: str, *revisions: Release) -> None:
        self.revisions[name] = list(revisions)
        self.manifests[name] = self._render(name)

    def count(self, verb: str) -> int:
        return sum(v == verb for v, _ in self.calls)

    def _render(self, name: str) -> str:
        return self.rendered.get(name) or deployment(name, name)

    async def _called(self, verb: str, name: str) -> None:
        self.calls.append((verb, name))
        await asyncio.sleep(0)
        for fault in self._faults:
            if fault.verb == verb and fault.times:
                fault.times -= 1
                if fault.problem is not None:
                    raise fault.problem
                if fault.hook is not None and inspect.isawaitable(waiting := fault.hook()):
                    await waiting
                return

    async def version(self) -> str:
        return "v4.3.1"

    async def render(self, request: ReleaseRequest) -> str:
        await self._called("render", request.name)
        return self._render(request.name)

    async def manifest(self, name: str, namespace: str) -> str:
        await self._called("manifest", name)
        if name not in self.revisions:
            raise ReleaseMissing(error("release-missing", name))
        return self.manifests[name]

    async def history(self, name: str, namespace: str) -> list[Release]:
        await self._called("history", name)
        return list(self.revisions.get(name, ()))

    async def list(self, namespace: str) -> list[Release]:
        await self._called("list", "")
        return [revisions[-1] for revisions in self.revisions.values()]

    async def upgrade(self, request: ReleaseRequest) -> Upgraded:
        await self._called("upgrade", request.name)
        past = self.revisions.get(request.name, [])
        if past and past[-1].pending:
            busy = ReleaseBusy(error("release-busy", request.name))
            busy.temporary = True  # as adapters/helm.py says it
            raise busy
        if request.name in self.conflicts and not request.take_back_conflicts:
            raise HelmFieldConflict(error("field-conflict", request.name))
        manifest = self._render(request.name)
        release = self._add(request.name, request.namespace, request.description)
        self.manifests[request.name] = manifest
        await self._deploy(manifest, request.namespace)
        return Upgraded(release, manifest)

    async def rollback(self, name: str, namespace: str, revision: int) -> None:
        await self._called("rollback", name)
        if name not in self.revisions:
            raise ReleaseMissing(error("release-missing", name))
        if all(r.revision != revision for r in self.revisions[name]):
            raise HelmError(error("helm-failed", f"release has no {revision} version"))
        self._add(name, namespace, f"Rollback to {revision}")

    async def uninstall(self, name: str, namespace: str) -> None:
        await self._called("uninstall", name)
        if self.revisions.pop(name, None) is None:
            raise ReleaseMissing(error("release-missing", name))

    def _add(self, name: str, namespace: str, description: str) -> Release:
        past = [replace(r, status="superseded") if r.status == "deployed" else r for r in self.revisions.get(name, [])]
        number = past[-1].revision + 1 if past else 1
        made = Release(name, namespace, number, "deployed", name, "1.0.0", description, self._clock.now())
        self.revisions[name] = [*past, made][-10:]
        return made

    async def _deploy(self, manifest: str, namespace: str) -> None:
        from wizard.steps.manifests import known

        for resource, obj in known(manifest) if self._kube else ():
            assert self._kube is not None
            await self._kube.apply(resource, obj, manager="helm")


def revision(
    number: int, description: str = "", *, status: str = "superseded", name: str = "web", updated: float | None = None
) -> Release:
    return Release(name, "chat", number, status, name, "1.0.0", description, START if updated is None else updated)


def ours(run: str, digest: str = "aa") -> str:
    return history.description(run, digest)


class MemoryStore:
    def __init__(self, name: str, values: Mapping[str, str] | None = None, *, keeps: bool = True) -> None:
        self.name, self.keeps = name, keeps
        self.values = {key: Secret(value) for key, value in (values or {}).items()}
        self.scopes: set[str] = set()

    def get(self, deployment: str, name: str) -> Secret | None:
        self.scopes.add(deployment)
        return self.values.get(name)

    def set(self, deployment: str, name: str, value: Secret) -> bool:
        self.scopes.add(deployment)
        if self.keeps:
            self.values[name] = value
        return self.keeps


def component(name: str = "web", *needs: str, checks: tuple[HttpCheck, ...] = (), **values: Any) -> Component:
    return Component(name, "chat", f"/charts/{name}", name, "1.0.0", "digest", values, needs, checks)


def desired_of(*components: Component, **more: Any) -> Desired:
    return Desired(
        **{
            "deployment": "prod",
            "namespace": "chat",
            "components": components or (component(),),
            "secrets": (),
            "secret_objects": (),
            **more,
        }
    )


@dataclass(slots=True)
class Bench:
    """One run's context over fakes, and what it emitted."""

    desired: Desired = field(default_factory=desired_of)
    observed: Observed = field(default_factory=lambda: Observed(cluster="cluster-uid"))
    options: Options = field(default_factory=Options)
    clock: ManualClock = field(default_factory=ManualClock)
    kube: FakeKube = field(default_factory=FakeKube)
    stores: tuple[SecretStore, ...] = ()
    stop: Stop = field(default_factory=Stop)
    events: list[Event] = field(default_factory=list)
    helm: FakeHelm = field(init=False)
    tracker: Tracker = field(init=False)
    context: Context = field(init=False)

    def __post_init__(self) -> None:
        self.kube.put(NAMESPACES, "", "chat")
        self.helm = FakeHelm(self.clock, self.kube)
        self.tracker = Tracker(self.kube, "chat", self.clock)
        self.context = Context(
            run="run-1",
            desired=self.desired,
            observed=self.observed,
            plan=Plan("prod", "chat", "cluster-uid", (), ()),
            kube=self.kube,
            helm=self.helm,
            clock=self.clock,
            stores=self.stores,
            emit=self.events.append,
            tracker=self.tracker,
            stop=self.stop,
            options=self.options,
        )

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]


def _stands_behind(kube: FakeKube, helm: FakeHelm, store: MemoryStore) -> tuple[Kube, Helm, SecretStore]:
    """mypy proves here that the fakes implement the Protocols."""
    return kube, helm, store


def names(items: Iterable[Any]) -> list[str]:
    return [item.name for item in items]
