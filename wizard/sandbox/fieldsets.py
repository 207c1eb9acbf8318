"""Sets of fields in the form of managedFields' FieldsV1, and their algebra (structured-merge-diff's fieldpath).

`{"f:spec": {"f:replicas": {}}}` holds one path. A key with nothing below it is a member; one with
members below it is itself a member only if it also has ".": the form on the wire is the form in memory.
"""

from __future__ import annotations

import json
from typing import Any

from wizard.sandbox.schema import MAP, STRUCT, Node

FieldSet = dict[str, Any]


def is_member(entry: FieldSet | None) -> bool:
    """Whether the path that leads to this entry is itself in the set."""
    return entry is not None and (not entry or "." in entry)


def children(entry: FieldSet | None) -> FieldSet:
    return {key: below for key, below in entry.items() if key != "."} if entry else {}


def _entry(member: bool, below: FieldSet) -> FieldSet | None:
    """An entry from its two halves; None where neither is left."""
    if below:
        return {".": {}, **below} if member else below
    return {} if member else None


def union(a: FieldSet, b: FieldSet) -> FieldSet:
    if not b:
        return a
    out = dict(a)
    for key, right in b.items():
        left = out.get(key)
        if left is None or key == ".":
            out[key] = right
        elif left is not right and left != right:
            below = union(children(left), children(right))
            out[key] = _entry(is_member(left) or is_member(right), below)
    return out


def difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """The members of `a` that are not in `b`."""
    if not b:
        return a
    out: FieldSet = {}
    for key, left in a.items():
        right = b.get(key)
        if key == ".":
            continue
        if right is None:
            out[key] = left
            continue
        member = is_member(left) and not is_member(right)
        entry = _entry(member, difference(children(left), children(right)))
        if entry is not None:
            out[key] = entry
    return out


def recursive_difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """`a` without the members of `b` and everything below them."""
    out: FieldSet = {}
    for key, left in a.items():
        right = b.get(key)
        if right is None:
            out[key] = left
        elif not is_member(right):
            entry = _entry(is_member(left), recursive_difference(children(left), children(right)))
            if entry is not None:
                out[key] = entry
    return out


def intersection(a: FieldSet, b: FieldSet) -> FieldSet:
    out: FieldSet = {}
    for key, left in a.items():
        right = b.get(key)
        if right is None or key == ".":
            continue
        entry = _entry(is_member(left) and is_member(right), intersection(children(left), children(right)))
        if entry is not None:
            out[key] = entry
    return out


def with_named_fields(found: FieldSet, node: Node | None) -> FieldSet:
    """The set with every struct field on the way to a member a member too (EnsureNamedFieldsAreMembers)."""
    out: FieldSet = {}
    for key, entry in found.items():
        if key == ".":
            continue
        below = with_named_fields(children(entry), below_node(node, key))
        named = node is not None and node.kind == STRUCT and key.startswith("f:") and key[2:] in node.fields
        # Untyped maps (a CRD without schema) deduce structs from maps: none of their fields are named.
        out[key] = _entry(is_member(entry) or named, below)
    return out


def below_node(node: Node | None, key: str) -> Node | None:
    """The type that a path element leads to."""
    if node is None:
        return None
    if key.startswith("f:"):
        return node.child(key[2:]) if node.kind in (STRUCT, MAP) else node
    return node.elem if node.elem is not None else node


def paths(found: FieldSet, prefix: str = "") -> list[str]:
    """Members in the words of conflict messages: `.spec.ports[port=80,protocol="TCP"].name`."""
    keys = sorted((key for key in found if key != "."), key=_order)
    out = [prefix + _told(key) for key in keys if is_member(found[key])]
    for key in keys:
        out.extend(paths(children(found[key]), prefix + _told(key)))
    return out


def _order(key: str) -> tuple[str, str]:
    return key[:1], key


def _told(key: str) -> str:
    style, _, rest = key.partition(":")
    if style == "f":
        return f".{rest}"
    if style == "k":
        read: dict[str, Any] = json.loads(rest)
        words = ",".join(f"{name}={json.dumps(value)}" for name, value in read.items())
        return f"[{words}]"
    if style == "v":
        return f"[={rest}]"
    return f"[{rest}]"


def item_key(node: Node, item: Any) -> str:
    """The path element of an item of a keyed list: `k:{"name":"web"}`, `v:"finalizer"`.

    Raises KeyError when it has none of its keys.
    """
    if node.set:
        return "v:" + json.dumps(item, separators=(",", ":"), ensure_ascii=False)
    found: dict[str, Any] = {}
    for key in node.keys:
        value = item.get(key) if isinstance(item, dict) else None
        if value is None:
            value = node.defaults.get(key)
        if value is not None:
            found[key] = value
    if not found:
        raise KeyError(", ".join(node.keys))
    return "k:" + json.dumps(found, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
