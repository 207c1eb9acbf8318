"""The plan's graph: its order, its cycles, its longest chain."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.domain.plan import StepSpec
from wizard.planning.graph import critical_path, ordered


def step(name: str, *needs: str) -> StepSpec:
    return StepSpec(name, "ready", name, needs)


@st.composite
def graphs(draw: st.DrawFn) -> list[StepSpec]:
    """Steps in any order; each needs only such as come before it in a hidden order."""
    names = draw(st.permutations([f"s{number}" for number in range(draw(st.integers(0, 7)))]))
    steps = []
    for index, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        steps.append(step(name, *needs))
    return draw(st.permutations(steps))


@given(graphs())
def test_order_respects_needs_and_loses_nothing(steps: list[StepSpec]) -> None:
    order = ordered(steps)
    assert sorted(order, key=lambda s: s.id) == sorted(steps, key=lambda s: s.id)
    place = {spec.id: index for index, spec in enumerate(order)}
    assert all(place[need] < place[spec.id] for spec in order for need in spec.needs)
    assert ordered(steps) == order
    assert ordered(order) == ordered(ordered(order))


@given(graphs(), st.data())
def test_a_cycle_is_refused(steps: list[StepSpec], data: st.DataObject) -> None:
    if not steps:
        return
    # An edge back from anything to what (at least through itself) needs it closes a cycle.
    last = data.draw(st.sampled_from(steps))
    first = data.draw(st.sampled_from(sorted(_above(last, steps))))
    closed = [step(s.id, *s.needs, last.id) if s.id == first else s for s in steps]
    with pytest.raises(ValueError, match="wait for one another") as raised:
        ordered(closed)
    assert last.id in str(raised.value)


def _above(spec: StepSpec, steps: list[StepSpec]) -> set[str]:
    """The step itself and all that it needs, through others too."""
    by_id = {s.id: s for s in steps}
    return {spec.id}.union(*(_above(by_id[need], steps) for need in spec.needs))


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="duplicate"):
        ordered([step("a"), step("a")])
    with pytest.raises(ValueError, match="b needs unknown steps: c, d"):
        ordered([step("a"), step("b", "a", "c", "d")])


def test_equal_input_gives_equal_order() -> None:
    steps = [step("c"), step("a"), step("b", "a", "c")]
    assert [spec.id for spec in ordered(steps)] == ["c", "a", "b"]


def _chains(steps: list[StepSpec]) -> set[tuple[str, ...]]:
    """Every path of the graph, by trying all sequences."""
    by_id = {s.id: s for s in steps}
    return {
        path
        for length in range(1, len(steps) + 1)
        for path in itertools.permutations(by_id, length)
        if all(before in by_id[after].needs for before, after in itertools.pairwise(path))
    }


@given(graphs().filter(lambda steps: len(steps) <= 6), st.data())
def test_critical_path_is_the_longest_of_all_chains(steps: list[StepSpec], data: st.DataObject) -> None:
    seconds = {s.id: float(data.draw(st.integers(0, 9))) for s in steps}
    length, path = critical_path(steps, seconds)
    chains = _chains(steps)
    assert length == max((sum(seconds[name] for name in chain) for chain in chains), default=0.0)
    assert (path in chains) if steps else path == ()
    assert sum(seconds[name] for name in path) == length


def test_a_step_without_a_duration_takes_none() -> None:
    assert critical_path([step("a"), step("b", "a")], {"b": 2.0}) == (2.0, ("a", "b"))
