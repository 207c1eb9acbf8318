"""The wire form of events: every kind goes there and back, and what is not an event says so."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.domain import events as ev
from wizard.domain.events import EVENT_SCHEMA, Event, as_wire, from_wire, name_of
from wizard.domain.finding import ExitCode, Finding, Severity, Where, error, warning
from wizard.domain.plan import StepSpec

STEP = StepSpec("release:ollama", "release", "ollama", ("namespace", "secrets"), "ollama: helm release")
FINDING = Finding(
    Severity.ERROR,
    "image-pull-failed",
    "ollama: pod chat/ollama-0 is not ready",
    "ErrImagePull: ü \x1b[31m",
    "check the image",
    Where("prod.yaml", 3, "tiers.standard", "pod chat/ollama-0"),
)
EXAMPLES: dict[type[Any], Event] = {
    type(event): event
    for event in (
        ev.RunStarted("20261123T201500Z-1f3a", "prod", (STEP, StepSpec("x", "ready", "x")), "rollback", True),
        ev.StepStarted("release:ollama", 2),
        ev.StepProgress("ready:ollama", "1 of 2 pods ready"),
        ev.StepLog("ready:ollama", "ollama-pull-x", "pulling 1 %"),
        ev.StepRetrying("release:ollama", 1, 2.5, FINDING),
        ev.StepSucceeded("release:ollama", False),
        ev.StepFailed("ready:ollama", (FINDING, warning("w", "words"))),
        ev.StepSkipped("ready:open-webui", "ready:ollama failed"),
        ev.ReleaseChanged("release:ollama", "ollama", "chat", 0, 1),
        ev.Noticed(error("plain", "only what must be")),
        ev.Draining("SIGINT received"),
        ev.RunFinished("20261123T201500Z-1f3a", 4),
    )
}
KINDS = get_args(Event)


def test_every_kind_has_an_example() -> None:
    """A new event needs one here, with no field at its default or equal to another kind's zero."""
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_round_trip_through_json(kind: type[Any]) -> None:
    event = EXAMPLES[kind]
    wire = as_wire(event, at=1795464900.12349)
    assert wire["v"] == EVENT_SCHEMA == 1
    assert wire["at"] == 1795464900.123
    assert wire["event"] == name_of(kind)
    # A field of the same name as one of the envelope's would overwrite it.
    assert {"v", "at", "event"}.isdisjoint(field.name for field in fields(kind))
    line = json.dumps(wire)
    assert from_wire(json.loads(line)) == event


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_fields_of_a_newer_wizard_are_passed_over(kind: type[Any]) -> None:
    event = EXAMPLES[kind]
    wire = json.loads(json.dumps(as_wire(event, at=0)))
    assert from_wire(_with_more(wire)) == event


def _with_more(value: Any) -> Any:
    """Every mapping on the wire with a key that this wizard does not know."""
    if isinstance(value, dict):
        return {**{key: _with_more(item) for key, item in value.items()}, "of-tomorrow": [1]}
    return [_with_more(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_a_missing_required_field_is_no_event(kind: type[Any]) -> None:
    wire = as_wire(EXAMPLES[kind], at=0)
    for field in fields(kind):
        less = {key: value for key, value in wire.items() if key != field.name}
        if field.default is MISSING:
            with pytest.raises((KeyError, TypeError, ValueError)):
                from_wire(less)
        else:
            assert getattr(from_wire(less), field.name) == field.default


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_a_field_of_another_type_is_no_event(kind: type[Any]) -> None:
    """What got past here would raise later, in whoever reduces or draws it."""
    wire = as_wire(EXAMPLES[kind], at=0)
    for field in fields(kind):
        for wrong in ([["x"]], None, {"x": 1}, [1]):
            with pytest.raises((KeyError, TypeError, ValueError)):
                from_wire({**wire, field.name: wrong})


@pytest.mark.parametrize(
    "line",
    ["{}", "[]", "1", "null", '"x"', '{"v": 1}', '{"v": 2, "event": "draining", "reason": "x"}',
     '{"v": 1, "event": "nonsense"}', '{"v": 1, "event": ["draining"]}',
     '{"v": "1", "event": "draining", "reason": "x"}',
     '{"v": 1, "event": "noticed", "finding": "text"}', '{"v": 1, "event": "noticed", "finding": {}}',
     '{"v": 1, "event": "noticed", "finding": {"severity": "fatal", "code": "x", "summary": "x"}}',
     '{"v": 1, "event": "noticed", "finding": {"severity": "error", "code": "x", "summary": "x", "where": 5}}'],
)  # fmt: skip
def test_what_is_no_event_says_so(line: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_wire(json.loads(line))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(name_of(kind) for kind in KINDS)), st.data())
def test_any_json_is_an_event_or_one_of_three_errors(name: str, data: st.DataObject) -> None:
    kind = next(kind for kind in KINDS if name_of(kind) == name)
    wire = as_wire(EXAMPLES[kind], at=0)
    changed = {key: data.draw(json_values) for key in data.draw(st.sets(st.sampled_from(sorted(wire))))}
    try:
        assert isinstance(from_wire({**wire, **changed}), KINDS)
    except (KeyError, TypeError, ValueError):
        assert changed


def test_names_are_the_ones_pipelines_read() -> None:
    """They are a published format: renaming a class must not rename them by accident."""
    assert sorted(map(name_of, KINDS)) == [
        "draining", "noticed", "release-changed", "run-finished", "run-started", "step-failed", "step-log",
        "step-progress", "step-retrying", "step-skipped", "step-started", "step-succeeded",
    ]  # fmt: skip
    wire = as_wire(ev.StepFailed("ready:x", (FINDING,)), at=1.0)
    assert wire == {
        "v": 1,
        "at": 1.0,
        "event": "step-failed",
        "step": "ready:x",
        "findings": [
            {
                "severity": "error",
                "code": "image-pull-failed",
                "summary": "ollama: pod chat/ollama-0 is not ready",
                "detail": "ErrImagePull: ü \x1b[31m",
                "hint": "check the image",
                "where": {"file": "prod.yaml", "line": 3, "path": "tiers.standard", "resource": "pod chat/ollama-0"},
            }
        ],
    }
    assert (ev.StepStarted("a").attempt, ev.RunStarted("r", "d", ()).what) == (1, "apply")
    assert json.loads(json.dumps(as_wire(ev.RunFinished("r", ExitCode.ABORTED), at=0)))["exit_code"] == 6
