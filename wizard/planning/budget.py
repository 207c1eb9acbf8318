"""Adds up what the components ask for, against what the target can give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wizard.planning.desired import Component, Resources

_SUFFIX = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
    "n": 1e-9, "u": 1e-6, "m": 1e-3,
}  # fmt: skip
_QUANTITY = re.compile(r"\+?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([eE][+-]?[0-9]{1,2})|([a-zA-Z]{0,2}))")

K3S_MEMORY = 1428 * 2**20
"""What k3s takes on a server without workload, in bytes: docs.k3s.io/reference/resource-profiling."""
SERVER_MEMORY = 4 * 2**30
"""The reference server: 4 GB RAM and 3 vCPU."""
SERVER_CPU = 3.0


def quantity(text: str | int | float) -> float:
    """A Kubernetes quantity in base units (bytes, cores): `1536Mi`, `250m`, `2`, `1e9`. Raises ValueError,
    also for a negative one: nothing can ask for less than nothing."""
    match = None if isinstance(text, bool) else _QUANTITY.fullmatch(str(text))
    if not match or (match[3] or "") not in _SUFFIX:
        raise ValueError(f"{text!r} is not a Kubernetes quantity")
    return float(match[1] + (match[2] or "")) * _SUFFIX[match[3] or ""]


def resources(spec: Mapping[str, Any], replicas: int = 1) -> Resources:
    """From a container's `resources` mapping. Raises ValueError, TypeError or AttributeError where it is none."""
    requests, limits = spec.get("requests") or {}, spec.get("limits") or {}
    return Resources(
        quantity(requests.get("cpu", 0)) * replicas,
        int(quantity(requests.get("memory", 0))) * replicas,
        quantity(limits.get("cpu", 0)) * replicas,
        int(quantity(limits.get("memory", 0))) * replicas,
    )


@dataclass(frozen=True, slots=True)
class Budget:
    rows: tuple[tuple[str, Resources], ...]
    total: Resources
    parts: tuple[tuple[str, Resources], ...] = ()
    """Sums of the components that belong together (`Component.part`)."""

    def as_dict(self) -> dict[str, Any]:
        def plain(r: Resources) -> dict[str, float]:
            return {
                "cpuRequest": round(r.cpu_request, 3),
                "memoryRequest": r.memory_request,
                "cpuLimit": round(r.cpu_limit, 3),
                "memoryLimit": r.memory_limit,
            }

        return {
            "components": {name: plain(r) for name, r in self.rows},
            "parts": {name: plain(r) for name, r in self.parts},
            "total": plain(self.total),
        }


def _sum(resources: Iterable[Resources]) -> Resources:
    rows = tuple(resources)
    return Resources(
        sum(r.cpu_request for r in rows),
        sum(r.memory_request for r in rows),
        sum(r.cpu_limit for r in rows),
        sum(r.memory_limit for r in rows),
    )


def budget(components: Iterable[Component]) -> Budget:
    components = tuple(components)
    parts = dict.fromkeys(component.part for component in components if component.part)
    return Budget(
        tuple((component.name, component.resources) for component in components),
        _sum(component.resources for component in components),
        tuple((part, _sum(c.resources for c in components if c.part == part)) for part in parts),
    )
