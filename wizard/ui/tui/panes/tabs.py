"""The line of the panes' names, with what needs a look; a click goes there."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from wizard.ui.tui.panes.pane import TONES, Pane


class PaneTabs(Widget):
    """Names with counts as far as they find room: counts of what is well go first, then all of them."""

    class Chosen(Message):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, panes: Sequence[Pane]) -> None:
        super().__init__()
        self._panes = tuple(panes)
        self._spans: list[tuple[int, int, str]] = []
        self._last: object = None
        self.current = ""

    def show(self, current: str) -> None:
        """Draws again where anything changed."""
        self.current = current
        now = (current, tuple(pane.badge for pane in self._panes))
        if now != self._last:
            self._last = now
            self.refresh()

    def render(self) -> Content:
        room = self.size.width
        for detail in (3, 2, 1, 0):
            parts, spans, at = [], [], 0
            for number, pane in enumerate(self._panes, 1):
                text, tone = _badge(pane, detail)
                name = f" {number} {pane.TITLE}" if detail else f" {number} {pane.TITLE[:3]}"
                here = self.current == pane.NAME
                parts.append((name, "bold $text-primary" if here else "$muted"))
                parts.append((f" {text}" if text else "", TONES[tone]))
                parts.append((" ", ""))
                wide = len(name) + (len(text) + 1 if text else 0) + 1
                spans.append((at, at + wide, pane.NAME))
                at += wide
            if at <= room:
                break
        self._spans = spans
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(name))


def _badge(pane: Pane, detail: int) -> tuple[str, str]:
    text, tone = pane.badge
    if detail >= 3:
        return text, tone
    if detail == 2 and tone in ("bad", "warn"):
        return text.split(" ")[0], tone
    return "", ""
