"""Objects as the API server gives them, for the tables of rollouts: zeros are left out where the JSON has none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Obj = dict[str, Any]


def obj(kind: str, spec: Obj, status: Obj, *, generation: int = 2, **meta: Any) -> Obj:
    metadata = {"name": "web", "namespace": "chat", "uid": f"{kind}-uid", "generation": generation, **meta}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": {"observedGeneration": 2, **status}}


def deployment(want: int = 2, /, *, spec: Obj | None = None, **status: Any) -> Obj:
    return obj("Deployment", {"replicas": want, **(spec or {})}, status)


def full(count: int, /, **more: Any) -> Obj:
    """The status of a Deployment whose `count` pods are all there."""
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {**dict.fromkeys(names, count), **more}


def stateful(want: int = 2, /, *, strategy: Obj | None = None, **status: Any) -> Obj:
    spec = {"replicas": want, "updateStrategy": strategy or {"type": "RollingUpdate", "rollingUpdate": {}}}
    return obj("StatefulSet", spec, {"currentRevision": "web-1", "updateRevision": "web-1", **status})


def daemon(*, strategy: str = "RollingUpdate", **status: Any) -> Obj:
    return obj("DaemonSet", {"updateStrategy": {"type": strategy}}, status)


def scheduled(count: int, /, **more: Any) -> Obj:
    """The status of a DaemonSet that runs on all of its `count` nodes."""
    names = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady")
    return {**dict.fromkeys(names, count), "numberAvailable": count, **more}


def job(*, spec: Obj | None = None, **status: Any) -> Obj:
    made = obj("Job", spec or {}, status, generation=1)
    del made["status"]["observedGeneration"]  # Jobs have none
    return made


def condition(kind: str, status: str = "True", reason: str = "", message: str = "") -> Obj:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def pod(
    name: str = "web-0",
    *,
    phase: str = "Running",
    ready: bool = False,
    containers: Iterable[Obj] = (),
    inits: Iterable[Obj] = (),
    conditions: Iterable[Obj] = (),
    meta: Obj | None = None,
    **status: Any,
) -> Obj:
    shown = [condition("Ready", "True" if ready else "False"), *conditions]
    whole = {"phase": phase, "conditions": shown, "containerStatuses": list(containers), **status}
    if inits:
        whole["initContainerStatuses"] = list(inits)
    metadata = {"name": name, "namespace": "chat", "uid": f"{name}-uid", **(meta or {})}
    return {"kind": "Pod", "metadata": metadata, "status": whole}


def container(name: str = "web", *, ready: bool = False, last: Obj | None = None, **state: Any) -> Obj:
    return {"name": name, "ready": ready, "state": state, "lastState": {"terminated": last} if last else {}}


def waiting(reason: str, message: str = "", **more: Any) -> Obj:
    return container(waiting={"reason": reason, "message": message}, **more)


def event(reason: str, message: str, about: Obj, *, at: str = "2026-11-23T20:00:00Z", kind: str = "Warning") -> Obj:
    meta = about["metadata"]
    involved = {"name": meta["name"], "uid": meta["uid"]}
    return {"type": kind, "reason": reason, "message": message, "involvedObject": involved, "lastTimestamp": at}
