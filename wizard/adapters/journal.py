"""The journal of a run: JSON lines in the XDG state directory, mode 0600."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wizard.domain.events import Event, from_wire

KEEP = 50
"""Runs kept per deployment; older journals are removed when a new one begins."""


class FileJournal:
    """Appends one line an event; each line is written whole, so that a kill can lose the last one only."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where it cannot be made."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
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
