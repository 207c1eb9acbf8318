"""Defaulting: what the API server fills in before anyone sees an object.

Constants stand in one table by struct, what depends on other fields has a function. Both are run for
every struct of that type wherever it is nested, outer structs first.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from wizard.sandbox.defaults_rules import FUNCTIONS
from wizard.sandbox.defaults_table import CONSTANTS
from wizard.sandbox.schema import LIST, MAP, STRUCT, Node, struct
from wizard.sandbox.store import copied

Obj = dict[str, Any]


def apply_defaults(node: Node, obj: Obj) -> None:
    """Fills in a decoded object in place."""
    if node.custom:
        _custom(node, obj)
    else:
        _walk(node, obj)


def _walk(node: Node, value: Any) -> None:
    kind = node.kind
    if kind == STRUCT:
        if not isinstance(value, dict):
            return
        function = FUNCTIONS.get(node.name)
        if function is not None:
            function(value)
        for name, default in _constants(node.name).items():
            if value.get(name) is None or (value[name] == "" and default):
                value[name] = copied(default) if isinstance(default, (dict, list)) else default
        for name, below in _worth(node):
            each = value.get(name)
            if each is not None:
                _walk(below, each)
    elif kind == LIST and node.elem is not None:
        for each in value or ():
            _walk(node.elem, each)
    elif kind == MAP and node.elem is not None:
        for each in value.values():
            _walk(node.elem, each)


@cache
def _constants(name: str) -> Obj:
    """Of one struct: the table's, and those of +default markers."""
    if "." not in name:
        return {}
    marked = {
        field: found.default
        for field, found in struct(name).fields.items()
        if found.default is not None and found.default not in ("", {}, [])
    }
    return {**marked, **CONSTANTS.get(name, {})}


_BELOW: dict[Node, list[tuple[str, Node]]] = {}


def _worth(node: Node) -> list[tuple[str, Node]]:
    """The fields below which any default can be: the walk skips all others."""
    found = _BELOW.get(node)
    if found is None:
        found = [
            (name, field.node)
            for name, field in node.fields.items()
            if name != "metadata" and _reaches(_element(field.node), frozenset())
        ]
        _BELOW[node] = found
    return found


def _element(node: Node) -> Node:
    while node.elem is not None:
        node = node.elem
    return node


def _reaches(node: Node, seen: frozenset[str]) -> bool:
    if node.kind != STRUCT or node.name in seen:
        return False
    if node.name in FUNCTIONS or _constants(node.name):
        return True
    return any(_reaches(_element(each.node), seen | {node.name}) for each in node.fields.values())


def _custom(node: Node, value: Any) -> None:
    """Defaults from a CRD's schema; null counts as unset."""
    if node.kind == STRUCT and isinstance(value, dict):
        for name, field in node.fields.items():
            if field.default is not None and value.get(name) is None:
                value[name] = copied(field.default)
            if name in value and name != "metadata":
                _custom(field.node, value[name])
    elif node.kind in (LIST, MAP) and node.elem is not None:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for each in items:
            _custom(node.elem, each)
