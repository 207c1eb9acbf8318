"""The journal of a run: JSON lines in the XDG state directory, mode 0600."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.domain.events import Event, from_wire
from wizard.domain.run import RunState, StepStatus, reduce

KEEP = 50
"""Runs kept per deployment; older journals are removed when a new one begins."""


class FileJournal:
    """Appends one line an event; each line is written whole, so that a kill can lose the last one only."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where it cannot be made."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with suppress(OSError):  # not every network file system has locks; `writing` is then not known
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        try:
            self.write({"v": 1, "journal": path.stem})
        except OSError:
            os.close(self._file)
            raise
        for old in sorted(path.parent.glob("*.jsonl"))[:-KEEP]:
            old.unlink(missing_ok=True)

    def write(self, line: Mapping[str, Any]) -> None:
        data = json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n"
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        os.close(self._file)


def events(path: Path) -> Iterator[tuple[float, Event]]:
    """(seconds since the epoch, event) of a journal; lines that are cut off or not ours are passed over."""
    for line in path.read_bytes().splitlines():
        try:
            data = json.loads(line)
            yield float(data["at"]), from_wire(data)
        except (ValueError, KeyError, TypeError):
            continue


def newest(folder: Path) -> Path | None:
    """Run ids begin with their time: the last by name is the last in time."""
    return max(folder.glob("*.jsonl"), default=None, key=lambda path: path.name)


def writing(path: Path) -> bool:
    """Whether a wizard still writes this journal: it holds a lock on it, which ends with its process."""
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


@dataclass(frozen=True, slots=True)
class Past:
    """A run as its journal has it."""

    run: str
    state: RunState
    at: float
    """Seconds since the epoch: its last event."""


def past(path: Path) -> Past | None:
    """None where the journal has no run in it."""
    state, at = RunState(), 0.0
    for at, event in events(path):
        state = reduce(state, event, at)
    return Past(state.run, state, at) if state.run else None


def last_runs(runs: Path) -> list[Past]:
    """The newest run of each deployment that nobody writes any more, newest first."""
    found: list[Past] = []
    for folder in sorted(runs.glob("*/")):
        path = newest(folder)
        with suppress(OSError):  # removed or taken away meanwhile
            if path is not None and not writing(path) and (one := past(path)) is not None:
                found.append(one)
    return sorted(found, key=lambda one: -one.at)


def durations(folder: Path, *, last: int = 5) -> dict[str, float]:
    """Step id -> seconds it took on average in the last runs of a deployment that changed something by it."""
    took: dict[str, list[float]] = {}
    for path in sorted(folder.glob("*.jsonl"))[-last:]:
        with suppress(OSError):
            one = past(path)
            for step, state in one.state.steps.items() if one else ():
                if state.status is StepStatus.DONE and state.started is not None and state.ended is not None:
                    took.setdefault(step, []).append(state.ended - state.started)
    return {step: sum(times) / len(times) for step, times in took.items()}
