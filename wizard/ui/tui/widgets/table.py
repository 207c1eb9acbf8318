"""A table of tens of thousands of live rows: only lines in sight are drawn, only lines that changed drawn again.

Cells are plain text made into segments, never markup. Keys and mouse are in BINDINGS and `on_click`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wizard.ui.tui.widgets.grid.arranging import Arranging
from wizard.ui.tui.widgets.grid.columns import Column, Group
from wizard.ui.tui.widgets.grid.painter import Look, Painter
from wizard.ui.tui.widgets.grid.rows import Keyed, Line, Rows

T = TypeVar("T", bound=Keyed)


class Table(Arranging[T], ScrollView, Generic[T], can_focus=True):
    """Rows with a cursor that stays on its row while others come, go and move.

    Give it rows with `set_rows` or `update`; it posts `RowSelected` (Enter, double click), `RowHighlighted` (the
    cursor moved) and `Arranged` (sorted, grouped or filtered otherwise: worth remembering).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "end(-1)", "First", show=False),
        Binding("end,G", "end(1)", "Last", show=False),
        Binding("enter", "select", "Open"),
        Binding("space", "mark", "Mark", show=False, tooltip="Mark rows for what takes many"),
        Binding("right", "fold(True)", "Open group", show=False),
        Binding("left", "fold(False)", "Close group", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"table--{name}" for name in Painter.STYLES}
    DEFAULT_CSS = """
    Table { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    # Not `layout=True` as in Widget: a row more or less must neither lay the screen out again nor draw all lines.
    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)

    class RowMessage(Message):
        """About one row."""

        def __init__(self, table: Table[Any], key: Hashable) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> Table[Any]:
            return self.table

    class RowSelected(RowMessage):
        """Enter or a double click on a row."""

    class RowHighlighted(RowMessage):
        """The cursor came to a row."""

    def __init__(
        self, columns: Sequence[Column[T]], groups: Sequence[Group[T]] = (), *, empty: str = "", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.model = Rows(columns)
        self.groups = tuple(groups)
        self.empty = empty
        """Shown where there are no rows at all."""
        self.marks: set[Hashable] = set()
        self._painter: Painter[T] = Painter(self)
        self._cursor: Hashable = None
        self._at = 0
        self._moved = False
        self._shown: dict[int, Look | None] = {}

    # Rows ----------------------------------------------------------------------------------------

    def set_rows(self, rows: Iterable[T]) -> None:
        """All rows anew."""
        anchor = self._anchor()
        self.model.replace(rows)
        self._settle(anchor)

    def update(self, upserts: Sequence[T], removed: Sequence[Hashable] = ()) -> None:
        """What changed; what is not in sight costs no drawing."""
        anchor = self._anchor()
        self.model.update(upserts, removed)
        self.marks.difference_update(removed)
        self._settle(anchor)

    def tick(self) -> None:
        """Draws lines again whose words changed with time: ages."""
        self._refresh_changed()

    @property
    def cursor_row(self) -> T | None:
        line = self.model.line(self._at)
        return line.row if line else None

    @property
    def marked(self) -> list[T]:
        """The marked rows; where none is marked, the one under the cursor."""
        rows = [row for key in self.marks if (row := self.model.get(key)) is not None]
        return rows or ([self.cursor_row] if self.cursor_row is not None else [])

    @property
    def shown_columns(self) -> list[Column[T]]:
        return [column for column, _ in self._painter.layout]

    @property
    def cursor_line(self) -> int:
        return self._at

    def go_to(self, key: Hashable) -> bool:
        """Puts the cursor on a row; False where it is not shown."""
        at = self.model.where(("row", key))
        if at is None:
            return False
        self._move_to(at)
        return True

    # Cursor --------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        self._move_to(self._at + by)

    def action_page(self, by: int) -> None:
        self._move_to(self._at + by * max(1, self._room - 1))

    def action_end(self, way: int) -> None:
        self._move_to(0 if way < 0 else len(self.model) - 1)

    def action_select(self) -> None:
        line = self.model.line(self._at)
        if line is None:
            return
        if line.row is None:
            self.action_fold(not line.open)
        else:
            self.post_message(self.RowSelected(self, line.row.key))

    def action_fold(self, opened: bool) -> None:
        line = self.model.line(self._at)
        if line is None or self.model.group is None:
            return
        self.model.toggle(line.group, opened)
        self._resize()
        self._move_to(self.model.where(("group", line.group)) or 0)
        self.refresh()

    def action_mark(self) -> None:
        row = self.cursor_row
        if row is not None:
            self.marks.symmetric_difference_update({row.key})
        self._refresh_changed()
        self.action_move(1)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        at = offset.y - self.heads
        if at < 0:
            column = self._painter.column_at(offset.x) if at == -1 else None
            if column is not None:
                self.sort_by(column.id)
            return
        at += self.scroll_offset.y
        line = self.model.line(at)
        if line is None:
            return
        self._move_to(at)
        if line.row is None or event.chain == 2:
            self.action_select()

    def rearranged(self, *, tell: bool = True) -> None:
        """Sorts, filters and groups again; the cursor stays on its row."""
        self.model.rebuild()
        self._at = self._found(self._at)
        self._resize()
        self._move_to(self._at, quiet=True)
        self.refresh()
        if tell:
            self.post_message(self.Arranged(self))

    def _move_to(self, at: int, *, quiet: bool = False) -> None:
        at = max(0, min(at, len(self.model) - 1))
        line = self.model.line(at)
        before, self._at, self._cursor = self._cursor, at, line.id if line else None
        self._moved = self._moved or not quiet
        top, room = self.scroll_offset.y, self._room
        if at < top:
            self.scroll_to(y=at, animate=False)
        elif at >= top + room:
            self.scroll_to(y=at - room + 1, animate=False)
        self._refresh_changed()
        if before != self._cursor and line is not None and line.row is not None:
            self.post_message(self.RowHighlighted(self, line.row.key))

    # What is in sight ----------------------------------------------------------------------------

    @property
    def heads(self) -> int:
        """Lines above the rows: the filter where there is one, and the columns' titles."""
        return 2 if self.filter_shown else 1

    @property
    def _room(self) -> int:
        return max(1, self.scrollable_content_region.height - self.heads)

    def _anchor(self) -> tuple[Hashable, int] | None:
        """The line that must not move under the reader's eyes, and where on the screen it is."""
        top = self.scroll_offset.y
        if not self._moved and top == 0:
            return None
        if top <= self._at < top + self._room:
            return self._cursor, self._at - top
        line = self.model.line(top)
        return (line.id, 0) if line else None

    def _found(self, fallback: int) -> int:
        at = self.model.where(self._cursor) if self._moved else None
        return max(0, min(fallback if at is None else at, len(self.model) - 1))

    def _settle(self, anchor: tuple[Hashable, int] | None) -> None:
        self._at = self._found(self._at)
        line = self.model.line(self._at)
        before, self._cursor = self._cursor, line.id if line else None
        changed = self._painter.fit()
        self._resize()
        if anchor is not None and (at := self.model.where(anchor[0])) is not None:
            self.scroll_to(y=max(0, at - anchor[1]), animate=False)
        if changed:
            self.refresh()
        else:
            self._refresh_changed()
        if before != self._cursor and line is not None and line.row is not None:
            self.post_message(self.RowHighlighted(self, line.row.key))

    def _resize(self) -> None:
        self._painter.fit()
        size = Size(self.size.width, len(self.model) + self.heads)
        if size != self.virtual_size:
            self.virtual_size = size
            self._scroll_update(size)
            if self._painter.fit():  # a scrollbar came or went
                self.refresh()

    def on_resize(self) -> None:
        self._resize()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()
        self.refresh()

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def _line_at(self, y: int) -> Line[T] | None:
        return self.model.line(self.scroll_offset.y + y - self.heads)

    def _refresh_changed(self) -> None:
        """Draws those lines in sight again of which anything differs from what was drawn."""
        width, height = self.scrollable_content_region.size
        regions = []
        for y in range(height):
            if y in self._shown and self._shown[y] != self._look(y):
                regions.append(Region(0, y, width, 1))
        if regions:
            self.refresh(*regions)

    def _look(self, y: int) -> Look | None:
        if y < self.heads:
            return self._painter.head(y)
        line = self._line_at(y)
        if line is None:
            return None
        return self._painter.look(line, self.scroll_offset.y + y - self.heads == self._at)

    def render_line(self, y: int) -> Strip:
        look = self._look(y)
        self._shown[y] = look
        width = self.scrollable_content_region.width
        if look is None:
            return self._painter.blank(y - self.heads, width)
        segments: list[Segment] = self._painter.segments(look)
        return Strip(segments).adjust_cell_length(width, self._painter.style(""))
