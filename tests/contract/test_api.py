"""Every case on the sandbox, held against what the real API server answered, or answers now."""

from __future__ import annotations

import pytest

from . import generate
from .accepted import ACCEPTED
from .cases import ALL
from .client import Client
from .compare import differences, recorded
from .play import Case, play

_CASES = [*ALL, *generate.fixed()]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_the_sandbox_answers_as_the_real_server(case: Case, sandbox: Client, real: Client | None) -> None:
    expected = recorded(case.name)
    if real is not None:
        stale = list(differences(case.name, expected, play(real, case), "real, now"))
        assert not stale, "the recording is out of date:\n" + "\n".join(stale)
    found = list(differences(case.name, expected, play(sandbox, case), "sandbox"))
    assert not found, "\n" + "\n".join(found)


def test_only_steps_that_exist_are_accepted() -> None:
    steps = {(case.name, step.title) for case in _CASES for step in case.steps}
    assert set(ACCEPTED) <= steps


def test_case_names_are_unique() -> None:
    names = [case.name for case in _CASES]
    assert len(names) == len(set(names))
