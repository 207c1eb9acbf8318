"""Where events go, also when the journal's disk is full."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import START, ManualClock
from wizard.adapters.journal import FileJournal
from wizard.domain import events as ev
from wizard.domain.plan import StepSpec
from wizard.domain.run import StepStatus
from wizard.engine.sink import Sink

STARTED = ev.RunStarted("run-1", "prod", (StepSpec("a", "release", "web"),))


class Listener:
    def __init__(self) -> None:
        self.seen: list[tuple[ev.Event, float]] = []

    def __call__(self, event: ev.Event, at: float) -> None:
        self.seen.append((event, at))

    @property
    def lost(self) -> int:
        return sum(isinstance(e, ev.Noticed) and e.finding.code == "journal-lost" for e, _ in self.seen)


class FullJournal:
    """A disk with room for `room` more lines."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.lines: list[Mapping[str, Any]] = []
        self.refused = 0

    def write(self, line: Mapping[str, Any]) -> None:
        if len(self.lines) >= self.room:
            self.refused += 1
            raise OSError(28, "No space left on device")
        self.lines.append(line)

    def close(self) -> None: ...


def test_every_subscriber_the_journal_and_the_state_get_each_event() -> None:
    one, two, journal = Listener(), Listener(), FullJournal(9)
    sink = Sink(ManualClock(), [one, two], journal)
    sink.emit(STARTED)
    sink.emit(ev.StepSucceeded("a", True))
    assert one.seen == two.seen == [(STARTED, START), (ev.StepSucceeded("a", True), START)]
    assert [line["event"] for line in journal.lines] == ["run-started", "step-succeeded"]
    assert [line["at"] for line in journal.lines] == [START, START]
    assert sink.state.steps["a"].status is StepStatus.DONE


def test_a_full_disk_is_said_once_and_the_run_goes_on() -> None:
    listener, journal = Listener(), FullJournal(1)
    sink = Sink(ManualClock(), [listener], journal)
    sink.emit(STARTED)
    for percent in range(3):
        sink.emit(ev.StepProgress("a", f"pulling {percent} %"))
    sink.emit(ev.StepSucceeded("a", True))
    assert listener.lost == 1
    assert journal.refused == 1
    assert [e for e, _ in listener.seen if not isinstance(e, ev.Noticed)] == [
        STARTED,
        *[ev.StepProgress("a", f"pulling {percent} %") for percent in range(3)],
        ev.StepSucceeded("a", True),
    ]
    assert sink.state.steps["a"].status is StepStatus.DONE
    assert "No space left" in sink.state.notices[0].detail


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_real_full_device_under_the_journal(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "run.jsonl")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal._file)
    os.close(full)
    listener = Listener()
    sink = Sink(ManualClock(), [listener], journal)
    sink.emit(STARTED)
    sink.emit(ev.StepSucceeded("a", False))
    journal.close()
    assert listener.lost == 1
    assert sink.state.steps["a"].status is StepStatus.UNCHANGED


def test_without_a_journal_nothing_is_missed() -> None:
    listener = Listener()
    Sink(ManualClock(), [listener]).emit(STARTED)
    assert listener.seen == [(STARTED, START)]


def test_what_a_step_waits_for_is_news_once() -> None:
    listener, journal = Listener(), FullJournal(99)
    sink = Sink(ManualClock(), [listener], journal)
    sink.emit(STARTED)
    for words in ("pulling", "pulling", "starting", "pulling"):
        sink.emit(ev.StepProgress("a", words))
    told = [e.message for e, _ in listener.seen if isinstance(e, ev.StepProgress)]
    assert told == ["pulling", "starting", "pulling"]
    assert len(journal.lines) == 4


def test_a_subscriber_whose_pipe_is_gone_stops_nobody_else() -> None:
    calls = 0

    def closed(event: ev.Event, at: float) -> None:
        nonlocal calls
        calls += 1
        raise BrokenPipeError

    listener = Listener()
    sink = Sink(ManualClock(), [closed, listener])
    sink.emit(STARTED)
    sink.emit(ev.StepSucceeded("a", True))
    assert len(listener.seen) == 2
    assert calls == 1
