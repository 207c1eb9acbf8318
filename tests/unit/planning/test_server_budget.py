"""The promise of the k3s-4gb profile: all of it fits a server with 4 GiB and 3 vCPU, with room for a small model."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.planning.conftest import Obj, plan_of, pods, shipped
from wizard.planning.budget import K3S_MEMORY, SERVER_CPU, SERVER_MEMORY, budget, quantity
from wizard.planning.components.base import OBSERVABILITY
from wizard.planning.desired import Component
from wizard.planning.room import server_room

OBSERVABILITY_MEMORY, OBSERVABILITY_LIMIT = 512 * 2**20, 1216 * 2**20
"""The hard budget of all that watches the platform: what it asks for, and what it may take at worst. docs/memory.md."""
OBSERVABILITY_CPU = 0.2
SMALL_MODEL = 1024 * 2**20
"""A model of 0.6 billion parameters with a context of 4,096 tokens: about 1 GB (the catalog's figures)."""
K3S_CPU = 0.3
"""k3s' own resource profiling: 6 to 10 % of a core for a server with a workload; three times that."""


def test_constants() -> None:
    assert (SERVER_MEMORY, SERVER_CPU) == (4 * 2**30, 3.0)
    assert K3S_MEMORY == 1428 * 2**20


def _requests(spec: Obj, kind: str) -> float:
    """Of one pod, as the scheduler counts: the containers together, or an init container where that is more."""

    def of(container: Obj) -> float:
        return quantity(container["resources"]["requests"][kind])

    running = sum(map(of, spec["containers"]))
    return max([running, *map(of, spec.get("initContainers", ()))])


def test_the_platform_fits_its_server(render: Callable[[Component], list[Obj]]) -> None:
    """Counted from the pods that helm renders, the Job that pulls models included."""
    specs = [spec for component in plan_of(shipped("k3s-4gb")).components for spec in pods(render(component))]
    assert len(specs) == 11
    memory = sum(_requests(spec, "memory") for spec in specs)
    cpu = sum(_requests(spec, "cpu") for spec in specs)
    assert memory + K3S_MEMORY <= SERVER_MEMORY
    assert cpu + K3S_CPU <= SERVER_CPU


def test_what_watches_the_platform_keeps_to_its_budget() -> None:
    components = plan_of(shipped("k3s-4gb")).components
    watching = dict(budget(components).parts)[OBSERVABILITY]
    assert watching.memory_request <= OBSERVABILITY_MEMORY
    assert watching.memory_limit <= OBSERVABILITY_LIMIT
    assert watching.cpu_request <= OBSERVABILITY_CPU


def test_ollama_has_room_for_a_small_model() -> None:
    """Beside k3s and whatever else the profile asks for."""
    components = plan_of(shipped("k3s-4gb")).components
    others = [component for component in components if component.name != "ollama"]
    assert server_room(SERVER_MEMORY, others).memory >= SMALL_MODEL


def test_the_budget_that_is_shown_is_that_of_the_pods(render: Callable[[Component], list[Obj]]) -> None:
    """Without Jobs: they end. Each component's row counts what its long-running pods ask for."""
    desired = plan_of(shipped("k3s-4gb"))
    rows = dict(budget(desired.components).rows)
    for component in desired.components:
        lasting = [obj for obj in render(component) if obj["kind"] in ("Deployment", "StatefulSet", "DaemonSet")]
        (spec,) = pods(lasting)
        (container,) = spec["containers"]
        assert rows[component.name].memory_request == quantity(container["resources"]["requests"]["memory"])
        assert rows[component.name].cpu_request == quantity(container["resources"]["requests"]["cpu"])
        assert rows[component.name].memory_limit == quantity(container["resources"]["limits"]["memory"])
        assert rows[component.name].memory_limit >= rows[component.name].memory_request > 0
    total = budget(desired.components).total
    assert total.memory_request + K3S_MEMORY <= SERVER_MEMORY
