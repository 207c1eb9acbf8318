"""Events reduced to a state: each event's effect, and journals that lost lines."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.domain import events as ev
from wizard.domain.events import Event, as_wire, from_wire
from wizard.domain.finding import error, warning
from wizard.domain.plan import StepSpec
from wizard.domain.run import RunState, StepState, StepStatus, reduce, replay

A, B = StepSpec("a", "release", "a"), StepSpec("b", "ready", "b", ("a",))
BAD, NOTE = error("bad", "it broke"), warning("note", "by the way")
START = ev.RunStarted("run-1", "prod", (A, B))


def after(*events: Event) -> RunState:
    """The state after these, one second apart, the first at second 100."""
    return replay((100.0 + index, event) for index, event in enumerate(events))


ROWS: list[tuple[str, tuple[Event, ...], StepState]] = [
    ("pending", (START,), StepState(A)),
    ("started", (START, ev.StepStarted("a")), StepState(A, StepStatus.RUNNING, attempt=1, started=101.0)),
    (
        "progress replaces",
        (START, ev.StepStarted("a"), ev.StepProgress("a", "one"), ev.StepProgress("a", "two")),
        StepState(A, StepStatus.RUNNING, "two", 1, 101.0),
    ),
    (
        "retrying",
        (START, ev.StepStarted("a"), ev.StepRetrying("a", 1, 2.0, BAD)),
        StepState(A, StepStatus.RETRYING, "it broke", 1, 101.0),
    ),
    (
        "again: the time counts from the first attempt, the words are gone",
        (START, ev.StepStarted("a"), ev.StepRetrying("a", 1, 2.0, BAD), ev.StepStarted("a", 2)),
        StepState(A, StepStatus.RUNNING, "", 2, 101.0),
    ),
    (
        "changed",
        (START, ev.StepStarted("a"), ev.StepProgress("a", "x"), ev.StepSucceeded("a", True)),
        StepState(A, StepStatus.DONE, "", 1, 101.0, 103.0),
    ),
    (
        "unchanged",
        (START, ev.StepStarted("a"), ev.StepSucceeded("a", False)),
        StepState(A, StepStatus.UNCHANGED, "", 1, 101.0, 102.0),
    ),
    (
        "failed keeps what it last waited for",
        (START, ev.StepStarted("a"), ev.StepProgress("a", "x"), ev.StepFailed("a", (BAD, NOTE))),
        StepState(A, StepStatus.FAILED, "x", 1, 101.0, 103.0, (BAD, NOTE)),
    ),
    ("skipped", (START, ev.StepSkipped("a", "aborted")), StepState(A, StepStatus.SKIPPED, "aborted")),
    ("log lines leave no trace", (START, ev.StepLog("a", "pod", "x" * 1000)), StepState(A)),
]


@pytest.mark.parametrize(("events", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_an_event_does_to_its_step(events: tuple[Event, ...], expected: StepState) -> None:
    state = after(*events)
    assert state.steps["a"] == expected
    assert state.steps["b"] == StepState(B)  # and to no other


def test_the_run_itself() -> None:
    change = ev.ReleaseChanged("a", "a", "chat", 0, 1)
    assert after() == RunState()
    state = after(START)
    assert (state.run, state.deployment, state.what, state.draining, state.exit_code) == (
        "run-1", "prod", "apply", False, None
    )  # fmt: skip
    assert after(START, change).releases == (change,)
    assert after(START, ev.Noticed(NOTE), ev.Noticed(BAD)).notices == (NOTE, BAD)
    assert after(START, ev.Draining("SIGINT")).draining is True
    assert after(START, ev.RunFinished("run-1", 0)).exit_code == 0
    assert after(START, ev.RunFinished("run-1", 4)).exit_code == 4


def test_a_rollback_after_a_failed_run_starts_afresh() -> None:
    again = ev.RunStarted("run-1", "prod", (B,), "rollback")
    state = after(START, ev.StepFailed("a", (BAD,)), ev.RunFinished("run-1", 4), again)
    assert (state.what, state.exit_code, dict(state.steps)) == ("rollback", None, {"b": StepState(B)})


def test_which_statuses_are_final() -> None:
    final = {status for status in StepStatus if status.final}
    assert final == {StepStatus.DONE, StepStatus.UNCHANGED, StepStatus.FAILED, StepStatus.SKIPPED}


def test_a_snapshot_does_not_change_when_the_next_one_is_made() -> None:
    before = after(START)
    later = reduce(before, ev.StepStarted("a"), 5.0)
    assert before.steps["a"].status is StepStatus.PENDING
    assert later.steps["a"].status is StepStatus.RUNNING
    with pytest.raises(TypeError):
        before.steps["a"] = later.steps["a"]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        before.run = "x"  # type: ignore[misc]


steps = st.sampled_from(["a", "b", "of another run"])
findings = st.sampled_from([BAD, NOTE])
any_event: st.SearchStrategy[Event] = st.one_of(
    st.just(START),
    st.builds(ev.RunStarted, st.just("run-2"), st.just("prod"), st.just((B,)), st.just("rollback")),
    st.builds(ev.StepStarted, steps, st.integers(1, 3)),
    st.builds(ev.StepProgress, steps, st.text(max_size=3)),
    st.builds(ev.StepLog, steps, st.just("pod"), st.text(max_size=3)),
    st.builds(ev.StepRetrying, steps, st.integers(1, 3), st.floats(0, 9), findings),
    st.builds(ev.StepSucceeded, steps, st.booleans()),
    st.builds(ev.StepFailed, steps, st.tuples(findings)),
    st.builds(ev.StepSkipped, steps, st.text(max_size=3)),
    st.builds(ev.ReleaseChanged, steps, st.just("a"), st.just("chat"), st.integers(0, 3), st.integers(1, 4)),
    st.builds(ev.Noticed, findings),
    st.builds(ev.Draining, st.text(max_size=3)),
    st.builds(ev.RunFinished, st.just("run-1"), st.integers(0, 7)),
)


@given(st.lists(any_event, max_size=12))
def test_a_journal_replays_from_its_lines_whatever_it_lost(events: list[Event]) -> None:
    """Any sub-sequence of any journal: no exception, no step out of nothing, the last word counts."""
    lines = [json.dumps(as_wire(event, at=float(at))) for at, event in enumerate(events)]
    read: list[tuple[float, Event]] = [(data["at"], from_wire(data)) for data in map(json.loads, lines)]
    state = replay(read)
    assert state == replay((float(at), event) for at, event in enumerate(events))
    begun = [event for event in events if isinstance(event, ev.RunStarted)]
    assert set(state.steps) == ({spec.id for spec in begun[-1].steps} if begun else set())
    for step in state.steps.values():
        assert not (step.status is StepStatus.RUNNING and step.started is None)
    ends: list[Any] = [e for e in events if isinstance(e, ev.RunStarted | ev.RunFinished)]
    ended = ends and isinstance(ends[-1], ev.RunFinished)
    assert state.exit_code == (ends[-1].exit_code if ended else None)
