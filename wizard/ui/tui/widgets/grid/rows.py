"""The rows of a table in their order: sorted, filtered and grouped, kept so as single rows change.

No Textual in here. With n rows, a changed row costs two bisections and a memmove, not a sort of all of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from wizard.ui.tui.text import clean, width
from wizard.ui.tui.widgets.grid.columns import Column, Group


class Keyed(Protocol):
    @property
    def key(self) -> Hashable: ...


T = TypeVar("T", bound=Keyed)
Entry = tuple[Any, str, Hashable]
"""Sort key, text of the key (so that equals have an order), key."""

_SAMPLE = 400
"""Characters of a cell that are looked at for its width."""


class Line(NamedTuple, Generic[T]):
    """A line of a table: the head of a group, or a row."""

    group: str
    row: T | None
    size: int = 0
    """Rows of the group, for a head."""
    open: bool = True

    @property
    def id(self) -> Hashable:
        """What the cursor stays on."""
        return ("group", self.group) if self.row is None else ("row", self.row.key)


@dataclass(slots=True)
class _Bundle:
    """The rows of one group, ascending."""

    entries: list[Entry] = field(default_factory=list)
    open: bool = True


class Rows(Generic[T]):
    """Give it rows; ask it for lines by number."""

    def __init__(self, columns: Sequence[Column[T]]) -> None:
        self.columns = tuple(columns)
        self.by = {column.id: column for column in self.columns}
        self.sort = self.columns[0].id
        self.down = False
        self.group: Group[T] | None = None
        self.filter = ""
        self.natural: dict[str, int] = {}
        """Cells of the longest text of each column that grows."""
        self._rows: dict[Hashable, T] = {}
        self._place: dict[Hashable, tuple[str, Entry]] = {}
        self._bundles: dict[str, _Bundle] = {}
        self._closed: set[str] = set()
        self._order: list[str] = []
        self._starts: list[int] = [0]
        self._searched: dict[Hashable, str] = {}

    def __len__(self) -> int:
        """Lines that are shown: rows that match, and heads."""
        return self._starts[-1]

    @property
    def total(self) -> int:
        return len(self._rows)

    @property
    def matching(self) -> int:
        """Rows that the filter lets through, whether or not their group is open."""
        return len(self._place)

    def get(self, key: Hashable) -> T | None:
        return self._rows.get(key)

    def all(self) -> Iterable[T]:
        return self._rows.values()

    # What is shown -------------------------------------------------------------------------------

    def line(self, at: int) -> Line[T] | None:
        if not 0 <= at < len(self):
            return None
        number = bisect_right(self._starts, at) - 1
        group = self._order[number]
        bundle = self._bundles[group]
        within = at - self._starts[number]
        if self.group is not None:
            if within == 0:
                return Line(group, None, len(bundle.entries), bundle.open)
            within -= 1
        entry = bundle.entries[-1 - within if self.down else within]
        return Line(group, self._rows[entry[2]])

    def where(self, line_id: Hashable) -> int | None:
        """The number of the line of that id; a row in a closed group is at its head."""
        if not isinstance(line_id, tuple):
            return None
        kind, key = line_id
        if kind == "group":
            return self._starts[self._order.index(key)] if self.group is not None and key in self._bundles else None
        place = self._place.get(key)
        if place is None:
            return None
        group, entry = place
        bundle = self._bundles[group]
        start = self._starts[self._order.index(group)]
        if not bundle.open:
            return start
        at = bisect_left(bundle.entries, entry)
        return start + (1 if self.group is not None else 0) + (len(bundle.entries) - 1 - at if self.down else at)

    # Changes -------------------------------------------------------------------------------------

    def replace(self, rows: Iterable[T]) -> None:
        """All rows anew."""
        self._rows = {row.key: row for row in rows}
        self._searched.clear()
        self.natural.clear()
        for row in self._rows.values():
            self._measure(row)
        self.rebuild()

    def update(self, upserts: Sequence[T], removed: Sequence[Hashable]) -> None:
        """Takes changes in. Many at once are cheaper sorted anew."""
        for key in removed:
            self._rows.pop(key, None)
            self._searched.pop(key, None)
        for row in upserts:
            self._rows[row.key] = row
            self._searched.pop(row.key, None)
            self._measure(row)
        if len(upserts) + len(removed) > 50 + len(self._rows) // 8:
            self.rebuild()
            return
        for key in removed:
            self._take_out(key)
        for row in upserts:
            self._put_in(row)
        self._number()

    def rebuild(self) -> None:
        """Sorts, filters and groups all rows anew."""
        self._place.clear()
        self._bundles.clear()
        terms = self.terms
        for row in self._rows.values():
            if terms and not self._matches(row, terms):
                continue
            group, entry = self._entry(row)
            self._place[row.key] = (group, entry)
            self._bundle(group).entries.append(entry)
        for bundle in self._bundles.values():
            bundle.entries.sort()
        self._number()

    def toggle(self, group: str, opened: bool) -> None:
        """Opens or closes a group; it stays so while groups come and go."""
        bundle = self._bundles.get(group)
        if bundle is None or self.group is None:
            return
        bundle.open = opened
        (self._closed.discard if opened else self._closed.add)(group)
        self._number()

    @property
    def terms(self) -> list[tuple[str, str]]:
        """The filter's words as (column or empty, text); all must be found. `!word` must not, `status:word` looks
        in one column."""
        terms = []
        for word in self.filter.lower().split():
            mark = "!" if word.startswith("!") and len(word) > 1 else ""
            column, colon, text = word[len(mark) :].partition(":")
            known = colon and column in self.by
            terms.append((mark + column, text) if known else (mark, word[len(mark) :]))
        return terms

    def _matches(self, row: T, terms: list[tuple[str, str]]) -> bool:
        for where, text in terms:
            column = where.lstrip("!")
            found = text in (self.by[column].text(row).lower() if column else self._text_of(row))
            if found is where.startswith("!"):
                return False
        return True

    def _text_of(self, row: T) -> str:
        text = self._searched.get(row.key)
        if text is None:
            # A line break between the cells: a word never matches across two of them.
            text = "\n".join(column.text(row) for column in self.columns if column.search).lower()
            self._searched[row.key] = text
        return text

    def _entry(self, row: T) -> tuple[str, Entry]:
        group = self.group.of(row) if self.group is not None else ""
        return group, (self.by[self.sort].sort_key(row), str(row.key), row.key)

    def _bundle(self, group: str) -> _Bundle:
        bundle = self._bundles.get(group)
        if bundle is None:
            bundle = self._bundles[group] = _Bundle(open=group not in self._closed)
        return bundle

    def _put_in(self, row: T) -> None:
        key = row.key
        if (terms := self.terms) and not self._matches(row, terms):
            self._take_out(key)
            return
        new = self._entry(row)
        if self._place.get(key) == new:
            return
        self._take_out(key)
        insort(self._bundle(new[0]).entries, new[1])
        self._place[key] = new

    def _take_out(self, key: Hashable) -> None:
        place = self._place.pop(key, None)
        if place is None:
            return
        group, entry = place
        entries = self._bundles[group].entries
        del entries[bisect_left(entries, entry)]
        if not entries:
            del self._bundles[group]

    def _number(self) -> None:
        head = 1 if self.group is not None else 0
        self._order = sorted(self._bundles)
        sizes = (head + len(b.entries) if b.open else head for b in (self._bundles[group] for group in self._order))
        self._starts = [0, *accumulate(sizes)]

    def _measure(self, row: T) -> None:
        for column in self.columns:
            if column.most:
                text = column.text(row)
                room = len(text) if text.isascii() else width(clean(text, _SAMPLE))
                if room > self.natural.get(column.id, 0):
                    self.natural[column.id] = room
