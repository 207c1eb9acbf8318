"""How controllers make and remove pods (pkg/controller/controller_utils.go), with the events they leave."""

from __future__ import annotations

from collections.abc import Callable

from wizard.sandbox.clock import SimClock
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import (
    PODS,
    Obj,
    Resource,
    annotations_of,
    controller_of,
    is_active,
    is_true,
    labels_of,
    owner_reference,
    ready_since,
    selects,
)
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import copied

FIRST_BATCH = 1
"""Slow start: one pod, then twice as many each time, so that a quota is not run into a hundred times."""


def pod_from(template: Obj, resource: Resource, owner: Obj, **meta: object) -> Obj:
    """A pod as the template says; `meta` adds name or generateName, labels, annotations, finalizers."""
    source = template.get("metadata") or {}
    metadata: Obj = {
        "namespace": owner["metadata"]["namespace"],
        "labels": dict(source.get("labels") or {}),
        "ownerReferences": [owner_reference(resource, owner)],
    }
    for field in ("annotations", "finalizers"):
        if source.get(field):
            metadata[field] = copied(source[field])
    for field, value in meta.items():
        if isinstance(value, dict):
            metadata[field] = {**metadata.get(field, {}), **value}
        elif isinstance(value, list):
            metadata[field] = [*metadata.get(field, []), *value]
        else:
            metadata[field] = value
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copied(template["spec"])}


class PodControl:
    """Creates and deletes pods in the name of one controller, and says so."""

    def __init__(self, cluster: Cluster, resource: Resource, source: str) -> None:
        self.cluster = cluster
        self.resource = resource
        self.source = source

    def event(self, owner: Obj, kind: str, reason: str, message: str) -> None:
        self.cluster.events.record(self.resource, owner, kind, reason, message, source=self.source)

    def create(self, owner: Obj, pod: Obj) -> Obj:
        """Raises StatusError, after the event, where the API server refuses the pod."""
        try:
            made = self.cluster.create(PODS, pod)
        except StatusError as refusal:
            if not _namespace_is_going(refusal):
                self.event(owner, "Warning", "FailedCreate", f"Error creating: {refusal.message}")
            raise
        self.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        return made

    def create_many(self, owner: Obj, count: int, make: Callable[[int], Obj]) -> StatusError | None:
        """Creates up to `count` pods in growing batches; the first refusal of a batch ends it and is returned."""
        done, batch = 0, FIRST_BATCH
        while done < count:
            refused: StatusError | None = None
            for number in range(done, min(done + batch, count)):
                try:
                    self.create(owner, make(number))
                except StatusError as refusal:
                    refused = refused or refusal
            if refused is not None:
                return refused
            done += batch
            batch *= 2
        return None

    def delete(self, owner: Obj, pod: Obj) -> None:
        if self.cluster.delete(PODS, pod):
            self.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def claimed(self, owner: Obj) -> list[Obj]:
        """The owner's pods, after adopting those that its selector matches and releasing those it no longer does."""
        selector = owner["spec"].get("selector")
        going = "deletionTimestamp" in owner["metadata"]
        mine: list[Obj] = []
        for pod in self.cluster.owned(PODS, owner["metadata"]["uid"]):
            if going or selector is None or selects(selector, labels_of(pod)):
                mine.append(pod)
            else:
                self.cluster.edit(PODS, pod, lambda new: _disown(new, owner))
        if going or not selector:
            return mine
        ns = owner["metadata"]["namespace"]
        for pod in self.cluster.orphans(PODS, ns):
            if selects(selector, labels_of(pod)) and is_active(pod):
                adopted = self.cluster.edit(PODS, pod, lambda new: _own(new, self.resource, owner))
                if adopted is not None:
                    mine.append(adopted)
        return mine


def _own(pod: Obj, resource: Resource, owner: Obj) -> None:
    pod["metadata"].setdefault("ownerReferences", []).append(owner_reference(resource, owner))


def _disown(pod: Obj, owner: Obj) -> None:
    uid = owner["metadata"]["uid"]
    left = [each for each in pod["metadata"]["ownerReferences"] if each["uid"] != uid]
    pod["metadata"]["ownerReferences"] = left


def _namespace_is_going(refusal: StatusError) -> bool:
    return "because it is being terminated" in refusal.message


def is_ready(pod: Obj) -> bool:
    return is_true(pod, "Ready")


def available_in(pod: Obj, min_ready: float, clock: SimClock) -> float | None:
    """Seconds until the pod counts as available: 0 for one that is, None for one that is not even ready."""
    since = ready_since(pod)
    if not since:
        return None
    if not min_ready:
        return 0.0
    return max(0.0, seconds_of(since) + min_ready - clock.now())


def seconds_of(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time."""
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def doomed_first(pod: Obj) -> tuple[object, ...]:
    """The order in which a ReplicaSet gives up pods: least far along first (ActivePodsWithRanks)."""
    status = pod.get("status") or {}
    phase = {"Pending": 0, "Unknown": 1, "Running": 2}.get(status.get("phase", "Pending"), 1)
    cost = int(annotations_of(pod).get("controller.kubernetes.io/pod-deletion-cost", "0") or 0)
    ready = is_ready(pod)
    restarts = max((each.get("restartCount", 0) for each in status.get("containerStatuses") or ()), default=0)
    ready_for = -seconds_of(ready_since(pod)) if ready and ready_since(pod) else 0.0
    created = -seconds_of(pod["metadata"]["creationTimestamp"])
    return (bool(pod["spec"].get("nodeName")), phase, ready, cost, ready_for, -restarts, created)


def owner_is(pod: Obj, kind: str) -> str:
    """The name of the pod's controller, if that is of this kind."""
    owner = controller_of(pod)
    return str(owner["name"]) if owner is not None and owner["kind"] == kind else ""
