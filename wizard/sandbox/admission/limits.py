"""LimitRanger: defaults for containers without requests, and bounds for containers, pods and claims."""

from __future__ import annotations

from fractions import Fraction

from wizard.sandbox.kinds import Resource
from wizard.sandbox.quantity import canonical, value, written
from wizard.sandbox.status import forbidden
from wizard.sandbox.store import Obj, Store

_ANNOTATION = "kubernetes.io/limit-ranger"


class LimitRanger:
    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        if resource.type != "core.Pod" or old is not None:
            return
        set_: list[str] = []
        for item in self._items(obj, "Container"):
            for kind in ("containers", "initContainers"):
                for each in obj["spec"].get(kind) or ():
                    set_ += _fill(each, item, "init container" if kind == "initContainers" else "container")
        if set_:
            annotations = obj["metadata"].setdefault("annotations", {})
            annotations[_ANNOTATION] = "LimitRanger plugin set: " + "; ".join(set_)

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        problems: list[str] = []
        if resource.type == "core.Pod" and old is None:
            for item in self._items(obj, "Container"):
                for each in [*(obj["spec"].get("containers") or ()), *(obj["spec"].get("initContainers") or ())]:
                    resources = each.get("resources", {})
                    _check("Container", item, resources.get("requests", {}), resources.get("limits", {}), problems)
            for item in self._items(obj, "Pod"):
                _check("Pod", item, _sum(obj["spec"], "requests"), _sum(obj["spec"], "limits"), problems)
        elif resource.type == "core.PersistentVolumeClaim":
            requests = obj["spec"].get("resources", {}).get("requests", {})
            for item in self._items(obj, "PersistentVolumeClaim"):
                # A claim has no limits: its request is held against both bounds.
                _check("PersistentVolumeClaim", item, requests, requests, problems, noun="request")
        if problems:
            why = problems[0] if len(problems) == 1 else "[" + ", ".join(problems) + "]"
            raise forbidden(resource.group, resource.plural, obj["metadata"]["name"], why)

    def _items(self, obj: Obj, kind: str) -> list[Obj]:
        found = self._store.list("", "limitranges", obj["metadata"].get("namespace", ""))
        return [item for each in found for item in each["spec"].get("limits") or () if item.get("type") == kind]


def _fill(container: Obj, item: Obj, kind: str) -> list[str]:
    """Gives a container the defaults it lacks; returns what the annotation says of it."""
    said: list[str] = []
    resources = container.setdefault("resources", {})
    for key, source in (("requests", "defaultRequest"), ("limits", "default")):
        have = resources.get(key, {})
        lacking = {name: amount for name, amount in item.get(source, {}).items() if name not in have}
        if lacking:
            resources[key] = {**have, **lacking}
            words = f"{', '.join(sorted(lacking))} {key.removesuffix('s')} for {kind} {container['name']}"
            said.append(words)
    return said


def _check(kind: str, item: Obj, requests: Obj, limits: Obj, problems: list[str], noun: str = "limit") -> None:
    for name, bound in sorted(item.get("min", {}).items()):
        words = f"minimum {name} usage per {kind} is {canonical(bound)}"
        if name not in requests:
            problems.append(f"{words}. No request is specified")
        elif value(requests[name]) < value(bound):
            problems.append(f"{words}, but request is {canonical(requests[name])}")
        elif name in limits and value(limits[name]) < value(bound):
            problems.append(f"{words}, but limit is {canonical(limits[name])}")
    for name, bound in sorted(item.get("max", {}).items()):
        words = f"maximum {name} usage per {kind} is {canonical(bound)}"
        if name not in limits:
            problems.append(f"{words}. No limit is specified")
        elif value(limits[name]) > value(bound):
            problems.append(f"{words}, but {noun} is {canonical(limits[name])}")
        elif name in requests and value(requests[name]) > value(bound):
            problems.append(f"{words}, but request is {canonical(requests[name])}")
    for name, ratio in sorted(item.get("maxLimitRequestRatio", {}).items()):
        if name in limits and name in requests and value(requests[name]):
            actual = value(limits[name]) / value(requests[name])
            if actual > value(ratio):
                problems.append(
                    f"{name} max limit to request ratio per {kind} is {canonical(ratio)}, "
                    f"but provided ratio is {float(actual):f}"
                )


def _sum(spec: Obj, key: str) -> Obj:
    """Of a pod: its containers together, or the largest init container."""
    total: dict[str, Fraction] = {}
    binary: dict[str, bool] = {}
    for each in spec.get("containers") or ():
        for name, amount in each.get("resources", {}).get(key, {}).items():
            total[name] = total.get(name, Fraction(0)) + value(amount)
            binary[name] = binary.get(name, False) or str(amount).endswith("i")
    for each in spec.get("initContainers") or ():
        for name, amount in each.get("resources", {}).get(key, {}).items():
            total[name] = max(total.get(name, Fraction(0)), value(amount))
            binary[name] = binary.get(name, False) or str(amount).endswith("i")
    return {name: written(amount, "binary" if binary[name] else "decimal") for name, amount in total.items()}
