"""Logs: nothing twice, nothing missing, whatever breaks; bounded, with a count of what did not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.observers.cluster import DESIRED, Cluster, FakeClock, RealClock, broken, busy, invalid, until
from wizard.domain.finding import WizardError
from wizard.domain.live import LogLine, LogSelection, LogSeverity
from wizard.domain.text import LINE_LIMIT
from wizard.observers import log_loki
from wizard.observers.amounts import epoch, rfc3339
from wizard.observers.log_lines import RAW_LIMIT, line_of, severity, stamped, wants
from wizard.observers.log_loki import Tail, entries, logql
from wizard.observers.log_pods import Follower
from wizard.observers.logs import LogFeed
from wizard.observers.pods import PodFeed
from wizard.observers.scope import Scope
from wizard.observers.services import Program, ServiceAt, Services

POD = "/api/v1/namespaces/chat/pods/web-0"
T0 = epoch("2026-11-23T10:00:00Z") or 0.0


def feed_of(cluster: Cluster, selection: LogSelection, capacity: int = 20_000, clock: Any = None) -> LogFeed:
    clock = clock or FakeClock()
    scope = Scope(cluster, DESIRED)
    pods = PodFeed(cluster, clock, scope)
    services = Services(cluster, clock, scope)
    return LogFeed(cluster, clock, scope, services, pods, selection, capacity=capacity)


def described(restarts: int = 0, phase: str = "Running", uid: str = "u1") -> dict[str, Any]:
    return {
        "metadata": {"uid": uid, "name": "web-0", "namespace": "chat"},
        "spec": {"containers": [{"name": "web"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "web", "restartCount": restarts}]},
    }


def stamp(when: float, nanos: int = 0) -> str:
    return rfc3339(when)[:-1] + f".{nanos:09d}Z"


class Kubelet:
    """One container's log, with timestamps; a stream breaks off after so many lines."""

    def __init__(self, lines: Sequence[tuple[str, str]], breaks: Sequence[int]) -> None:
        self.lines, self.breaks = lines, list(breaks)
        self.asked: list[Mapping[str, str]] = []

    def stream(self, query: Mapping[str, str]) -> list[list[bytes] | WizardError]:
        self.asked.append(dict(query))
        since = query.get("sinceTime", "")
        found = [f"{at} {text}".encode() for at, text in self.lines if at[:19] + "Z" >= since]
        if "tailLines" in query:
            found = found[-int(query["tailLines"]) :] if int(query["tailLines"]) else []
        cut = self.breaks.pop(0) if self.breaks else len(found)
        batches: list[list[bytes] | WizardError] = [[each] for each in found[:cut]]
        return [*batches, broken()] if cut < len(found) else batches


def follower(cluster: Cluster, got: list[str], **more: Any) -> Follower:
    def emit(lines: Sequence[LogLine]) -> None:
        got.extend(line.text for line in lines)

    return Follower(cluster, FakeClock(), "chat", "web-0", "web", emit, lambda name, finding: None, **more)


LINES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["a", "b", ""])), max_size=30)


@settings(max_examples=200, deadline=None)
@given(LINES, st.lists(st.integers(0, 30), max_size=8))
def test_streams_that_break_off_lose_and_repeat_nothing(raw: list[tuple[int, int, str]], breaks: list[int]) -> None:
    """Equal lines at equal times are told apart by their number."""
    ordered = sorted(raw, key=lambda each: each[:2])
    lines = [(stamp(T0 + second, nanos * 1000), text) for second, nanos, text in ordered]

    async def main() -> None:
        kubelet, got = Kubelet(lines, breaks), list[str]()
        cluster = Cluster()
        cluster.streams[POD + "/log"] = kubelet.stream
        cluster.documents[POD] = described(phase="Succeeded")
        await asyncio.wait_for(follower(cluster, got, tail=-1).run(), 5)
        assert got == [text for _, text in lines]

    asyncio.run(main())


def test_what_a_container_said_last_is_read_after_its_restart() -> None:
    async def main() -> None:
        first = [(stamp(T0, number), f"one {number}") for number in range(6)]
        second = [(stamp(T0 + 5, number), f"two {number}") for number in range(3)]
        cluster, got = Cluster(), list[str]()
        state = {"restarts": 0}

        def stream(query: Mapping[str, str]) -> list[list[bytes] | WizardError]:
            if state["restarts"] == 0:
                state["restarts"] = 3
                return [[f"{at} {text}".encode() for at, text in first[:4]], broken()]
            return [[f"{at} {text}".encode() for at, text in second]]

        cluster.streams[POD + "/log"] = stream
        cluster.texts[POD + "/log"] = lambda query: [f"{at} {text}".encode() for at, text in first]
        phases = ["Running", "Running", "Succeeded"]
        cluster.documents[POD] = lambda query: described(state["restarts"], phases.pop(0) if phases else "Succeeded")
        await asyncio.wait_for(follower(cluster, got).run(), 5)
        note = "(2 more runs of this container ended in between; their logs are gone)"
        assert got == [*(text for _, text in first), note, *(text for _, text in second)]

    asyncio.run(main())


