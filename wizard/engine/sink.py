"""Where events go: to every subscriber, into the journal, and reduced to the run's state."""

from __future__ import annotations

from collections.abc import Callable

from wizard.domain.events import Event, Noticed, StepProgress, as_wire
from wizard.domain.finding import warning
from wizard.domain.run import RunState, reduce
from wizard.ports import Clock, Journal

Subscriber = Callable[[Event, float], None]
"""Called with each event and when it happened (seconds since the epoch); must not block."""


class Sink:
    def __init__(self, clock: Clock, subscribers: list[Subscriber], journal: Journal | None = None) -> None:
        self._clock, self._subscribers, self._journal = clock, subscribers, journal
        self.state = RunState()

    def emit(self, event: Event) -> None:
        if isinstance(event, StepProgress) and self._known(event):
            return  # steps say what they wait for at every look; what has not changed is not news
        at = self._clock.now()
        self.state = reduce(self.state, event, at)
        if self._journal is not None:
            try:
                self._journal.write(as_wire(event, at=at))
            except OSError as problem:
                # The journal is evidence, not the truth: a full disk here must not stop a deployment there.
                self._journal = None
                lost = warning(
                    "journal-lost",
                    "the journal of this run could not be kept",
                    detail=str(problem),
                    hint="free space, or set XDG_STATE_HOME to another disk; the run itself goes on",
                )
                self.emit(Noticed(lost))
        for subscriber in list(self._subscribers):
            try:
                subscriber(event, at)
            except OSError:
                # The terminal was closed, or the pipe's reader has gone: the run goes on to a safe point.
                self._subscribers.remove(subscriber)

    def _known(self, progress: StepProgress) -> bool:
        step = self.state.steps.get(progress.step)
        return step is not None and step.message == progress.message
