"""Quantities as Kubernetes writes them, and what they add up to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.planning.budget import Budget, budget, quantity, resources
from wizard.planning.desired import Component, Resources

Mi, Gi = 2**20, 2**30


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("1", 1), (2, 2), (1.5, 1.5), ("1.5", 1.5), (".5", 0.5), ("5.", 5), ("+3", 3), ("007", 7),
        ("250m", 0.25), ("1500m", 1.5), ("100u", 1e-4), ("100n", 1e-7),
        ("1k", 1000), ("1M", 10**6), ("2G", 2 * 10**9), ("1T", 10**12), ("1P", 10**15), ("1E", 10**18),
        ("1Ki", 1024), ("1536Mi", 1536 * Mi), ("4Gi", 4 * Gi), ("1.5Gi", 1.5 * Gi),
        ("1Ti", 2**40), ("1Pi", 2**50), ("1Ei", 2**60),
        ("1e3", 1000), ("1E3", 1000), ("12e-1", 1.2), ("1e+9", 10**9), (10**9, 10**9), (1e9, 10**9),
    ],
)  # fmt: skip
def test_quantity(text: str | float, value: float) -> None:
    assert quantity(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    ["", " ", "1 Gi", " 1", "1Gi\n", "-1", "-100m", "Gi", "m", "1gi", "1GI", "1K", "1ki", "1mi", "1Gb", "1GiB", "1mm",
     "1e", "1e3Gi", "1,5", "1_000", "0x10", "lots", "١", "1.2.3", ".", "+", "NaN", "inf", None, True, False, [], {}],
)  # fmt: skip
def test_what_is_no_quantity(text: object) -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        quantity(text)  # type: ignore[arg-type]


@given(st.integers(0, 10**6), st.sampled_from(["", "k", "M", "Ki", "Mi", "Gi"]))
def test_a_suffix_scales(number: int, suffix: str) -> None:
    assert quantity(f"{number}{suffix}") == number * quantity(f"1{suffix}")


def test_resources_of_all_replicas() -> None:
    spec = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"cpu": 2, "memory": "2Gi"}}
    assert resources(spec) == Resources(0.25, Gi, 2.0, 2 * Gi)
    assert resources(spec, 3) == Resources(0.75, 3 * Gi, 6.0, 6 * Gi)
    assert resources({}) == Resources()
    assert resources({"requests": None, "limits": {"memory": "1Mi"}}) == Resources(memory_limit=Mi)


@pytest.mark.parametrize(
    "spec", [{"requests": {"cpu": "fast"}}, {"limits": "all"}, {"limits": {"memory": None}}, "none"]
)
def test_resources_that_cannot_be_read(spec: object) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        resources(spec)  # type: ignore[arg-type]


def test_a_budget_adds_up() -> None:
    def made(name: str, compute: Resources) -> Component:
        return Component(name, "chat", "", name, "1", "", {}, resources=compute)

    rows = (Resources(0.1, 3, 1.0, 5), Resources(0.2, 4, 2.0, 6), Resources())
    components = [made(f"c{number}", compute) for number, compute in enumerate(rows)]
    found = budget([components[0], replace(components[1], part="watching"), replace(components[2], part="watching")])
    assert replace(found.total, cpu_request=0.3) == Resources(0.3, 7, 3.0, 11)
    assert found.total.cpu_request == pytest.approx(0.3)
    assert found.as_dict() == {
        "components": {
            "c0": {"cpuRequest": 0.1, "memoryRequest": 3, "cpuLimit": 1.0, "memoryLimit": 5},
            "c1": {"cpuRequest": 0.2, "memoryRequest": 4, "cpuLimit": 2.0, "memoryLimit": 6},
            "c2": {"cpuRequest": 0.0, "memoryRequest": 0, "cpuLimit": 0.0, "memoryLimit": 0},
        },
        "parts": {"watching": {"cpuRequest": 0.2, "memoryRequest": 4, "cpuLimit": 2.0, "memoryLimit": 6}},
        "total": {"cpuRequest": 0.3, "memoryRequest": 7, "cpuLimit": 3.0, "memoryLimit": 11},
    }
    assert budget(()) == Budget((), Resources())
