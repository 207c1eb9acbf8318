"""Memory and disk of the nodes: who exceeds a limit is killed, whom a node cannot hold is evicted."""

from __future__ import annotations

from collections.abc import Callable

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
from wizard.sandbox.controllers.shapes import NODES, Obj, quantity

_HOUSEKEEPING = 10.0
_SYSTEM_MEMORY = 350 * 2.0**20
"""What the operating system and k3s themselves take of a node."""
_SYSTEM_CPU = 0.12
_MEMORY_LEFT = 100 * 2.0**20
_DISK_LEFT = 0.10
_DISK_USED = 0.31
"""The part of a disk that is in use on an ordinary day."""
_PRESSURE_HOLD = 300.0
"""Seconds that a pressure is reported after it ended (eviction-pressure-transition-period)."""


class Pressure:
    """`changed(node)` is called when a node comes under pressure, and when that is over."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, changed: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._changed = changed
        self._queue = cluster.queue("node-housekeeping", self._housekeeping)
        self._pressed: dict[tuple[str, str], float] = {}
        """(node, condition) -> when it was last so."""
        cluster.on(NODES, self._node)
        kubelet.world.effects.subscribe(self._look)

    def _node(self, event: str, node: Obj) -> None:
        if event == "ADDED":
            self._queue.add_object(node, _HOUSEKEEPING)

    def _look(self) -> None:
        for node in self._cluster.objects(NODES):
            self._queue.add_object(node)

    def is_pressed(self, name: str, kind: str) -> bool:
        since = self._pressed.get((name, kind))
        return since is not None and self._cluster.now - since < _PRESSURE_HOLD

    def memory_used(self, name: str) -> float:
        """Bytes that everything on the node takes."""
        total = _SYSTEM_MEMORY
        for worker in self._kubelet.on(name):
            for each in worker.running():
                total += each.program.usage(self._cluster.now)[1] if each.program else 0.0
        return total

    def cpu_used(self, name: str) -> float:
        """Cores that everything on the node keeps busy."""
        running = [each for worker in self._kubelet.on(name) for each in worker.running() if each.program is not None]
        return _SYSTEM_CPU + sum(each.program.usage(self._cluster.now)[0] for each in running if each.program)

    def disk_used(self, name: str) -> float:
        """The part of the disk that is in use, 0 to 1."""
        now = self._cluster.now
        effect = self._kubelet.world.effects.on_node("disk", name, now)
        if effect is None:
            return _DISK_USED
        ramp = min(1.0, (now - effect.since) / max(effect.number("over", 120), 1))
        return _DISK_USED + (effect.number("ratio", 0.95) - _DISK_USED) * ramp

    def _housekeeping(self, ns: str, name: str) -> float | None:
        """Kills what exceeds its limit, and evicts where a node runs out of something."""
        node = self._cluster.get(NODES, "", name)
        if node is None:
            return None
        if name in self._kubelet.lost:
            return _HOUSEKEEPING
        now = self._cluster.now
        for worker in self._kubelet.restless(name):
            for each in worker.running():
                assert each.program is not None
                limit = each.program.run.memory_limit
                if limit and each.program.usage(now)[1] > limit:
                    worker.out_of_memory(each)
        status = node.get("status") or {}
        capacity = quantity((status.get("capacity") or {}).get("memory"))
        free = capacity - self.memory_used(name)
        disk = self.disk_used(name)
        for kind, short, words in (
            ("MemoryPressure", capacity > 0 and free < _MEMORY_LEFT, "memory"),
            ("DiskPressure", disk > 1 - _DISK_LEFT, "ephemeral-storage"),
        ):
            if not short:
                continue
            before = self.is_pressed(name, kind)
            self._pressed[name, kind] = now
            if not before:
                self._changed(name)
                self._tell(node, "Warning", "EvictionThresholdMet", f"Attempting to reclaim {words}", "kubelet", name)
            self._evict_one(name, words, free if words == "memory" else disk)
        if any(
            key[0] == name and now - since >= _PRESSURE_HOLD and self._pressed.pop(key, None) is not None
            for key, since in list(self._pressed.items())
        ):
            self._changed(name)
        return _HOUSEKEEPING

    def _evict_one(self, name: str, what: str, left: float) -> None:
        """The pod that exceeds its request the most (eviction_manager.go: rankMemoryPressure)."""
        ranked: list[tuple[float, str, object]] = []
        for worker in self._kubelet.on(name):
            pod = worker.pod
            if (pod["spec"].get("priority") or 0) >= 2_000_000_000 or "deletionTimestamp" in pod["metadata"]:
                continue
            usage = self._kubelet.usage(pod)
            if not usage:
                continue
            requested = sum(
                quantity(((c.get("resources") or {}).get("requests") or {}).get("memory"))
                for c in pod["spec"]["containers"]
            )
            used = sum(each["memory"] for each in usage.values())
            ranked.append((used - requested, pod["metadata"]["name"], worker))
        if not ranked:
            return
        over, _, found = max(ranked, key=lambda each: (each[0], each[1]))
        worker = next(each for each in self._kubelet.on(name) if each is found)
        container = worker.main[0]
        if what == "memory":
            text = (
                f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {int(left / 1024)}Ki. "
                f"Container {container.name} was using {int(max(over, 0) / 1024)}Ki, has larger consumption of memory. "
            )
        else:
            text = (
                "The node was low on resource: ephemeral-storage. Threshold quantity: 8589934592, "
                f"available: {int(80 * 2**20 * (1 - left))}Ki. "
            )
        worker.evict("Evicted", text)

    def _tell(self, node: Obj, kind: str, reason: str, message: str, source: str, host: str = "") -> None:
        self._cluster.events.record(NODES, node, kind, reason, message, source=source, host=host)
