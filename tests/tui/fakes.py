"""A scripted cluster for the panes: real feeds with rows that a test puts in, and services that remember.

`FakeWatch.sample()` looks like a platform on an afternoon; `hostile()` like one whose users mean harm.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tests.tui.sample import NOW, alert_rows, event_rows, log_lines, model_rows, node_rows, pod_rows
from wizard.domain.finding import Finding, WizardError, error
from wizard.domain.live import (
    AlertRow,
    EventRow,
    FeedState,
    LogLine,
    LogSelection,
    LogSeverity,
    ModelRow,
    NodeRow,
    PodRow,
    SilenceRow,
)
from wizard.domain.profile import Profile
from wizard.domain.profile.parse import parse_profile
from wizard.observers.feed import Feed, Row

T = TypeVar("T", bound=Row)
PROFILE = """
name: chat
target: {kind: sandbox}
tenants: [{name: acme}, {name: globex}, {name: initech, tier: standard}]
"""


class StillClock:
    """Stands at NOW; sleeps as long as asked."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class FakeFeed(Feed[T]):
    """A feed that a test feeds."""

    name = "fake"

    def __init__(self, rows: Iterable[T] = (), *, live: bool = True) -> None:
        super().__init__(StillClock())
        self.put(rows)
        if live:
            self.back()

    def put(self, rows: Iterable[T], removed: Iterable[Hashable] = ()) -> None:
        self._apply(rows, removed)

    def cut(self, why: str = "connection refused", *, missing: bool = False) -> None:
        """The connection drops."""
        self._blind(error("feed-failed", why, hint="look at the server"), unavailable=missing)

    def back(self, finding: Finding | None = None) -> None:
        self._live(finding)

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return


class FakeAlerts(FakeFeed[AlertRow]):
    """What is silenced is silenced at once, and remembered with who and why."""

    def __init__(self, rows: Iterable[AlertRow] = (), silences: Sequence[SilenceRow] = ()) -> None:
        super().__init__(rows)
        self.silences: Sequence[SilenceRow] = list(silences)
        self.refuse: WizardError | None = None

    async def silence(self, alert: AlertRow, who: str, why: str, seconds: float) -> str:
        if self.refuse:
            raise self.refuse
        name = f"silence-{len(self.silences)}"
        self.silences = [*self.silences, SilenceRow(name, (f'alertname="{alert.name}"',), who, why, NOW + seconds)]
        self.put([replace(alert, silenced_by=(*alert.silenced_by, name), state="suppressed")])
        return name

    async def expire(self, silence: str) -> None:
        self.silences = [each for each in self.silences if each.id != silence]
        self.put([replace(row, silenced_by=(), state="active") for row in self.rows() if silence in row.silenced_by])
        self._version += 1


class FakeLines:
    """A log that a test speaks into; as bounded as the real one."""

    def __init__(self, selection: LogSelection, capacity: int = 20_000) -> None:
        self.selection, self.capacity = selection, capacity
        self.source = "pods"
        self.state = FeedState(live=True, since=NOW)
        self.dropped = 0
        self.stopped = False
        self._waiting: deque[LogLine] = deque()

    def say(self, lines: Iterable[LogLine]) -> None:
        self._waiting.extend(lines)
        while len(self._waiting) > self.capacity:
            self._waiting.popleft()
            self.dropped += 1

    def take(self, limit: int = 5000) -> list[LogLine]:
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        self.stopped = True


