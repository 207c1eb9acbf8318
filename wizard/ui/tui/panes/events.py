"""Events of the cluster, newest first."""

from __future__ import annotations

from wizard.domain.live import EventRow
from wizard.observers.feed import Feed
from wizard.ui.tui.panes.pane import FeedPane
from wizard.ui.tui.panes.words import age, clock
from wizard.ui.tui.widgets.dialog import Details
from wizard.ui.tui.widgets.grid.columns import Column, Group


def _tone(row: EventRow) -> str:
    return "" if row.type == "Normal" else "warn"


COLUMNS = (
    Column[EventRow]("at", "LAST", lambda r: age(r.at), 6, sort=lambda r: r.at, right=True, search=False,
                     first_down=True, tone="muted"),
    Column[EventRow]("type", "TYPE", lambda r: r.type, 7, priority=4, tone=_tone),
    Column[EventRow]("reason", "REASON", lambda r: r.reason, 12, most=22, priority=1, tone=_tone),
    Column[EventRow]("count", "×", lambda r: str(r.count), 4, priority=3, sort=lambda r: r.count, right=True,
                     search=False, first_down=True),
    Column[EventRow]("object", "OBJECT", lambda r: r.object, 16, most=40, middle=True, priority=2),
    Column[EventRow]("namespace", "NAMESPACE", lambda r: r.namespace, 10, most=24, priority=5, tone="muted"),
    Column[EventRow]("message", "MESSAGE", lambda r: r.message, 24, most=200),
)  # fmt: skip
GROUPS = (
    Group[EventRow]("object", "object", lambda r: f"{r.namespace} {r.object}"),
    Group[EventRow]("reason", "reason", lambda r: r.reason),
    Group[EventRow]("namespace", "namespace", lambda r: r.namespace),
)


class EventsPane(FeedPane[EventRow]):
    NAME, TITLE, NOTHING = "events", "Events", "no events: nothing has happened in the last hour"

    def __init__(self, feed: Feed[EventRow]) -> None:
        super().__init__(feed, COLUMNS, GROUPS)
        self.table.model.down = True

    def open(self, row: EventRow) -> None:
        pairs = (("When", clock(row.at)), ("Type", row.type), ("Reason", row.reason), ("Times", str(row.count)),
                 ("Namespace", row.namespace), ("Message", row.message))  # fmt: skip
        self.app.push_screen(Details(row.object, pairs))

    @property
    def badge(self) -> tuple[str, str]:
        warnings = sum(row.type != "Normal" for row in self.feed.rows())
        return (f"{warnings} warnings", "warn") if warnings else super().badge
