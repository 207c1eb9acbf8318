"""Columns of a table: what a cell says, how it sorts, how wide it may be, and which go first on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column. Widths are in cells. (No slots: `Column[Row](...)` fails with them on Python 3.11.)"""

    id: str
    title: str
    text: Callable[[T], str]
    width: int
    """The least it is shown with, and, without `most`, the only width."""
    most: int = 0
    """It grows to its longest text up to this, where there is room."""
    priority: int = 0
    """0: always shown. Else the highest numbers are left out first when the screen is narrow."""
    sort: Callable[[T], Any] | None = None
    """What to sort by where it is not the text; None sorts last."""
    tone: Callable[[T], str] | str = ""
    """`muted`, `good`, `warn`, `bad`, `accent` or empty: a component class of the table."""
    right: bool = False
    """Numbers stand on the right."""
    search: bool = True
    """Whether the filter looks at it."""
    middle: bool = False
    """Cut in its middle where it is too long: names that differ at their ends."""
    first_down: bool = False
    """Whether sorting by it begins with the greatest: restarts, use of memory."""

    def sort_key(self, row: T) -> tuple[bool, Any]:
        value = self.text(row).lower() if self.sort is None else self.sort(row)
        return (True, "") if value is None else (False, value)

    def tone_of(self, row: T) -> str:
        return self.tone if isinstance(self.tone, str) else self.tone(row)


@dataclass(frozen=True)
class Group(Generic[T]):
    """A way to put rows under heads."""

    id: str
    title: str
    of: Callable[[T], str]


def fitted(columns: Sequence[Column[T]], natural: Mapping[str, int], room: int) -> list[tuple[Column[T], int]]:
    """The columns that find room, with their widths: least widths first, what is left goes to those that
    grow, the most important ones before the others.

    `natural` is the width of the longest text of each growing column. A column that leaves never takes the
    room of a more important one; the first column is cut rather than left out.
    """
    kept = list(columns)
    while len(kept) > 1 and _total(kept) > room:
        least = max(kept[1:], key=lambda column: column.priority)
        if not least.priority:
            break
        kept.remove(least)
    widths = {column.id: column.width for column in kept}
    left = room - _total(kept)
    while left > 0:
        wanting = [c for c in kept if c.most and widths[c.id] < min(c.most, natural.get(c.id, 0))]
        if not wanting:
            break
        first = min(column.priority for column in wanting)
        wanting = [column for column in wanting if column.priority == first]
        share = max(1, left // len(wanting))
        for column in wanting:
            more = min(share, left, min(column.most, natural.get(column.id, 0)) - widths[column.id])
            widths[column.id] += more
            left -= more
    shown, used = [], 0
    for column in kept:
        cells = min(widths[column.id], room - used)
        if cells <= 0:
            break
        shown.append((column, cells))
        used += cells + GAP
    return shown


def _total(columns: Sequence[Column[T]]) -> int:
    return sum(column.width + GAP for column in columns) - GAP
