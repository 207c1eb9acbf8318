"""One pod: what it is, what it says, what it said before it ended, what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Footer, Static

from wizard.domain.finding import WizardError
from wizard.domain.live import EventRow, LogLine, LogSelection, LogSeverity, PodRow
from wizard.ui.tui import styling
from wizard.ui.tui.panes import doing
from wizard.ui.tui.panes.events import COLUMNS as EVENT_COLUMNS
from wizard.ui.tui.panes.pods import tone
from wizard.ui.tui.panes.source import Lines, Watching
from wizard.ui.tui.panes.words import age
from wizard.ui.tui.text import clean
from wizard.ui.tui.widgets.bar import Bar
from wizard.ui.tui.widgets.logview import LogView
from wizard.ui.tui.widgets.table import Table

VIEWS = {"describe": "Describe", "logs": "Logs", "previous": "Previous logs", "events": "Events"}
_TONES = {"bad": "bold $text-error", "warn": "$text-warning", "muted": "$muted", "": "$text-success"}


class PodScreen(Screen[None]):
    """Everything about one pod. Escape goes back to all of them."""

    CSS_PATH = styling.DASHBOARD

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "view('describe')", "Describe"),
        Binding("l", "view('logs')", "Logs"),
        Binding("p", "view('previous')", "Previous", tooltip="What the container said that ended last"),
        Binding("e", "view('events')", "Events"),
        Binding("r", "again", "Read again", show=False),
        Binding("x", "delete", "Delete", tooltip="Asks first; what owns the pod makes a new one"),
        Binding("escape,q", "back", "Back"),
    ]

    def __init__(self, watch: Watching, pod: PodRow, view: str = "describe") -> None:
        super().__init__()
        self.pod, self.view = pod, view if view in VIEWS else "describe"
        self._watch = watch
        self._lines: Lines | None = None
        self._events_version = -1
        self._read: set[str] = set()

    def compose(self) -> ComposeResult:
        yield Bar(clean(self.pod.name, 100), clean(self.pod.namespace, 100))
        with Vertical(id="pod-head"):
            yield Static("", id="pod-state", markup=False)
            yield Static("", id="pod-tabs", markup=False)
        with ContentSwitcher(initial=None, id="pod-views"):
            for name in VIEWS:
                if name == "events":
                    yield Table([c for c in EVENT_COLUMNS if c.id not in ("object", "namespace")], id="pod-events")
                else:
                    yield LogView(id=f"pod-{name}", empty="reading…", still=name == "describe")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#pod-describe", LogView).look.times = False
        self.query_one("#pod-events", Table).model.down = True
        self._poll()
        self.set_interval(0.1, self._poll)
        self.action_view(self.view)

    async def on_unmount(self) -> None:
        if self._lines is not None:
            await self._lines.stop()

    # Views ---------------------------------------------------------------------------------------

    def action_view(self, name: str) -> None:
        self.view = name
        self.query_one("#pod-views", ContentSwitcher).current = f"pod-{name}"
        marks = [(f" {title} ", "reverse" if name == key else "$muted") for key, title in VIEWS.items()]
        self.query_one("#pod-tabs", Static).update(Content.assemble(*marks))
        self._main.focus()
        if name not in self._read:
            self._read.add(name)
            if name == "logs":
                self._follow()
            elif name != "events":
                self._ask(name)

    @on(events.Click, "#pod-tabs")
    def _tab_clicked(self, event: events.Click) -> None:
        at = 0
        for name, title in VIEWS.items():
            at += len(title) + 2
            if event.x < at:
                self.action_view(name)
                return

    def action_again(self) -> None:
        """Asks again for what does not come by itself."""
        if self.view in ("describe", "previous"):
            self._ask(self.view)

    @property
    def _main(self) -> Widget:
        return self.query_one(f"#pod-{self.view}")

    @work(group="ask", exclusive=False)
    async def _ask(self, name: str) -> None:
        view = self.query_one(f"#pod-{name}", LogView)
        try:
            if name == "describe":
                lines: Sequence[LogLine] = _lines((await self._watch.describe(self.pod)).split("\n"))
            else:
                lines = await self._watch.pod_logs(self.pod, previous=True, tail=2000)
        except WizardError as problem:
            lines = _lines(
                [part for each in problem.findings for part in (each.summary, each.detail, each.hint) if part],
                LogSeverity.WARNING,
            )
        view.clear()
        view.empty = "no container of it has ended yet" if name == "previous" else "nothing"
        view.feed(lines)

    @work(group="logs", exclusive=True)
    async def _follow(self) -> None:
        feed = self._watch.logs(LogSelection(pods=((self.pod.namespace, self.pod.name),), tail=500, source="pods"))
        await feed.start()
        self._lines = feed

    def _poll(self) -> None:
        if self._lines is not None:
            view = self.query_one("#pod-logs", LogView)
            state = self._lines.state
            empty = "nothing said yet" if state.live else clean(state.finding.summary) if state.finding else "reading…"
            if view.empty != empty:
                view.empty = empty
                view.refresh()
            view.feed(self._lines.take())
        version = self._watch.events.version
        if version != self._events_version:
            self._events_version = version
            table: Table[EventRow] = self.query_one("#pod-events", Table)
            mine = f"pod/{self.pod.name}"
            table.empty = "no events of the last hour"
            table.set_rows(
                row for row in self._watch.events.rows() if row.object == mine and row.namespace == self.pod.namespace
            )
        self._say_state()

    def _say_state(self) -> None:
        row = self._watch.pods.get(self.pod.key)
        if row is not None:
            self.pod = row
        pod = self.pod
        parts = [("gone", "bold $text-error")] if row is None else [(clean(pod.status, 60), _TONES[tone(pod)])]
        facts = [f"ready {pod.ready}", f"{pod.restarts} restarts", f"{age(pod.created)} old", pod.node, pod.tenant]
        parts.append(("  " + "  ".join(clean(fact, 80) for fact in facts if fact), "$muted"))
        words = Content.assemble(*parts)
        if words != getattr(self, "_said", None):
            self._said = words
            self.query_one("#pod-state", Static).update(words)

    # Doing ---------------------------------------------------------------------------------------

    @work(group="doing", exclusive=True)
    async def action_delete(self) -> None:
        if await doing.delete(self.app, self._watch, self.pod):
            self.dismiss(None)

    def action_back(self) -> None:
        self.dismiss(None)


def _lines(texts: Sequence[str], severity: LogSeverity = LogSeverity.UNKNOWN) -> list[LogLine]:
    return [LogLine(None, "", "", "", text, severity) for text in texts]
