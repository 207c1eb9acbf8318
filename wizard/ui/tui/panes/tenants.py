"""Tenants: those of the profile and those that pods belong to, each with the sum of its pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from wizard.domain.live import FeedState, PodRow
from wizard.observers.feed import Feed
from wizard.ui.tui.panes.pane import Pane
from wizard.ui.tui.panes.pods import tone, whole
from wizard.ui.tui.panes.words import amount, cores
from wizard.ui.tui.widgets.grid.columns import Column, Group
from wizard.ui.tui.widgets.table import Table

if TYPE_CHECKING:
    from wizard.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class TenantRow:
    """One tenant. `wanted`: the profile has it."""

    name: str
    tier: str
    host: str
    wanted: bool
    pods: int = 0
    ready: int = 0
    ill: int = 0
    restarts: int = 0
    cpu: int | None = None
    memory: int | None = None

    @property
    def key(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        if not self.wanted:
            return "not in the profile"
        if not self.pods:
            return "not deployed"
        if self.ill:
            return f"{self.ill} not well"
        return "ready" if self.ready == self.pods else "coming"


_TONES = {"ready": "good", "coming": "warn", "not deployed": "muted", "not in the profile": "muted"}

COLUMNS = (
    Column[TenantRow]("name", "TENANT", lambda r: r.name, 14, most=40),
    Column[TenantRow]("state", "STATE", lambda r: r.state, 12, most=20, tone=lambda r: _TONES.get(r.state, "bad")),
    Column[TenantRow]("tier", "TIER", lambda r: r.tier, 9, priority=2),
    Column[TenantRow]("pods", "PODS", lambda r: f"{r.ready}/{r.pods}", 6, sort=lambda r: r.pods, right=True,
                      search=False, first_down=True, priority=1),
    Column[TenantRow]("restarts", "RESTARTS", lambda r: str(r.restarts), 8, sort=lambda r: r.restarts, right=True,
                      search=False, first_down=True, priority=4, tone=lambda r: "warn" if r.restarts else "muted"),
    Column[TenantRow]("cpu", "CPU", lambda r: cores(r.cpu), 6, sort=lambda r: r.cpu, right=True, search=False,
                      first_down=True, priority=3),
    Column[TenantRow]("memory", "MEM", lambda r: amount(r.memory), 6, sort=lambda r: r.memory, right=True,
                      search=False, first_down=True, priority=3),
    Column[TenantRow]("host", "ADDRESS", lambda r: r.host, 16, most=60, priority=5, tone="muted"),
)  # fmt: skip
GROUPS = (
    Group[TenantRow]("tier", "tier", lambda r: r.tier),
    Group[TenantRow]("state", "state", lambda r: r.state),
)


class TenantsPane(Pane):
    """Reckoned from pods, at most once a second."""

    NAME, TITLE = "tenants", "Tenants"

    class Opened(Message):
        """The operator wants to see this tenant's pods."""

        def __init__(self, tenant: str) -> None:
            super().__init__()
            self.tenant = tenant

    def __init__(self, pods: Feed[PodRow], profile: Profile | None) -> None:
        super().__init__(id="pane-tenants")
        self.feed = pods
        self._wanted = _wanted(profile)
        self.table: Table[TenantRow] = Table(COLUMNS, GROUPS, id="table-tenants", empty="no tenants: one chat for all")
        self._version = -1
        self._rows: dict[str, TenantRow] = {}

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.tick()

    @property
    def main(self) -> Widget:
        return self.table

    @property
    def state(self) -> FeedState:
        return self.feed.state

    @property
    def badge(self) -> tuple[str, str]:
        ill = sum(bool(row.ill) for row in self._rows.values())
        if ill:
            return f"{ill:,} of {len(self._rows):,} not well", "bad"
        return (f"{len(self._rows):,}", "") if self._rows else ("", "")

    @property
    def arrangement(self) -> dict[str, object]:
        return self.table.arrangement

    def restore(self, kept: object) -> None:
        self.table.restore(kept)

    @on(Table.RowSelected)
    def _selected(self, event: Table.RowSelected) -> None:
        event.stop()
        self.post_message(self.Opened(str(event.key)))

    def tick(self) -> None:
        if self.feed.version != self._version:
            self._version = self.feed.version
            rows = summed(self.feed.rows(), self._wanted)
            changed = [row for row in rows.values() if self._rows.get(row.key) != row]
            gone = [key for key in self._rows if key not in rows]
            self._rows = rows
            if changed or gone:
                self.table.update(changed, gone)
        super().tick()


def summed(pods: Sequence[PodRow], wanted: Mapping[str, TenantRow]) -> dict[str, TenantRow]:
    """Each tenant with the sum of its pods."""
    by: dict[str, list[PodRow]] = {name: [] for name in wanted}
    for pod in pods:
        if pod.tenant:
            by.setdefault(pod.tenant, []).append(pod)
    rows = {}
    for name, own in by.items():
        known = wanted.get(name)
        live = [pod for pod in own if tone(pod) != "muted"]
        rows[name] = TenantRow(
            name,
            known.tier if known else next((pod.tier for pod in own if pod.tier), ""),
            known.host if known else "",
            known is not None or not wanted,
            len(live),
            sum(whole(pod) for pod in live),
            sum(tone(pod) == "bad" for pod in live),
            sum(pod.restarts for pod in own),
            _sum([pod.cpu for pod in own]),
            _sum([pod.memory for pod in own]),
        )
    return rows


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _wanted(profile: Profile | None) -> dict[str, TenantRow]:
    if profile is None:
        return {}
    return {
        tenant.name: TenantRow(tenant.name, tenant.tier, profile.tenant_host(tenant) or "", wanted=True)
        for tenant in profile.tenants
    }
