"""What scenarios do to the cluster while they last: one list, which kubelets, nodes and programs ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.sandbox.controllers.shapes import Obj, labels_of


@dataclass(frozen=True, slots=True)
class Target:
    """Which containers are meant; empty fields mean any."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    """A regular expression that the image contains."""
    container: str = ""
    node: str = ""
    """A node's name, or `first`, `last`."""

    def fits(self, pod: Obj, container: Mapping[str, Any]) -> bool:
        return (
            (not self.namespace or pod["metadata"]["namespace"] == self.namespace)
            and self.labels.items() <= labels_of(pod).items()
            and (not self.image or re.search(self.image, container["image"]) is not None)
            and (not self.container or container["name"] == self.container)
            and (not self.node or pod["spec"].get("nodeName") == self.node)
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that is wrong, from `since` on."""

    kind: str
    """crash, pull-error, memory, disk, slow-node, lost-node."""
    target: Target
    since: float
    scenario: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        return float(self.settings.get(name, default))


class Effects:
    """The effects in force. Whoever is interested is told when they change."""

    def __init__(self) -> None:
        self.active: list[Effect] = []
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, fn: Callable[[], None]) -> None:
        self._listeners.append(fn)

    def add(self, *effects: Effect) -> None:
        self.active.extend(effects)
        self._tell()

    def clear(self, scenario: str = "") -> None:
        self.active = [each for each in self.active if scenario and each.scenario != scenario]
        self._tell()

    def _tell(self) -> None:
        for fn in self._listeners:
            fn()

    def find(self, kind: str, pod: Obj, container: Mapping[str, Any], now: float) -> Effect | None:
        if not self.active:
            return None
        for each in self.active:
            if each.kind == kind and each.since <= now and each.target.fits(pod, container):
                return each
        return None

    def on_node(self, kind: str, node: str, now: float) -> Effect | None:
        if not self.active:
            return None
        for each in self.active:
            if each.kind == kind and each.since <= now and each.target.node == node:
                return each
        return None

    def slowness(self, node: str, now: float) -> float:
        """By what factor everything takes longer on a node."""
        found = self.on_node("slow-node", node, now)
        return found.number("factor", 5.0) if found else 1.0
