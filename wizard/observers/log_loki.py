"""Logs from Loki, through the API server's proxy: `query_range` from a start that moves on.

Loki's own tail is a WebSocket, which needs another client. Asking again from a little before the
newest line loses nothing of what agents send late, and lines that were seen are passed over.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wizard.domain.finding import Finding, WizardError
from wizard.domain.live import LogLine, LogSelection, LogSeverity
from wizard.domain.text import LINE_LIMIT, text_of
from wizard.observers.log_lines import line_of
from wizard.observers.services import ServiceAt
from wizard.observers.supervise import backoff, finding_of
from wizard.ports import Clock, LiveReader

_LIMIT = 5000
"""Lines of one answer: Loki's default max_entries_limit_per_query."""
_INTERVAL = 1.0
_LATE = 10 * 10**9
"""Nanoseconds that a line may come after younger ones and still be seen."""
_BACK = "6h"
"""How far back the last lines are searched for."""
_OVERLAP = 5000
"""Lines asked for again at most: of a log of 20,000 lines a second, those of the last quarter of a second."""
_EDGE = 1000
"""Nanoseconds: servers differ in whether a range has its start in it, and some count in floats."""
_NAME = re.compile(r"[a-z0-9.-]+")


class Entry(NamedTuple):
    when: int
    """Nanoseconds since the epoch."""
    stream: str
    raw: int
    """Hash of the whole text."""
    line: LogLine

    @property
    def identity(self) -> tuple[int, str, int]:
        return self.when, self.stream, self.raw


def logql(selection: LogSelection, namespaces: Sequence[str]) -> str:
    """The query for a selection; `namespaces` (regular expressions) where it names no pods."""
    if selection.query.startswith("{"):
        return selection.query
    pods = [(ns, name) for ns, name in selection.pods if _NAME.fullmatch(ns) and _NAME.fullmatch(name)]
    if pods:
        spaces, names = ("|".join(sorted({each[part] for each in pods})) for part in (0, 1))
        query = f'namespace=~"{spaces}",pod=~"{names}"'
    else:
        query = f'namespace=~"{"|".join(namespaces)}"'
    if selection.container and _NAME.fullmatch(selection.container):
        query += f',container="{selection.container}"'
    text = selection.query
    if not text:
        return f"{{{query}}}"
    if text == text.lower():
        return f'{{{query}}} |~ "(?i){_quoted(re.escape(text))}"'
    return f'{{{query}}} |= "{_quoted(text)}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(slots=True)
class Tail:
    reader: LiveReader
    clock: Clock
    at: ServiceAt
    query: str
    wanted: frozenset[tuple[str, str]]
    """(namespace, pod) that may pass: expressions match more than the names they were made of. Empty: all."""
    emit: Callable[[Sequence[LogLine]], None]
    alive: Callable[[], None]
    blind: Callable[[Finding], None]
    _floor: int = 0
    """Lines before this are not wanted."""
    _seen: set[tuple[int, str, int]] = field(default_factory=set)
    _recent: deque[Entry] = field(default_factory=deque)

    async def run(self, start: float | None, end: float | None, tail: int) -> None:
        """Until it is cancelled, or the range is done. Raises KubeError where it never answered: then another
        source may do; one that was read from is waited for."""
        cursor = int(start * 1e9) if start is not None else await self._last(tail)
        until = int(end * 1e9) if end is not None else None
        answered, failures = start is None, 0
        while True:
            try:
                found = await self._ask(cursor, until, _LIMIT, "forward")
            except WizardError as problem:
                if not answered:
                    raise
                failures += 1
                self.blind(finding_of(problem, "logs"))
                await self.clock.sleep(max(backoff(failures), problem.retry_after or 0.0))
                continue
            answered, failures = True, 0
            self.alive()
            fresh = self._fresh(found)
            if len(found) >= _LIMIT:
                cursor = self._next_page(cursor, found[-1], bool(fresh))
                continue
            if until is not None:
                return
            cursor = self._overlap(cursor)
            await self.clock.sleep(_INTERVAL)

    def _next_page(self, cursor: int, last: Entry, fresh: bool) -> int:
        following = last.when - _EDGE
        if not fresh and following <= cursor:
            self._note(last)
            following = last.when + 1
        self._forget(following)
        return following

    async def _last(self, tail: int) -> int:
        """Shows the last lines; where to go on from."""
        now = int(self.clock.now() * 1e9)
        found = await self._ask(None, None, tail, "backward") if tail > 0 else []
        self.alive()
        self._fresh(found)
        if tail <= 0:
            self._floor = now
        elif len(found) >= tail:
            self._floor = found[0].when + 1  # what is older was not asked for
        return max(self._floor, self._overlap(now - _LATE))

    async def _ask(self, start: int | None, end: int | None, limit: int, direction: str) -> list[Entry]:
        """In order of time. Without an end, the server's own now is it: its clock may differ from ours."""
        query = {"query": self.query, "limit": str(limit), "direction": direction}
        if start is None:
            query["since"] = _BACK
        else:
            query["start"] = str(start)
        if end is not None:
            query["end"] = str(end)
        path = self.at.path("/loki/api/v1/query_range")
        return await self.reader.fetch(path, entries, query=query, timeout=30.0)

    def _fresh(self, found: Sequence[Entry]) -> list[Entry]:
        fresh = [each for each in found if each.identity not in self._seen]
        self._seen.update(each.identity for each in fresh)
        self._recent.extend(fresh)
        lines = [each.line for each in fresh if not self.wanted or (each.line.namespace, each.line.pod) in self.wanted]
        if lines:
            self.emit(lines)
        return fresh

    def _overlap(self, cursor: int) -> int:
        """Where to ask from again: a little before the newest, and not so far that it is too much."""
        if not self._recent:
            return cursor
        times = sorted(each.when for each in self._recent)
        start = max(self._floor, times[-1] - _LATE, times[-_OVERLAP] + 1 if len(times) > _OVERLAP else 0)
        self._forget(start)
        return start

    def _forget(self, before: int) -> None:
        kept: deque[Entry] = deque()
        for each in self._recent:
            if each.when >= before - _EDGE:
                kept.append(each)
            else:
                self._seen.discard(each.identity)
        self._recent = kept

    def _note(self, at: Entry) -> None:
        text = f"(more than {_LIMIT:,} lines of one instant: Loki does not give the rest)"
        line = at.line
        self.emit([LogLine(line.at, line.namespace, line.pod, line.container, text, LogSeverity.WARNING)])


def entries(reply: Any) -> list[Entry]:
    """Runs in a thread."""
    result = ((reply or {}).get("data") or {}).get("result") or []
    found: list[Entry] = []
    for each in result:
        labels = each.get("stream") or {}
        stream = repr(sorted(labels.items()))
        namespace, pod = text_of(labels.get("namespace")), text_of(labels.get("pod") or labels.get("instance"))
        container = text_of(labels.get("container"))
        for value in each.get("values") or ():
            when, raw = int(value[0]), str(value[1])
            cut = max(0, len(raw) - 4 * LINE_LIMIT)
            line = line_of(when / 1e9, namespace, pod, container, raw[: 4 * LINE_LIMIT] if cut else raw, cut)
            found.append(Entry(when, stream, hash(raw), line))
    found.sort(key=lambda each: each.when)
    return found
