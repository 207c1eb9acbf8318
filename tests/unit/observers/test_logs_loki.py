"""Logs of Loki: read to the end, late lines too, and from the pods where it does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.observers.cluster import Cluster, FakeClock, RealClock, broken, busy, until
from tests.unit.observers.log_shapes import POD, T0, described, feed_of, stamp
from wizard.domain.finding import WizardError
from wizard.domain.live import LogSelection
from wizard.observers import log_loki
from wizard.observers.log_loki import Tail, entries, logql
from wizard.observers.services import Program, ServiceAt

# Loki.

LOKI = "/api/v1/namespaces/monitoring/services/loki:3100/proxy/loki/api/v1/query_range"
AT = ServiceAt(Program.LOKI, "monitoring", "loki", 3100)


class Loki:
    """Entries (nanoseconds, text) of one stream; `query_range` with its limits."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str]] = []
        self.problems: list[WizardError] = []
        self.asked = 0

    def __call__(self, query: Mapping[str, str]) -> Any:
        self.asked += 1
        if self.problems:
            return self.problems.pop(0)
        assert "start" in query or query["since"] == "6h"
        start, end, limit = int(query.get("start", 0)), int(query.get("end", 1 << 62)), int(query["limit"])
        found = sorted(each for each in self.entries if start <= each[0] < end)
        found = found[-limit:][::-1] if query["direction"] == "backward" else found[:limit]
        values = [[str(when), text] for when, text in found]
        stream = {"namespace": "chat", "pod": "web-0", "container": "web"}
        return {"status": "success", "data": {"result": [{"stream": stream, "values": values}] if values else []}}


NANOS = 10**9


async def turned(loki: Loki, clock: FakeClock, target: float, task: asyncio.Task[None]) -> None:
    asked = loki.asked
    await until(lambda: task.done() or (loki.asked > asked and clock.now() >= target))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8)), max_size=60, unique=True),
    st.integers(3, 9),
    st.lists(st.integers(1, 30), max_size=4),
)
def test_loki_is_read_to_the_end(raw: list[tuple[int, int]], limit: int, outages: list[int]) -> None:
    """Written in time, or up to eight seconds late; at most two lines of one instant."""

    async def main() -> None:
        loki, cluster, clock = Loki(), Cluster(), FakeClock()
        cluster.documents[LOKI] = loki
        got: list[str] = []
        begin = clock.now()
        tail = Tail(
            cluster, clock, AT, "{}", frozenset(), lambda lines: got.extend(line.text for line in lines),
            lambda: None, lambda finding: None,
        )  # fmt: skip
        task = asyncio.create_task(tail.run(begin, None, 0))
        written: list[str] = []
        for second in range(52):
            for number, (at, late) in enumerate(raw):
                if at + late == second:
                    text = f"{number}"
                    loki.entries.append((int((begin + at) * NANOS), text))
                    written.append(text)
            if second in outages:
                loki.problems.append(busy())
            await turned(loki, clock, begin + second + 1, task)
            assert not task.done()
        await until(lambda: len(got) >= len(written))
        task.cancel()
        assert sorted(got) == sorted(written)

    original = log_loki._LIMIT
    log_loki._LIMIT = limit + 60  # more than of any instant
    try:
        asyncio.run(main())
    finally:
        log_loki._LIMIT = original


