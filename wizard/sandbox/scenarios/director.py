"""Starts scenarios and ends them: turns their steps into effects on the simulation and faults of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.sandbox.controllers.cluster import Cluster, Timer
from wizard.sandbox.controllers.effects import Effect, Effects, Target
from wizard.sandbox.controllers.kubelet.images import Images
from wizard.sandbox.controllers.shapes import NODES, PODS, Obj, is_active
from wizard.sandbox.ports import Faults
from wizard.sandbox.scenarios import scenario
from wizard.sandbox.scenarios.scenario import Scenario, Step

_ON_NODES = ("slow-node", "lost-node", "disk")


class Director:
    def __init__(self, cluster: Cluster, effects: Effects, images: Images, faults: Faults) -> None:
        self._cluster = cluster
        self._effects = effects
        self._images = images
        self._faults = faults
        self._timers: list[Timer] = []
        self.running: dict[str, Scenario] = {}

    def start(self, name: str) -> dict[str, Any]:
        """Returns what to show of it. Raises KeyError for an unknown one; one that runs is started over."""
        found = scenario.load(name)
        self._effects.clear(name)
        self.running[name] = found
        for step in found.steps:
            if step.at:
                self._timers.append(self._cluster.after(step.at, lambda step=step: self._play(found, step)))  # type: ignore[misc]
            else:
                self._play(found, step)
        return found.shown()

    def reset(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.running.clear()
        self._effects.clear()
        self._faults.clear()

    def _play(self, found: Scenario, step: Step) -> None:
        if step.kind == "api":
            for name, value in step.settings.items():
                setattr(self._faults, name, bool(value) if name == "stale" else float(value))
            return
        target = self._resolved(step.target) if step.kind in _ON_NODES and step.target.node else step.target
        self._effects.add(Effect(step.kind, target, self._cluster.now, found.name, step.settings))
        if step.kind == "pull-error":
            self._forget_images(target, step.settings)

    def _resolved(self, target: Target) -> Target:
        """`first` and `last` are nodes by name; `of-ollama` is where such a pod runs, if one does."""
        nodes = [node["metadata"]["name"] for node in self._cluster.objects(NODES)]
        chosen = target.node
        if target.node == "last" and nodes:
            # Not the control plane where there is another: losing that is a different story.
            workers = [n for n in nodes if n != "server"] or nodes
            busy = {pod["spec"].get("nodeName") for pod in self._cluster.objects(PODS) if is_active(pod)}
            chosen = next((n for n in reversed(workers) if n in busy), workers[-1])
        elif target.node == "first" and nodes:
            chosen = nodes[0]
        return Target(target.namespace, target.labels, target.image, target.container, chosen)

    def _forget_images(self, target: Target, settings: Mapping[str, Any]) -> None:
        """The image is on no node any more; unless told otherwise, a pod that has it is replaced."""
        victims: list[Obj] = []
        for pod in self._cluster.objects(PODS):
            for container in pod["spec"]["containers"]:
                if target.fits(pod, container):
                    self._images.drop(container["image"])
                    victims.append(pod)
        for pod in victims if settings.get("restart", True) else ():
            if is_active(pod):
                self._cluster.delete(PODS, pod)
