"""The disruption controller (pkg/controller/disruption): how many pods of a budget may be evicted now."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import is_ready
from wizard.sandbox.controllers.shapes import (
    BUDGETS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    Obj,
    amount,
    condition,
    controller_of,
    is_active,
    labels_of,
    selects,
)

_GATHER = 0.05
_DEPLOYMENTS = ("apps", "deployments")


class Budgets:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue = cluster.queue("disruption", self._sync)
        cluster.on(BUDGETS, lambda event, obj: self._queue.add_object(obj))
        cluster.on(PODS, self._pod)

    def _pod(self, event: str, pod: Obj) -> None:
        ns = pod["metadata"]["namespace"]
        for budget in self._cluster.objects(BUDGETS, ns):
            if selects(budget["spec"].get("selector"), labels_of(pod)):
                self._queue.add_object(budget, _GATHER)

    def _sync(self, ns: str, name: str) -> None:
        budget = self._cluster.get(BUDGETS, ns, name)
        if budget is None:
            return
        selector = budget["spec"].get("selector")
        pods = [pod for pod in self._cluster.pods(ns) if selects(selector, labels_of(pod)) and is_active(pod)]
        if not pods:
            words = "No matching pods found"
            self._cluster.events.record(BUDGETS, budget, "Normal", "NoPods", words, source="controllermanager")
        healthy = sum(is_ready(pod) for pod in pods)
        spec = budget["spec"]
        if "maxUnavailable" in spec:
            expected = self._expected(pods)
            desired = max(0, expected - amount(spec["maxUnavailable"], expected, up=True))
        elif str(spec.get("minAvailable", 1)).endswith("%"):
            expected = self._expected(pods)
            desired = amount(spec["minAvailable"], expected, up=True)
        else:
            expected, desired = len(pods), int(spec.get("minAvailable", 1))
        allowed = max(0, healthy - desired) if expected > 0 else 0
        generation = budget["metadata"].get("generation", 1)
        value = "True" if allowed > 0 else "False"
        before = condition(budget, "DisruptionAllowed")
        since = before["lastTransitionTime"] if before and before["status"] == value else self._cluster.stamp()
        status: Obj = {
            "conditions": [
                {
                    "type": "DisruptionAllowed",
                    "status": value,
                    "observedGeneration": generation,
                    "lastTransitionTime": since,
                    "reason": "SufficientPods" if allowed > 0 else "InsufficientPods",
                    "message": "",
                }
            ],
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": generation,
        }
        self._cluster.set_status(BUDGETS, budget, status)

    def _expected(self, pods: list[Obj]) -> int:
        """The sum of what the pods' controllers want, for percentages and maxUnavailable."""
        total = 0
        for uid in {(controller_of(pod) or {}).get("uid") for pod in pods} - {None}:
            pod = next(each for each in pods if (controller_of(each) or {}).get("uid") == uid)
            owner = controller_of(pod) or {}
            ns = pod["metadata"]["namespace"]
            resource = STATEFUL_SETS if owner["kind"] == "StatefulSet" else REPLICA_SETS
            found = self._cluster.get(resource, ns, owner["name"])
            above = controller_of(found) if found else None
            if above is not None and above["kind"] == "Deployment":
                found = self._cluster.get(_DEPLOYMENTS, ns, above["name"]) or found
            mine = sum((controller_of(each) or {}).get("uid") == uid for each in pods)
            total += found["spec"].get("replicas", 1) if found else mine
        return total
