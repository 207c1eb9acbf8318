"""A bounded window on an endless log, with an exact account: received = kept + scrolled off + held + lost.

No Textual in here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from wizard.domain.live import LogLine

CAPACITY = 20_000
"""Lines kept: a second's worth of the worst case, hours of a usual one; about 10 MB."""


class LogBuffer:
    """Lines have numbers for life: the first ever received is 0."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.first = 0
        """Number of the oldest line kept."""
        self.received = 0
        self.lost = 0
        """Lines that came while paused and found no room: never to be seen."""
        self.paused = False
        self._lines: deque[LogLine] = deque()
        self._held: deque[LogLine] = deque()

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def held(self) -> int:
        """Lines that wait for the end of the pause."""
        return len(self._held)

    @property
    def scrolled_off(self) -> int:
        """Lines that were in the window and left it."""
        return self.received - len(self._lines) - self.held - self.lost

    def feed(self, lines: Iterable[LogLine]) -> int:
        """Takes lines in; how many left the window. While paused the window stands still, and of what waits the
        newest are kept."""
        into = self._held if self.paused else self._lines
        before = len(into)
        into.extend(lines)
        self.received += len(into) - before
        over = max(0, len(into) - self.capacity)
        for _ in range(over):
            into.popleft()
        if self.paused:
            self.lost += over
            return 0
        self.first += over
        return over

    def resume(self) -> None:
        """Ends the pause: what was held comes in, behind a gap where some was lost."""
        self.paused = False
        held, self._held = self._held, deque()
        self.received -= len(held)
        self.feed(held)

    def clear(self) -> None:
        """Begins anew, the account too: another selection was made."""
        self._lines.clear()
        self._held.clear()
        self.first = self.received = self.lost = 0

    def line(self, number: int) -> LogLine | None:
        at = number - self.first
        return self._lines[at] if 0 <= at < len(self._lines) else None

    def lines(self, start: int, count: int) -> Iterator[tuple[int, LogLine]]:
        """Up to `count` lines with their numbers, from that number on."""
        at = max(0, start - self.first)
        return zip(
            range(self.first + at, self.first + len(self._lines)), islice(self._lines, at, at + count), strict=False
        )

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self._lines)

    @property
    def lately(self) -> Iterator[LogLine]:
        """The newest lines, of which it is taken what all lines are like."""
        return islice(reversed(self._lines), 500)

    # Search --------------------------------------------------------------------------------------

    def matches(self, words: str) -> list[int]:
        """Numbers of all lines that have these words, whatever their case."""
        low = words.lower()
        return [number for number, line in enumerate(self._lines, self.first) if low in line.text.lower()]
