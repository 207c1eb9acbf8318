"""How a table is sorted, grouped and filtered: the keys for it, and how it is kept for the next start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.message import Message

from wizard.ui.tui.widgets.filterline import FilterLine
from wizard.ui.tui.widgets.grid.columns import Column, Group
from wizard.ui.tui.widgets.grid.rows import Keyed, Rows

T = TypeVar("T", bound=Keyed)


class Arranging(FilterLine, Generic[T]):
    """The part of a table that orders its rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Words that a row must have; !word, status:word"),
        Binding("escape", "clear_filter", "Clear filter", show=False),
        Binding("s", "sort", "Sort", tooltip="By the next column; a click on a head does it too"),
        Binding("S", "reverse", "Reverse", show=False, tooltip="The other way round"),
        Binding("g", "group", "Group", tooltip="Under heads, which open and close with Enter"),
    ]

    model: Rows[T]
    groups: tuple[Group[T], ...] = ()

    class Arranged(Message):
        """Sorted, grouped or filtered otherwise."""

        def __init__(self, table: Arranging[Any]) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Arranging[Any]:
            return self.table

    @property
    def shown_columns(self) -> list[Column[T]]:
        """Those that find room now."""
        raise NotImplementedError

    def rearranged(self, *, tell: bool = True) -> None:
        raise NotImplementedError

    @property
    def arrangement(self) -> dict[str, Any]:
        """How it is sorted and grouped, for `restore` at the next start."""
        group = self.model.group
        return {"sort": self.model.sort, "down": self.model.down, "group": group.id if group else ""}

    def restore(self, kept: object) -> None:
        """As kept; what no longer exists is ignored."""
        if not isinstance(kept, Mapping):
            return
        if (column := str(kept.get("sort"))) in self.model.by:
            self.model.sort, self.model.down = column, kept.get("down") is True
        self.model.group = next((group for group in self.groups if group.id == kept.get("group")), None)
        self.rearranged(tell=False)

    def sort_by(self, column: str) -> None:
        """By this column; again: the other way round."""
        if self.model.sort == column:
            self.model.down = not self.model.down
        else:
            self.model.sort, self.model.down = column, self.model.by[column].first_down
        self.rearranged()

    def action_sort(self) -> None:
        shown = [column.id for column in self.shown_columns] or [self.model.sort]
        at = shown.index(self.model.sort) if self.model.sort in shown else -1
        self.sort_by(shown[(at + 1) % len(shown)])

    def action_reverse(self) -> None:
        self.sort_by(self.model.sort)

    def action_group(self) -> None:
        ways = [None, *self.groups]
        self.model.group = ways[(ways.index(self.model.group) + 1) % len(ways)]
        self.rearranged()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "group":
            return bool(self.groups)
        return super().check_action(action, parameters)

    def filter_changed(self, text: str) -> None:
        self.model.filter = text
        self.rearranged()