def test_pages_of_a_look_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(log_loki, "_LIMIT", 10)
        loki, cluster, clock, got = Loki(), Cluster(), FakeClock(), list[str]()
        loki.entries = [(int(clock.now() * NANOS) + number // 3 * 1000, str(number)) for number in range(95)]
        cluster.documents[LOKI] = loki
        tail = Tail(
            cluster, clock, AT, "{}", frozenset(), lambda lines: got.extend(line.text for line in lines),
            lambda: None, lambda finding: None,
        )  # fmt: skip
        await asyncio.wait_for(tail.run(clock.now(), clock.now() + 60, 0), 5)
        assert sorted(map(int, got)) == list(range(95)) and len(got) == 95

    asyncio.run(main())


def test_more_lines_of_one_instant_than_loki_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(log_loki, "_LIMIT", 10)
        loki, cluster, clock, got = Loki(), Cluster(), FakeClock(), list[str]()
        loki.entries = [(int(clock.now() * NANOS), str(number)) for number in range(30)]
        loki.entries.append((int(clock.now() * NANOS) + NANOS, "after"))
        cluster.documents[LOKI] = loki
        tail = Tail(
            cluster, clock, AT, "{}", frozenset(), lambda lines: got.extend(line.text for line in lines),
            lambda: None, lambda finding: None,
        )  # fmt: skip
        await asyncio.wait_for(tail.run(clock.now(), clock.now() + 60, 0), 5)
        assert got[-1] == "after" and any("lines of one instant" in text for text in got)

    asyncio.run(main())


def loki_service() -> dict[str, Any]:
    meta = {"name": "loki", "namespace": "monitoring", "labels": {"app.kubernetes.io/name": "loki"}}
    return {"metadata": meta, "spec": {"ports": [{"port": 9095}, {"port": 3100, "name": "http"}]}}


def test_a_feed_reads_loki_where_there_is_one() -> None:
    async def main() -> None:
        loki, cluster, clock = Loki(), Cluster(), RealClock()
        cluster.put("services", loki_service())
        loki.entries = [(int((clock.now() - 20) * NANOS) + number, str(number)) for number in range(5)]
        cluster.documents[LOKI] = loki
        feed = feed_of(cluster, LogSelection(pods=(("chat", "web-0"),), tail=3), clock=clock)
        await feed.start()
        await until(lambda: feed.waiting == 3)
        loki.entries.append((int(clock.now() * NANOS), "new"))
        await until(lambda: feed.waiting == 4)
        assert [line.text for line in feed.take()] == ["2", "3", "4", "new"]
        assert feed.source == "Loki monitoring/loki" and feed.state.live
        loki.problems = [broken()]
        await until(lambda: not feed.state.live)
        loki.entries.append((int(clock.now() * NANOS), "later"))
        await until(lambda: feed.waiting == 1)
        assert feed.state.live
        await feed.stop()

    asyncio.run(main())


def test_a_loki_that_does_not_answer_is_passed_over() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.put("services", loki_service())
        cluster.documents[LOKI] = lambda query: busy()
        cluster.documents[POD] = described()
        cluster.streams[POD + "/log"] = lambda query: [[f"{stamp(T0)} from the pod".encode()]]
        feed = feed_of(cluster, LogSelection(pods=(("chat", "web-0"),)))
        await feed.start()
        await until(lambda: feed.waiting)
        assert feed.source == "pods" and feed.state.live
        assert feed.state.finding is not None and feed.state.finding.code == "loki-silent"
        await feed.stop()

    asyncio.run(main())


def test_logql_without_loki_is_not_available() -> None:
    async def main() -> None:
        feed = feed_of(Cluster(), LogSelection(query='{app="x"}'))
        await feed.start()
        await until(lambda: feed.state.unavailable)
        assert feed.state.finding is not None and feed.state.finding.code == "no-loki"
        await feed.stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("selection", "query"),
    [
        (LogSelection(query='{app="x"} |= "y"'), '{app="x"} |= "y"'),
        (LogSelection(), '{namespace=~"chat|chat-.*"}'),
        (LogSelection(pods=(("chat", "b"), ("chat", "a"))), '{namespace=~"chat",pod=~"a|b"}'),
        (LogSelection(pods=(("chat", 'a",x="'),)), '{namespace=~"chat|chat-.*"}'),
        (
            LogSelection(container="web", query='Say "it"'),
            '{namespace=~"chat|chat-.*",container="web"} |= "Say \\"it\\""',
        ),
        (LogSelection(query="a.b"), '{namespace=~"chat|chat-.*"} |~ "(?i)a\\\\.b"'),
    ],
)
def test_the_query_of_a_selection(selection: LogSelection, query: str) -> None:
    assert logql(selection, ["chat", "chat-.*"]) == query


def test_what_is_no_answer_of_loki() -> None:
    assert entries(None) == [] and entries({"data": {"result": None}}) == []
