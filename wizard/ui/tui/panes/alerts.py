"""Alerts with what they mean; silences, and how long they last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from wizard.domain.live import AlertRow, FeedState, SilenceRow
from wizard.ui.tui.panes.pane import Pane
from wizard.ui.tui.panes.source import Alerts
from wizard.ui.tui.panes.words import age, now, span
from wizard.ui.tui.widgets.grid.columns import Column, Group
from wizard.ui.tui.widgets.table import Table

_RANK = {"critical": 0, "error": 1, "warning": 2, "info": 3}


@dataclass(frozen=True, slots=True)
class Line:
    """An alert; or a silence that has none now."""

    alert: AlertRow | None
    silence: SilenceRow | None = None

    @property
    def key(self) -> str:
        return f"a {self.alert.key}" if self.alert else f"s {self.silence.id if self.silence else ''}"

    @property
    def silenced(self) -> bool:
        return self.alert is None or bool(self.alert.silenced_by)


def _severity(line: Line) -> str:
    return line.alert.severity if line.alert else "silence"


def _tone(line: Line) -> str:
    if line.alert is None or line.silenced:
        return "muted"
    return {0: "bad", 1: "bad", 2: "warn"}.get(_RANK.get(line.alert.severity, 4), "")


def _state(line: Line) -> str:
    if line.silence is not None:
        return f"silenced, {span(line.silence.until - now())} left"
    return "silenced" if line.silenced else line.alert.state if line.alert else ""


def _name(line: Line) -> str:
    return line.alert.name if line.alert else ", ".join(line.silence.matchers if line.silence else ())


def _words(line: Line) -> str:
    if line.alert is None or (line.silenced and line.silence):
        return f"{line.silence.by}: {line.silence.why}" if line.silence else ""
    return line.alert.summary or line.alert.description


COLUMNS = (
    Column[Line]("severity", "SEVERITY", _severity, 8, most=10, tone=_tone,
                 sort=lambda r: (r.silenced, _RANK.get(_severity(r), 4), -(r.alert.since if r.alert else 0))),
    Column[Line]("name", "ALERT", _name, 18, most=40, tone=_tone),
    Column[Line]("since", "SINCE", lambda r: age(r.alert.since if r.alert else None), 6, right=True, search=False,
                 sort=lambda r: -r.alert.since if r.alert else None, priority=1),
    Column[Line]("state", "STATE", _state, 9, most=24, priority=3, tone=lambda r: "muted" if r.silenced else ""),
    Column[Line]("words", "WHAT IT MEANS", _words, 24, most=200, priority=2),
)  # fmt: skip
GROUPS = (
    Group[Line]("severity", "severity", _severity),
    Group[Line]("name", "alert", _name),
    Group[Line]("namespace", "namespace", lambda r: dict(r.alert.labels).get("namespace", "") if r.alert else ""),
)


class AlertsPane(Pane):
    """What fires. Enter says what an alert means and what to do."""

    NAME, TITLE = "alerts", "Alerts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "want('silence')", "Mute", tooltip="Silence it: for how long, and why"),
        Binding("x", "want('expire')", "End silence", show=False, tooltip="Expire the silences of this alert"),
    ]

    class Wanted(Message):
        """The operator wants to see (`explain`), `silence` or `expire` one."""

        def __init__(self, what: str, line: Line) -> None:
            super().__init__()
            self.what, self.line = what, line

    def __init__(self, feed: Alerts) -> None:
        super().__init__(id="pane-alerts")
        self.feed = feed
        self.table: Table[Line] = Table(COLUMNS, GROUPS, id="table-alerts")
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
        firing = [row for row in self.feed.rows() if not row.silenced_by]
        if not firing:
            return ("none", "good") if self.feed.state.live else ("", "")
        worst = min(_RANK.get(row.severity, 4) for row in firing)
        return f"{len(firing):,} firing", "bad" if worst < 2 else "warn"

    @property
    def note(self) -> str:
        model = self.table.model
        silenced = sum(bool(row.silenced_by) for row in self.feed.rows())
        words = [f"{silenced:,} silenced"] if silenced else []
        words += [f"by {model.group.title}"] if model.group else []
        return ", ".join(words)

    @property
    def arrangement(self) -> dict[str, object]:
        return self.table.arrangement

    def restore(self, kept: object) -> None:
        self.table.restore(kept)

    def poll(self) -> None:
        if self.feed.version == self._version:
            return
        self._version = self.feed.version
        state = self.feed.state
        self.table.empty = f"{state.finding.summary}\n{state.finding.hint}" if state.finding else ""
        if state.live and not state.finding:
            self.table.empty = "nothing fires"
        self.table.set_rows(self._lines())
        self.entitle()

    def tick(self) -> None:
        self.table.tick()
        super().tick()

    def _lines(self) -> list[Line]:
        """Each alert with the silence that lasts longest; then silences of what does not fire now."""
        by_id = {silence.id: silence for silence in self.feed.silences}
        lines: list[Line] = []
        used: set[str] = set()
        for alert in self.feed.rows():
            silences = [by_id[each] for each in alert.silenced_by if each in by_id]
            used.update(silence.id for silence in silences)
            lines.append(Line(alert, max(silences, key=lambda each: each.until, default=None)))
        return lines + [Line(None, silence) for silence in self.feed.silences if silence.id not in used]

    def action_want(self, what: str) -> None:
        line = self.table.cursor_row
        if line is not None:
            self.post_message(self.Wanted(what, line))

    @on(Table.RowSelected)
    def _selected(self, event: Table.RowSelected) -> None:
        event.stop()
        self.action_want("explain")
