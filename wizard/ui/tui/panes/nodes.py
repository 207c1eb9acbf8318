"""Nodes: ready or not, how full, and what is wrong with them."""

from __future__ import annotations

from wizard.domain.live import NodeRow
from wizard.observers.feed import Feed
from wizard.ui.tui.panes.pane import FeedPane
from wizard.ui.tui.panes.words import age, amount, cores, full, negative, percent, share
from wizard.ui.tui.widgets.grid.columns import Column, Group


def _state(row: NodeRow) -> str:
    if not row.status.startswith("Ready"):
        return "bad"
    return "warn" if row.conditions or "," in row.status else "good"


COLUMNS = (
    Column[NodeRow]("name", "NODE", lambda r: r.name, 20, most=44, middle=True),
    Column[NodeRow]("status", "STATUS", lambda r: r.status, 8, most=26, tone=_state),
    Column[NodeRow]("tier", "TIER", lambda r: r.tier, 8, most=14, priority=3),
    Column[NodeRow]("pods", "PODS", lambda r: "-" if r.pods is None else str(r.pods), 5, priority=2,
                    sort=lambda r: r.pods, right=True, search=False, first_down=True),
    Column[NodeRow]("cpu", "CPU", lambda r: cores(r.cpu), 5, priority=4, sort=lambda r: r.cpu, right=True,
                    search=False, first_down=True),
    Column[NodeRow]("cpu%", "OF", lambda r: f"{cores(r.cpu_capacity)}", 5, priority=6, sort=lambda r: r.cpu_capacity,
                    right=True, search=False, tone="muted"),
    Column[NodeRow]("cpu_share", "%", lambda r: percent(share(r.cpu, r.cpu_capacity)), 4, priority=1,
                    sort=lambda r: share(r.cpu, r.cpu_capacity), right=True, search=False, first_down=True,
                    tone=lambda r: full(share(r.cpu, r.cpu_capacity))),
    Column[NodeRow]("memory", "MEM", lambda r: amount(r.memory), 5, priority=4, sort=lambda r: r.memory, right=True,
                    search=False, first_down=True),
    Column[NodeRow]("memory_capacity", "OF", lambda r: amount(r.memory_capacity), 5, priority=6,
                    sort=lambda r: r.memory_capacity, right=True, search=False, tone="muted"),
    Column[NodeRow]("memory_share", "%", lambda r: percent(share(r.memory, r.memory_capacity)), 4, priority=1,
                    sort=lambda r: share(r.memory, r.memory_capacity), right=True, search=False, first_down=True,
                    tone=lambda r: full(share(r.memory, r.memory_capacity))),
    Column[NodeRow]("age", "AGE", lambda r: age(r.created), 6, priority=5, sort=lambda r: negative(r.created),
                    right=True, search=False),
    Column[NodeRow]("version", "VERSION", lambda r: r.version, 10, most=18, priority=8),
    Column[NodeRow]("roles", "ROLES", lambda r: r.roles, 8, most=24, priority=9),
    Column[NodeRow]("conditions", "TROUBLE", lambda r: "; ".join(r.conditions), 10, most=80, priority=7, tone="warn"),
)  # fmt: skip
GROUPS = (Group[NodeRow]("tier", "tier", lambda r: r.tier), Group[NodeRow]("status", "status", lambda r: r.status))


class NodesPane(FeedPane[NodeRow]):
    NAME, TITLE, NOTHING = "nodes", "Nodes", "no nodes"

    def __init__(self, feed: Feed[NodeRow]) -> None:
        super().__init__(feed, COLUMNS, GROUPS)

    @property
    def badge(self) -> tuple[str, str]:
        rows = self.feed.rows()
        bad = sum(not row.status.startswith("Ready") for row in rows)
        return (f"{bad} of {len(rows)} not ready", "bad") if bad else super().badge
