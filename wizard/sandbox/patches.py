"""The three client patches: JSON patch (RFC 6902), merge patch (RFC 7386) and strategic merge patch."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.schema import LIST, MAP, STRUCT, Node
from wizard.sandbox.status import StatusError, bad_request
from wizard.sandbox.store import copied

_UNPROCESSABLE = "the server rejected our request due to an error in our request"


def json_patch(target: Any, operations: Any) -> Any:
    """Raises StatusError: 400 for what is no patch, 422 for one that does not fit."""
    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    out = copied(target)
    for each in operations:
        try:
            out = _operation(out, each)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as problem:
            raise StatusError(422, "Invalid", _UNPROCESSABLE, {}) from problem
    return out


def _operation(target: Any, op: dict[str, Any]) -> Any:
    kind, path = op["op"], op["path"]
    if kind in ("add", "replace"):
        return _put(target, path, copied(op["value"]), replace=kind == "replace")
    if kind == "remove":
        return _take(target, path)
    if kind in ("move", "copy"):
        value = copied(_look(target, op["from"]))
        if kind == "move":
            target = _take(target, op["from"])
        return _put(target, path, value, replace=False)
    if kind == "test":
        try:
            found = _look(target, path)
        except (KeyError, IndexError):
            found = None
        if found != op.get("value"):
            raise ValueError("test failed")
        return target
    raise ValueError(kind)


def _tokens(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise ValueError(path)
    return [each.replace("~1", "/").replace("~0", "~") for each in path.split("/")[1:]]


def _step(target: Any, token: str) -> Any:
    return target[int(token)] if isinstance(target, list) else target[token]


def _look(target: Any, path: str) -> Any:
    for token in _tokens(path):
        target = _step(target, token)
    return target


def _put(target: Any, path: str, value: Any, *, replace: bool) -> Any:
    tokens = _tokens(path)
    if not tokens:
        return value
    parent = target
    for token in tokens[:-1]:
        parent = _step(parent, token)
    last = tokens[-1]
    if isinstance(parent, list):
        if replace:
            parent[int(last)] = value
        elif last == "-":
            parent.append(value)
        elif 0 <= int(last) <= len(parent):
            parent.insert(int(last), value)
        else:
            raise IndexError(last)
    elif isinstance(parent, dict):
        parent[last] = value  # the Go library replaces what is not there, too
    else:
        raise TypeError(path)
    return target


def _take(target: Any, path: str) -> Any:
    tokens = _tokens(path)
    parent = target
    for token in tokens[:-1]:
        parent = _step(parent, token)
    if isinstance(parent, list):
        del parent[int(tokens[-1])]
    else:
        del parent[tokens[-1]]
    return target


def merge_patch(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copied(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge_patch(out.get(key), value)
    return out


_DIRECTIVE, _RETAIN = "$patch", "$retainKeys"
_DELETE_PRIMITIVES, _ORDER = "$deleteFromPrimitiveList/", "$setElementOrder/"


def strategic(target: Any, patch: Any, node: Node | None) -> Any:
    """Merges lists by their merge keys, and obeys the `$` directives. Raises StatusError 400."""
    if not isinstance(patch, dict) or not isinstance(target, (dict, type(None))):
        return copied(patch)
    out = dict(target or {})
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {key: copied(value) for key, value in patch.items() if key != _DIRECTIVE}
    if directive == "delete":
        return {}
    if _RETAIN in patch:
        out = {key: value for key, value in out.items() if key in patch[_RETAIN]}
    order: dict[str, list[Any]] = {}
    # Orders are checked before anything below them is merged: the outermost complaint is the one to hear.
    for key, value in patch.items():
        if key.startswith(_ORDER):
            name = key.removeprefix(_ORDER)
            order[name] = value
            below = node.child(name) if node is not None and node.kind in (STRUCT, MAP) else None
            _check_order(patch.get(name), value, below.merge if below is not None else None)
            if (name in patch or name in out) and not patch.get(name) and not out.get(name):
                raise StatusError(500, "", "no elements in any of the given slices")
    for key, value in patch.items():
        if key.startswith(_ORDER):
            continue
        if key.startswith(_DELETE_PRIMITIVES):
            name = key.removeprefix(_DELETE_PRIMITIVES)
            out[name] = [each for each in out.get(name) or () if each not in value]
        elif key in (_DIRECTIVE, _RETAIN):
            continue
        elif value is None:
            out.pop(key, None)
        else:
            below = node.child(key) if node is not None and node.kind in (STRUCT, MAP) else None
            new = _merged(out[key], value, below) if type(out.get(key)) is type(value) else _bare(value)
            if new is _GONE:
                out.pop(key, None)
            else:
                out[key] = new
    for name, wanted in order.items():
        below = node.child(name) if node is not None and node.kind in (STRUCT, MAP) else None
        if isinstance(out.get(name), list):
            out[name] = _ordered(out[name], wanted, (target or {}).get(name) or [], below.merge if below else None)
    return out


def _check_order(items: Any, wanted: list[Any], key: str | None) -> None:
    """A patch has to name its items in the order that it asks for."""
    if not isinstance(items, list) or not key:
        return
    named = [each.get(key) for each in items if isinstance(each, dict) and _DIRECTIVE not in each]
    rest = iter(each.get(key) for each in wanted)
    if not all(each in rest for each in named):
        told = (
            f"The order in patch list:\n[{' '.join(map(_go_map, items))}]\n doesn't match {_ORDER[:-1]} list:\n"
            f"[{' '.join(map(_go_map, wanted))}]\n"
        )
        raise StatusError(500, "", told)


def _merged(old: Any, new: Any, node: Node | None) -> Any:
    if isinstance(new, dict):
        return strategic(old if isinstance(old, dict) else None, new, node)
    if isinstance(new, list) and node is not None and node.kind == LIST and node.merge is not None:
        return _merged_list(old or [], new, node)
    return copied(new)


_GONE: Any = object()


def _bare(value: Any) -> Any:
    """What a patch puts where nothing was: without nulls, and without whatever carries a directive."""
    if isinstance(value, dict):
        if _DIRECTIVE in value:
            return _GONE
        found = {key: _bare(each) for key, each in value.items() if each is not None}
        return {key: each for key, each in found.items() if each is not _GONE}
    if isinstance(value, list):
        return [each for each in map(_bare, value) if each is not _GONE]
    return value


def _merged_list(old: list[Any], new: list[Any], node: Node) -> list[Any]:
    key = node.merge
    if not key:
        return _ordered(old + [each for each in new if each not in old], new, old, None)
    if any(isinstance(each, dict) and each.get(_DIRECTIVE) == "replace" for each in new):
        return [copied(each) for each in new if _DIRECTIVE not in each]
    for each in new:
        if not isinstance(each, dict) or key not in each:
            raise StatusError(500, "", f"map: {_go_map(each)} does not contain declared merge key: {key}")
    # Deletions come first, wherever they stand: a patch may take an item out and put another in its place.
    gone = [each[key] for each in new if each.get(_DIRECTIVE) == "delete"]
    out = [item for item in old if item.get(key) not in gone]
    new = [each for each in new if _DIRECTIVE not in each]
    for each in new:
        at = next((index for index, item in enumerate(out) if item.get(key) == each[key]), None)
        if at is None:
            out.append(copied(each))
        else:
            out[at] = strategic(out[at], each, node.elem)
    return _ordered(out, new, old, key)


def _go_map(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{name}:{_go_map(each)}" for name, each in sorted(value.items())) + "]"
    if isinstance(value, list):
        return f"[{' '.join(map(_go_map, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)


def _ordered(items: list[Any], wanted: list[Any], before: list[Any], key: str | None) -> list[Any]:
    """Items that the patch names in its order, the others in theirs, interleaved as the live list
    (`before`) had them (strategicpatch's normalizeElementOrder)."""

    def ident(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    rank = {ident(each): index for index, each in enumerate(wanted)}
    place = {ident(each): index for index, each in enumerate(before)}
    right = sorted((each for each in items if ident(each) in rank), key=lambda each: rank[ident(each)])
    left = [each for each in items if ident(each) not in rank]
    left.sort(key=lambda each: place.get(ident(each), len(place)))
    out: list[Any] = []
    while left and right:
        mine, theirs = place.get(ident(left[0])), place.get(ident(right[0]))
        earlier = mine is not None and theirs is not None and mine < theirs
        out.append((left if earlier else right).pop(0))
    return out + left + right
