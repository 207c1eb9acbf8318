"""New random sequences on both clusters; only where there is a real one to ask."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from . import generate
from .client import Client
from .compare import differences
from .play import play

T = TypeVar("T")


class Drawn:
    """Choices made by hypothesis, which then finds the shortest sequence that differs."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def pick(self, choices: Sequence[T]) -> T:
        return self._data.draw(st.sampled_from(list(choices)))


@given(data=st.data())
@settings(
    max_examples=int(os.environ.get("WIZARD_CONTRACT_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # No shrinking: it would take minutes of requests, and the transcript shows the first step that differs.
    phases=(Phase.explicit, Phase.generate),
)
def test_random_writes_end_the_same(data: st.DataObject, sandbox: Client, real: Client | None) -> None:
    if real is None:
        pytest.skip("there is no real API server to ask: WIZARD_CONTRACT=controlplane")
    make = data.draw(st.sampled_from([generate.sequence, generate.maps]))
    case = make(Drawn(data), "generated")
    for step in case.steps:
        note(f"{step.method} {step.path} {step.content} {step.body}")
    found = list(differences(case.name, play(real, case), play(sandbox, case), "sandbox"))
    assert not found, "\n" + "\n".join(found)
