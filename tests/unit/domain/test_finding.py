"""Findings on the wire, and the exit codes that pipelines rely on."""

from __future__ import annotations

import json

import pytest

from wizard.domain import finding as f
from wizard.domain.finding import ExitCode, Finding, Severity, Where, WizardError, error, warning

TABLE = {"OK": 0, "BUG": 1, "USAGE": 2, "PREFLIGHT": 3, "DEPLOYMENT": 4, "LOCKED": 5, "ABORTED": 6, "CHANGES": 7}
"""docs: design, section 5; published, so written here a second time on purpose."""


def test_exit_codes() -> None:
    assert {code.name: int(code) for code in ExitCode} == TABLE


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (f.UsageError, 2),
        (f.PreflightError, 3),
        (WizardError, 4),
        (f.LockedError, 5),
        (f.AbortedError, 6),
    ],
)
def test_each_error_ends_with_its_code(kind: type[WizardError], code: int) -> None:
    raised = kind(error("a", "first"), error("b", "second"))
    assert raised.exit_code == code
    assert [finding.code for finding in raised.findings] == ["a", "b"]
    assert str(raised) == "first; second"
    assert raised.temporary is False
    assert kind.of(iter(raised.findings), exit_code=ExitCode.BUG).exit_code == ExitCode.BUG
    assert kind.exit_code == code  # the class keeps its own


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where(), ""),
        (Where(file="p.yaml"), "p.yaml"),
        (Where(file="p.yaml", line=3), "p.yaml:3"),
        (Where(file="p.yaml", line=3, path="a.b"), "p.yaml:3 a.b"),
        (Where(path="a.b"), "a.b"),
        (Where(line=3), ""),
        (Where(resource="pod chat/x"), "pod chat/x"),
    ],
)
def test_where_in_words(where: Where, text: str) -> None:
    assert str(where) == text


@pytest.mark.parametrize(
    "finding",
    [
        error("a", "summary"),
        warning("a", "summary", detail="two\nlines", hint="do", where=Where("f", 1, "p", "r")),
        Finding(Severity.INFO, "a", "summary", where=Where(line=0)),
    ],
)
def test_round_trip(finding: Finding) -> None:
    assert Finding.from_dict(json.loads(json.dumps(finding.as_dict()))) == finding


def test_the_wire_form_leaves_out_what_is_empty() -> None:
    assert error("a", "b").as_dict() == {"severity": "error", "code": "a", "summary": "b"}
    assert error("a", "b", where=Where(path="x")).as_dict()["where"] == {"path": "x"}


def test_what_a_newer_wizard_adds_is_passed_over() -> None:
    plain = {**error("a", "b", where=Where(path="x")).as_dict(), "more": 1}
    assert Finding.from_dict({**plain, "where": {"path": "x", "column": 7}}) == error("a", "b", where=Where(path="x"))
