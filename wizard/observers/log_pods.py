"""Logs from the API server: one stream a container, taken up again where it broke off.

`sinceTime` counts in whole seconds, so a new stream begins with lines that were seen: as many as
were seen in that second are passed over, equal ones as often as they were there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from wizard.domain.finding import Finding, WizardError
from wizard.domain.live import LogLine, LogSeverity
from wizard.observers.amounts import rfc3339
from wizard.observers.log_lines import RAW_LIMIT, stamped
from wizard.observers.supervise import backoff, finding_of
from wizard.ports import PODS, Clock, Invalid, KubeObject, LiveReader, NotFound

_WAITING = 2.0
"""Seconds until a container that has not started is asked again."""


@dataclass(frozen=True, slots=True)
class ContainerState:
    uid: str
    """The pod's."""
    restarts: int
    over: bool
    """Whether it will not run again."""


class Passed:
    """The lines that a new stream may begin with though they were seen: those of one second."""

    def __init__(self, lines: Sequence[LogLine]) -> None:
        self._counts = Counter((line.at, line.text) for line in lines)
        self._left = len(lines)
        self._second = int(lines[-1].at or 0.0) if lines else 0

    def fresh(self, lines: Sequence[LogLine]) -> Sequence[LogLine]:
        """Those that were not; what was met once is not passed over twice."""
        if not self._left:
            return lines
        out: list[LogLine] = []
        for number, line in enumerate(lines):
            if not self._left or (line.at is not None and int(line.at) > self._second):
                self._left = 0
                out += lines[number:]
                break
            key = (line.at, line.text)
            if self._counts[key] > 0:
                self._counts[key] -= 1
                self._left -= 1
            else:
                out.append(line)
        return out


@dataclass(slots=True)
class Follower:
    """One container's log, until it says no more."""

    reader: LiveReader
    clock: Clock
    namespace: str
    pod: str
    container: str
    emit: Callable[[Sequence[LogLine]], None]
    seen: Callable[[str, Finding | None], None]
    start: float | None = None
    end: float | None = None
    tail: int = 200
    _known: ContainerState | None = None
    _asked: float | None = None
    """When lines came last."""
    _second: list[LogLine] = field(default_factory=list)
    """The lines of the last second in which there were any."""

    @property
    def name(self) -> str:
        return f"{self.namespace}/{self.pod}/{self.container}"

    async def run(self) -> None:
        """Returns when the pod is gone or has ended, or the end of the range is reached."""
        failures = 0
        while True:
            try:
                state = await self.reader.fetch(PODS.path(self.namespace, self.pod), self._state)
                await self._changed(state)
                began = self.clock.monotonic()
                await self._stream()
                self.seen(self.name, None)
                if self.end is not None or state.over:
                    return
                failures = failures + 1 if self.clock.monotonic() - began < 5 else 1
                wait = backoff(failures)
            except NotFound:
                self.seen(self.name, None)  # a pod that is gone is no fault of the view
                return
            except Invalid as problem:  # it is waiting to start: says the kubelet's word
                self.seen(self.name, finding_of(problem, "logs"))
                wait = _WAITING
            except WizardError as problem:
                failures += 1
                self.seen(self.name, finding_of(problem, "logs"))
                wait = max(backoff(failures), problem.retry_after or 0.0)
            await self.clock.sleep(wait)

    async def _changed(self, state: ContainerState) -> None:
        """What a container said between the stream's end and its own is in the log of its last run."""
        known, self._known = self._known, state
        if known is None:
            return
        if known.uid != state.uid:
            self._second, self._asked, self.start, self.tail = (
                [],
                None,
                None,
                -1,
            )  # another pod of that name: all it has said
            return
        if state.restarts <= known.restarts or not self._second:
            return
        query = {"previous": "true", **self._query()}
        try:
            said = await self.reader.text(self._path, self._take, query=query, limit=RAW_LIMIT)
        except (NotFound, Invalid):
            said = []  # the node has thrown it away
        self._emit(Passed(self._second).fresh(said))
        if (more := state.restarts - known.restarts - 1) > 0:
            text = f"({more} more runs of this container ended in between; their logs are gone)"
            self.emit([LogLine(None, self.namespace, self.pod, self.container, text, LogSeverity.WARNING)])

    async def _stream(self) -> None:
        query = self._query() | ({"follow": "true"} if self.end is None else {})
        passed = Passed(self._second)
        stream = self.reader.lines(self._path, self._take, query=query, limit=RAW_LIMIT)
        async with aclosing(stream) as batches:  # type: ignore[type-var]
            async for batch in batches:
                self.seen(self.name, None)
                if batch:
                    self._asked = self.clock.now()
                    self._emit(passed.fresh(batch))
                    if self.end is not None and (batch[-1].at or 0.0) > self.end:
                        return

    def _query(self) -> dict[str, str]:
        query = {"timestamps": "true"}
        if self.container:
            query["container"] = self.container
        if self._second:
            query["sinceTime"] = rfc3339(float(int(self._second[-1].at or 0.0)))
        elif self._asked is not None:  # a server without time stamps: as near as can be
            query["sinceTime"] = rfc3339(self._asked)
        elif self.start is not None:
            query["sinceTime"] = rfc3339(self.start)
        elif self.tail >= 0:
            query["tailLines"] = str(self.tail)
        return query

    def _remember(self, lines: Sequence[LogLine]) -> None:
        last = next((line.at for line in reversed(lines) if line.at is not None), None)
        if last is None:
            return
        second = int(last)
        if self._second and int(self._second[-1].at or 0.0) != second:
            self._second = []
        kept: list[LogLine] = []
        for line in reversed(lines):
            if line.at is None or int(line.at) != second:
                break
            kept.append(line)
        self._second += reversed(kept)

    def _emit(self, lines: Sequence[LogLine]) -> None:
        self._remember(lines)
        if self.end is not None:
            lines = [line for line in lines if line.at is None or line.at <= self.end]
        if self.start is not None:
            lines = [line for line in lines if line.at is None or line.at >= self.start]
        if lines:
            self.emit(lines)

    @property
    def _path(self) -> str:
        return PODS.path(self.namespace, self.pod) + "/log"

    @property
    def _take(self) -> Callable[[bytes, int], LogLine]:
        return stamped(self.namespace, self.pod, self.container)

    def _state(self, pod: KubeObject) -> ContainerState:
        status = pod.get("status") or {}
        told = _statuses(status).get(self.container) or {}
        return ContainerState(
            str((pod.get("metadata") or {}).get("uid", "")),
            int(told.get("restartCount") or 0),
            status.get("phase") in ("Succeeded", "Failed"),
        )


def _statuses(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    both = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return {str(each.get("name")): each for each in both}


def containers_of(pod: KubeObject) -> list[str]:
    """Init containers first, as they run."""
    spec = pod.get("spec") or {}
    return [str(each["name"]) for each in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]]
