"""What all panes have: a title that says how many rows there are and whether they are still true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from wizard.domain.live import FeedState
from wizard.observers.feed import Feed
from wizard.ui.tui.panes.words import clock
from wizard.ui.tui.text import clean
from wizard.ui.tui.widgets.dialog import Details
from wizard.ui.tui.widgets.grid.columns import Column, Group
from wizard.ui.tui.widgets.grid.rows import Keyed
from wizard.ui.tui.widgets.table import Table

T = TypeVar("T", bound=Keyed)


class Pane(Vertical):
    """A part of the dashboard. `poll` is called at most ten times a second while the pane is in sight."""

    NAME = ""
    TITLE = ""

    @property
    def main(self) -> Widget:
        """What takes the focus."""
        raise NotImplementedError

    @property
    def state(self) -> FeedState | None:
        """Whether what it shows is true; None where that has no meaning."""
        return None

    @property
    def badge(self) -> tuple[str, str]:
        """Behind its name in the tabs, with a tone: `12`, `3 firing`."""
        return "", ""

    @property
    def note(self) -> str:
        """Beside the title: `sorted by age`."""
        return ""

    def poll(self) -> None:
        """Takes in what changed. Cheap where nothing did."""

    def appear(self) -> None:
        """It comes into sight."""
        self.poll()
        self.entitle()

    def tick(self) -> None:
        """Once a second: what changes with time alone."""
        self.entitle()

    def entitle(self) -> None:
        """Says in the border what this is, how much of it, and since when and why it is stale."""
        badge, tone = self.badge
        parts: list[Content | tuple[str, str]] = [(f" {self.TITLE}", "bold")]
        if badge:
            parts.append((f" {badge}", TONES[tone]))
        if self.note:
            parts.append((f" · {clean(self.note, 120)}", "$muted"))
        state = self.state
        stale = state is not None and not state.live and not state.unavailable
        if state is not None:
            parts.extend(_truth(state))
        self.set_class(stale and state is not None and state.finding is not None, "-stale")
        title = Content.assemble(*parts, " ")
        if title != getattr(self, "_title", None):
            self._title = title
            self.border_title = title

    def restore(self, kept: object) -> None:
        """An `arrangement` of another day."""

    @property
    def arrangement(self) -> Any:
        return None


TONES = {
    "": "",
    "muted": "$muted",
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "bold $text-error",
    "accent": "$text-accent",
}


def _truth(state: FeedState) -> list[tuple[str, str]]:
    why = clean(state.finding.summary, 200) if state.finding else ""
    if state.live:
        return [(f" · {why}", "$text-warning")] if why else []
    if state.unavailable:
        return [(" · not here", "$muted")]
    if not why:
        return [(" · connecting…", "$muted")]
    return [(f" · STALE since {clock(state.since)}: {why}", "$text-warning")]


class FeedPane(Pane, Generic[T]):
    """A feed as a table."""

    NOTHING = "none"

    def __init__(self, feed: Feed[T], columns: Sequence[Column[T]], groups: Sequence[Group[T]] = ()) -> None:
        super().__init__(id=f"pane-{self.NAME}")
        self.feed = feed
        self.table: Table[T] = Table(columns, groups, id=f"table-{self.NAME}")
        self._version = -1

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.poll()

    @property
    def main(self) -> Widget:
        return self.table

    @property
    def state(self) -> FeedState:
        return self.feed.state

    @property
    def badge(self) -> tuple[str, str]:
        return (f"{len(self.feed):,}", "") if len(self.feed) or self.feed.state.live else ("", "")

    @property
    def note(self) -> str:
        model = self.table.model
        words = [f"{model.matching:,} match"] if model.filter else []
        if model.group is not None:
            words.append(f"by {model.group.title}")
        return ", ".join(words)

    @property
    def arrangement(self) -> dict[str, Any]:
        return self.table.arrangement

    def restore(self, kept: object) -> None:
        self.table.restore(kept)

    def poll(self) -> None:
        version = self.feed.version
        if version == self._version:
            return
        changes = None if self._version < 0 else self.feed.changed_since(self._version)
        self._version = version
        self.table.empty = self._empty()
        if changes is None:
            self.table.set_rows(self.feed.rows())
        else:
            self.table.update(changes.upserts, changes.removed)
        self.entitle()

    def open(self, row: T) -> None:
        """Enter or a double click: all that is known of it, also what a narrow screen leaves out."""
        columns = self.table.model.columns
        pairs = [(column.title, column.text(row)) for column in columns[1:]]
        self.app.push_screen(Details(columns[0].text(row), pairs))

    @on(Table.RowSelected)
    def _selected(self, event: Table.RowSelected) -> None:
        event.stop()
        row = self.table.model.get(event.key)
        if row is not None:
            self.open(row)

    def tick(self) -> None:
        self.table.tick()
        super().tick()

    def _empty(self) -> str:
        state = self.feed.state
        if state.finding is not None:
            return f"{state.finding.summary}\n{state.finding.hint}"
        return self.NOTHING if state.live else "connecting…"
