"""Pods: how they are, whose they are, what they use; and what can be done about one."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from wizard.domain.live import PodRow
from wizard.observers.feed import Feed
from wizard.ui.tui.panes.pane import FeedPane
from wizard.ui.tui.panes.words import age, amount, cores, full, negative, percent, share
from wizard.ui.tui.widgets.grid.columns import Column, Group

_OVER = frozenset({"Completed", "Succeeded", "Terminating"})
_COMING = ("Pending", "ContainerCreating", "PodInitializing", "Init:", "SchedulingGated")


def whole(row: PodRow) -> bool:
    """Whether all its containers are ready."""
    ready, _, wanted = row.ready.partition("/")
    return ready == wanted


def tone(row: PodRow) -> str:
    """Good news is quiet: only what needs a look has a colour."""
    if row.status in _OVER:
        return "muted"
    if row.status == "Running":
        return "" if whole(row) else "warn"
    if row.status.startswith(_COMING) and "Error" not in row.status and "BackOff" not in row.status:
        return "warn"
    return "bad"


def _ready(row: PodRow) -> str:
    return "" if whole(row) else "muted" if row.status in _OVER else "warn"


_RANKS = {"bad": 0, "warn": 1, "": 2, "muted": 3}


def trouble(row: PodRow) -> tuple[int, str, str]:
    """To sort by: what needs a look first, then by name."""
    rank = _RANKS[tone(row)]
    return rank, "" if rank == 2 else row.status, row.name


COLUMNS = (
    Column[PodRow]("name", "POD", lambda r: r.name, 20, most=60, middle=True),
    Column[PodRow]("ready", "READY", lambda r: r.ready, 6, priority=3, tone=_ready,
                   search=False),
    Column[PodRow]("status", "STATUS", lambda r: r.status, 17, most=26, tone=tone, sort=trouble),
    Column[PodRow]("restarts", "RESTARTS", lambda r: str(r.restarts), 8, priority=2, sort=lambda r: r.restarts,
                   right=True, search=False, first_down=True, tone=lambda r: "warn" if r.restarts else "muted"),
    Column[PodRow]("age", "AGE", lambda r: age(r.created), 6, priority=1, sort=lambda r: negative(r.created),
                   right=True, search=False),
    Column[PodRow]("tenant", "TENANT", lambda r: r.tenant, 10, most=24, priority=4),
    Column[PodRow]("tier", "TIER", lambda r: r.tier, 8, most=12, priority=6),
    Column[PodRow]("cpu", "CPU", lambda r: cores(r.cpu), 5, priority=5, sort=lambda r: r.cpu, right=True,
                   search=False, first_down=True),
    Column[PodRow]("cpu/r", "%REQ", lambda r: percent(share(r.cpu, r.cpu_request)), 5, priority=11, right=True,
                   sort=lambda r: share(r.cpu, r.cpu_request), search=False, first_down=True, tone="muted"),
    Column[PodRow]("cpu/l", "%LIM", lambda r: percent(share(r.cpu, r.cpu_limit)), 5, priority=8, right=True,
                   sort=lambda r: share(r.cpu, r.cpu_limit), search=False, first_down=True,
                   tone=lambda r: full(share(r.cpu, r.cpu_limit), 80, 1000)),
    Column[PodRow]("memory", "MEM", lambda r: amount(r.memory), 5, priority=5, sort=lambda r: r.memory, right=True,
                   search=False, first_down=True),
    Column[PodRow]("memory/r", "%REQ", lambda r: percent(share(r.memory, r.memory_request)), 5, priority=11,
                   sort=lambda r: share(r.memory, r.memory_request), right=True, search=False, first_down=True,
                   tone="muted"),
    Column[PodRow]("memory/l", "%LIM", lambda r: percent(share(r.memory, r.memory_limit)), 5, priority=7,
                   sort=lambda r: share(r.memory, r.memory_limit), right=True, search=False, first_down=True,
                   tone=lambda r: full(share(r.memory, r.memory_limit))),
    Column[PodRow]("node", "NODE", lambda r: r.node, 12, most=44, middle=True, priority=9, tone="muted"),
    Column[PodRow]("namespace", "NAMESPACE", lambda r: r.namespace, 10, most=30, priority=10, tone="muted"),
    Column[PodRow]("component", "COMPONENT", lambda r: r.component, 10, most=20, priority=12, tone="muted"),
    Column[PodRow]("ip", "IP", lambda r: r.ip, 11, most=39, priority=13, tone="muted"),
)  # fmt: skip
GROUPS = (
    Group[PodRow]("tenant", "tenant", lambda r: r.tenant or "(platform)"),
    Group[PodRow]("tier", "tier", lambda r: r.tier),
    Group[PodRow]("namespace", "namespace", lambda r: r.namespace),
    Group[PodRow]("node", "node", lambda r: r.node),
    Group[PodRow]("status", "status", lambda r: r.status),
)


class PodsPane(FeedPane[PodRow]):
    """Pods of the platform. What is done about one is the dashboard's: it is asked by `Wanted`."""

    NAME, TITLE, NOTHING = "pods", "Pods", "no pods"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "want('describe')", "Describe", show=False),
        Binding("l", "want('logs')", "Logs", tooltip="Of the marked pods, or of this one, in the logs pane"),
        Binding("p", "want('previous')", "Previous logs", show=False, tooltip="Of the container that ended last"),
        Binding("e", "want('events')", "Events", show=False),
        Binding("x", "want('delete')", "Delete", show=False, tooltip="Asks first; what owns the pod makes a new one"),
    ]

    class Wanted(Message):
        """The operator wants to see or do something about pods; only `logs` takes more than one."""

        def __init__(self, what: str, pods: list[PodRow]) -> None:
            super().__init__()
            self.what, self.pods = what, pods

    def __init__(self, feed: Feed[PodRow]) -> None:
        super().__init__(feed, COLUMNS, GROUPS)
        self.table.model.sort = "status"
        self._ill = 0

    @property
    def badge(self) -> tuple[str, str]:
        return (f"{self._ill:,} of {len(self.feed):,} not well", "bad") if self._ill else super().badge

    def count(self) -> None:
        """Counts those that are not well; once a second, for it looks at all of them."""
        self._ill = sum(tone(row) == "bad" for row in self.feed.rows())

    def on_mount(self) -> None:
        self.count()
        super().on_mount()

    def action_want(self, what: str) -> None:
        row = self.table.cursor_row
        pods = self.table.marked if what == "logs" else [row] if row is not None else []
        if pods:
            self.post_message(self.Wanted(what, pods))

    def open(self, row: PodRow) -> None:
        self.post_message(self.Wanted("describe", [row]))
