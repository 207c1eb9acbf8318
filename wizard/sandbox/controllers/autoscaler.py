"""The HorizontalPodAutoscaler (pkg/controller/podautoscaler), fed by what the simulated containers use."""

from __future__ import annotations

import math
from collections.abc import Callable

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import (
    AUTOSCALERS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    Obj,
    Resource,
    is_active,
    is_true,
    labels_of,
    quantity,
    selects,
)
from wizard.sandbox.store import copied

Usage = Callable[[Obj], dict[str, dict[str, float]]]
"""Pod -> container -> {"cpu": cores, "memory": bytes}; empty for one that does not run."""

_PERIOD = 15.0
_TOLERANCE = 0.1
_DOWN_SECONDS = 300.0
_TARGETS: dict[str, Resource] = {
    "Deployment": DEPLOYMENTS,
    "StatefulSet": STATEFUL_SETS,
    "ReplicaSet": REPLICA_SETS,
}


class _NoMetric(Exception):
    """Reason and message, as the events have them."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Autoscalers:
    def __init__(self, cluster: Cluster, usage: Usage) -> None:
        self._cluster = cluster
        self._usage = usage
        self._queue = cluster.queue("hpa", self._sync)
        self._past: dict[str, list[tuple[float, int]]] = {}
        """Recommendations of the last minutes: scaling down takes the highest of them."""
        cluster.on(AUTOSCALERS, self._changed)

    def _changed(self, event: str, obj: Obj) -> None:
        if event == "DELETED":
            self._past.pop(obj["metadata"]["uid"], None)
        else:
            self._queue.add_object(obj)

    def _tell(self, scaler: Obj, kind: str, reason: str, message: str) -> None:
        self._cluster.events.record(AUTOSCALERS, scaler, kind, reason, message, source="horizontal-pod-autoscaler")

    def _sync(self, ns: str, name: str) -> float | None:
        scaler = self._cluster.get(AUTOSCALERS, ns, name)
        if scaler is None:
            return None
        spec, status = scaler["spec"], copied(scaler.get("status") or {})
        conditions: list[Obj] = status.get("conditions") or []
        reference = spec["scaleTargetRef"]
        resource = _TARGETS.get(reference["kind"])
        target = self._cluster.get(resource, ns, reference["name"]) if resource else None
        status["observedGeneration"] = scaler["metadata"].get("generation", 1)
        if target is None or resource is None:
            what = f'{reference["kind"].lower()}s.apps "{reference["name"]}" not found'
            message = f"the HPA controller was unable to get the target's current scale: {what}"
            self._note(conditions, "AbleToScale", "False", "FailedGetScale", message)
            self._tell(scaler, "Warning", "FailedGetScale", what)
        else:
            current = target["spec"].get("replicas", 1)
            status["currentReplicas"] = current
            wanted = self._wanted(scaler, target, current, status, conditions)
            status["desiredReplicas"] = wanted
            if wanted != current:
                self._cluster.store.mutate(
                    *resource, ns, reference["name"], lambda obj: obj["spec"].update({"replicas": wanted}),
                    subresource="scale", manager="kube-controller-manager",
                )  # fmt: skip
                status["lastScaleTime"] = self._cluster.stamp()
                way = "above" if wanted > current else "below"
                reason = f"cpu resource utilization (percentage of request) {way} target"
                if wanted < current:
                    reason = "All metrics below target"
                self._tell(scaler, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
                message = f"the HPA controller was able to update the target scale to {wanted}"
                self._note(conditions, "AbleToScale", "True", "SucceededRescale", message)
        status["conditions"] = conditions
        self._cluster.set_status(AUTOSCALERS, scaler, status)
        return _PERIOD

    def _wanted(self, scaler: Obj, target: Obj, current: int, status: Obj, conditions: list[Obj]) -> int:
        spec = scaler["spec"]
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        if current == 0:
            message = "scaling is disabled since the replica count of the target is zero"
            self._note(conditions, "ScalingActive", "False", "ScalingDisabled", message)
            return 0
        if current > high or current < low:
            return int(min(max(current, low), high))
        proposals: list[int] = []
        metrics: list[Obj] = []
        problem: _NoMetric | None = None
        for metric in spec.get("metrics") or ():
            try:
                proposal, found = self._evaluate(scaler, target, metric, current)
            except _NoMetric as reason:
                problem = problem or reason
                self._tell(scaler, "Warning", reason.reason, str(reason))
                continue
            proposals.append(proposal)
            metrics.append(found)
        status["currentMetrics"] = metrics
        if not proposals or (problem and max(proposals) < current):
            why = problem or _NoMetric("InvalidMetrics", "no metrics")
            message = f"the HPA was unable to compute the replica count: {why}"
            self._note(conditions, "AbleToScale", "True", "SucceededGetScale",
                       "the HPA controller was able to get the target's current scale")  # fmt: skip
            self._note(conditions, "ScalingActive", "False", why.reason, message)
            return current
        message = "the HPA was able to successfully calculate a replica count from cpu resource utilization"
        self._note(conditions, "ScalingActive", "True", "ValidMetricFound", f"{message} (percentage of request)")
        return self._steadied(scaler, max(proposals), current, low, high, conditions)

    def _steadied(self, scaler: Obj, wanted: int, current: int, low: int, high: int, conditions: list[Obj]) -> int:
        """Not down again at once, not up without measure, and within the limits."""
        now = self._cluster.now
        past = self._past.setdefault(scaler["metadata"]["uid"], [])
        past.append((now, wanted))
        behaviour = (scaler["spec"].get("behavior") or {}).get("scaleDown") or {}
        window = behaviour.get("stabilizationWindowSeconds", _DOWN_SECONDS)
        past[:] = [each for each in past if each[0] > now - max(window, _DOWN_SECONDS)]
        highest = max(count for when, count in past if when > now - window or count == wanted)
        if wanted < current and highest > wanted:
            wanted = min(highest, current)
            message = "recent recommendations were higher than current one, applying the highest recent recommendation"
            self._note(conditions, "AbleToScale", "True", "ScaleDownStabilized", message)
        else:
            message = "recommended size matches current size"
            self._note(conditions, "AbleToScale", "True", "ReadyForNewScale", message)
        wanted = min(wanted, max(current * 2, current + 4))
        if wanted > high:
            message = "the desired replica count is more than the maximum replica count"
            self._note(conditions, "ScalingLimited", "True", "TooManyReplicas", message)
        elif wanted < low:
            message = "the desired replica count is less than the minimum replica count"
            self._note(conditions, "ScalingLimited", "True", "TooFewReplicas", message)
        else:
            message = "the desired count is within the acceptable range"
            self._note(conditions, "ScalingLimited", "False", "DesiredWithinRange", message)
        return min(max(wanted, low), high)

    def _evaluate(self, scaler: Obj, target: Obj, metric: Obj, current: int) -> tuple[int, Obj]:
        source = {"Resource": "resource", "ContainerResource": "containerResource"}.get(metric["type"])
        if source is None:
            what = f"unable to get {metric['type'].lower()} metric: no metrics API serves it in the sandbox"
            raise _NoMetric(f"FailedGet{metric['type']}Metric", what)
        spec = metric[source]
        name = spec["name"]
        only = spec.get("container")
        used = asked = 0.0
        counted = 0
        ns = scaler["metadata"]["namespace"]
        pods = [p for p in self._cluster.pods(ns) if selects(target["spec"].get("selector"), labels_of(p))]
        active = [pod for pod in pods if is_active(pod)]
        for pod in active:
            usage = self._usage(pod)
            if not usage or not is_true(pod, "Ready"):
                continue
            counted += 1
            for container in pod["spec"]["containers"]:
                if only and container["name"] != only:
                    continue
                request = (container.get("resources") or {}).get("requests") or {}
                if name not in request and "averageUtilization" in spec["target"]:
                    where = f"container {container['name']} of Pod {pod['metadata']['name']}"
                    what = f"failed to get {name} utilization: missing request for {name} in {where}"
                    raise _NoMetric("FailedGetResourceMetric", what)
                asked += quantity(request.get(name))
                used += usage.get(container["name"], {}).get(name, 0.0)
        if not counted:
            what = f"unable to get metrics for resource {name}: no metrics returned from resource metrics API"
            raise _NoMetric("FailedGetResourceMetric", f"failed to get {name} utilization: {what}")
        mean = used / counted
        value: Obj = {"averageValue": _shown(name, mean)}
        if "averageUtilization" in spec["target"]:
            utilization = int(100 * used / asked)
            value["averageUtilization"] = utilization
            ratio = utilization / spec["target"]["averageUtilization"]
        else:
            ratio = mean / quantity(spec["target"]["averageValue"])
        proposal = current if abs(ratio - 1) <= _TOLERANCE else math.ceil(ratio * counted)
        if ratio > 1 and counted < len(active):  # pods not ready yet count as idle: no run-away
            proposal = max(current, min(proposal, math.ceil(ratio * counted)))
        inner: Obj = {"name": name, "current": value}
        if only:
            inner["container"] = only
        return proposal, {"type": metric["type"], source: inner}

    def _note(self, conditions: list[Obj], kind: str, value: str, reason: str, message: str) -> None:
        for each in conditions:
            if each["type"] == kind:
                if each["status"] != value:
                    each["lastTransitionTime"] = self._cluster.stamp()
                each |= {"status": value, "reason": reason, "message": message}
                return
        conditions.append(
            {
                "type": kind,
                "status": value,
                "lastTransitionTime": self._cluster.stamp(),
                "reason": reason,
                "message": message,
            }
        )


def _shown(name: str, value: float) -> str:
    return f"{round(value * 1000)}m" if name == "cpu" else str(round(value))
