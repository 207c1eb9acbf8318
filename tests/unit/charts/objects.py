"""Finding one's way in rendered objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Manifest = dict[str, Any]


def of_kind(objects: Iterable[Manifest], kind: str) -> list[Manifest]:
    return [item for item in objects if item["kind"] == kind]


def one(objects: Iterable[Manifest], kind: str, name: str = "") -> Manifest:
    """The only object of that kind (and name)."""
    found = [item for item in of_kind(objects, kind) if not name or item["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} objects of kind {kind} {name}"
    return found[0]


def pod_templates(objects: Iterable[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Each workload's pod template, with a name for messages."""
    for item in objects:
        if item["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
            yield f"{item['kind']}/{item['metadata']['name']}", item["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    """Init and main containers of a pod spec."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def environment(container: Manifest) -> dict[str, Any]:
    """Name -> value, or what it is taken from."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


_UNITS = {
    "m": 1e-3,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
}


def quantity(text: str | float) -> float:
    """A Kubernetes quantity as a number of cores or bytes."""
    text = str(text)
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)
