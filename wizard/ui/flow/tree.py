"""Values in nested plain data by path; changes make new trees that share what did not change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, get_args, get_origin

from wizard.domain.profile import Path, Profile, Section, spot_at
from wizard.domain.profile.lookup import keys_of


class Missing:
    """What stands where nothing was said."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()

_PART = re.compile(r"((?:[^.\[\]\\]|\\.)+)|\[([0-9]{1,9})\]")


@cache
def parts_of(path: str) -> Path:
    """`tenants[2].tier` -> ("tenants", 2, "tier"), as `show_path` writes it."""
    return tuple(
        int(index) if index else re.sub(r"\\(.)", r"\1", key) for key, index in _PART.findall(path) if key or index
    )


def get(tree: Any, parts: Path) -> Any:
    """MISSING where nothing stands there, or null."""
    for part in parts:
        if isinstance(part, str):
            tree = tree.get(part) if isinstance(tree, Mapping) else None
        else:
            tree = tree[part] if isinstance(tree, list) and part < len(tree) else None
        if tree is None:
            return MISSING
    return tree


def put(tree: Any, parts: Path, value: Any) -> Any:
    """A tree with `value` there; what is no mapping or list on the way is replaced by one."""
    if not parts:
        return value
    part, rest = parts[0], parts[1:]
    if isinstance(part, str):
        made = dict(tree) if isinstance(tree, Mapping) else {}
        made[part] = put(made.get(part), rest, value)
        return made
    items = list(tree) if isinstance(tree, list) else []
    if part > len(items):
        raise IndexError(f"there is no item {part}")
    items[part : part + 1] = [put(items[part] if part < len(items) else None, rest, value)]
    return items


def drop(tree: Any, parts: Path, at: Path = ()) -> Any:
    """A tree without it, and without the sections that this leaves empty (but optional ones: those mean
    something by being there)."""
    part = parts[0]
    if isinstance(part, int):
        if not isinstance(tree, list) or part >= len(tree):
            return tree
        kept = list(tree)
        kept[part : part + 1] = [drop(kept[part], parts[1:], (*at, part))] if len(parts) > 1 else []
        return kept
    if not isinstance(tree, Mapping) or part not in tree:
        return tree
    made = dict(tree)
    if len(parts) == 1:
        del made[part]
        return made
    made[part] = drop(made[part], parts[1:], (*at, part))
    if made[part] in ({}, []) and not _means_something((*at, part)):
        del made[part]
    return made


def _means_something(path: Path) -> bool:
    """Whether an empty section differs from none; where a `kind` beside it says whether it is used, it does not."""
    parent = spot_at(path[:-1])
    by_kind = parent is not None and parent.section is not None and "kind" in keys_of(parent.section)
    return optional(path) and not by_kind


def optional(path: Path) -> bool:
    """Whether it is a section that may be absent, such as `tiers.premium`."""
    spot = spot_at(path)
    return spot is not None and spot.section is not None and spot.default is None


def plain(value: Any, at: Path = ()) -> Any:
    """A copy in dicts and lists of what is to stand `at` a path, without empty keys; a row given by its name alone
    becomes a mapping."""
    if isinstance(value, Mapping):
        keep = at[:1] == ("components",)  # in Helm values, null takes a chart's default away
        return {str(key): plain(item, (*at, str(key))) for key, item in value.items() if keep or item is not None}
    if isinstance(value, list | tuple):
        named = at in _NAMED
        items = [{"name": item} if named and isinstance(item, str) else item for item in value]
        return [plain(item, (*at, index)) for index, item in enumerate(items)]
    return value


_NAMED = frozenset({("models",), ("tenants",), ("observability", "receivers")})


def in_order(data: Mapping[str, Any], section: type[Section] = Profile) -> dict[str, Any]:
    """The keys of sections in the profile's order, unknown ones last; models given by name alone as text."""
    known = keys_of(section)
    made: dict[str, Any] = {}
    for key in (*(key for key in known if key in data), *(key for key in data if key not in known)):
        made[key] = _ordered(data[key], known[key].annotation if key in known else Any)
    if section is Profile and isinstance(made.get("models"), list):
        made["models"] = [item["name"] if _name_alone(item) else item for item in made["models"]]
    return made


def _ordered(value: Any, annotation: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(annotation, type) and issubclass(annotation, Section):
        return in_order(value, annotation)
    if isinstance(value, list) and get_origin(annotation) is tuple:
        return [_ordered(item, get_args(annotation)[0]) for item in value]
    return value


def _name_alone(item: Any) -> bool:
    return isinstance(item, Mapping) and list(item) == ["name"]
