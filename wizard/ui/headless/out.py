"""Where headless output goes: stdout holds the answer, stderr the talk."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from wizard.domain.events import EVENT_SCHEMA, Event, as_wire
from wizard.domain.finding import WizardError
from wizard.domain.plan import Plan
from wizard.ui.headless.words import Paint, all_lines, plan_lines


def paint_for(stream: TextIO) -> Paint:
    """Colours on a terminal unless NO_COLOR is set (no-color.org); ASCII where the stream cannot do more."""
    terminal = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (stream.encoding or "ascii").lower().replace("-", "")
    return Paint(colour=terminal, unicode=encoding.startswith("utf"))


def put(stream: TextIO, text: str) -> None:
    """Writes what the stream's encoding has; what a cluster says may hold more characters than that.

    Where the reader has gone (`wizard ... | head`) nothing more is written, and what runs goes on: half a
    deployment is worse than one that nobody watches.
    """
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # As Python's own documentation advises; what is still buffered must not fail again at exit.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Out:
    def __init__(self, *, json_lines: bool, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.json = json_lines
        self._stdout, self._stderr = stdout or sys.stdout, stderr or sys.stderr
        self.paint, self.talk_paint = paint_for(self._stdout), paint_for(self._stderr)

    def answer(self, lines: Iterable[str]) -> None:
        self._write(self._stdout, map(self.paint.line, lines))

    def talk(self, lines: Iterable[str]) -> None:
        self._write(self._stderr, map(self.talk_paint.line, lines))

    def verbatim(self, text: str) -> None:
        """One line on stdout as it is, for `$(...)`: a secret must come out unchanged."""
        self._write(self._stdout, [text])

    def data(self, value: Any) -> None:
        """One JSON document on stdout, on one line. ASCII: the same in every locale, and harmless on a terminal."""
        self._write(self._stdout, [json.dumps(value)])

    def plan(self, plan: Plan, *, diffs: bool = True) -> None:
        if self.json:
            self._write(self._stdout, [json.dumps(plan.as_dict(), indent=1)])
        else:
            self.answer(plan_lines(plan, self.paint, diffs=diffs))

    def event(self, event: Event, at: float) -> None:
        """A subscriber of the engine: one JSON line an event."""
        self.data(as_wire(event, at=at))

    def failure(self, problem: WizardError) -> None:
        if self.json:
            findings = [finding.as_dict() for finding in problem.findings]
            code = int(problem.exit_code)
            self.data({"v": EVENT_SCHEMA, "event": "error", "exit_code": code, "findings": findings})
        else:
            self.talk(all_lines(problem.findings, self.talk_paint))

    def _write(self, stream: TextIO, lines: Iterable[str]) -> None:
        put(stream, "".join(f"{line}\n" for line in lines))
