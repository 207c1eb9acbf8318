"""Random sequences of applies, patches and updates by several managers, so that nothing is tuned to a list.

Drawn either from a seed, for the sequences whose answers are recorded, or from hypothesis.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from .cases.configmaps import MAPS
from .cases.deployments import APPS
from .play import APPLY, JSON_PATCH, MERGE, STRATEGIC, Case, Step

T = TypeVar("T")
Obj = dict[str, Any]
FIXED = 30
"""Sequences from seeds whose answers are recorded."""


class Source(Protocol):
    """Where choices come from."""

    def pick(self, choices: Sequence[T]) -> T: ...


class Seeded:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def pick(self, choices: Sequence[T]) -> T:
        return self._random.choice(choices)


def fixed() -> list[Case]:
    """The recorded sequences: two in three about a Deployment, the others about a ConfigMap."""
    return [(sequence if number % 3 else maps)(Seeded(number), f"generated_{number:02}") for number in range(FIXED)]


def _maybe(source: Source, target: Obj, key: str, values: Sequence[Any], odds: int = 3) -> None:
    """Sets the key to one of the values, one time in `odds`."""
    if source.pick(range(odds)) == 0:
        target[key] = source.pick(values)


def _subset(source: Source, items: Sequence[T]) -> list[T]:
    return [each for each in items if source.pick((True, False))]


def _container(source: Source, name: str) -> Obj:
    found: Obj = {"name": name}
    _maybe(source, found, "image", ["a:1", "b:2", "c"], 1)
    _maybe(source, found, "args", [["x"], ["y", "z"], []])
    _maybe(source, found, "workingDir", ["/a", "/b"])
    _maybe(source, found, "resources", [{"limits": {"cpu": "1"}}, {"limits": {"memory": "1Gi"}}, {}])
    _maybe(source, found, "securityContext", [{"runAsUser": 1}, {"readOnlyRootFilesystem": True}, {}], 5)
    if source.pick((True, False)):
        found["env"] = [{"name": each, "value": source.pick("12")} for each in _subset(source, "ABC")]
    if source.pick((True, False, False)):
        found["ports"] = [{"containerPort": each} for each in _subset(source, (80, 81))]
    return found


def _spec(source: Source) -> Obj:
    found: Obj = {}
    _maybe(source, found, "replicas", [0], 2)
    _maybe(source, found, "minReadySeconds", [0, 1, 2])
    _maybe(source, found, "revisionHistoryLimit", [3, 10], 4)
    _maybe(source, found, "paused", [True, False], 5)
    _maybe(source, found, "strategy", [{"type": "Recreate"}, {"rollingUpdate": {"maxSurge": 2}}, {}], 5)
    pod: Obj = {}
    names = _subset(source, ("main", "side", "more"))
    if names:
        pod["containers"] = [_container(source, each) for each in names]
    _maybe(source, pod, "nodeSelector", [{"a": "1"}, {"b": "2"}, {}], 4)
    _maybe(source, pod, "volumes", [[{"name": "v"}], [{"name": "w", "configMap": {"name": "c"}}], []], 4)
    _maybe(source, pod, "tolerations", [[{"operator": "Exists"}], [{"key": "k", "operator": "Exists"}]], 5)
    _maybe(source, pod, "hostAliases", [[{"ip": "1.2.3.4", "hostnames": ["h"]}]], 6)
    _maybe(source, pod, "topologySpreadConstraints", [[
        {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}]], 6)  # fmt: skip
    template: Obj = {}
    if pod:
        template["spec"] = pod
    _maybe(source, template, "metadata", [{"annotations": {"t": "1"}}, {"labels": {"l": "2"}}], 4)
    if template:
        found["template"] = template
    return found


def _meta(source: Source, name: str) -> Obj:
    found: Obj = {"name": name}
    _maybe(source, found, "labels", [{"a": "1"}, {"a": "2", "b": "1"}, {"c": "3"}, {}], 2)
    # Never empty: the deployment controller's own annotation makes a race of whether the map is.
    _maybe(source, found, "annotations", [{"x": "1"}, {"y": "2"}, {"x": "2", "y": "3"}])
    _maybe(source, found, "finalizers", [["f.example/one"], ["f.example/two"], []], 6)
    return found


def _deployment(source: Source, *, whole: bool) -> Obj:
    spec = _spec(source)
    if whole:
        template = spec.setdefault("template", {})
        template.setdefault("metadata", {}).setdefault("labels", {})["app"] = "web"
        containers = template.setdefault("spec", {}).setdefault("containers", [])
        if not any(each["name"] == "main" for each in containers):
            containers.append({"name": "main", "image": "a:1"})
        spec["replicas"] = 0
        spec["selector"] = {"matchLabels": {"app": "web"}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _meta(source, "web"), "spec": spec}


_POINTERS = (
    "/spec/minReadySeconds", "/spec/template/spec/containers/0/image", "/metadata/labels", "/spec/paused",
    "/spec/template/spec/containers/-", "/spec/template/spec/containers/0/env", "/spec/strategy",
    "/spec/template/spec/containers/0", "/spec/template/spec/nodeSelector", "/metadata/managedFields",
)  # fmt: skip
_VALUES: dict[str, Sequence[Any]] = {
    "/spec/minReadySeconds": (0, 5),
    "/spec/template/spec/containers/0/image": ("d", "e:1"),
    "/metadata/labels": ({"j": "1"}, {}),
    "/spec/strategy": ({"type": "Recreate"}, {}),
    "/spec/paused": (True, False),
    "/spec/template/spec/containers/-": ({"name": "json", "image": "j"},),
    "/spec/template/spec/containers/0": ({"name": "first", "image": "f"},),
    "/spec/template/spec/containers/0/env": ([{"name": "J", "value": "1"}], []),
    "/spec/template/spec/nodeSelector": ({"j": "1"},),
    "/metadata/managedFields": ([], [{}]),
}


def _json_patch(source: Source) -> list[Obj]:
    out = []
    for _ in range(source.pick((1, 1, 2))):
        pointer = source.pick(_POINTERS)
        kind = source.pick(("add", "replace", "remove"))
        if kind == "remove" or pointer.endswith("managedFields"):
            kind = "replace" if pointer.endswith("managedFields") else kind
        out.append({"op": kind, "path": pointer, "value": source.pick(_VALUES[pointer])})
    return out


def _nulled(source: Source, value: Any, depth: int = 0) -> Any:
    """With some of its maps' values null, which removes them."""
    if not isinstance(value, dict):
        return value
    return {
        key: None if depth > 1 and source.pick(range(8)) == 0 else _nulled(source, each, depth + 1)
        for key, each in value.items()
    }


