"""What pods and nodes use: from metrics-server where it is served, else from Prometheus, else not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.domain.finding import WizardError, warning
from wizard.domain.live import FeedState
from wizard.observers.amounts import quantity
from wizard.observers.nodes import NodeFeed
from wizard.observers.pods import PodFeed
from wizard.observers.scope import Scope
from wizard.observers.services import Program, ServiceAt, Services, silent
from wizard.observers.supervise import Supervisor, finding_of
from wizard.ports import Clock, Forbidden, Invalid, LiveReader, NotFound, ServerBusy

_INTERVAL = 15.0
"""Seconds; metrics-server measures as often."""
_MISSING = 20.0
_API = "/apis/metrics.k8s.io/v1beta1"
_CONTAINERS = '{container!="",container!="POD"}'
_CPU = f"rate(container_cpu_usage_seconds_total{_CONTAINERS}[5m])"
_MEMORY = f"container_memory_working_set_bytes{_CONTAINERS}"

Pods = dict[tuple[str, str], tuple[int, int]]
Nodes = dict[str, tuple[int, int]]
"""Millicores, bytes."""


class Usage:
    """Not a feed: brings what it finds to the rows of two."""

    def __init__(
        self, reader: LiveReader, clock: Clock, scope: Scope, services: Services, pods: PodFeed, nodes: NodeFeed
    ) -> None:
        self._reader, self._clock, self._scope, self._services = reader, clock, scope, services
        self._pods, self._nodes = pods, nodes
        self.state = FeedState(live=False, since=clock.now())
        self.source = ""
        """`metrics-server`, or which Prometheus; empty where nothing measures."""
        self._supervisor = Supervisor("usage", clock, self._run, self._lost)

    async def start(self) -> None:
        await self._supervisor.start()

    async def stop(self) -> None:
        await self._supervisor.stop()

    async def _run(self) -> None:
        while True:
            found = await self._metrics_server() or await self._prometheus()
            if found is None:
                self._pods.set_usage(None)
                self._nodes.set_usage(None)
                self.source = ""
                finding = warning(
                    "no-metrics",
                    "nothing measures CPU and memory here: neither metrics-server nor Prometheus answers",
                    hint="install metrics-server, or the platform's monitoring",
                )
                self.state = FeedState(live=False, since=self.state.since, finding=finding, unavailable=True)
                await self._clock.sleep(_MISSING)
                continue
            self.source, pods, nodes = found
            self._pods.set_usage(pods)
            self._nodes.set_usage(nodes)
            if not self.state.live:
                self.state = FeedState(live=True, since=self._clock.now())
            await self._clock.sleep(_INTERVAL)

    def _lost(self, finding: Any) -> None:
        since = self._clock.now() if self.state.live else self.state.since
        self.state = FeedState(live=False, since=since, finding=finding)

    async def _metrics_server(self) -> tuple[str, Pods, Nodes] | None:
        try:
            try:
                pods = await self._reader.fetch(f"{_API}/pods", _pods_of)
            except Forbidden:
                pods = {}
                for namespace in self._scope.wanted or await self._scope.own():
                    pods |= await self._reader.fetch(f"{_API}/namespaces/{namespace}/pods", _pods_of)
            try:
                nodes = await self._reader.fetch(f"{_API}/nodes", _nodes_of)
            except Forbidden:
                nodes = {}
        except (NotFound, Forbidden, ServerBusy):  # 503: it is registered, and its pod does not answer
            return None
        return "metrics-server", pods, nodes

    async def _prometheus(self) -> tuple[str, Pods, Nodes] | None:
        at = await self._services.one(Program.PROMETHEUS)
        if at is None:
            return None
        try:
            cpu, memory = (
                await self._vector(at, "namespace, pod", _CPU),
                await self._vector(at, "namespace, pod", _MEMORY),
            )
            node_cpu, node_memory = await self._vector(at, "node", _CPU), await self._vector(at, "node", _MEMORY)
        except WizardError as problem:
            if silent(problem) or isinstance(problem, Forbidden | Invalid):
                self._services.forget()
                self._lost(finding_of(problem, "usage"))
                return None
            raise
        pods = {
            (key[0], key[1]): (round(cpu.get(key, 0.0) * 1000), round(value)) for key, value in memory.items() if key[1]
        }
        nodes = {
            key[0]: (round(node_cpu.get(key, 0.0) * 1000), round(value)) for key, value in node_memory.items() if key[0]
        }
        return f"Prometheus {at}", pods, nodes

    async def _vector(self, at: ServiceAt, by: str, query: str) -> dict[tuple[str, ...], float]:
        names = by.split(", ")

        def read(reply: Any) -> dict[tuple[str, ...], float]:
            result = ((reply or {}).get("data") or {}).get("result") or []
            return {
                tuple(str(each["metric"].get(name, "")) for name in names): float(each["value"][1]) for each in result
            }

        text = f"sum by ({by}) ({query})"
        return await self._reader.fetch(at.path("/api/v1/query"), read, query={"query": text})


def _pods_of(reply: Mapping[str, Any]) -> Pods:
    found: Pods = {}
    for each in reply.get("items") or ():
        cpu = memory = 0.0
        for container in each.get("containers") or ():
            used = container.get("usage") or {}
            cpu += quantity(used.get("cpu")) or 0.0
            memory += quantity(used.get("memory")) or 0.0
        meta = each["metadata"]
        found[meta.get("namespace", ""), meta["name"]] = round(cpu * 1000), round(memory)
    return found


def _nodes_of(reply: Mapping[str, Any]) -> Nodes:
    found: Nodes = {}
    for each in reply.get("items") or ():
        used = each.get("usage") or {}
        cpu, memory = quantity(used.get("cpu")) or 0.0, quantity(used.get("memory")) or 0.0
        found[each["metadata"]["name"]] = round(cpu * 1000), round(memory)
    return found
