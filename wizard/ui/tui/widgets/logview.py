"""Log lines as they come: followed or paused, searched, wrapped, copied. Only the lines in sight are ever drawn.

Feed it batches, at most ten a second; a batch of thousands costs what a screenful costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wizard.domain.live import LogLine
from wizard.ui.tui.text import fit
from wizard.ui.tui.widgets.filterline import FilterLine
from wizard.ui.tui.widgets.logbuffer import CAPACITY, LogBuffer
from wizard.ui.tui.widgets.loglook import PODS, LogLook, Pieces


class LogView(FilterLine, ScrollView, can_focus=True):
    """A window on a log. Scrolling up pauses, coming back to the end goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "by(-1)", "Up", show=False),
        Binding("down,j", "by(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "ends(-1)", "First", show=False),
        Binding("end,G", "ends(1)", "Last, and follow", show=False),
        Binding("left", "sideways(-20)", "Left", show=False),
        Binding("right", "sideways(20)", "Right", show=False),
        Binding("f,space", "follow", "Follow or pause"),
        Binding("slash", "filter", "Search", key_display="/"),
        Binding("escape", "clear_filter", "Clear search", show=False),
        Binding("n", "match(1)", "Next match", show=False),
        Binding("N", "match(-1)", "Previous match", show=False),
        Binding("w", "wrap", "Wrap", tooltip="Long lines over several rows, or cut"),
        Binding("t", "times", "Times", show=False, tooltip="Time stamps on or off"),
        Binding("y", "copy", "Copy", tooltip="The lines in sight, to the clipboard"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"logview--{name}" for name in ("time", "match", "here", "search", "empty", *LogLook.TONES, *PODS)
    }
    DEFAULT_CSS = """
    LogView { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)

    class Changed(Message):
        """Followed, paused, wrapped or searched otherwise."""

        def __init__(self, view: LogView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> LogView:
            return self.view

    def __init__(
        self, *, capacity: int = CAPACITY, empty: str = "no lines yet", still: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.still = still
        """A text rather than a log: read from its beginning, neither followed nor paused."""
        self.buffer = LogBuffer(capacity)
        self.look = LogLook()
        self.empty = empty
        self._styles: dict[str, Style] = {}
        self._window: list[Pieces] | None = None
        self._ours = False
        self._hits: list[int] = []
        self._here: int | None = None

    # Lines ---------------------------------------------------------------------------------------

    def feed(self, lines: Sequence[LogLine]) -> None:
        """Takes a batch in."""
        if not lines:
            return
        self.buffer.feed(lines)
        if not self.buffer.paused:
            self._changed()

    def clear(self) -> None:
        """Begins with an empty window, following."""
        self.buffer.clear()
        self.buffer.paused = False
        self._here, self._hits = None, []
        self._changed()

    @property
    def following(self) -> bool:
        return not self.buffer.paused

    @property
    def dropped(self) -> int:
        """Lines that were lost here, for want of room during a pause."""
        return self.buffer.lost

    def text(self) -> str:
        """All lines of the window, as they go into a file."""
        return "".join(f"{self.look.plain(line)}\n" for line in self.buffer)

    def restore(self, kept: object) -> None:
        """`arrangement` of another day."""
        if isinstance(kept, dict):
            self.look.wrap, self.look.times = kept.get("wrap") is True, kept.get("times") is not False
            self._changed()

    @property
    def arrangement(self) -> dict[str, bool]:
        return {"wrap": self.look.wrap, "times": self.look.times}

    # Keys ----------------------------------------------------------------------------------------

    def follow(self, on: bool) -> None:
        if self.still or on is self.following:
            return
        if on:
            self.buffer.resume()
            self._here = None
        else:
            self.buffer.paused = True
        self._changed()
        self.post_message(self.Changed(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.still if action == "follow" else super().check_action(action, parameters)

    def action_follow(self) -> None:
        self.follow(not self.following)

    def action_by(self, by: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_page(self, by: int) -> None:
        self.action_by(by * max(1, self._room - 1))

    def action_ends(self, way: int) -> None:
        self.scroll_to(y=self.max_scroll_y if way > 0 else 0, animate=False)
        if way > 0:
            self.follow(True)

    def action_sideways(self, by: int) -> None:
        self.look.left = 0 if self.look.wrap else max(0, self.look.left + by)
        self._changed()

    def action_wrap(self) -> None:
        self.look.wrap, self.look.left = not self.look.wrap, 0
        self._changed()
        self.post_message(self.Changed(self))

    def action_times(self) -> None:
        self.look.times = not self.look.times
        self._changed()
        self.post_message(self.Changed(self))

    def action_copy(self) -> None:
        number, lines = self._top(), []
        for _, line in self.buffer.lines(number, self._room):
            lines.append(self.look.plain(line))
        if lines:
            self.app.copy_to_clipboard("\n".join(lines))
            self.notify(f"{len(lines)} lines copied", timeout=2, markup=False)

    # Search --------------------------------------------------------------------------------------

    def filter_changed(self, text: str) -> None:
        self.look.search = text.lower()
        self._here = None
        self._hits = self.buffer.matches(text) if text else []
        self._changed()
        self.post_message(self.Changed(self))

    def filter_done(self) -> None:
        if self.look.search:
            self.action_match(-1)

    def action_match(self, way: int) -> None:
        """To the next match below or above; from the end, the last one is above."""
        if not self.look.search:
            return
        self.follow(False)
        self._hits = self.buffer.matches(self.look.search)
        if not self._hits:
            self._changed()
            return
        bottom = self.buffer.first + len(self.buffer)
        here = self._here if self._here is not None else bottom
        if way > 0:
            self._here = next((hit for hit in self._hits if hit > here), self._hits[0])
        else:
            self._here = next((hit for hit in reversed(self._hits) if hit < here), self._hits[-1])
        self.scroll_to(y=self._here - self.buffer.first - self._room // 2, animate=False)
        self._changed()

    def _search_pieces(self) -> Pieces:
        found = f"  {len(self._hits):,} lines"
        if self._here in self._hits:
            found = f"  {self._hits.index(self._here) + 1:,} of {len(self._hits):,} lines"
        return ((f" / {self.filter_text}{'▏' if self.typing else ' '}", "search"), (found, "debug"))

    # What is in sight ----------------------------------------------------------------------------

    @property
    def _room(self) -> int:
        return max(1, self.scrollable_content_region.height - (1 if self.filter_shown else 0))

    def _top(self) -> int:
        return self.buffer.first + self.scroll_offset.y

    def _changed(self) -> None:
        """The window must be drawn again; its length in lines is what the scroll bar shows."""
        self.look.fit(self.scrollable_content_region.width, self._room, self.buffer.lately)
        lines = self._last_top() - self.buffer.first + self.scrollable_content_region.height
        size = Size(self.size.width, lines if len(self.buffer) else 0)
        self._ours = True
        if size != self.virtual_size:
            self.virtual_size = size
            self._scroll_update(size)
        if self.following and not self.still:
            self.scroll_to(y=self.max_scroll_y, animate=False)
        self._ours = False
        self._window = None
        self.refresh()

    def _last_top(self) -> int:
        """The line at the top when the last one is at the bottom."""
        end = self.buffer.first + len(self.buffer)
        if not self.look.wrap:
            return max(self.buffer.first, end - self._room)
        rows, number = 0, end
        while number > self.buffer.first:
            line = self.buffer.line(number - 1)
            rows += self.look.rows(line) if line else 0
            if rows > self._room:
                break
            number -= 1
        return min(number, max(self.buffer.first, end - 1))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._window = None
        if not self._ours and round(old_value) != round(new_value):
            self.follow(new_value >= self.max_scroll_y)

    def on_resize(self) -> None:
        self._changed()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def _rows_in_sight(self) -> list[Pieces]:
        if self._window is None:
            rows: list[Pieces] = [self._search_pieces()] if self.filter_shown else []
            for number, line in self.buffer.lines(self._top(), self._room):
                rows.extend(self.look.drawn(line, here=number == self._here))
                if len(rows) >= self.scrollable_content_region.height:
                    break
            self._window = rows
        return self._window

    def render_line(self, y: int) -> Strip:
        rows, width = self._rows_in_sight(), self.scrollable_content_region.width
        if y < len(rows):
            return Strip([Segment(text, self._style(name)) for text, name in rows[y]]).adjust_cell_length(
                width, self.rich_style
            )
        text = self.empty if not len(self.buffer) and y == len(rows) + 1 else ""
        return Strip([Segment(fit(f" {text}", width), self._style("empty"))], width)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            tone, _, match = name.partition("+")
            style = self.get_component_rich_style(f"logview--{tone}") if tone else self.rich_style
            if match:
                style += self.get_component_rich_style(f"logview--{match}", partial=True)
            self._styles[name] = style
        return style
