"""A plan's file form: there and back, and refusals of what is no plan."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from wizard.domain.finding import Severity, error, warning
from wizard.domain.plan import PLAN_SCHEMA, Action, Change, FieldConflict, Plan, StepSpec

CONFLICT = FieldConflict("deployment chat/open-webui", ".spec.replicas", "kubectl")
PLAN = Plan(
    deployment="prod",
    namespace="chat",
    cluster="uid",
    actions=(
        Action("namespace", "chat", "", Change.LEAVE, ("as desired",)),
        Action("release", "open-webui", "chat", Change.UPDATE, ("drift", "more"), "--- a\n+++ b", (CONFLICT,)),
        *(Action("release", change.value, "chat", change, ()) for change in Change),
    ),
    steps=(StepSpec("a", "release", "x", (), "x"), StepSpec("b", "ready", "x", ("a",), "x: ready")),
    findings=(warning("w", "words"), error("e", "words")),
    fingerprint="f" * 24,
    profile={"name": "prod", "models": ["qwen3:0.6b"]},
    budget={"total": {"cpuRequest": 1.5, "memoryRequest": 2**30, "cpuLimit": 2.0, "memoryLimit": 2**31}},
    simulated=True,
)


def test_round_trip_through_a_file() -> None:
    text = json.dumps(PLAN.as_dict())
    assert Plan.from_dict(json.loads(text)) == PLAN
    assert json.loads(text)["schema"] == PLAN_SCHEMA == "wizard.dev/plan/v1"


@pytest.mark.parametrize("key", sorted(PLAN.as_dict()))
def test_a_plan_without_one_of_its_keys_is_refused(key: str) -> None:
    data = PLAN.as_dict()
    del data[key]
    with pytest.raises(KeyError):
        Plan.from_dict(data)


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match=r"wizard\.dev/plan/v2.*this wizard reads wizard\.dev/plan/v1"):
        Plan.from_dict({**PLAN.as_dict(), "schema": "wizard.dev/plan/v2"})


def test_an_unknown_change_is_refused() -> None:
    action = {**PLAN.actions[0].as_dict(), "change": "burn"}
    with pytest.raises(ValueError, match="burn"):
        Plan.from_dict({**PLAN.as_dict(), "actions": [action]})


def test_only_errors_block_and_only_no_steps_is_empty() -> None:
    assert [finding.code for finding in PLAN.blocked] == ["e"]
    assert not PLAN.empty
    assert replace(PLAN, steps=()).empty


def test_names_in_words() -> None:
    assert PLAN.actions[0].resource == "namespace chat"
    assert PLAN.actions[1].resource == "release chat/open-webui"


def test_a_conflict_tells_who_and_what_to_do() -> None:
    finding = CONFLICT.finding(Severity.WARNING)
    assert finding.severity is Severity.WARNING
    assert finding.summary == ".spec.replicas of deployment chat/open-webui belongs to kubectl"
    assert "--take-back-conflicts" in finding.hint
    assert finding.where.resource == "deployment chat/open-webui"
