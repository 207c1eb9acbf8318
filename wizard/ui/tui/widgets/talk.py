"""What a run says, newest at the bottom; follows unless one has scrolled up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wizard.ui.tui.deployment import Said
from wizard.ui.tui.text import clean, fit


class Talk(ScrollView, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"talk--time", "talk--step"}
    DEFAULT_CSS = """
    Talk { height: 1fr; overflow-x: hidden; }
    Talk > .talk--time { color: $faint; }
    Talk > .talk--step { color: $text-primary; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[Said, ...] = ()

    def show(self, lines: Sequence[Said]) -> None:
        follows = self.scroll_offset.y >= self.max_scroll_y - 1
        self._lines = tuple(lines)
        self.virtual_size = Size(self.size.width, len(self._lines))
        if follows:
            self.scroll_end(animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        at, width = y + self.scroll_offset.y, self.size.width
        base = self.rich_style
        if at >= len(self._lines):
            return Strip.blank(width, base)
        said = self._lines[at]
        stamp = time.strftime("%H:%M:%S ", time.localtime(said.at))
        step = fit(clean(said.step), 20) + " " if width >= 70 else ""
        text = fit(clean(said.text), max(0, width - len(stamp) - len(step)))
        return Strip(
            [
                Segment(stamp, base + self.get_component_rich_style("talk--time", partial=True)),
                Segment(step, base + self.get_component_rich_style("talk--step", partial=True)),
                Segment(text, base),
            ]
        ).adjust_cell_length(width, base)
