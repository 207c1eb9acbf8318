"""desired x observed -> plan, as case files: `cases/*.yaml`.

Each case begins from a deployment that is as desired and ready (BASE) and says what is otherwise:

    what: one line for the reader
    desired: {components: ..., secrets: ..., findings: ...}     replaces parts of BASE's desired
    observed: {namespace: ..., releases: ..., ...}              merged over BASE's observed; null removes a key
    options: {take_back_conflicts: true}
    expect:
      actions: ["leave namespace chat: as desired", ...]         all of them, in order
      steps: ["ready:db", "ready:web <- ready:db", ...]          all of them, in order
      findings: ["error namespace-terminating", ...]
      looks: [web]                                               what cheap observation does not settle
      diff: {web: [lines that the diff must have]}

In facts, `DESIRED` stands for the digest of what is desired now.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from wizard.domain.finding import Finding, Severity
from wizard.domain.plan import Change, FieldConflict, Plan
from wizard.planning.components.base import merge
from wizard.planning.desired import Component, Desired, SecretEntry, SecretObject
from wizard.planning.diff import make_plan, wants_look
from wizard.planning.observed import Look, Observed, Record
from wizard.ports import Release

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))

BASE: dict[str, Any] = yaml.safe_load(
    """
desired:
  components:
    db: {values: {size: 1Gi}}
    web: {values: {replicas: 1}, needs: [db]}
  secrets:
    auth: [password]
observed:
  cluster: uid-1
  namespace: {phase: Active, level: restricted, ours: true}
  releases:
    db: {revision: 3, status: deployed}
    web: {revision: 5, status: deployed}
  records:
    db: {digest: DESIRED, revision: 3, generations: {StatefulSet/db: 2}}
    web: {digest: DESIRED, revision: 5, generations: {Deployment/web: 7}}
  generations:
    db: {StatefulSet/db: 2}
    web: {Deployment/web: 7}
  secrets: {auth: DESIRED}
  unready: {}
  looks: {}
  blocking: []
options: {take_back_conflicts: false}
"""
)


def _desired(facts: Mapping[str, Any]) -> Desired:
    components = tuple(
        Component(
            name=name,
            namespace="chat",
            chart=f"charts/{name}",
            chart_name=name,
            chart_version="1.0.0",
            chart_digest=given.get("chart", "c0ffee"),
            values=given.get("values", {}),
            needs=tuple(given.get("needs", ())),
        )
        for name, given in facts["components"].items()
    )
    objects = tuple(
        SecretObject(name, tuple(SecretEntry(key, key) for key in keys)) for name, keys in facts["secrets"].items()
    )
    findings = tuple(map(Finding.from_dict, facts.get("findings", ())))
    return Desired("prod", "chat", components, (), objects, findings=findings)


def _observed(facts: Mapping[str, Any], desired: Desired) -> Observed:
    digests = {c.name: c.digest for c in desired.components} | {s.name: s.digest for s in desired.secret_objects}

    def digest(name: str, text: str) -> str:
        return digests.get(name, "of what is not desired any more") if text == "DESIRED" else text

    def there(part: str) -> dict[str, Any]:
        return {name: given for name, given in facts[part].items() if given is not None}

    namespace = facts["namespace"] or {}
    return Observed(
        cluster=facts["cluster"],
        namespace_phase=namespace.get("phase", ""),
        namespace_level=namespace.get("level", ""),
        namespace_ours=namespace.get("ours", False),
        releases={
            name: Release(name, "chat", given["revision"], given["status"]) for name, given in there("releases").items()
        },
        records={
            name: Record(digest(name, given["digest"]), given["revision"], given["generations"])
            for name, given in there("records").items()
        },
        secrets={name: digest(name, text) for name, text in there("secrets").items()},
        blocking=tuple(map(Finding.from_dict, facts["blocking"])),
        generations=there("generations"),
        unready=there("unready"),
        looks={
            name: Look(
                deployed_digest=digest(name, given.get("digest", "")),
                deployed=given.get("deployed", ""),
                rendered=given.get("rendered", ""),
                conflicts=tuple(FieldConflict(*text) for text in given.get("conflicts", ())),
                drift=tuple(given.get("drift", ())),
                blocking=tuple(map(Finding.from_dict, given.get("blocking", ()))),
            )
            for name, given in there("looks").items()
        },
    )


def _action_lines(plan: Plan) -> list[str]:
    return [f"{a.change.value} {a.resource}: {'; '.join(a.reasons)}" for a in plan.actions]


def _step_lines(plan: Plan) -> list[str]:
    return [step.id + (f" <- {', '.join(step.needs)}" if step.needs else "") for step in plan.steps]


def _run(case: Mapping[str, Any]) -> tuple[Plan, Desired, Observed]:
    facts = merge(BASE, {key: case.get(key) or {} for key in BASE})
    for part in ("components", "secrets"):  # what is desired is replaced whole: a component less is a case
        if part in (case.get("desired") or {}):
            facts["desired"][part] = case["desired"][part]
    desired = _desired(facts["desired"])
    observed = _observed(facts["observed"], desired)
    made = make_plan(desired, observed, profile={"name": "prod"}, budget={}, **facts["options"])
    return made, desired, observed


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    assert set(case) <= {"what", "desired", "observed", "options", "expect"}, "a key of the case is misspelled"
    assert set(case.get("observed") or {}) <= set(BASE["observed"])
    expect = case["expect"]
    plan, desired, observed = _run(case)
    assert _action_lines(plan) == expect["actions"]
    assert _step_lines(plan) == expect.get("steps", [])
    assert [f"{f.severity.value} {f.code}" for f in plan.findings] == expect.get("findings", [])
    assert bool(plan.blocked) == any(f.severity is Severity.ERROR for f in plan.findings)
    assert list(wants_look(desired, observed)) == expect.get("looks", [])
    diffs = {action.name: action.diff for action in plan.actions if action.diff}
    assert set(diffs) == set(expect.get("diff", {}))
    for name, lines in expect.get("diff", {}).items():
        assert [
            line for line in diffs[name].splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
        ] == lines
    # Whatever the case: a plan survives its file, its graph is closed, and each release that acts is waited for.
    assert Plan.from_dict(plan.as_dict()) == plan
    ids = [step.id for step in plan.steps]
    assert all(need in ids[:index] for index, step in enumerate(plan.steps) for need in step.needs)
    acting = {a.name for a in plan.actions if a.kind == "release" and a.change not in (Change.LEAVE, Change.REMOVE)}
    assert {step.target for step in plan.steps if step.kind == "ready"} == acting


def test_the_cases_are_found() -> None:
    assert len(CASES) >= 30
    changes = {line.split()[0] for path in CASES for line in yaml.safe_load(path.read_text())["expect"]["actions"]}
    assert changes == {change.value for change in Change}


def test_fields_are_not_taken_back_unless_asked() -> None:
    case = yaml.safe_load((Path(__file__).parent / "cases" / "conflict.yaml").read_text())
    _, desired, observed = _run(case)
    assert make_plan(desired, observed, profile={}, budget={}).blocked


def test_base_has_nothing_to_do() -> None:
    plan, desired, observed = _run({})
    assert plan.empty and not plan.findings and wants_look(desired, observed) == ()
