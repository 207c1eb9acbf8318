"""Nodes: what they are, and what their kubelets report of them (pkg/kubelet/nodestatus, nodelease)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wizard.sandbox.clock import micro_stamp, stamp
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
from wizard.sandbox.controllers.nodelifecycle import Lifecycle
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.pressure import Pressure
from wizard.sandbox.controllers.shapes import (
    LEASES,
    NODES,
    PODS,
    Obj,
    condition,
)
from wizard.sandbox.store import copied

VERSION = "v1.37.2"
_LEASE_NAMESPACE = "kube-node-lease"
_HEARTBEAT = 10.0
# Condition, what the kubelet says while all is well, and under pressure.
PRESSURES = (
    ("MemoryPressure", "memory", "kubelet has sufficient memory available", "kubelet has insufficient memory"),
    ("DiskPressure", "disk", "kubelet has no disk pressure", "kubelet has disk pressure"),
    ("PIDPressure", "pid", "kubelet has sufficient PID available", "kubelet has insufficient PID available"),
)
_REASONS = {
    ("MemoryPressure", False): "KubeletHasSufficientMemory",
    ("MemoryPressure", True): "KubeletHasInsufficientMemory",
    ("DiskPressure", False): "KubeletHasNoDiskPressure",
    ("DiskPressure", True): "KubeletHasDiskPressure",
    ("PIDPressure", False): "KubeletHasSufficientPID",
    ("PIDPressure", True): "KubeletHasInsufficientPID",
}


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """The default is the reference server: 3 vCPU and 4 GiB."""

    name: str = "server"
    cpu: str = "3"
    memory: str = "4Gi"
    labels: dict[str, str] = field(default_factory=dict)
    taints: Sequence[dict[str, str]] = ()
    pods: int = 110
    disk: str = "80Gi"
    resources: dict[str, str] = field(default_factory=dict)
    """What else it has, such as {"nvidia.com/gpu": "8"}."""

    def manifest(self, number: int) -> Obj:
        amounts = {
            "cpu": self.cpu,
            "memory": self.memory,
            "pods": str(self.pods),
            "ephemeral-storage": self.disk,
            **self.resources,
        }
        labels = {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            **({"node-role.kubernetes.io/control-plane": "true"} if number == 0 else {}),
            **self.labels,
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self.name,
                "labels": labels,
                "annotations": {"wizard.dev/simulated": "true", "node.alpha.kubernetes.io/ttl": "0"},
            },
            "spec": {"podCIDR": f"10.42.{number}.0/24", **({"taints": list(self.taints)} if self.taints else {})},
            "status": {
                "capacity": amounts,
                "allocatable": dict(amounts),
                "addresses": [
                    {"type": "InternalIP", "address": f"192.168.56.{10 + number}"},
                    {"type": "Hostname", "address": self.name},
                ],
            },
        }


class Nodes:
    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._beats = cluster.queue("node-heartbeat", self._beat)
        self.pressure = Pressure(cluster, kubelet, lambda name: self._beats.add("", name))
        self._lifecycle = Lifecycle(cluster, kubelet)
        cluster.on(NODES, self._node)
        kubelet.world.effects.subscribe(self._effects_changed)

    def _node(self, event: str, node: Obj) -> None:
        name = node["metadata"]["name"]
        if event == "DELETED":
            for pod in self._cluster.objects(PODS):
                if pod["spec"].get("nodeName") == name:  # the pod garbage collector
                    self._cluster.delete(PODS, pod, grace=0)
        elif event == "ADDED":
            self._beats.add("", name)
        self._lifecycle.look(name, gone=event == "DELETED")

    def _effects_changed(self) -> None:
        for node in self._cluster.objects(NODES):
            self._beats.add_object(node)

    def _beat(self, ns: str, name: str) -> float | None:
        """Renews the lease, and the status where it changed."""
        node = self._cluster.get(NODES, "", name)
        if node is None:
            return None
        now = self._cluster.now
        lost = self._kubelet.world.effects.on_node("lost-node", name, now)
        was_lost = name in self._kubelet.lost
        if bool(lost) != was_lost:
            self._kubelet.set_lost(name, bool(lost))
        if lost:
            self._lifecycle.look(name)
            return _HEARTBEAT
        self._lifecycle.heard[name] = now
        self._lease(node, now)
        status = copied(node.get("status") or {})
        status |= self._facts(name)
        status["conditions"] = self._conditions(node, name, now)
        spec = node.get("status") or {}
        if not spec.get("allocatable"):  # a Node that somebody made by hand
            manifest = NodeSpec(name).manifest(99)["status"]
            status = {**manifest, **status}
        self._cluster.set_status(NODES, node, status, "kubelet")
        return _HEARTBEAT

    def _facts(self, name: str) -> Obj:
        images = self._kubelet.images.on(name)
        return {
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "images": [{"names": [image], "sizeBytes": int(size)} for image, size in sorted(images.items())][:50],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "containerd://2.2.1-simulated",
                "kernelVersion": "6.12.0-simulated",
                "kubeProxyVersion": "",
                "kubeletVersion": VERSION,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "Simulated by the wizard's sandbox",
                "systemUUID": "",
            },
        }

    def _conditions(self, node: Obj, name: str, now: float) -> list[Obj]:
        found: list[Obj] = []
        states = [(kind, self.pressure.is_pressed(name, kind), well, bad) for kind, _, well, bad in PRESSURES]
        for kind, pressed, well, bad in states:
            found.append(self._one(node, kind, pressed, _REASONS[kind, pressed], bad if pressed else well, now))
        found.append(self._one(node, "Ready", True, "KubeletReady", "kubelet is posting ready status", now))
        return found

    def _one(self, node: Obj, kind: str, value: bool, reason: str, message: str, now: float) -> Obj:
        old = condition(node, kind)
        text = "True" if value else "False"
        same = old is not None and old["status"] == text
        beat = old["lastHeartbeatTime"] if old and same and now - seconds_of(old["lastHeartbeatTime"]) < 300 else None
        return {
            "type": kind,
            "status": text,
            "lastHeartbeatTime": beat or stamp(now),
            "lastTransitionTime": old["lastTransitionTime"] if old and same else stamp(now),
            "reason": reason,
            "message": message,
        }

    def _lease(self, node: Obj, now: float) -> None:
        name = node["metadata"]["name"]
        lease = self._cluster.get(LEASES, _LEASE_NAMESPACE, name)
        if lease is not None:
            self._cluster.edit(
                LEASES, lease, lambda obj: obj["spec"].update({"renewTime": micro_stamp(now)}), "kubelet"
            )
        elif self._cluster.get(("", "namespaces"), "", _LEASE_NAMESPACE) is not None:
            owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
            self._cluster.create(
                LEASES,
                {
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": name, "namespace": _LEASE_NAMESPACE, "ownerReferences": [owner]},
                    "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro_stamp(now)},
                },
                "kubelet",
            )
