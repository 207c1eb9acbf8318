"""Run state: the events of a run reduced to what a front end draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from wizard.domain import events as ev
from wizard.domain.finding import Finding
from wizard.domain.plan import StepSpec


class StepStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({StepStatus.DONE, StepStatus.UNCHANGED, StepStatus.FAILED, StepStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class StepState:
    spec: StepSpec
    status: StepStatus = StepStatus.PENDING
    message: str = ""
    attempt: int = 0
    started: float | None = None
    """Seconds since the epoch."""
    ended: float | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class RunState:
    """A whole snapshot; front ends never patch it, they draw the next one."""

    run: str = ""
    deployment: str = ""
    what: str = "apply"
    steps: Mapping[str, StepState] = field(default_factory=lambda: MappingProxyType({}))
    releases: tuple[ev.ReleaseChanged, ...] = ()
    notices: tuple[Finding, ...] = ()
    draining: bool = False
    simulated: bool = False
    exit_code: int | None = None
    """None while the run goes on."""


def reduce(state: RunState, event: ev.Event, at: float) -> RunState:
    """The state after `event`, which happened `at` (seconds since the epoch). Pure."""
    match event:
        case ev.RunStarted(run, deployment, steps, what, simulated):
            states = MappingProxyType({s.id: StepState(s) for s in steps})
            return RunState(run, deployment, what, states, simulated=simulated)
        case ev.StepStarted(step, attempt):
            old = state.steps.get(step)
            started = old.started if old and old.started is not None else at
            return _step(state, step, status=StepStatus.RUNNING, attempt=attempt, started=started, message="")
        case ev.StepProgress(step, message):
            return _step(state, step, message=message)
        case ev.StepRetrying(step, _, _, finding):
            return _step(state, step, status=StepStatus.RETRYING, message=finding.summary)
        case ev.StepSucceeded(step, changed):
            status = StepStatus.DONE if changed else StepStatus.UNCHANGED
            return _step(state, step, status=status, ended=at, message="")
        case ev.StepFailed(step, findings):
            return _step(state, step, status=StepStatus.FAILED, ended=at, findings=findings)
        case ev.StepSkipped(step, because):
            return _step(state, step, status=StepStatus.SKIPPED, message=because)
        case ev.ReleaseChanged():
            return replace(state, releases=(*state.releases, event))
        case ev.Noticed(finding):
            return replace(state, notices=(*state.notices, finding))
        case ev.Draining():
            return replace(state, draining=True)
        case ev.RunFinished(_, exit_code):
            return replace(state, exit_code=exit_code)
        case ev.StepLog():
            return state  # lines travel on their own: a snapshot must not grow with what programs print


def _step(state: RunState, step: str, **changes: object) -> RunState:
    if step not in state.steps:  # a truncated journal may have lost the line that named it
        return state
    changed = replace(state.steps[step], **changes)  # type: ignore[arg-type]
    return replace(state, steps=MappingProxyType({**state.steps, step: changed}))


def replay(events: Iterable[tuple[float, ev.Event]]) -> RunState:
    """The state after a whole journal: (seconds since the epoch, event) in order."""
    state = RunState()
    for at, event in events:
        state = reduce(state, event, at)
    return state
