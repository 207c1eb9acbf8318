"""The façade of the dashboard: the feeds of one cluster, and what one may do to a pod."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wizard.domain.finding import Finding
from wizard.domain.live import EventRow, LogLine, LogSelection, PodRow
from wizard.observers.alerts import AlertFeed
from wizard.observers.asks import AskReader
from wizard.observers.clock import ClusterClock
from wizard.observers.describe import describe
from wizard.observers.events import EventFeed, event_row
from wizard.observers.log_lines import RAW_LIMIT, stamped
from wizard.observers.log_pods import containers_of
from wizard.observers.logs import LogFeed
from wizard.observers.models import ModelFeed
from wizard.observers.nodes import NodeFeed
from wizard.observers.pods import PodFeed
from wizard.observers.scope import Scope
from wizard.observers.services import Services
from wizard.observers.supervise import Supervisor
from wizard.observers.usage import Usage
from wizard.ports import EVENTS, PODS, Clock, Forbidden, Invalid, LiveReader, LiveWriter, NotFound

_JOIN = 1.0
"""Seconds between two looks at what nodes and pods say of each other."""


@dataclass(frozen=True, slots=True)
class WatchPorts:
    reader: LiveReader
    writer: LiveWriter
    clock: Clock
    close: Callable[[], Awaitable[None]]


class _Part(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Watch:
    """Everything runs on the loop that called `start`. Not started feeds are empty and blind."""

    def __init__(self, ports: WatchPorts, namespace: str, *, namespaces: Sequence[str] | None = None) -> None:
        """`namespaces`: only those; None: all, or the deployment's own where that is forbidden."""
        self._ports = ports
        reader = ports.reader
        self.clock = clock = ClusterClock(ports.clock, reader)
        self.scope = Scope(reader, namespace, namespaces)
        self._services = Services(reader, clock, self.scope)
        self.nodes = NodeFeed(reader, clock, self.scope)
        self.pods = PodFeed(reader, clock, self.scope, self.nodes.tier)
        self.events = EventFeed(reader, clock, self.scope)
        self.alerts = AlertFeed(reader, ports.writer, clock, self._services)
        self.models = ModelFeed(reader, clock, self._services, self.pods)
        self.usage = Usage(reader, clock, self.scope, self._services, self.pods, self.nodes)
        self._asks = AskReader(reader, clock, self.pods)
        self._joiner = Supervisor("nodes and pods", clock, self._join, self._told)
        self._parts: tuple[_Part, ...] = (
            self.pods, self.nodes, self.events, self.alerts, self.models, self.usage, self._asks, self._joiner,
        )  # fmt: skip
        self._logs: list[LogFeed] = []
        self.finding: Finding | None = None
        """A bug in what joins nodes and pods; they go on without."""

    def begin(self) -> None:
        """Before there is a loop: the list of pods, which takes longest, may be on its way while a screen loads."""
        if self.scope.wanted is None:
            self._ports.reader.expect(PODS, "", self.pods.decode)

    async def start(self) -> None:
        """Returns at once; what comes first shows first."""
        for each in self._parts:
            await each.start()

    async def stop(self) -> None:
        """Ends every stream, those of logs too, and the connections."""
        await asyncio.gather(*(each.stop() for each in (*self._logs, *self._parts)))
        self._logs.clear()
        await self._ports.close()

    def now(self) -> float:
        """Seconds since the epoch, by the cluster's clock: what ages are counted from."""
        return self.clock.now()

    def logs(self, selection: LogSelection) -> LogFeed:
        """Not started yet; the caller stops it, or `stop` does."""
        ports = self._ports
        feed = LogFeed(ports.reader, self.clock, self.scope, self._services, self.pods, selection)
        self._logs = [each for each in self._logs if not each.stopped]
        self._logs.append(feed)
        return feed

    # What one asks of a pod ----------------------------------------------------------------------

    async def describe(self, pod: PodRow) -> str:
        """Raises KubeError, NotFound where it is gone."""
        reader = self._ports.reader
        found: dict[str, Any] = await reader.fetch(PODS.path(pod.namespace, pod.name), dict)
        fields = f"involvedObject.name={pod.name},involvedObject.namespace={pod.namespace}"
        try:
            events = await reader.fetch(EVENTS.path(pod.namespace), _events, query={"fieldSelector": fields})
        except Forbidden:
            events = []
        return describe(found, events, self.clock.now())

    async def pod_logs(self, pod: PodRow, *, previous: bool = False, tail: int = 500) -> list[LogLine]:
        """The last lines of each container, in order of time. Raises KubeError; a container that has not
        started, or has no previous run, has no lines."""
        reader = self._ports.reader
        path = PODS.path(pod.namespace, pod.name)
        lines: list[LogLine] = []
        refused: Invalid | None = None
        for container in await reader.fetch(path, containers_of):
            query = {"timestamps": "true", "tailLines": str(tail), "container": container}
            if previous:
                query["previous"] = "true"
            take = stamped(pod.namespace, pod.name, container)
            try:
                found = await reader.text(f"{path}/log", take, query=query, limit=RAW_LIMIT)
            except (Invalid, NotFound) as problem:
                refused = problem if isinstance(problem, Invalid) else refused
                continue
            lines += found[:-1] if found and not found[-1].text else found
        if refused is not None and not lines:
            raise refused
        return sorted(lines, key=lambda line: line.at or 0.0)

    async def delete_pod(self, pod: PodRow) -> None:
        """Its controller makes another. Raises NotFound, Forbidden, and Conflict where it is another by now."""
        body = {"propagationPolicy": "Background", "preconditions": {"uid": pod.uid}} if pod.uid else None
        await self._ports.writer.send("DELETE", PODS.path(pod.namespace, pod.name), body)

    # What the feeds tell each other --------------------------------------------------------------

    def _told(self, finding: Finding) -> None:
        self.finding = finding

    async def _join(self) -> None:
        nodes = pods = -1
        while True:
            if self.nodes.version != nodes:
                nodes = self.nodes.version
                self.pods.retier()
            if self.pods.version != pods:
                pods = self.pods.version
                counts = Counter(row.node for row in self.pods.rows() if row.node)
                self.nodes.set_pods(counts if self.pods.sees_all and self.pods.state.live else None)
                nodes = self.nodes.version  # by our own doing: tiers are as they were
            await self._ports.clock.sleep(_JOIN)


def _events(reply: Any) -> list[EventRow]:
    return [event_row(each) for each in (reply or {}).get("items") or ()]