class FakeWatch:
    """As `wizard.observers.watch.Watch`."""

    def __init__(self, pods: Iterable[PodRow] = (), *, live: bool = True) -> None:
        self.pods: FakeFeed[PodRow] = FakeFeed(pods, live=live)
        self.nodes: FakeFeed[NodeRow] = FakeFeed(live=live)
        self.events: FakeFeed[EventRow] = FakeFeed(live=live)
        self.models: FakeFeed[ModelRow] = FakeFeed(live=live)
        self.alerts = FakeAlerts()
        self.opened: list[FakeLines] = []
        self.said: list[LogLine] = []
        """What every new log begins with."""
        self.deleted: list[str] = []
        self.started = self.stopped = 0
        self.refuse: WizardError | None = None

    def now(self) -> float:
        return NOW

    @classmethod
    def sample(cls, pods: int = 24) -> FakeWatch:
        watch = cls(pod_rows(pods))
        watch.nodes.put(node_rows())
        watch.events.put(event_rows())
        watch.models.put(model_rows())
        watch.alerts.put(alert_rows())
        watch.alerts.silences = [
            SilenceRow("s1", ('alertname="DiskFilling"',), "kim@ops", "disk is ordered", NOW + 7e3)
        ]
        watch.said = log_lines(300)
        return watch

    @classmethod
    def hostile(cls, words: Sequence[str]) -> FakeWatch:
        watch = cls()
        for at, text in enumerate(words):
            pod = pod_rows(1)[0]
            watch.pods.put([replace(pod, uid=f"h{at}", name=text, status=text, tenant=text, node=text, tier=text)])
            watch.nodes.put([replace(node_rows()[0], name=f"{text}{at}", status=text, conditions=(text,))])
            watch.events.put([EventRow(f"h{at}", text, NOW, text, text, text, text, at)])
            labels = (("alertname", text), (text, text))
            watch.alerts.put([AlertRow(f"h{at}", text, text, "active", NOW, text, text, text, labels)])
            watch.models.put([ModelRow(f"{text}{at}", 1, text, text, True, 1, 1, None, text, text)])
            watch.said.append(LogLine(NOW, text, text, text, text, LogSeverity.ERROR))
        return watch

    @property
    def feeds(self) -> list[FakeFeed[Any]]:
        return [self.pods, self.nodes, self.events, self.alerts, self.models]

    def cut(self, why: str = "connection refused") -> None:
        for feed in self.feeds:
            feed.cut(why)
        for lines in self.opened:
            lines.state = FeedState(False, NOW, error("feed-failed", why))

    def back(self) -> None:
        for feed in self.feeds:
            feed.back()
        for lines in self.opened:
            lines.state = FeedState(True, NOW)

    def logs(self, selection: LogSelection) -> FakeLines:
        lines = FakeLines(selection)
        wanted = {pod for _, pod in selection.pods}
        lines.say(line for line in self.said if not wanted or line.pod in wanted)
        self.opened.append(lines)
        return lines

    async def start(self) -> None:
        if self.refuse:
            raise self.refuse
        self.started += 1

    async def stop(self) -> None:
        self.stopped += 1

    async def describe(self, pod: PodRow) -> str:
        if self.refuse:
            raise self.refuse
        return f"Name:         {pod.name}\nNamespace:    {pod.namespace}\nStatus:       {pod.status}\n" + "\n".join(
            f"Line {n}" for n in range(60)
        )

    async def pod_logs(self, pod: PodRow, *, previous: bool = False, tail: int = 500) -> list[LogLine]:
        if self.refuse:
            raise self.refuse
        return [LogLine(NOW, pod.namespace, pod.name, "main", "its last words", LogSeverity.ERROR)] if previous else []

    async def delete_pod(self, pod: PodRow) -> None:
        if self.refuse:
            raise self.refuse
        self.deleted.append(pod.name)
        self.pods.put((), [pod.key])


class FakeServices:
    """As `wizard.ui.services.Services`, as far as the dashboard asks for it."""

    def __init__(self, watch: FakeWatch) -> None:
        self.live = watch
        self.kept: dict[str, Any] = {}
        self.told: list[str] = []
        self.refuse: WizardError | None = None

    def watch(self, profile: Profile) -> FakeWatch:
        if self.refuse:
            raise self.refuse
        return self.live

    def scenarios(self) -> Sequence[tuple[str, str, str]]:
        return [("crash-loop", "A crash loop", "a container ends as soon as it starts"),
                ("full-disk", "A full disk", "the database cannot write")]  # fmt: skip

    def tell_sandbox(self, profile: Profile, path: str) -> None:
        self.told.append(path)

    def remember(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def recall(self, key: str) -> Any:
        return self.kept.get(key)


def profile() -> Profile:
    return parse_profile(PROFILE, file="chat.yaml")
