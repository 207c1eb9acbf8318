"""The ReplicaSet controller (pkg/controller/replicaset): as many pods as asked, and a condition where that fails."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import (
    PodControl,
    available_in,
    doomed_first,
    is_ready,
    owner_is,
    pod_from,
)
from wizard.sandbox.controllers.shapes import (
    PODS,
    REPLICA_SETS,
    Obj,
    is_active,
    key_of,
    labels_of,
    selects,
)
from wizard.sandbox.status import StatusError

BURST = 500
"""Pods created or deleted in one look (BurstReplicas)."""


class ReplicaSets:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pods = PodControl(cluster, REPLICA_SETS, "replicaset-controller")
        self._queue = cluster.queue("replicaset", self._sync)
        cluster.on(REPLICA_SETS, lambda event, obj: self._queue.add_object(obj))
        cluster.on(PODS, self._pod)

    def _pod(self, event: str, pod: Obj) -> None:
        ns = pod["metadata"]["namespace"]
        owner = owner_is(pod, "ReplicaSet")
        if owner:
            self._queue.add(ns, owner)
        elif event == "ADDED" and not pod["metadata"].get("ownerReferences"):
            for each in self._cluster.objects(REPLICA_SETS, ns):
                if selects(each["spec"].get("selector"), labels_of(pod)):
                    self._queue.add_object(each)

    def _sync(self, ns: str, name: str) -> float | None:
        wanted = self._cluster.get(REPLICA_SETS, ns, name)
        if wanted is None:
            return None
        everything = self._pods.claimed(wanted)
        active = [pod for pod in everything if is_active(pod)]
        refusal: StatusError | None = None
        if "deletionTimestamp" not in wanted["metadata"]:
            refusal = self._manage(wanted, active)
            active = [
                pod for pod in self._cluster.owned(PODS, wanted["metadata"]["uid"]) if is_active(pod)
            ]  # what is there now
        again = self._report(wanted, everything, active, refusal)
        if refusal is not None:
            raise refusal  # tried again, with growing delays
        return again

    def _manage(self, wanted: Obj, active: list[Obj]) -> StatusError | None:
        missing = wanted["spec"].get("replicas", 1) - len(active)
        template = wanted["spec"]["template"]
        prefix = f"{wanted['metadata']['name']}-"
        if missing > 0:
            return self._pods.create_many(
                wanted,
                min(missing, BURST),
                lambda number: pod_from(template, REPLICA_SETS, wanted, generateName=prefix),
            )
        if missing < 0:
            crowd: dict[str, int] = {}
            for pod in active:
                node = pod["spec"].get("nodeName", "")
                crowd[node] = crowd.get(node, 0) + 1

            def order(pod: Obj) -> tuple[object, ...]:
                bound, phase, ready, cost, *rest = doomed_first(pod)
                return (bound, phase, ready, cost, -crowd[pod["spec"].get("nodeName", "")], *rest, key_of(pod))

            for pod in sorted(active, key=order)[: min(-missing, BURST)]:
                self._pods.delete(wanted, pod)
        return None

    def _report(
        self, wanted: Obj, everything: list[Obj], active: list[Obj], refusal: StatusError | None
    ) -> float | None:
        template = labels_of(wanted["spec"]["template"]) if "metadata" in wanted["spec"]["template"] else {}
        min_ready = wanted["spec"].get("minReadySeconds", 0)
        ready = [pod for pod in active if is_ready(pod)]
        waits = [available_in(pod, min_ready, self._cluster.clock) for pod in ready]
        counts = {
            "fullyLabeledReplicas": sum(template.items() <= labels_of(pod).items() for pod in active),
            "readyReplicas": len(ready),
            "availableReplicas": sum(wait == 0 for wait in waits),
        }
        going = sum("deletionTimestamp" in pod["metadata"] for pod in everything)
        status: Obj = {
            "replicas": len(active),
            **{name: count for name, count in counts.items() if count},
            "terminatingReplicas": going,
            "observedGeneration": wanted["metadata"].get("generation", 1),
        }
        old = [
            each for each in (wanted.get("status") or {}).get("conditions") or () if each["type"] != "ReplicaFailure"
        ]
        failure = next(
            (e for e in (wanted.get("status") or {}).get("conditions") or () if e["type"] == "ReplicaFailure"), None
        )
        if refusal is not None and failure is None:
            failure = {
                "type": "ReplicaFailure",
                "status": "True",
                "lastTransitionTime": self._cluster.stamp(),
                "reason": "FailedCreate",
                "message": refusal.message,
            }
        elif refusal is None:
            failure = None
        if conditions := [*old, *([failure] if failure else [])]:
            status["conditions"] = conditions
        self._cluster.set_status(REPLICA_SETS, wanted, status)
        later = [wait for wait in waits if wait]
        return min(later) if later else None
