"""Nodes that kwok plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .api import Object
from .build import KUBERNETES_VERSION


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """The default is the reference server: 3 vCPU, 4 GB, as many pods as k3s allows."""

    name: str = "server"
    cpu: str = "3"
    memory: str = "4Gi"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()
    """As in a Node's spec: key, value, effect."""
    pods: int = 110
    resources: Mapping[str, str] = field(default_factory=dict)
    """What else it has, such as {"nvidia.com/gpu": "8"}."""

    def manifest(self) -> Object:
        """What a kubelet would register."""
        amounts = {
            "cpu": self.cpu,
            "memory": self.memory,
            "pods": str(self.pods),
            "ephemeral-storage": "80Gi",
            **self.resources,
        }
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            **self.labels,
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self.name,
                "labels": labels,
                "annotations": {"kwok.x-k8s.io/node": "fake"},
            },
            "spec": {"taints": [dict(taint) for taint in self.taints]},
            "status": {
                "allocatable": amounts,
                "capacity": amounts,
                "nodeInfo": {"kubeletVersion": KUBERNETES_VERSION, "osImage": "kwok"},
            },
        }


def is_ready(node: Object) -> bool:
    """Whether it is Ready and pods may come: the taint goes some time after the condition is there."""
    tainted = any(taint["key"] == "node.kubernetes.io/not-ready" for taint in node["spec"].get("taints", []))
    conditions = {each["type"]: each["status"] for each in node["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and not tainted
