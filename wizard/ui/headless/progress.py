"""The talk of a run: one line a change on a pipe; live lines under it on a terminal."""

from __future__ import annotations

import shutil
from typing import TextIO

from wizard.domain import events as ev
from wizard.domain.run import RunState, StepStatus, reduce
from wizard.domain.text import harmless
from wizard.ui.headless.out import put
from wizard.ui.headless.words import Paint, finding_lines


class Lines:
    """A subscriber that writes each change as a line; nothing is ever overwritten."""

    def __init__(self, stream: TextIO, paint: Paint) -> None:
        self._stream, self._paint = stream, paint
        self.state = RunState()
        self._begun = 0.0
        self._unwritten = ""
        """Written at once with what follows it: a terminal that shows the half of it flickers."""

    def __call__(self, event: ev.Event, at: float) -> None:
        self.state = reduce(self.state, event, at)
        if isinstance(event, ev.RunStarted):
            self._begun = self._begun or at
        for line in self._words(event, at):
            self._line(line)
        self._flush()

    def _line(self, line: str) -> None:
        self._unwritten += self._paint.line(line) + "\n"

    def _flush(self) -> None:
        text, self._unwritten = self._unwritten, ""
        put(self._stream, text)

    def _words(self, event: ev.Event, at: float) -> list[str]:
        paint, stamp = self._paint, self._paint(f"{at - self._begun:7.1f}s", "dim")
        match event:
            case ev.RunStarted(run, deployment, steps, what, simulated):
                mark = paint(" SIMULATED", "magenta") if simulated else ""
                return [f"{stamp} {paint(f'{what} {deployment}: {len(steps)} steps, run {run}')}{mark}"]
            case ev.StepStarted(step, attempt):
                again = f" (attempt {attempt})" if attempt > 1 else ""
                return [f"{stamp} {paint(step)} started{again}"]
            case ev.StepProgress(step, message):
                return [f"{stamp} {paint(f'{step} {message}')}"]
            case ev.StepLog(step, source, line):
                return [f"{stamp} {paint(step)} {paint(source + ': ' + line, 'dim')}"]
            case ev.StepRetrying(step, _, delay, finding):
                return [f"{stamp} {paint(step)} again in {delay:.1f} s: {paint(finding.summary, 'yellow')}"]
            case ev.StepSucceeded(step, changed):
                took = at - (self.state.steps[step].started or at) if step in self.state.steps else 0.0
                word = paint("done", "green") if changed else paint("ok", "green")
                return [f"{stamp} {paint(step)} {word} in {took:.1f} s"]
            case ev.StepFailed(step, findings):
                lines = [f"{stamp} {paint(step)} {paint('failed', 'red')}"]
                return lines + [f"  {line}" for finding in findings for line in finding_lines(finding, paint)]
            case ev.StepSkipped(step, because):
                return [f"{stamp} {paint(step)} {paint('skipped', 'yellow')}: {paint(because)}"]
            case ev.Noticed(finding):
                return list(finding_lines(finding, paint))
            case ev.ReleaseChanged(step, release, _, before, after):
                words = f"{step} helm release {release}: revision {before or 'none'} -> {after}"
                return [f"{stamp} {paint(words)}"]
            case ev.Draining(reason):
                words = f"{reason}; what runs is let finish, again to force"
                return [f"{stamp} {paint('stopping', 'yellow')}: {paint(words)}"]
            case ev.RunFinished(_, code):
                return [f"{stamp} finished with exit code {code}"]


class LiveLines(Lines):
    """The same lines, and beneath them the running steps, redrawn in place."""

    def __init__(self, stream: TextIO, paint: Paint) -> None:
        super().__init__(stream, paint)
        self._drawn = 0

    def tick(self, at: float) -> None:
        """Draws the live lines again, so that their seconds go on between events."""
        self._clear()
        self._redraw(at)

    def _clear(self) -> None:
        if self._drawn:  # up to the first live line, and clear to the end of the screen
            self._unwritten += f"\x1b[{self._drawn}A\x1b[J"
            self._drawn = 0

    def __call__(self, event: ev.Event, at: float) -> None:
        self._clear()
        super().__call__(event, at)
        self._redraw(at)

    def _words(self, event: ev.Event, at: float) -> list[str]:
        # What a running step waits for stands in its live line, where it replaces the one before.
        if isinstance(event, ev.StepStarted | ev.StepProgress | ev.StepLog):
            return []
        return super()._words(event, at)

    def _redraw(self, at: float) -> None:
        if self.state.exit_code is None:
            self._draw(at)
        self._flush()

    def _draw(self, at: float) -> None:
        width = shutil.get_terminal_size().columns - 1
        for step in self.state.steps.values():
            if step.status not in (StepStatus.RUNNING, StepStatus.RETRYING):
                continue
            took = at - (step.started or at)
            text = harmless(f"  {step.spec.title}  {took:.0f} s  {step.message}")[:width]
            self._line(self._paint(text, "cyan"))
            self._drawn += 1
