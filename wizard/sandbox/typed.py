"""Typed values of server-side apply (structured-merge-diff's typed): field sets, comparing, merging, removing."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.fieldsets import FieldSet, below_node, children, is_member, item_key
from wizard.sandbox.schema import ANY, LIST, MAP, STRUCT, Node

_DEDUCED = Node(ANY)


class TypedError(Exception):
    """The object does not fit its type, in the words of structured-merge-diff."""


class Comparison:
    """How one object differs from another."""

    def __init__(self) -> None:
        self.added: FieldSet = {}
        self.modified: FieldSet = {}
        self.removed: FieldSet = {}


def style(node: Node | None, value: Any) -> tuple[str, Node]:
    """`map`, `list` or `leaf`, and the type. What has no type is treated as its value looks:
    maps are separable, lists are atomic."""
    if node is None or node.kind == ANY:
        return ("map" if isinstance(value, dict) else "leaf"), node or _DEDUCED
    if node.kind in (STRUCT, MAP):
        return ("leaf" if node.atomic else "map"), node
    if node.kind == LIST:
        return ("list" if node.keyed else "leaf"), node
    return "leaf", node


def field_set(node: Node | None, value: Any) -> FieldSet:
    """The fields that an applied configuration mentions."""
    kind, node = style(node, value)
    out: FieldSet = {}
    if kind == "map" and isinstance(value, dict):
        for name, each in value.items():
            below = node.child(name) if node.kind in (STRUCT, MAP) else node
            entry = _applied(below, each)
            named = node.kind == STRUCT and name in node.fields
            if each is None or each == {} or not named:
                entry = {".": {}, **entry} if entry else {}
            elif entry == {} and style(below, each)[0] != "leaf":
                continue  # an empty keyed list mentions nothing
            out["f:" + name] = entry
    elif kind == "list" and isinstance(value, list):
        for each in value:
            entry = _applied(node.elem, each)
            out[key_of(node, each)] = {".": {}, **entry} if entry else {}
    return out


def _applied(node: Node | None, value: Any) -> FieldSet:
    return {} if style(node, value)[0] == "leaf" else field_set(node, value)


def key_of(node: Node, item: Any) -> str:
    try:
        return item_key(node, item)
    except KeyError as problem:
        keys = problem.args[0].replace(", ", '", "')
        raise TypedError(
            f'associative list with keys has an element that omits key field "{keys}" (and doesn\'t have default value)'
        ) from problem


def compare(node: Node | None, old: Any, new: Any) -> Comparison:
    """Fields of `new` that `old` lacks, that differ, and that are gone."""
    found = Comparison()
    _compare_maps(node, old or {}, new or {}, found.added, found.modified, found.removed)
    return found


_MISSING: Any = object()


def _compare_maps(
    node: Node | None, old: Any, new: Any, added: FieldSet, modified: FieldSet, removed: FieldSet
) -> None:
    typed = node is not None and node.kind in (STRUCT, MAP)
    for name in [*new, *(key for key in old if key not in new)]:
        left, right = old.get(name, _MISSING), new.get(name, _MISSING)
        if left is not _MISSING and right is not _MISSING and left == right:
            continue
        below = node.child(name) if typed and node is not None else node
        _compare(below, "f:" + name, left, right, added, modified, removed)


def _compare(
    node: Node | None,
    key: str,
    left: Any,
    right: Any,
    added: FieldSet,
    modified: FieldSet,
    removed: FieldSet,
) -> None:
    if left is _MISSING:
        _all(node, key, right, added)
        return
    if right is _MISSING:
        _all(node, key, left, removed)
        return
    kind, node = style(node, right if right is not None else left)
    if kind == "leaf" or (not left and not right):
        if left != right:
            modified[key] = {}
        return
    if not isinstance(left, (dict, type(None))) and kind == "map":
        modified[key] = {}
        return
    below: tuple[FieldSet, FieldSet, FieldSet] = {}, {}, {}
    if kind == "map":
        _compare_maps(node, left or {}, right or {}, *below)
    else:
        old_items = {key_of(node, each): each for each in left or []}
        new_items = {key_of(node, each): each for each in right or []}
        for each in [*new_items, *(name for name in old_items if name not in new_items)]:
            one, other = old_items.get(each, _MISSING), new_items.get(each, _MISSING)
            if one is _MISSING or other is _MISSING or one != other:
                _compare(node.elem, each, one, other, *below)
    for into, entry in zip((added, modified, removed), below, strict=True):
        if entry:
            into[key] = entry


def _all(node: Node | None, key: str, value: Any, into: FieldSet) -> None:
    """A whole subtree that one side lacks: every path on the way is a member, hence all the dots."""
    kind, node = style(node, value)
    entry: FieldSet = {}
    if kind == "map" and isinstance(value, dict):
        for name, each in value.items():
            below = node.child(name) if node.kind in (STRUCT, MAP) else node
            _all(below, "f:" + name, each, entry)
    elif kind == "list" and isinstance(value, list):
        for each in value:
            _all(node.elem, key_of(node, each), each, entry)
    into[key] = {".": {}, **entry} if entry else {}


def merge(node: Node | None, live: Any, applied: Any) -> Any:
    """`live` with what `applied` says; neither is edited."""
    kind, node = style(node, applied if applied is not None else live)
    if kind == "map" and isinstance(live, dict) and isinstance(applied, dict) and (live or applied):
        out = dict(live)
        for name, each in applied.items():
            below = node.child(name) if node.kind in (STRUCT, MAP) else node
            out[name] = merge(below, live[name], each) if name in live else each
        return out
    if kind == "list" and isinstance(live, list) and isinstance(applied, list) and (live or applied):
        return _merge_lists(node, live, applied)
    if applied is None and kind in ("map", "list") and live:
        return live
    return applied


def _merge_lists(node: Node, live: list[Any], applied: list[Any]) -> list[Any]:
    """Applied items keep their order; live ones stay where they were relative to them."""
    left = [(key_of(node, each), each) for each in live]
    right = [(key_of(node, each), each) for each in applied]
    old, new = dict(left), dict(right)
    if len(new) < len(right):
        twice = next(key for index, (key, _) in enumerate(right) if key in dict(right[:index]))
        raise TypedError(f"duplicate entries for key [{shown_key(twice)}]")
    shared = [key for key, _ in right if key in old]
    merged: set[str] = set()
    out: list[Any] = []
    i = j = 0

    def take() -> None:
        nonlocal j
        key, item = right[j]
        merged.add(key)
        out.append(merge(node.elem, old[key], item) if key in old else item)
        j += 1
        if shared and shared[0] == key:
            shared.pop(0)

    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right):
            key = left[i][0]
            if key == right[j][0]:
                take()
                i += 1
                continue
            if key in new and shared and shared[0] != key:
                i += 1
                continue
        if i < len(left):
            key, item = left[i]
            if key not in new:
                out.append(item)
                i += 1
                continue
            if key in merged:
                i += 1
                continue
        if j < len(right):
            take()
    return out


def shown_key(key: str) -> str:
    import json

    read = json.loads(key[2:])
    if isinstance(read, dict):
        return ",".join(f"{name}={json.dumps(value)}" for name, value in read.items())
    return f"={json.dumps(read)}"


def remove(node: Node | None, value: Any, gone: FieldSet) -> Any:
    """`value` without the members of `gone`. What becomes empty becomes null, as over there."""
    kind, node = style(node, value)
    if kind == "map" and isinstance(value, dict) and value:
        out: dict[str, Any] = {}
        for name, each in value.items():
            entry = gone.get("f:" + name)
            if entry is not None and is_member(entry):
                continue
            below = children(entry)
            out[name] = remove(below_node(node, "f:" + name), each, below) if below else each
        return out or None
    if kind == "list" and isinstance(value, list) and value:
        items: list[Any] = []
        for each in value:
            entry = gone.get(key_of(node, each))
            if entry is not None and is_member(entry):
                continue
            below = children(entry)
            items.append(remove(node.elem, each, below) if below else each)
        return items or None
    return value
