"""Domain events: what happened in a run, typed and immutable; the engine emits nothing else.

The wire form (`as_wire`) is what `--json` prints and the journal keeps, one JSON object a line,
with a schema version, so that a pipeline can rely on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_args

from wizard.domain.finding import Finding
from wizard.domain.plan import StepSpec

EVENT_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class RunStarted:
    run: str
    deployment: str
    steps: tuple[StepSpec, ...]
    what: str = "apply"
    """`apply`, `rollback` or `destroy`."""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class StepStarted:
    step: str
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class StepProgress:
    """What a running step waits for, in words; replaces the step's previous one."""

    step: str
    message: str


@dataclass(frozen=True, slots=True)
class StepLog:
    """A line a program of the cluster printed that belongs to a step (a model's pull, a crash)."""

    step: str
    source: str
    line: str


@dataclass(frozen=True, slots=True)
class StepRetrying:
    step: str
    attempt: int
    delay: float
    """Seconds until the next attempt."""
    finding: Finding


@dataclass(frozen=True, slots=True)
class StepSucceeded:
    step: str
    changed: bool
    """False where the step found its work already done."""


@dataclass(frozen=True, slots=True)
class StepFailed:
    step: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class StepSkipped:
    """Never started: a step it needs failed, or the run was aborted."""

    step: str
    because: str


@dataclass(frozen=True, slots=True)
class ReleaseChanged:
    """Helm wrote a revision; `before` is 0 for a first install. What rollback works from."""

    step: str
    release: str
    namespace: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """A finding that does not end anything."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Draining:
    """The operator asked to stop: no new step starts, running ones are let finish."""

    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    run: str
    exit_code: int


Event = (
    RunStarted
    | StepStarted
    | StepProgress
    | StepLog
    | StepRetrying
    | StepSucceeded
    | StepFailed
    | StepSkipped
    | ReleaseChanged
    | Noticed
    | Draining
    | RunFinished
)

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def name_of(kind: type[Event]) -> str:
    """`StepStarted` -> `step-started`."""
    return _WORDS.sub("-", kind.__name__).lower()


def _plain(value: object) -> object:
    if isinstance(value, Finding | StepSpec):
        return value.as_dict()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def as_wire(event: Event, *, at: float) -> dict[str, Any]:
    """The JSON form; `at` is seconds since the epoch."""
    body = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
    return {"v": EVENT_SCHEMA, "at": round(at, 3), "event": name_of(type(event)), **body}


class _Reader:
    kinds: ClassVar[dict[str, type[Any]]] = {name_of(kind): kind for kind in get_args(Event)}
    fields: ClassVar[dict[str, Any]] = {
        "steps": lambda items: tuple(map(StepSpec.from_dict, items)),
        "findings": lambda items: tuple(map(Finding.from_dict, items)),
        "finding": Finding.from_dict,
    }
    scalars: ClassVar[dict[str, Any]] = {"str": str, "int": int, "float": int | float, "bool": bool}
    """Annotation of a field, as text -> what JSON gives for it."""


def from_wire(data: dict[str, Any]) -> Event:
    """The event of one JSON line. Raises KeyError, TypeError or ValueError on a line that is not one."""
    if data["v"] != EVENT_SCHEMA:
        raise ValueError(f"event schema {data['v']!r}, this wizard reads {EVENT_SCHEMA}")
    kind = _Reader.kinds[data["event"]]
    body = {name: data[name] for name in kind.__dataclass_fields__ if name in data}
    for name, value in body.items():
        wanted = _Reader.scalars.get(kind.__dataclass_fields__[name].type)
        if wanted and not isinstance(value, wanted):
            raise TypeError(f"{name} of {data['event']} is {type(value).__name__}")
    event: Event = kind(**{name: _Reader.fields.get(name, lambda v: v)(value) for name, value in body.items()})
    return event
