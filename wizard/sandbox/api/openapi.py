"""OpenAPI v3, as far as clients look: paths with their parameters, and schemas for `kubectl explain`.

Written from the same table as everything else; descriptions are not in it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from wizard.sandbox.api.render import dump
from wizard.sandbox.kinds import Kinds, Resource
from wizard.sandbox.schema import LIST, MAP, STRUCT, Node

Obj = dict[str, Any]
_PREFIX = "io.k8s.sandbox."
_SCALARS: dict[str, Obj] = {
    "s": {"type": "string"},
    "i": {"type": "integer", "format": "int64"},
    "f": {"type": "number"},
    "b": {"type": "boolean"},
    "B": {"type": "string", "format": "byte"},
    "t": {"type": "string", "format": "date-time"},
    "T": {"type": "string", "format": "date-time"},
    "q": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "x": {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"},
    "j": {"x-kubernetes-preserve-unknown-fields": True},
}
_REPLACED = {"policy.PodDisruptionBudgetSpec": ("selector",)}
"""Fields that a client's patch always names whole, so that kubectl calls an object configured that is unchanged."""
_WRITES = ("dryRun", "fieldManager", "fieldValidation")
_PATCHES = ("application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json")


class OpenApi:
    """Documents by group and version."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._made: dict[tuple[str, int], bytes] = {}

    def index(self) -> Obj:
        paths = {}
        for group, version in dict.fromkeys((each.group, each.version) for each in self._kinds):
            name = f"apis/{group}/{version}" if group else f"api/{version}"
            digest = hashlib.sha512(f"{name}{self._kinds.revision}".encode()).hexdigest().upper()
            paths[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
        return {"paths": paths}

    def document(self, path: str) -> bytes | None:
        """The document of `api/v1` or `apis/GROUP/VERSION`."""
        key = (path, self._kinds.revision)
        if key not in self._made:
            mine = [each for each in self._kinds if each.path == f"/{path}"]
            if not mine:
                return None
            self._made[key] = dump(_document(mine))
        return self._made[key]


def _document(resources: list[Resource]) -> Obj:
    paths: Obj = {}
    schemas: Obj = {}
    for each in resources:
        top = f"{each.path}/namespaces/{{namespace}}" if each.namespaced else each.path
        kind = {"group": each.group, "kind": each.kind, "version": each.version}
        name = f"{_PREFIX}{each.group or 'core'}.{each.version}.{each.kind}"
        schemas[name] = {**_struct(each.node, schemas), "x-kubernetes-group-version-kind": [kind]}
        ref = {"$ref": f"#/components/schemas/{name}"}
        if "list" in each.verbs:
            paths[f"{top}/{each.plural}"] = {
                "get": _operation("list", kind, ref),
                "post": _operation("post", kind, ref, _WRITES, body=("*/*",)),
            }
            patches = _PATCHES if each.crd else (*_PATCHES, "application/strategic-merge-patch+json")
            paths[f"{top}/{each.plural}/{{name}}"] = {
                "get": _operation("get", kind, ref),
                "put": _operation("put", kind, ref, _WRITES, body=("*/*",)),
                "patch": _operation("patch", kind, ref, (*_WRITES, "force"), body=patches),
                "delete": _operation("delete", kind, ref),
            }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes (simulated)", "version": "v1.37.2"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(action: str, kind: Obj, ref: Obj, parameters: tuple[str, ...] = (), body: tuple[str, ...] = ()) -> Obj:
    found: Obj = {
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": ref}}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind,
    }
    if parameters:
        found["parameters"] = [
            {"name": each, "in": "query", "schema": {"type": "boolean" if each == "force" else "string"}}
            for each in parameters
        ]
    if body:
        found["requestBody"] = {"content": {each: {"schema": ref} for each in body}}
    return found


def _struct(node: Node, schemas: Obj) -> Obj:
    found: Obj = {"type": "object"}
    if node.fields:
        found["properties"] = {name: _schema(field.node, schemas) for name, field in node.fields.items()}
        for name in _REPLACED.get(node.name, ()):
            found["properties"][name]["x-kubernetes-patch-strategy"] = "replace"
        needed = sorted(name for name, field in node.fields.items() if field.required and not node.custom)
        if needed:
            found["required"] = needed
    if node.open:
        found["x-kubernetes-preserve-unknown-fields"] = True
    if node.atomic:
        found["x-kubernetes-map-type"] = "atomic"
    return found


def _schema(node: Node, schemas: Obj) -> Obj:
    if node.kind == STRUCT:
        if not node.name:
            return _struct(node, schemas)
        name = _PREFIX + node.name
        if name not in schemas:
            schemas[name] = {}  # before its fields: some types contain themselves
            schemas[name] = _struct(node, schemas)
        return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    if node.kind == LIST and node.elem is not None:
        found: Obj = {"type": "array", "items": _schema(node.elem, schemas)}
        found["x-kubernetes-list-type"] = "map" if node.keys else "set" if node.set else "atomic"
        if node.keys:
            found["x-kubernetes-list-map-keys"] = list(node.keys)
        if node.merge is not None:
            found["x-kubernetes-patch-strategy"] = "merge"
            if node.merge:
                found["x-kubernetes-patch-merge-key"] = node.merge
        return found
    if node.kind == MAP and node.elem is not None:
        return {"type": "object", "additionalProperties": _schema(node.elem, schemas)}
    return dict(_SCALARS.get(node.kind, {}))
