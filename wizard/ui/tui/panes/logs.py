"""Logs of one pod, some, or all: a selection that goes on, or a range of time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from wizard.domain.live import FeedState, LogSelection, PodRow
from wizard.ui.tui.panes.pane import Pane
from wizard.ui.tui.panes.source import Lines, Watching
from wizard.ui.tui.panes.words import now, span
from wizard.ui.tui.text import clean
from wizard.ui.tui.widgets.dialog import Choose, Confirm, Prompt
from wizard.ui.tui.widgets.logview import LogView

_RANGES = (("0", "Live", "the last lines, and on"), ("300", "5 minutes", "and on"), ("900", "15 minutes", "and on"),
           ("3600", "1 hour", "and on"), ("21600", "6 hours", "and on"), ("86400", "1 day", "and on"))  # fmt: skip


class LogsPane(Pane):
    """Follows the logs of the platform, until told to follow those of some pods."""

    NAME, TITLE = "logs", "Logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("L", "query", "Query", show=False, tooltip="LogQL, or a text that lines must have"),
        Binding("T", "range", "Time range", show=False, tooltip="From when on"),
        Binding("a", "everything", "All pods", show=False, tooltip="Logs of the whole platform again"),
        Binding("o", "save", "Save", show=False, tooltip="All lines of the window to a file"),
    ]

    def __init__(self, watch: Watching, selection: LogSelection | None = None) -> None:
        super().__init__(id="pane-logs")
        self.view = LogView(id="log-view")
        self.selection = selection or LogSelection()
        self._watch = watch
        self._feed: Lines | None = None
        self._seconds = 0
        self._begun = False

    def compose(self) -> ComposeResult:
        yield self.view

    def appear(self) -> None:
        # Not before: a stream a container is too much for what nobody looks at.
        if not self._begun:
            self._begin()
        super().appear()

    def on_unmount(self) -> None:
        if self._feed is not None:
            feed, self._feed = self._feed, None
            # The pane's own workers end with it: the app's do not.
            self.app.run_worker(feed.stop(), exit_on_error=False)

    @property
    def main(self) -> Widget:
        return self.view

    @property
    def state(self) -> FeedState | None:
        return self._feed.state if self._feed is not None else None

    @property
    def dropped(self) -> int:
        """Lines that will never be seen: not taken in time, or no room for them in a pause."""
        return (self._feed.dropped if self._feed is not None else 0) + self.view.dropped

    @property
    def badge(self) -> tuple[str, str]:
        if self.dropped:
            return f"{self.dropped:,} dropped", "warn"
        return ("", "") if self.view.following else ("paused", "accent")

    @property
    def note(self) -> str:
        parts = [self._subject()]
        if self.selection.query:
            parts.append(self.selection.query)
        if self._seconds:
            parts.append(f"from {span(self._seconds)} ago")
        if not self.view.following:
            parts.append(f"{self.view.buffer.held:,} lines wait")
        elif self._feed is not None and self._feed.source.startswith("Loki"):
            parts.append("Loki")
        return " · ".join(parts)

    def _subject(self) -> str:
        pods = self.selection.pods
        if self.selection.query.startswith("{"):
            return "LogQL"
        return "all pods" if not pods else pods[0][1] + (f" and {len(pods) - 1} more" if len(pods) > 1 else "")

    @property
    def arrangement(self) -> dict[str, bool]:
        return self.view.arrangement

    def restore(self, kept: object) -> None:
        self.view.restore(kept)

    def poll(self) -> None:
        """Takes what waits, in sight or not: who does not take loses lines."""
        if self._feed is not None:
            self.view.feed(self._feed.take())

    def show_pods(self, pods: Sequence[PodRow]) -> None:
        """Follows these."""
        self.select(replace(self.selection, pods=tuple((pod.namespace, pod.name) for pod in pods), query=""))

    def select(self, selection: LogSelection) -> None:
        """Follows what is selected, with an empty window."""
        self.selection = selection
        self._begin()

    def _begin(self) -> None:
        self._begun = True
        self._change_feed()

    @work(group="logs", exclusive=True)
    async def _change_feed(self) -> None:
        old, self._feed = self._feed, None
        if old is not None:
            await old.stop()
        self.view.clear()
        feed = self._watch.logs(self.selection)
        await feed.start()
        if not self.is_attached:
            await feed.stop()
            return
        self._feed = feed
        self.entitle()

    @on(LogView.Changed)
    def _view_changed(self) -> None:
        self.entitle()

    def action_everything(self) -> None:
        self._seconds = 0
        self.select(LogSelection())

    @work(group="ask", exclusive=True)
    async def action_query(self) -> None:
        title = "Which lines"
        label = 'A text that lines must have, or LogQL: {namespace="chat"} |= "error"'
        answer = await self.app.push_screen_wait(Prompt(title, label, self.selection.query))
        if answer is not None:
            self.select(replace(self.selection, query=answer.strip()))

    @work(group="ask", exclusive=True)
    async def action_range(self) -> None:
        answer = await self.app.push_screen_wait(Choose("From when on", _RANGES))
        if answer is not None:
            self._seconds = int(answer)
            self.select(replace(self.selection, start=now() - self._seconds if self._seconds else None))

    @work(group="ask", exclusive=True)
    async def action_save(self) -> None:
        answer = await self.app.push_screen_wait(Prompt("Save the log", "File", "wizard.log", _writable))
        if answer is None:
            return
        path = Path(answer)
        if _exists(path) and not await self.app.push_screen_wait(
            Confirm("Overwrite?", f"{path} exists already.", "Overwrite", "Keep it", danger=True)
        ):
            return
        try:
            await asyncio.to_thread(_write, path, self.view.text())
        except OSError as problem:
            self.notify(clean(f"{path}: {problem.strerror or problem}"), severity="error", markup=False)
            return
        self.notify(clean(f"{len(self.view.buffer):,} lines are in {path}"), markup=False)


def _exists(path: Path) -> bool:
    return path.expanduser().exists()


def _write(path: Path, text: str) -> None:
    path = path.expanduser()
    path.touch(mode=0o600)  # logs may hold what users wrote: for their owner's eyes
    path.write_text(text, encoding="utf-8", errors="replace")


def _writable(value: str) -> str | None:
    path = Path(value).expanduser()
    if not value.strip():
        return "a file's name, please"
    if path.is_dir():
        return "this is a folder"
    return None if path.parent.is_dir() else f"there is no folder {path.parent}"
