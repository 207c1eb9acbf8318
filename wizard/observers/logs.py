"""The lines of a selection, as they come: bounded, and honest about what did not fit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from wizard.domain.finding import Finding, WizardError, error, warning
from wizard.domain.live import FeedState, LogLine, LogSelection
from wizard.observers.log_lines import wants
from wizard.observers.log_loki import Tail, logql
from wizard.observers.log_pods import Follower, containers_of
from wizard.observers.pods import PodFeed
from wizard.observers.scope import Scope
from wizard.observers.services import Program, ServiceAt, Services, nothing, silent
from wizard.observers.supervise import Supervisor, finding_of
from wizard.ports import PODS, Clock, LiveReader, NotFound

CAPACITY = 20_000
"""Lines that wait to be taken: a second of the fastest log that is promised."""
_STREAMS = 40
"""Containers followed at once; each is a connection and a thread."""


class LogFeed:
    """Lines are taken once: what is shown is kept by who shows it."""

    name = "logs"

    def __init__(
        self,
        reader: LiveReader,
        clock: Clock,
        scope: Scope,
        services: Services,
        pods: PodFeed,
        selection: LogSelection,
        *,
        capacity: int = CAPACITY,
    ) -> None:
        self._reader, self._clock, self._scope, self._services, self._pods = reader, clock, scope, services, pods
        self.selection = selection
        self.source = ""
        """`Loki monitoring/loki`, or `pods`."""
        self.received = 0
        """Lines that came and were wanted: those taken, those dropped, and those that wait."""
        self.dropped = 0
        """Lines that nobody took in time."""
        self.done = False
        """Whether no more will come: the range is read, or every container has ended."""
        self.stopped = False
        self.version = 0
        self.state = FeedState(live=False, since=clock.now())
        self._wants = wants(selection)
        self._all = not selection.query or selection.query.startswith("{")
        self._lines: deque[LogLine] = deque()
        self._capacity = capacity
        self._sight: dict[str, Finding | None] = {}
        self._note: Finding | None = None
        self._supervisor = Supervisor("logs", clock, self._run, self._blind)

    # What a reader uses --------------------------------------------------------------------------

    def take(self, limit: int = 5000) -> list[LogLine]:
        """The oldest that wait, each once."""
        lines = self._lines
        if len(lines) <= limit:
            found = list(lines)
            lines.clear()
            return found
        return [lines.popleft() for _ in range(limit)]

    @property
    def waiting(self) -> int:
        return len(self._lines)

    async def start(self) -> None:
        await self._supervisor.start()

    async def stop(self) -> None:
        self.stopped = True
        await self._supervisor.stop()

    # Running -------------------------------------------------------------------------------------

    async def _run(self) -> None:
        if self.done:
            await asyncio.Event().wait()
        loki = await self._loki()
        if loki is not None:
            try:
                await self._tail(loki)
            except WizardError as problem:
                if not silent(problem) or self._needs_loki:
                    raise
                self._services.forget()
                self._note = warning(
                    "loki-silent",
                    f"Loki {loki} does not answer: these are the pods' own logs",
                    detail=finding_of(problem, "logs").summary,
                )
                await self._follow()
        elif self._needs_loki:
            self._blind(nothing(Program.LOKI, "LogQL cannot be asked"), unavailable=True)
            await self._clock.sleep(30.0)
            return
        else:
            await self._follow()
        self._finish()

    @property
    def _needs_loki(self) -> bool:
        return self.selection.query.startswith("{") or self.selection.source == "loki"

    async def _loki(self) -> ServiceAt | None:
        return None if self.selection.source == "pods" else await self._services.one(Program.LOKI)

    def _finish(self) -> None:
        self.done = True
        self._seen("", None)
        self.version += 1

    async def _tail(self, at: ServiceAt) -> None:
        self.source = f"Loki {at}"
        chosen = self.selection
        tail = Tail(
            self._reader,
            self._clock,
            at,
            logql(chosen, self._scope.patterns()),
            frozenset(chosen.pods) if not chosen.query.startswith("{") else frozenset(),
            self._emit,
            lambda: self._seen("", None),
            self._blind,
        )
        await tail.run(chosen.start, chosen.end, chosen.tail)

    async def _follow(self) -> None:
        self.source = "pods"
        self._sight = {}
        followers: list[Follower] = []
        for namespace, pod in self.selection.pods or self._own():
            for container in await self._containers(namespace, pod):
                if len(followers) < _STREAMS:
                    followers.append(self._follower(namespace, pod, container))
                else:
                    self._note = warning(
                        "too-many-logs",
                        f"only the first {_STREAMS} containers are followed",
                        hint="choose fewer pods, or install Loki, which reads them all at once",
                    )
        if not followers:
            self._blind(error("no-logs", "there is no container to read", hint="the pods may be gone"))
        async with asyncio.TaskGroup() as group:
            for each in followers:
                group.create_task(each.run())

    def _own(self) -> list[tuple[str, str]]:
        rows = [row for row in self._pods.rows() if self._scope.owns(row.namespace)]
        return [(row.namespace, row.name) for row in sorted(rows, key=lambda row: (row.namespace, row.name))]

    async def _containers(self, namespace: str, pod: str) -> Sequence[str]:
        if self.selection.container:
            return [self.selection.container]
        try:
            return await self._reader.fetch(PODS.path(namespace, pod), containers_of)
        except NotFound:
            return []

    def _follower(self, namespace: str, pod: str, container: str) -> Follower:
        chosen = self.selection
        return Follower(
            self._reader, self._clock, namespace, pod, container, self._emit, self._seen,
            start=chosen.start, end=chosen.end, tail=chosen.tail,
        )  # fmt: skip

    # What sources say ----------------------------------------------------------------------------

    def _emit(self, lines: Sequence[LogLine]) -> None:
        if not self._all:
            lines = [line for line in lines if self._wants(line)]
        if not lines:
            return
        self.received += len(lines)
        waiting = self._lines
        over = len(waiting) + len(lines) - self._capacity
        if over > 0:
            # The oldest go first: who reads a fast log wants to know how it ends.
            self.dropped += over
            if over >= len(waiting):
                lines = lines[over - len(waiting) :]
                waiting.clear()
            else:
                for _ in range(over):
                    waiting.popleft()
        waiting.extend(lines)
        self.version += 1

    def _seen(self, source: str, finding: Finding | None) -> None:
        self._sight[source] = finding
        blind = [each for each in self._sight.values() if each is not None]
        if blind and len(blind) == len(self._sight):
            self._blind(blind[0])
            return
        note = blind[0] if blind else self._note
        if not self.state.live or self.state.finding != note:
            since = self.state.since if self.state.live else self._clock.now()
            self.state = FeedState(live=True, since=since, finding=note)
            self.version += 1

    def _blind(self, finding: Finding, *, unavailable: bool = False) -> None:
        since = self._clock.now() if self.state.live else self.state.since
        state = FeedState(live=False, since=since, finding=finding, unavailable=unavailable)
        if state != self.state:
            self.state = state
            self.version += 1
