"""The panes over a scripted cluster, and what a test reads off the screen."""

from __future__ import annotations

from textual.app import ComposeResult

from tests.tui.fakes import FakeServices, FakeWatch, profile
from tests.tui.host import Bare
from wizard.ui.tui.panes.live import LivePanes


class Host(Bare):
    def __init__(self, watch: FakeWatch | None = None, services: FakeServices | None = None) -> None:
        self.live = watch or FakeWatch.sample()
        super().__init__(services or FakeServices(self.live))
        self.panes = LivePanes(self.live, profile())

    def compose(self) -> ComposeResult:
        yield self.panes

    def shown(self) -> set[str]:
        return {pane.NAME for pane in self.panes.panes if pane.display and pane.has_class("-shown")}

    def border(self, name: str) -> str:
        return str(self.panes.by[name]._border_title or "")


def text_of(app: Bare) -> str:
    """What is on the screen."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
