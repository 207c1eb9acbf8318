"""The plan's graph: its order, and that it is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from wizard.domain.plan import StepSpec


def ordered(steps: Iterable[StepSpec]) -> tuple[StepSpec, ...]:
    """Steps with what each needs before it; stable for equal input. Raises ValueError on a cycle,
    a duplicate id or a need that is no step: bugs of planning, not of the operator."""
    steps = tuple(steps)
    by_id = {step.id: step for step in steps}
    if len(by_id) != len(steps):
        raise ValueError("duplicate step id")
    for step in steps:
        if missing := [need for need in step.needs if need not in by_id]:
            raise ValueError(f"{step.id} needs unknown steps: {', '.join(missing)}")
    try:
        order = TopologicalSorter({step.id: step.needs for step in steps}).static_order()
        return tuple(by_id[step] for step in order)
    except CycleError as cycle:
        raise ValueError(f"steps wait for one another: {' -> '.join(cycle.args[1])}") from cycle


def critical_path(steps: Iterable[StepSpec], seconds: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    """The longest chain of the graph, given each step's duration: (seconds, step ids in order)."""
    longest: dict[str, tuple[float, tuple[str, ...]]] = {}
    for step in ordered(steps):
        before = max((longest[need] for need in step.needs), default=(0.0, ()))
        longest[step.id] = (before[0] + seconds.get(step.id, 0.0), (*before[1], step.id))
    return max(longest.values(), default=(0.0, ()))
