"""Logs of pods: nothing twice, nothing missing, whatever breaks; bounded, with a count of what did not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.observers.cluster import Cluster, FakeClock, broken, invalid, until
from tests.unit.observers.log_shapes import POD, T0, described, feed_of, stamp
from wizard.domain.finding import WizardError
from wizard.domain.live import LogLine, LogSelection, LogSeverity
from wizard.domain.text import LINE_LIMIT
from wizard.observers.log_lines import RAW_LIMIT, line_of, severity, stamped, wants
from wizard.observers.log_pods import Follower


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
