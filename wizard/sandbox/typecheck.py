"""Whether an applied configuration fits its type, in the words of structured-merge-diff."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.schema import ANY, LIST, MAP, STRUCT, Node
from wizard.sandbox.typed import TypedError, key_of, shown_key


def problems(node: Node | None, value: Any, path: str = "") -> list[str]:
    """Why an applied configuration does not fit its type: `.spec.foo: field not declared in schema`."""
    if node is None or node.kind == ANY or value is None:
        return []
    kind = node.kind
    if kind in (STRUCT, MAP):
        if not isinstance(value, dict):
            return [f"{path}: expected map, got {_shown(value)}"]
        out: list[str] = []
        for name, each in value.items():
            below = node.child(name)
            if below is None:
                # Over there the walk over a map ends at the first field that is not declared.
                return [f"{path}.{name}: field not declared in schema"]
            else:
                out.extend(problems(below, each, f"{path}.{name}"))
        return out
    if kind == LIST:
        if not isinstance(value, list):
            return [f"{path}: expected list, got {_shown(value)}"]
        out = []
        if node.keyed and (twice := _twice(node, value)):
            out.append(f"{path}: duplicate entries for key [{twice}]")
        for index, each in enumerate(value):
            try:
                at = f"[{shown_key(key_of(node, each))}]" if node.keyed else f"[{index}]"
            except TypedError as problem:
                out.append(f"{path}: element {index}: {problem}")
                continue
            out.extend(problems(node.elem, each, path + at))
        return out
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("i", "f") and not number:
        return [f"{path}: expected numeric (int or float), got {_shown(value)}"]
    if kind in ("s", "t", "T", "B") and not isinstance(value, str) and kind == "s":
        return [f"{path}: expected string, got {_shown(value)}"]
    if kind == "b" and not isinstance(value, bool):
        return [f"{path}: expected boolean, got {_shown(value)}"]
    return []


def _twice(node: Node, value: list[Any]) -> str:
    seen: set[str] = set()
    for each in value:
        try:
            key = key_of(node, each)
        except TypedError:
            continue
        if key in seen:
            return shown_key(key)
        seen.add(key)
    return ""


def _shown(value: Any) -> str:
    """A value as structured-merge-diff prints it."""
    if isinstance(value, str):
        return "string"
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return f"&value.valueUnstructured{{Value:{told}}}"
