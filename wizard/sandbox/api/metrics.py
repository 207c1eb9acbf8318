"""The metrics API, metrics.k8s.io/v1beta1, as metrics-server serves it: what `kubectl top` and the autoscaler read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wizard.sandbox.api.lists import test_of
from wizard.sandbox.api.request import Call
from wizard.sandbox.clock import SimClock, stamp
from wizard.sandbox.kinds import Kinds, Resource
from wizard.sandbox.ports import Controllers
from wizard.sandbox.quantity import value
from wizard.sandbox.schema import custom
from wizard.sandbox.status import not_allowed, not_found
from wizard.sandbox.store import Store

Obj = dict[str, Any]
GROUP = "metrics.k8s.io"
_VERSION = "v1beta1"
_WINDOW = 15
"""Seconds between two scrapes: a container younger than that has no usage yet."""
_TEXT = {"type": "string"}
_USAGE: Obj = {"type": "object", "additionalProperties": _TEXT}
_TIMES: Obj = {"timestamp": {"type": "string", "format": "date-time"}, "window": _TEXT}
_CONTAINERS: Obj = {"type": "array", "items": {"type": "object", "properties": {"name": _TEXT, "usage": _USAGE}}}

_READER: Obj = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {
        "name": "system:aggregated-metrics-reader",
        "labels": {f"rbac.authorization.k8s.io/aggregate-to-{each}": "true" for each in ("admin", "edit", "view")},
    },
    "rules": [{"apiGroups": [GROUP], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}],
}


def _column(name: str, kind: str = "string") -> Obj:
    return {"name": name, "type": kind, "format": "name" if name == "Name" else "", "description": "", "priority": 0}


def _resource(plural: str, kind: str, namespaced: bool, measured: Obj) -> Resource:
    return Resource(
        group=GROUP, version=_VERSION, plural=plural, kind=kind, singular="", namespaced=namespaced,
        verbs=["get", "list"], short=[], categories=[], subresources={}, type=f"metrics.{kind}",
        columns=[_column(each) for each in ("Name", "cpu", "memory", "Window")], store=(GROUP, plural),
        _node=custom({"type": "object", "properties": {**_TIMES, **measured}}),
    )  # fmt: skip


def register(kinds: Kinds, store: Store) -> None:
    """Serves it from now on, with the APIService that tells of it."""
    kinds.add(_resource("nodes", "NodeMetrics", False, {"usage": _USAGE}))
    kinds.add(_resource("pods", "PodMetrics", True, {"containers": _CONTAINERS}))
    spec = {
        "group": GROUP, "version": _VERSION, "groupPriorityMinimum": 100, "versionPriority": 100,
        "insecureSkipTLSVerify": True, "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
    }  # fmt: skip
    available = {
        "type": "Available", "status": "True", "reason": "Passed", "message": "all checks passed",
        "lastTransitionTime": stamp(store.clock.now()),
    }  # fmt: skip
    name, services = f"{_VERSION}.{GROUP}", ("apiregistration.k8s.io", "apiservices")
    body = {"apiVersion": f"{services[0]}/v1", "kind": "APIService", "metadata": {"name": name}, "spec": spec}
    store.create(*services, body)
    store.mutate(
        *services, "", name, lambda made: made.update(status={"conditions": [available]}), subresource="status"
    )
    store.create("rbac.authorization.k8s.io", "clusterroles", _READER)


class Metrics:
    """Answers from what the controllers say is used now."""

    def __init__(self, store: Store, controllers: Controllers, clock: SimClock) -> None:
        self._store, self._controllers, self._clock = store, controllers, clock

    def one(self, call: Call, resource: Resource) -> Obj:
        """Raises StatusError 404 also for what exists, but was not measured yet."""
        for each in self._all(resource, call.namespace):
            if each["metadata"]["name"] == call.name:
                return each
        told = f"{call.namespace}/{call.name}" if call.namespace else call.name
        raise not_found(GROUP, resource.kind.lower(), told)

    def many(self, call: Call, resource: Resource) -> list[Obj]:
        if call.method != "GET" or call.flag("watch"):
            raise not_allowed()
        test = test_of(call, resource)
        return [each for each in self._all(resource, call.namespace) if test is None or test(each)]

    def _all(self, resource: Resource, namespace: str) -> Iterator[Obj]:
        now = self._clock.now()
        if resource.plural == "nodes":
            for node in self._store.list("", "nodes"):
                used = self._controllers.node_usage(node["metadata"]["name"])
                if used is not None:
                    yield self._measured(resource, node, now, usage=_shown(used))
            return
        for pod in self._store.list("", "pods", namespace):
            containers = self._controllers.pod_usage(pod, now - _WINDOW)
            if containers:
                told = [{"name": name, "usage": _shown(used)} for name, used in containers.items()]
                yield self._measured(resource, pod, now, containers=told)

    def _measured(self, resource: Resource, of: Obj, now: float, **measured: Any) -> Obj:
        meta = {key: of["metadata"][key] for key in ("name", "namespace", "labels") if key in of["metadata"]}
        return {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": {**meta, "creationTimestamp": stamp(now)},
            "timestamp": stamp(now - now % _WINDOW),
            "window": f"{_WINDOW}s",
            **measured,
        }


def _shown(used: tuple[float, float]) -> dict[str, str]:
    """Cores and bytes in metrics-server's units."""
    return {"cpu": f"{used[0] * 1e9:.0f}n", "memory": f"{used[1] / 1024:.0f}Ki"}


def cells(obj: Obj, now: float) -> list[Any]:
    usages = [each["usage"] for each in obj.get("containers") or (obj,)]
    cpu = sum(value(each["cpu"]) for each in usages)
    memory = sum(value(each["memory"]) for each in usages)
    return [obj["metadata"]["name"], f"{int(cpu * 1000)}m", f"{int(memory / 1024)}Ki", obj["window"]]
