"""Warnings: accepted, but probably not what was meant (pkg/api/pod/warnings.go)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wizard.sandbox.kinds import Resource

Obj = dict[str, Any]
_NULL = "a null labelSelector results in matching no pod"
_TERMS = "requiredDuringSchedulingIgnoredDuringExecution"
_WEIGHTED = "preferredDuringSchedulingIgnoredDuringExecution"


def warnings(resource: Resource, obj: Obj) -> Iterator[str]:
    """The texts of Warning headers, for pods and everything with a pod template."""
    spec, field = obj.get("spec") or {}, "spec"
    if resource.type == "batch.CronJob":
        spec, field = (spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec"
    if resource.type != "core.Pod":
        if not isinstance(spec.get("template"), dict):
            return
        spec, field = spec["template"].get("spec") or {}, f"{field}.template.spec"
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = (spec.get("affinity") or {}).get(kind) or {}
        for index, term in enumerate(affinity.get(_TERMS) or ()):
            if "labelSelector" not in term:
                yield f"{field}.affinity.{kind}.{_TERMS}[{index}].labelSelector: {_NULL}"
        for index, each in enumerate(affinity.get(_WEIGHTED) or ()):
            if "labelSelector" not in (each.get("podAffinityTerm") or {}):
                yield f"{field}.affinity.{kind}.{_WEIGHTED}[{index}].podAffinityTerm.labelSelector: {_NULL}"
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        if "labelSelector" not in constraint:
            yield f"{field}.topologySpreadConstraints[{index}].labelSelector: {_NULL}"
    yield from _ports(spec, field)
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(kind) or ()):
            seen: set[str] = set()
            for number, variable in enumerate(container.get("env") or ()):
                name = variable.get("name", "")
                if name in seen:
                    where = f"{field}.{kind}[{index}].env[{number}]"
                    yield f'{where}: hides previous definition of "{name}", which may be unintended'
                seen.add(name)


def _ports(spec: Obj, field: str) -> Iterator[str]:
    known: dict[tuple[int, str], list[tuple[str, Obj]]] = {}
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(kind) or ()):
            for number, port in enumerate(container.get("ports") or ()):
                where = f"{field}.{kind}[{index}].ports[{number}]"
                others = known.setdefault((port.get("containerPort", 0), port.get("protocol", "TCP")), [])
                for other, definition in others:
                    if _host(port) == _host(definition):
                        yield f"{where}: duplicate port definition with {other}"
                    elif not port.get("hostPort") or not definition.get("hostPort"):
                        yield f"{where}: overlapping port definition with {other}"
                others.append((where, port))


def _host(port: Obj) -> tuple[str, int]:
    return port.get("hostIP", ""), port.get("hostPort", 0)
