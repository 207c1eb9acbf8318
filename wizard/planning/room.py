"""How much memory Ollama has: a pod's limit, what a node or a server leaves to it, the GPUs of a replica. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from wizard.catalog.instances import Instances, InstanceType
from wizard.domain.profile import Profile
from wizard.domain.profile.tiers import TierName
from wizard.domain.profile.units import size_bytes
from wizard.planning.budget import K3S_MEMORY
from wizard.planning.desired import Component

MIB = 2**20
GPU_RESERVE = 457 * MIB
"""What Ollama leaves free on each GPU, in bytes: `MinimumMemory` of CUDA and ROCm devices in its discover/."""
VM_OVERHEAD = 0.075
"""Share of an instance's memory that its machine and kernel keep: the default of Karpenter's chart
(settings.vmMemoryOverheadPercent). Its measured values of m5 are 3 to 7 % (zz_generated.memory_overhead.go)."""
KUBELET_BASE, KUBELET_EACH_POD, EVICTION = 255 * MIB, 11 * MIB, 100 * MIB
"""What EKS' node images reserve (bootstrap.sh of amazon-eks-ami: 11 x pods + 255 MiB); the eviction threshold."""
DEFAULT_PODS = 110

Grows = Literal["limit", "nodes", "gpus", "server"]


@dataclass(frozen=True, slots=True)
class Room:
    """Memory that the loaded models of one replica share. Bytes."""

    memory: int
    """All of it together; of GPUs, before Ollama's reserve."""
    what: str
    """Where the figure is from, in words: "the memory limit of Ollama's pod"."""
    grows: Grows
    """What would have to change for more."""
    path: str
    """Of the tier in the profile: `tiers.standard`."""
    gpus: int = 0
    """0: main memory, on CPU."""

    @property
    def usable(self) -> int:
        return max(0, self.memory - self.gpus * GPU_RESERVE)


def shown(size: float) -> str:
    """`5.2 GiB`, `512 MiB`."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / MIB:.0f} MiB"


def node_room(of: InstanceType, path: str = "tiers.standard") -> Room:
    """Main memory that an EKS node of this type leaves to pods; its daemons and other pods are not deducted."""
    kubelet = KUBELET_BASE + KUBELET_EACH_POD * (of.max_pods or DEFAULT_PODS) + EVICTION
    left = int(of.memory_bytes * (1 - VM_OVERHEAD)) - kubelet
    return Room(max(0, left), f"what an {of.name} node leaves to pods", "nodes", path)


def gpu_room(of: InstanceType, path: str = "tiers.premium", count: int | None = None) -> Room:
    """GPUs of one replica on a node of this type: `count`, or all."""
    gpus = min(count or of.gpus, of.gpus)
    return Room(gpus * of.gpu_bytes, f"{gpus} x {of.gpu} of a {of.name}", "gpus", path, gpus)


def server_room(memory: int, others: Iterable[Component], path: str = "tiers.standard") -> Room:
    """What a k3s server with so many bytes leaves to Ollama; `others` are the components beside it. k3s' own share is
    the one that its documentation measured (budget.K3S_MEMORY)."""
    taken = K3S_MEMORY + sum(component.resources.memory_request for component in others)
    return Room(max(0, memory - taken), f"what a server with {shown(memory)} leaves to Ollama", "server", path)


def tier_room(profile: Profile, name: TierName, instances: Instances, limit: int | None = None) -> Room | None:
    """Of one replica in a tier: the least of what is known. `limit` is the memory limit of Ollama's pod, in bytes.

    None where nothing is known: a cluster's nodes and a server's memory are not in the profile.
    """
    tier, path = profile.tiers.present()[name], f"tiers.{name}"
    known = instances.known(tier.instance_types) if profile.target.kind == "aws" else ()
    if tier.gpu is not None or name == "premium":
        if tier.gpu is not None and tier.gpu.memory is not None:
            size, gpus = tier.gpu.memory, tier.gpu.count
            return Room(gpus * size_bytes(size), f"{gpus} x {size} of GPU memory", "gpus", path, gpus)
        count = tier.gpu.count if tier.gpu is not None else None
        return min((gpu_room(of, path, count) for of in known if of.gpus), key=lambda room: room.usable, default=None)
    rooms = [node_room(of, path) for of in known]
    if limit:
        rooms.append(Room(limit, "the memory limit of Ollama's pod", "limit", path))
    return min(rooms, key=lambda room: room.memory, default=None)
