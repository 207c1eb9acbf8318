"""What a line of a table looks like: first as pieces of text with a style's name, then as segments.

Pieces compare by value: a table draws a line again only where they differ from those it drew last.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from wizard.ui.tui.text import clean, fit, squeezed
from wizard.ui.tui.widgets.grid.columns import GAP, Column, fitted
from wizard.ui.tui.widgets.grid.rows import Keyed, Line

if TYPE_CHECKING:
    from wizard.ui.tui.widgets.table import Table

T = TypeVar("T", bound=Keyed)
Piece = tuple[str, str]
"""Text in its cells, and the style's name: a tone, `cursor:` before it where the cursor is, `+match` after it."""
Look = tuple[Piece, ...]

_CELL = 300
"""Characters of a cell that are looked at: more than any screen has."""


class Painter(Generic[T]):
    """Draws for one table; holds its styles and the widths of its columns."""

    STYLES = (
        *("header", "sorted", "filter", "group", "cursor", "match", "mark", "empty"),
        *("muted", "good", "warn", "bad", "accent"),
    )

    def __init__(self, table: Table[T]) -> None:
        self._table = table
        self._styles: dict[str, Style] = {}
        self.layout: list[tuple[Column[T], int]] = []

    def fit(self) -> bool:
        """Lays the columns out for the present width; whether anything moved."""
        model = self._table.model
        room = self._table.scrollable_content_region.width - GAP  # one cell for the mark, one at the end
        # A column that a group's head says already, and one that is empty in every row, only take room.
        group = model.group.id if model.group else ""
        columns = [
            column
            for column in model.columns
            if column.id != group and not (model.total and column.most and not model.natural.get(column.id))
        ]
        layout = fitted(columns, model.natural, room)
        changed, self.layout = layout != self.layout, layout
        return changed

    def forget(self) -> None:
        """The theme or the focus changed."""
        self._styles.clear()

    def column_at(self, x: int) -> Column[T] | None:
        left = 1
        for column, cells in self.layout:
            if left <= x < left + cells + GAP:
                return column
            left += cells + GAP
        return None

    # Looks ---------------------------------------------------------------------------------------

    def head(self, y: int) -> Look:
        table = self._table
        return self._filter() if y < table.heads - 1 else self._titles()

    def _filter(self) -> Look:
        table, model = self._table, self._table.model
        counted = f"  {model.matching:,} of {model.total:,}"
        text = ("/ " + table.filter_text, "filter"), ("▏" if table.typing else " ", "filter")
        return (*text, (counted, "muted" if model.matching else "bad"))

    def _titles(self) -> Look:
        model = self._table.model
        pieces: list[Piece] = [(" ", "header")]
        for column, cells in self.layout:
            title, style, gap = column.title, "header", " " * GAP
            if column.id == model.sort:
                style, mark = "sorted", "▾" if model.down else "▴"
                if column.right or len(title) >= cells:
                    gap = mark.ljust(GAP)
                else:
                    title += mark
            pieces.append((fit(title, cells, right=column.right), style))
            pieces.append((gap, style))
        return tuple(pieces)

    def look(self, line: Line[T], cursor: bool) -> Look:
        under = "cursor:" if cursor else ""
        if line.row is None:
            name = clean(line.group, 120) or "(none)"
            return (
                (f" {'▾' if line.open else '▸'} {name}", under + "group"),
                (f"  {line.size:,}", under + "muted"),
                (" " * self._table.size.width, under),
            )
        row, table = line.row, self._table
        words = [text for where, text in table.model.terms if text and not where.startswith("!")]
        pieces: list[Piece] = [("▪" if row.key in table.marks else " ", under + "mark")]
        for column, cells in self.layout:
            text = clean(column.text(row), _CELL)
            text = fit(squeezed(text, cells) if column.middle else text, cells, right=column.right)
            style = under + column.tone_of(row)
            if words and column.search:
                pieces.extend(_marked(text, words, style))
            else:
                pieces.append((text, style))
            pieces.append((" " * GAP, under))
        if cursor:
            pieces.append((" " * table.size.width, under))
        return tuple(pieces)

    # Drawing -------------------------------------------------------------------------------------

    def segments(self, look: Look) -> list[Segment]:
        return [Segment(text, self.style(name)) for text, name in look]

    def blank(self, at: int, room: int) -> Strip:
        """A line without a row; the first ones say why there is none."""
        table = self._table
        text = ""
        if not len(table.model):
            words = "nothing matches the filter; escape shows all" if table.model.total else table.empty
            lines = [part for line in words.split("\n") for part in wrap(clean(line), max(10, room - 2))]
            text = lines[at - 1] if 1 <= at <= len(lines) else ""
        return Strip([Segment(fit(" " + text, room), self.style("empty"))], room)

    def style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self._mixed(name)
        return style

    def _mixed(self, name: str) -> Style:
        table = self._table
        under, _, rest = name.rpartition(":")
        tone, _, match = rest.partition("+")
        style = table.get_component_rich_style(f"table--{tone}") if tone else table.rich_style
        if under:
            cursor = table.get_component_rich_style("table--cursor")
            # With the focus, the theme's own pair of colours is the only one sure to be read.
            style = cursor if table.has_focus or not style.color else cursor + Style(color=style.color)
        if match:
            style += table.get_component_rich_style("table--match", partial=True)
        return style


def _marked(text: str, words: list[str], style: str) -> list[Piece]:
    """The text cut where one of the words stands in it."""
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is longer: offsets would not fit
        return [(text, style)]
    hit = [False] * len(text)
    for word in words:
        at = low.find(word)
        while at >= 0:
            hit[at : at + len(word)] = [True] * len(word)
            at = low.find(word, at + len(word))
    if True not in hit:
        return [(text, style)]
    pieces, start = [], 0
    for at in range(1, len(text) + 1):
        if at == len(text) or hit[at] is not hit[start]:
            pieces.append((text[start:at], style + "+match" if hit[start] else style))
            start = at
    return pieces