def test_another_pod_of_that_name_is_read_from_its_start() -> None:
    async def main() -> None:
        cluster, got = Cluster(), list[str]()
        streams = [[f"{stamp(T0)} old".encode()], [f"{stamp(T0)} new".encode()]]
        asked: list[Mapping[str, str]] = []

        def stream(query: Mapping[str, str]) -> list[list[bytes] | WizardError]:
            asked.append(query)
            return [streams.pop(0)]

        states = [described(uid="u1"), described(uid="u2", phase="Succeeded")]
        cluster.streams[POD + "/log"] = stream
        cluster.documents[POD] = lambda query: states.pop(0)
        await asyncio.wait_for(follower(cluster, got, tail=7).run(), 5)
        assert got == ["old", "new"]
        assert asked[0]["tailLines"] == "7" and not asked[1].keys() & {"tailLines", "sinceTime"}

    asyncio.run(main())


def test_a_range_of_time() -> None:
    async def main() -> None:
        lines = [(stamp(T0 + second, 500_000_000), str(second)) for second in range(10)]
        kubelet, got = Kubelet(lines, []), list[str]()
        cluster = Cluster()
        cluster.streams[POD + "/log"] = kubelet.stream
        cluster.documents[POD] = described()
        await asyncio.wait_for(follower(cluster, got, start=T0 + 2.7, end=T0 + 6).run(), 5)
        assert got == ["3", "4", "5"]
        assert "follow" not in kubelet.asked[0]

    asyncio.run(main())


def test_a_container_that_waits_and_a_pod_that_goes() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.documents[POD] = described()
        refusals = [invalid('container "web" in pod "web-0" is waiting to start: ContainerCreating')]

        def stream(query: Mapping[str, str]) -> list[list[bytes] | WizardError]:
            if refusals:
                return [refusals.pop()]
            del cluster.documents[POD]
            return [[f"{stamp(T0)} up".encode()]]

        cluster.streams[POD + "/log"] = stream
        feed = feed_of(cluster, LogSelection(pods=(("chat", "web-0"),)))
        await feed.start()
        await until(lambda: feed.done)
        assert [line.text for line in feed.take()] == ["up"]
        assert feed.source == "pods" and feed.state.live
        await feed.stop()

    asyncio.run(main())


# The buffer.


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 40), st.just(-1)), max_size=30), st.integers(1, 30))
def test_what_came_is_taken_or_dropped_or_waits(steps: list[int], capacity: int) -> None:
    """A number comes; -1 takes."""

    async def main() -> None:
        feed = feed_of(Cluster(), LogSelection(), capacity)
        came, taken = 0, list[int]()
        for step in steps:
            if step < 0:
                taken += [int(line.text) for line in feed.take(7)]
                continue
            feed._emit([line_of(None, "chat", "p", "c", str(came + number)) for number in range(step)])
            came += step
        assert feed.received == came == len(taken) + feed.dropped + feed.waiting
        assert feed.waiting <= capacity
        taken += [int(line.text) for line in feed.take(10_000)]
        assert taken == sorted(set(taken)), "in order, each once"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("query", "text", "wanted"),
    [
        ("", "anything", True),
        ("error", "an ERROR", True),
        ("Error", "an ERROR", False),
        ("Error", "an Error", True),
        ("error", "all well", False),
    ],
)
def test_plain_text_is_looked_for(query: str, text: str, wanted: bool) -> None:
    line = line_of(None, "chat", "p", "c", text)
    assert wants(LogSelection(query=query))(line) is wanted


# Lines.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("time=2026-11-23T10:00:00Z level=INFO source=x", LogSeverity.INFO),
        ('{"level":"error","msg":"x"}', LogSeverity.ERROR),
        ('{"severity": "WARNING"}', LogSeverity.WARNING),
        ("2026-11-23 10:00:00 UTC [1] LOG:  database system is ready", LogSeverity.INFO),
        ("2026-11-23 10:00:00 UTC [1] FATAL:  no pg_hba.conf entry", LogSeverity.ERROR),
        ("E1123 10:00:00.000000       1 main.go:1] boom", LogSeverity.ERROR),
        ("WARNING - something", LogSeverity.WARNING),
        ("panic: runtime error", LogSeverity.ERROR),
        ("an information about errors", LogSeverity.UNKNOWN),
        ("level=purple", LogSeverity.UNKNOWN),
        ("", LogSeverity.UNKNOWN),
    ],
)
def test_severity(text: str, found: LogSeverity) -> None:
    assert severity(text) is found


def test_lines_of_a_stream() -> None:
    take = stamped("chat", "web-0", "web")
    line = take(b"2026-11-23T10:00:00.123456789Z \x1b[31mERROR\x1b[0m \xff boom\r", 0)
    assert line == LogLine(T0 + 0.123456, "chat", "web-0", "web", "ERROR \ufffd boom", LogSeverity.ERROR)
    assert take(b"no stamp at all, and quite long", 0).at is None
    assert take(b"", 0).text == ""
    assert take(b"2026-11-23T10:00:00Z", 0).text == "", "an empty line"
    long = take(b"2026-11-23T10:00:00Z " + b"x" * (RAW_LIMIT - 21), 1_000_000)
    assert long.text == "x" * LINE_LIMIT + f" … {1_000_000 + RAW_LIMIT - 21 - LINE_LIMIT:,} more bytes"


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
