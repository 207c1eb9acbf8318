"""The node lifecycle controller and the taint evictions (pkg/controller/nodelifecycle, tainteviction)."""

from __future__ import annotations

from wizard.sandbox.clock import stamp
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
from wizard.sandbox.controllers.scheduler.filters import tolerates
from wizard.sandbox.controllers.shapes import NODES, PODS, Obj, condition, is_active
from wizard.sandbox.store import copied

_GRACE = 50.0
"""Seconds without a heartbeat until a node is Unknown (--node-monitor-grace-period)."""
_PRESSURES = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "pid"}
"""Condition -> the first half of its taint's name."""


class Lifecycle:
    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._queue = cluster.queue("node-lifecycle", self._monitor)
        self._evictions = cluster.queue("taint-eviction", self._evict)
        self.heard: dict[str, float] = {}
        """Node -> when its kubelet last said something."""
        self._registered: set[str] = set()
        self._tainted: dict[str, float] = {}
        """Node -> since when it has a NoExecute taint."""

    def look(self, name: str, *, gone: bool = False) -> None:
        if gone:
            self.heard.pop(name, None)
            self._registered.discard(name)
        self._queue.add("", name)

    def _monitor(self, ns: str, name: str) -> float | None:
        node = self._cluster.get(NODES, "", name)
        if node is None:
            return None
        now = self._cluster.now
        if name not in self._registered:
            self._registered.add(name)
            words = f"Node {name} event: Registered Node {name} in Controller"
            self._tell(node, "Normal", "RegisteredNode", words, "node-controller")
        heard = self.heard.setdefault(name, now)
        ready = condition(node, "Ready")
        silent = now - heard
        if silent >= _GRACE and ready is not None and ready["status"] != "Unknown":
            status = copied(node["status"])
            for each in status["conditions"]:
                each |= {
                    "status": "Unknown",
                    "lastTransitionTime": stamp(now),
                    "reason": "NodeStatusUnknown",
                    "message": "Kubelet stopped posting node status.",
                }
            node = self._cluster.set_status(NODES, node, status, "kube-controller-manager") or node
            self._tell(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady", "node-controller")
            self._mark_pods(name)
        self._taint(node)
        return max(_GRACE - silent, 1.0) if name in self._kubelet.lost and silent < _GRACE else None

    def _taint(self, node: Obj) -> None:
        """The taints that a node's conditions ask for, and no others of these keys."""
        name, prefix = node["metadata"]["name"], "node.kubernetes.io/"
        ready = condition(node, "Ready")
        wanted: list[tuple[str, str]] = []
        if ready is None or ready["status"] == "False":
            wanted += [(prefix + "not-ready", "NoSchedule"), (prefix + "not-ready", "NoExecute")]
        elif ready["status"] == "Unknown":
            wanted += [(prefix + "unreachable", "NoSchedule"), (prefix + "unreachable", "NoExecute")]
        for kind, key in _PRESSURES.items():
            found = condition(node, kind)
            if found is not None and found["status"] == "True":
                wanted.append((f"{prefix}{key}-pressure", "NoSchedule"))
        if node["spec"].get("unschedulable"):
            wanted.append((prefix + "unschedulable", "NoSchedule"))
        ours = ("not-ready", "unreachable", "memory-pressure", "disk-pressure", "pid-pressure", "unschedulable")
        current = node["spec"].get("taints") or []
        theirs = [each for each in current if each["key"] not in {prefix + key for key in ours}]
        old = {(each["key"], each["effect"]): each for each in current}
        now = self._cluster.stamp()
        fresh = [old.get(pair) or {"key": pair[0], "effect": pair[1], "timeAdded": now} for pair in wanted]
        if [*theirs, *fresh] != current and (fresh or len(theirs) != len(current)):

            def write(obj: Obj) -> None:
                obj["spec"].pop("taints", None)
                if theirs or fresh:
                    obj["spec"]["taints"] = [*theirs, *fresh]

            self._cluster.edit(NODES, node, write)
        if any(effect == "NoExecute" for _, effect in wanted):
            self._tainted.setdefault(name, self._cluster.now)
            for pod in self._cluster.objects(PODS):
                if pod["spec"].get("nodeName") == name:
                    self._evictions.add_object(pod)
        else:
            self._tainted.pop(name, None)

    def _mark_pods(self, name: str) -> None:
        """Pods of a lost node are not ready, whatever their kubelet said last."""
        for pod in list(self._cluster.objects(PODS)):
            if pod["spec"].get("nodeName") != name or not is_active(pod):
                continue
            status = copied(pod.get("status") or {})
            for each in status.get("conditions") or ():
                if each["type"] == "Ready" and each["status"] == "True":
                    each |= {"status": "False", "lastTransitionTime": self._cluster.stamp()}
            self._cluster.set_status(PODS, pod, status)
            message = "Node is not ready"
            self._cluster.events.record(PODS, pod, "Warning", "NodeNotReady", message, source="node-controller")

    def _evict(self, ns: str, name: str) -> float | None:
        """Deletes a pod of a NoExecute node once its toleration has run out."""
        pod = self._cluster.get(PODS, ns, name)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return None
        node = self._cluster.get(NODES, "", pod["spec"].get("nodeName", ""))
        since = self._tainted.get(pod["spec"].get("nodeName", ""))
        if node is None or since is None:
            return None
        allowed = float("inf")
        for taint in node["spec"].get("taints") or ():
            if taint["effect"] != "NoExecute":
                continue
            fitting = [each for each in pod["spec"].get("tolerations") or () if tolerates([each], taint)]
            if not fitting:
                allowed = 0.0
            limits = [float(each["tolerationSeconds"]) for each in fitting if "tolerationSeconds" in each]
            allowed = min([allowed, *limits])
        left = since + allowed - self._cluster.now
        if left == float("inf"):
            return None
        if left > 0:
            return left
        message = f"Marking for deletion Pod {ns}/{name}"
        source = "taint-eviction-controller"
        self._cluster.events.record(PODS, pod, "Normal", "TaintManagerEviction", message, source=source)
        self._cluster.delete(PODS, pod)
        return None

    def _tell(self, node: Obj, kind: str, reason: str, message: str, source: str, host: str = "") -> None:
        self._cluster.events.record(NODES, node, kind, reason, message, source=source, host=host)
