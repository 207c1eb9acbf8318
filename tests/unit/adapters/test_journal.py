"""The journal on a real file system."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wizard.adapters.journal import KEEP, FileJournal, events, newest
from wizard.domain.events import StepStarted, as_wire

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


def line(step: str, at: float = 1.5) -> dict[str, object]:
    return as_wire(StepStarted(step), at=at)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_only_its_owner_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        kept = FileJournal(tmp_path / "state" / "prod" / "run.jsonl")
    finally:
        os.umask(old)
    kept.close()
    assert stat.S_IMODE((tmp_path / "state" / "prod" / "run.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state" / "prod").stat().st_mode) == 0o700


def test_whole_lines_are_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    kept = FileJournal(path)
    for number in range(3):
        kept.write(line(f"ünï\n{number}", at=number))
    assert path.read_bytes().count(b"\n") == 4, "one line an event, and the heading"
    kept.close()
    assert list(events(path)) == [(float(n), StepStarted(f"ünï\n{n}")) for n in range(3)]


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = FileJournal(tmp_path / "run.jsonl")
    write = os.write
    monkeypatch.setattr("os.write", lambda file, data: write(file, data[:3]))
    kept.write(line("a"))
    kept.close()
    assert [event for _, event in events(tmp_path / "run.jsonl")] == [StepStarted("a")]


@pytest.mark.parametrize(
    "garbage",
    [
        b'{"v": 1, "at": 2.0, "event": "step-st',
        b"\xff\xfe\x00\x01",
        b"[]",
        b"7",
        b'{"v": 1, "event": "step-started", "step": "x"}',
        b'{"v": 1, "at": "x", "event": "step-started", "step": "x"}',
        b'{"v": 1, "at": 1, "event": "never-heard-of", "step": "x"}',
        b'{"v": 2, "at": 1, "event": "step-started", "step": "x"}',
        b'{"v": 1, "at": 1, "event": "step-failed", "step": "x", "findings": ["x"]}',
        b'{"v": 1, "at": 1, "event": "step-failed", "step": "x", "findings": 7}',
        b'{"v":1,"at":1,"event":"noticed","finding": {"severity": "error", "code": "x", "summary": "", "where": 7}}',
        b'{"v": 1, "at": 1, "event": ["step-started"], "step": "x"}',
    ],
)
def test_lines_that_are_cut_off_or_not_ours_are_passed_over(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "run.jsonl"
    kept = FileJournal(path)
    kept.write(line("before"))
    kept.close()
    with path.open("ab") as file:
        file.write(garbage)
    assert [event for _, event in events(path)] == [StepStarted("before")]


def test_the_newest_are_kept_and_other_files_left(tmp_path: Path) -> None:
    for number in range(KEEP + 7):
        (tmp_path / f"2026-{number:03}.jsonl").write_text("")
    (tmp_path / "0-notes.txt").write_text("")
    FileJournal(tmp_path / "2027-000.jsonl").close()
    left = sorted(path.name for path in tmp_path.glob("*.jsonl"))
    assert len(left) == KEEP
    assert left[0] == "2026-008.jsonl"
    assert left[-1] == "2027-000.jsonl"
    assert (tmp_path / "0-notes.txt").exists()


@needs_full
def test_a_full_disk_is_said_and_nothing_is_left_open() -> None:
    before = open_files()
    for _ in range(5):
        with pytest.raises(OSError, match="No space left"):
            FileJournal(Path("/dev/full"))
    assert open_files() == before


@needs_full
def test_a_disk_that_fills_up_later_is_said_at_the_write(tmp_path: Path) -> None:
    before = open_files()
    kept = FileJournal(tmp_path / "run.jsonl")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, kept._file)
    os.close(full)
    with pytest.raises(OSError, match="No space left"):
        kept.write(line("a"))
    kept.close()
    assert open_files() == before


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        FileJournal(tmp_path / "file" / "run.jsonl")


def test_the_newest_journal_is_the_last_by_its_run(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    for name in ("20261123T101500Z-ffff", "20261123T201500Z-0000", "20251231T235959Z-9999"):
        (tmp_path / f"{name}.jsonl").write_text("")
    found = newest(tmp_path)
    assert found is not None
    assert found.stem == "20261123T201500Z-0000"
