"""What journals tell of runs that are over, and of those that are not."""

from __future__ import annotations

import time
from pathlib import Path

from wizard.adapters.journal import FileJournal, durations, last_runs, past, writing
from wizard.domain import events as ev
from wizard.domain.events import as_wire
from wizard.domain.plan import StepSpec
from wizard.domain.run import StepStatus

STEPS = (StepSpec("a", "release", "a"), StepSpec("b", "ready", "b"))


def _run(path: Path, *events: tuple[float, ev.Event]) -> FileJournal:
    kept = FileJournal(path)
    for at, event in ((0.0, ev.RunStarted(path.stem, path.parent.name, STEPS)), *events):
        kept.write(as_wire(event, at=at))
    return kept


def _done(seconds: float) -> tuple[tuple[float, ev.Event], ...]:
    return (1.0, ev.StepStarted("a")), (1.0 + seconds, ev.StepSucceeded("a", changed=True))


def test_a_run_as_its_journal_has_it(tmp_path: Path) -> None:
    path = tmp_path / "prod" / "20260101T000000Z-aaaa.jsonl"
    _run(path, *_done(2), (9.0, ev.RunFinished("r", 4))).close()
    found = past(path)
    assert found is not None and (found.run, found.at, found.state.exit_code) == (path.stem, 9.0, 4)
    assert found.state.steps["a"].status is StepStatus.DONE and found.state.deployment == "prod"
    path.write_text("nothing of ours\n")
    assert past(path) is None


def test_the_newest_run_of_each_deployment_newest_first(tmp_path: Path) -> None:
    for deployment, run, at in (("a", "20260101", 5.0), ("a", "20260102", 6.0), ("b", "20260103", 7.0)):
        _run(tmp_path / deployment / f"{run}.jsonl", (at, ev.RunFinished(run, 0))).close()
    (tmp_path / "empty").mkdir()
    assert [one.run for one in last_runs(tmp_path)] == ["20260103", "20260102"]
    assert last_runs(tmp_path / "none") == []


def test_a_run_that_goes_on_is_not_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "prod" / "r.jsonl"
    kept = _run(path)
    assert writing(path) and last_runs(tmp_path) == []
    kept.close()
    assert not writing(path)
    assert [one.state.exit_code for one in last_runs(tmp_path)] == [None]


def test_how_long_steps_took(tmp_path: Path) -> None:
    for number, seconds in enumerate((100, 4, 4, 4, 4, 2)):  # the first one is too old to count
        _run(tmp_path / f"{number}.jsonl", *_done(seconds), (99.0, ev.StepFailed("b", ()))).close()
    assert durations(tmp_path) == {"a": 3.6}
    assert durations(tmp_path / "none") == {}


def test_it_is_quick_enough_for_a_start_menu(tmp_path: Path) -> None:
    for number in range(30):
        _run(tmp_path / f"d{number}" / "r.jsonl", *_done(1) * 50).close()
    began = time.perf_counter()
    assert len(last_runs(tmp_path)) == 30
    assert time.perf_counter() - began < 1
