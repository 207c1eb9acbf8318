"""All nodes' kubelets in one: hands pods to their workers, addresses to pods, and logs to who asks."""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.kubelet.container import Container
from wizard.sandbox.controllers.kubelet.images import Images
from wizard.sandbox.controllers.kubelet.worker import Worker
from wizard.sandbox.controllers.programs.base import Program
from wizard.sandbox.controllers.shapes import NODES, PODS, SLICES, Obj
from wizard.sandbox.controllers.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_POD_NETWORK = ipaddress.ip_network("10.42.0.0/16")


class Kubelet:
    def __init__(self, cluster: Cluster, world: World) -> None:
        self.cluster = cluster
        self.world = world
        self.images = Images()
        self.workers: dict[str, Worker] = {}
        """By the pod's uid."""
        self.fickle: dict[str, dict[str, Worker]] = {}
        """Namespace -> workers whose programs depend on others, or may need more memory than they have."""
        self._queue = cluster.queue("kubelet", self._sync)
        self._free: list[str] = []
        self._next_address = int(_POD_NETWORK.network_address) + 4
        self._in_use: set[str] = set()
        self._node_ips: dict[str, str] = {}
        self.lost: set[str] = set()
        """Nodes whose kubelet does not answer: nothing happens to their pods."""
        self.farewell: Callable[[Worker], None] = lambda worker: None
        """Told of each pod that goes, while what it said can still be read."""
        world.program_of = self.program
        world.running = self.programs
        world.effects.subscribe(self._effects_changed)
        cluster.on(PODS, self._pod)
        cluster.on(NODES, self._node)
        cluster.on(SLICES, self._slice)

    # What happens in the cluster --------------------------------------------------------------------

    def _pod(self, event: str, pod: Obj) -> None:
        if event == "DELETED":
            worker = self.workers.pop(pod["metadata"]["uid"], None)
            if worker is not None:
                worker.over = True
                self.farewell(worker)
                self.release(worker.ip)
                self.fickle.get(pod["metadata"]["namespace"], {}).pop(worker.uid, None)
            return
        if not pod["spec"].get("nodeName"):
            if "deletionTimestamp" in pod["metadata"]:
                self.look(pod)
            return
        worker = self.workers.get(pod["metadata"]["uid"])
        # A status that this kubelet is just writing is no news to it.
        if worker is None or not worker.writing:
            self.look(pod)

    def look(self, pod: Obj) -> None:
        self._queue.add_object(pod)

    def _node(self, event: str, node: Obj) -> None:
        name = node["metadata"]["name"]
        if event == "DELETED":
            self._node_ips.pop(name, None)
            self.images.forget(name)
            return
        for address in (node.get("status") or {}).get("addresses") or ():
            if address["type"] == "InternalIP":
                self._node_ips[name] = address["address"]

    def _slice(self, event: str, found: Obj) -> None:
        """A Service gained or lost its pods: programs that depend on others may answer their probes otherwise."""
        for worker in self.fickle.get(found["metadata"]["namespace"], {}).values():
            self.look(worker.pod)

    def _effects_changed(self) -> None:
        for worker in self.workers.values():
            self.look(worker.pod)

    def _sync(self, ns: str, name: str) -> float | None:
        pod = self.cluster.get(PODS, ns, name)
        if pod is None:
            return None
        node = pod["spec"].get("nodeName")
        if not node:
            if "deletionTimestamp" in pod["metadata"]:
                self.cluster.delete(PODS, pod, grace=0)
            return None
        if node in self.lost or self.cluster.get(NODES, "", node) is None:
            return None
        uid = pod["metadata"]["uid"]
        worker = self.workers.get(uid)
        if worker is None:
            phase = (pod.get("status") or {}).get("phase")
            if phase in ("Succeeded", "Failed") and "deletionTimestamp" not in pod["metadata"]:
                return None
            worker = self.workers[uid] = Worker(self, pod)
        return worker.sync(pod)

    # Nodes ------------------------------------------------------------------------------------------

    def slowness(self, node: str) -> float:
        return self.world.effects.slowness(node, self.cluster.now)

    def is_shaky(self, node: str) -> float:
        """The share of probes that time out, 0 to 1."""
        found = self.world.effects.on_node("slow-node", node, self.cluster.now)
        return found.number("probes-lost", 0.3) if found else 0.0

    def node_ip(self, node: str) -> str:
        return self._node_ips.get(node, "192.168.56.10")

    def on(self, node: str) -> Iterable[Worker]:
        return [worker for worker in self.workers.values() if worker.node == node and not worker.over]

    def restless(self, node: str) -> list[Worker]:
        """Pods of a node whose memory may grow: by nature, or because a scenario says so."""
        if any(effect.kind == "memory" for effect in self.world.effects.active):
            return list(self.on(node))
        found = [worker for home in self.fickle.values() for worker in home.values()]
        return [worker for worker in found if worker.node == node and not worker.over]

    def set_lost(self, node: str, lost: bool) -> None:
        if lost:
            self.lost.add(node)
        else:
            self.lost.discard(node)
            for worker in self.workers.values():
                if worker.node == node:
                    self.look(worker.pod)

    def address(self, pod: Obj) -> str:
        if pod["spec"].get("hostNetwork"):
            return self.node_ip(pod["spec"]["nodeName"])
        if self._free and len(self._free) > 64:  # not at once: a client may still hold on to it
            found = self._free.pop(0)
        else:
            found = str(ipaddress.ip_address(self._next_address))
            self._next_address += 1
        self._in_use.add(found)
        return found

    def release(self, address: str) -> None:
        if address in self._in_use:
            self._in_use.discard(address)
            self._free.append(address)

    # Programs ---------------------------------------------------------------------------------------

    def container(self, uid: str, name: str) -> Container | None:
        worker = self.workers.get(uid)
        return next((each for each in worker.containers if each.name == name), None) if worker else None

    def program(self, uid: str, name: str) -> Program | None:
        found = self.container(uid, name)
        return found.program if found is not None and found.running else None

    def programs(self) -> list[Program]:
        return [
            each.program
            for worker in self.workers.values()
            if worker.node not in self.lost
            for each in worker.running()
            if each.program is not None
        ]

    def usage(self, pod: Obj, *, before: float = math.inf) -> dict[str, dict[str, float]]:
        """Container -> cpu and memory, of those that were started before then."""
        worker = self.workers.get(pod["metadata"]["uid"])
        if worker is None or worker.node in self.lost:
            return {}
        now = self.cluster.now
        found: dict[str, dict[str, float]] = {}
        for each in worker.running():
            if each.program is not None and (not each.init or each.sidecar) and each.program.run.started < before:
                cpu, memory = each.program.usage(now)
                found[each.name] = {"cpu": cpu, "memory": memory}
        return found