def _strategic(source: Source, patch: Obj) -> Obj:
    """With directives here and there."""
    template = patch["spec"].get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or []
    for each in containers:
        what = source.pick(range(6))
        if what == 0:
            each["$patch"] = "delete"
        elif what == 1 and "env" in each:
            # Not an item twice: how lists with duplicates are compared is nobody's contract.
            rest = [item for item in each["env"] or () if item["name"] != "A"]
            each["env"] = [*rest, {"name": "A", "$patch": "delete"}]
        elif what == 2 and "env" in each:
            each["$setElementOrder/env"] = [{"name": name} for name in source.pick(("CBA", "BAC"))]
    if containers and source.pick(range(4)) == 0:
        template["spec"]["$setElementOrder/containers"] = [{"name": name} for name in ("more", "main", "side")]
    return patch


def sequence(source: Source, name: str) -> Case:
    """Some writes to one Deployment."""
    web = f"{APPS}/web"
    steps = [Step("00 create", "PATCH", f"{web}?fieldManager=one", _deployment(source, whole=True), APPLY)]
    if source.pick((True, False)):
        steps = [Step("00 create", "POST", f"{APPS}?fieldManager=one", _deployment(source, whole=True))]
    for number in range(1, source.pick((4, 6, 8))):
        manager = source.pick(("one", "two", "three"))
        kind = source.pick(("apply", "apply", "apply", "force", "merge", "strategic", "json", "put"))
        title, path = f"{number:02} {kind} by {manager}", f"{web}?fieldManager={manager}"
        if kind in ("apply", "force"):
            body = _deployment(source, whole=source.pick((True, False)))
            forced = "&force=true" if kind == "force" else ""
            steps.append(Step(title, "PATCH", path + forced, body, APPLY))
        elif kind == "merge":
            patch = _nulled(source, _deployment(source, whole=False))
            steps.append(Step(title, "PATCH", path, patch, MERGE))
        elif kind == "strategic":
            patch = _strategic(source, _nulled(source, _deployment(source, whole=False)))
            steps.append(Step(title, "PATCH", path, patch, STRATEGIC))
        elif kind == "json":
            steps.append(Step(title, "PATCH", path, _json_patch(source), JSON_PATCH))
        else:
            steps.append(Step(title, "PUT", path, _deployment(source, whole=True)))
    return Case(name, steps)


def _map(source: Source) -> Obj:
    found: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(source, "one")}
    _maybe(source, found, "data", [{"a": "1"}, {"a": "2", "b": "1"}, {"c": "1"}, {}], 1)
    _maybe(source, found, "binaryData", [{"z": "eg=="}], 5)
    return found


def maps(source: Source, name: str) -> Case:
    """Some writes to one ConfigMap."""
    one = f"{MAPS}/one"
    steps = [Step("00 create", "POST", f"{MAPS}?fieldManager=one", _map(source))]
    for number in range(1, source.pick((5, 8, 10))):
        manager = source.pick(("one", "two", "three", "kubectl"))
        kind = source.pick(("apply", "apply", "apply", "force", "merge", "strategic", "put", "delete"))
        title, path = f"{number:02} {kind} by {manager}", f"{one}?fieldManager={manager}"
        if kind in ("apply", "force"):
            forced = "&force=true" if kind == "force" else ""
            steps.append(Step(title, "PATCH", path + forced, _map(source), APPLY))
        elif kind in ("merge", "strategic"):
            content = MERGE if kind == "merge" else STRATEGIC
            steps.append(Step(title, "PATCH", path, _nulled(source, _map(source), 1), content))
        elif kind == "put":
            steps.append(Step(title, "PUT", path, _map(source)))
        else:
            steps.append(Step(title, "DELETE", one))
    return Case(name, steps)
