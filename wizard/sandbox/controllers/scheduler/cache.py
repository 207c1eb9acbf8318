"""What the scheduler knows of nodes: what is asked of each, by whom (pkg/scheduler/framework: NodeInfo)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from wizard.sandbox.controllers.shapes import Obj, controller_of, quantity, requests_of


class NodeInfo:
    """One node with the pods that are on it, or will be once they are bound."""

    def __init__(self, node: Obj) -> None:
        self.requested: defaultdict[str, float] = defaultdict(float)
        self.pods: dict[str, Obj] = {}
        self.owners: Counter[str] = Counter()
        self.ports: Counter[tuple[str, int]] = Counter()
        self.node = node
        self.allocatable: dict[str, float] = {}
        self.update(node)

    def update(self, node: Obj) -> None:
        self.node = node
        self.allocatable = {
            name: quantity(value) for name, value in ((node.get("status") or {}).get("allocatable") or {}).items()
        }

    @property
    def name(self) -> str:
        return str(self.node["metadata"]["name"])

    def add(self, pod: Obj, requests: dict[str, float]) -> None:
        uid = pod["metadata"]["uid"]
        if uid in self.pods:
            self.pods[uid] = pod
            return
        self.pods[uid] = pod
        self._count(pod, requests, 1)

    def remove(self, pod: Obj, requests: dict[str, float]) -> bool:
        if self.pods.pop(pod["metadata"]["uid"], None) is None:
            return False
        self._count(pod, requests, -1)
        return True

    def _count(self, pod: Obj, requests: dict[str, float], sign: int) -> None:
        for name, value in requests.items():
            self.requested[name] += sign * value
        owner = controller_of(pod)
        if owner is not None:
            uid = owner["uid"]
            self.owners[uid] += sign
            if not self.owners[uid]:
                del self.owners[uid]  # a Counter keeps its zeros: one for every ReplicaSet there ever was
        for port in host_ports(pod):
            self.ports[port] += sign


def host_ports(pod: Obj) -> list[tuple[str, int]]:
    return [
        (port.get("protocol", "TCP"), port["hostPort"])
        for container in pod["spec"].get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


class Cache:
    """All nodes, and the pods on them; what a pod asks for is worked out once."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self._requests: dict[str, dict[str, float]] = {}
        self._where: dict[str, str] = {}
        self.repelling: dict[str, Obj] = {}
        """Pods with required anti-affinity, by uid: they keep others away."""

    def requests(self, pod: Obj) -> dict[str, float]:
        uid = pod["metadata"]["uid"]
        found = self._requests.get(uid)
        if found is None:
            found = self._requests[uid] = requests_of(pod)
        return found

    def node(self, node: Obj, *, gone: bool = False) -> None:
        name = node["metadata"]["name"]
        if gone:
            self.nodes.pop(name, None)
        elif name in self.nodes:
            self.nodes[name].update(node)
        else:
            self.nodes[name] = NodeInfo(node)

    def place(self, pod: Obj, node: str) -> None:
        uid = pod["metadata"]["uid"]
        before = self._where.get(uid)
        if before is not None and before != node:
            self.forget(pod)
        info = self.nodes.get(node)
        if info is None:
            return
        info.add(pod, self.requests(pod))
        self._where[uid] = node
        if anti_terms(pod):
            self.repelling[uid] = pod

    def forget(self, pod: Obj) -> bool:
        """True if it held resources of a node until now."""
        uid = pod["metadata"]["uid"]
        node = self._where.pop(uid, None)
        info = self.nodes.get(node) if node else None
        held = info.remove(pod, self.requests(pod)) if info else False
        self.repelling.pop(uid, None)
        self._requests.pop(uid, None)
        return held

    def where(self, uid: str) -> str:
        return self._where.get(uid, "")


def _terms(pod: Obj, kind: str) -> list[dict[str, Any]]:
    affinity = (pod["spec"].get("affinity") or {}).get(kind) or {}
    return list(affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ())


def anti_terms(pod: Obj) -> list[dict[str, Any]]:
    return _terms(pod, "podAntiAffinity")


def affinity_terms(pod: Obj) -> list[dict[str, Any]]:
    return _terms(pod, "podAffinity")
