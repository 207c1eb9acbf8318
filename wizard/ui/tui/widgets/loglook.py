"""What one log line looks like: time, pod, text by severity, what was searched for marked."""

from __future__ import annotations

import time
from collections.abc import Iterable

from wizard.domain.live import LogLine
from wizard.ui.tui.text import clean, fit, squeezed, width, wrapped

Pieces = tuple[tuple[str, str], ...]
"""Text in its cells, and the style's name."""

PODS = tuple(f"pod{number}" for number in range(6))
_POD = 24
"""Cells of a pod's name at most."""
_LINE = 4_000
_ROWS = 40


class LogLook:
    """How lines are drawn now: `fit` it to the room first."""

    TONES = ("debug", "info", "warning", "error", "unknown")

    def __init__(self) -> None:
        self.wrap = False
        self.times = True
        self.search = ""
        """Lower case."""
        self.left = 0
        """Characters scrolled away to the left, where lines are cut."""
        self._body = 80
        self._rows = 20
        self._pods = 0
        self._timed = False
        self._widest = 0
        self._tones: dict[str, str] = {}

    def fit(self, cells: int, rows: int, lately: Iterable[LogLine]) -> None:
        """For so many cells and rows, and lines like these: of more than one pod, each says whose it is; without
        times, none has room for one."""
        pods: set[str] = set()
        timed = False
        for line in lately:
            pods.add(line.pod)
            timed = timed or line.at is not None
        self._timed = timed and self.times
        self._pods = 0
        if len(pods) > 1 and cells >= 40:
            # Never narrower again: lines that jump sideways cannot be read.
            longest = max(width(clean(pod, _POD)) for pod in pods)
            self._widest = max(self._widest, min(_POD, longest))
            self._pods = max(8, min(self._widest, cells // 4))
        self._body = max(10, cells - self._prefix - 1)
        self._rows = max(1, min(rows, _ROWS))

    @property
    def _prefix(self) -> int:
        return (9 if self._timed else 0) + (self._pods + 1 if self._pods else 0) + 1

    def rows(self, line: LogLine) -> int:
        """How many rows of the screen it takes."""
        if not self.wrap:
            return 1
        cells = width(clean(line.text, _LINE))
        return min(self._rows, max(1, -(-cells // self._body)))

    def drawn(self, line: LogLine, *, here: bool) -> list[Pieces]:
        """Its rows. `here`: the match that one is at."""
        text = clean(line.text, _LINE)
        if self.wrap:
            parts = wrapped(text, self._body)
            if len(parts) > self._rows:
                parts = [*parts[: self._rows - 1], fit(parts[self._rows - 1], self._body - 1) + "…"]
        else:
            parts = [text[self.left :]]
        rows = []
        for at, part in enumerate(parts):
            head = self._head(line, here) if at == 0 else [(" " * self._prefix, "")]
            body = fit(part, min(self._body, max(1, width(part)))) if part else ""
            rows.append((*head, *self._marked(body, line.severity.value, here)))
        return rows

    def _head(self, line: LogLine, here: bool) -> list[tuple[str, str]]:
        pieces = [("▌" if here else " ", "here")]
        if self._timed:
            pieces.append((f"{_clock(line.at)} ", "time"))
        if self._pods:
            name = squeezed(clean(line.pod, 300), self._pods)
            pieces.append((fit(name, self._pods) + " ", self._tone_of(line.pod)))
        return pieces

    def _tone_of(self, pod: str) -> str:
        """In order of appearance, so that the first six differ."""
        tone = self._tones.get(pod)
        if tone is None:
            if len(self._tones) > 1000:
                self._tones.clear()
            tone = self._tones[pod] = PODS[len(self._tones) % len(PODS)]
        return tone

    def _marked(self, text: str, tone: str, here: bool) -> Pieces:
        low = text.lower()
        if not self.search or len(low) != len(text):
            return ((text, tone),)
        pieces, at = [], 0
        while (found := low.find(self.search, at)) >= 0:
            if found > at:
                pieces.append((text[at:found], tone))
            at = found + len(self.search)
            pieces.append((text[found:at], f"{tone}+match"))
        if at < len(text) or not pieces:
            pieces.append((text[at:], tone))
        return tuple(pieces)

    def plain(self, line: LogLine) -> str:
        """As it is copied or saved: the whole line, harmless in any terminal it is shown in later."""
        at = _clock(line.at, "%Y-%m-%dT%H:%M:%S%z") + " " if line.at is not None else ""
        return f"{at if self.times else ''}{clean(line.pod, 300)} {clean(line.text, 100_000)}"


def _clock(at: float | None, form: str = "%H:%M:%S") -> str:
    if at is None:
        return "        "
    try:
        return time.strftime(form, time.localtime(at))
    except (OverflowError, ValueError, OSError):  # a time from a cluster may be anything
        return "--:--:--"
