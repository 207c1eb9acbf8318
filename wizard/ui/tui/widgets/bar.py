"""The one line at the top: where one is, what it is about, whether it is simulated, what runs."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widgets import Static

from wizard.ui.tui.text import plain

_ROOM = 40
"""Characters of a name: a profile that is not valid yet may be called anything, and the rest needs room too."""


class Bar(Horizontal):
    """`title` is the product's or the deployment's name, `place` the screen, `note` a state on the right."""

    DEFAULT_CSS = """
    Bar { dock: top; height: 1; background: $panel; color: $text; }
    Bar > Static { width: auto; padding: 0 1; }
    Bar > .bar--title { text-style: bold; color: $primary; }
    Bar > .bar--place { width: 1fr; color: $muted; }
    Bar > .bar--simulated { display: none; color: $accent; text-style: bold reverse; }
    Bar.-simulated > .bar--simulated { display: block; }
    """

    heading: reactive[str] = reactive("wizard")
    place: reactive[str] = reactive("")
    note: reactive[str] = reactive("")
    simulated: reactive[bool] = reactive(False)

    def __init__(self, heading: str = "wizard", place: str = "", *, simulated: bool = False) -> None:
        super().__init__()
        self.set_reactive(Bar.heading, heading)
        self.set_reactive(Bar.place, place)
        self.set_reactive(Bar.simulated, simulated)

    def compose(self) -> ComposeResult:
        yield Static(plain(self.heading, limit=_ROOM), classes="bar--title")
        yield Static(plain(self.place), classes="bar--place")
        yield Static(plain(self.note), classes="bar--note")
        yield Static("SIMULATED", classes="bar--simulated")

    def on_mount(self) -> None:
        self.set_class(self.simulated, "-simulated")

    def watch_heading(self, text: str) -> None:
        self._put("title", text)

    def watch_place(self, text: str) -> None:
        self._put("place", text)

    def watch_note(self, text: str) -> None:
        self._put("note", text)

    def watch_simulated(self, simulated: bool) -> None:
        self.set_class(simulated, "-simulated")

    def _put(self, part: str, text: str) -> None:
        for widget in self.query(f".bar--{part}").results(Static):
            widget.update(plain(text, limit=_ROOM))
