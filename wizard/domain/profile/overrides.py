"""`--set a.b=c`: one value of the profile given on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_origin

from wizard.domain.finding import Finding, UsageError, Where, error
from wizard.domain.profile.base import Path, show_path
from wizard.domain.profile.lookup import spot_at
from wizard.domain.profile.text import MAX_DEPTH, Document, Mark, read_yaml

FILE = "--set"
"""What stands in the place of a file name in findings about overrides."""

_PART = re.compile(r"(?:^|\.)((?:[^.\[\]\\]|\\.)+)|\[([0-9]{1,9})\]")


def apply_overrides(document: Document, overrides: Sequence[str]) -> list[Finding]:
    """Writes each `path=value` into the document, in order; returns what is wrong with their form.

    The value is YAML (a scalar or a flow collection); where the profile expects text, an unquoted scalar is
    taken as it stands (`target.aws.eksVersion=1.35`). An empty value unsets. A list's item is named by index
    (`models[0]`, `models.0`; one past the end appends) or, where items have names, by name
    (`tenants.acme.tier`). A dot within a key is escaped: `a\\.b`.
    """
    findings: list[Finding] = []
    for override in overrides:
        try:
            _apply(document, override)
        except _Unusable as problem:
            findings.append(problem.finding)
        except UsageError as problem:
            at = Where(file=FILE, path=show_path(tuple(_split(override.partition("=")[0].strip()))))
            findings += [replace(finding, where=at) for finding in problem.findings]
    return findings


class _Unusable(Exception):
    def __init__(self, summary: str, path: str, hint: str = "") -> None:
        super().__init__(summary)
        self.finding = error("profile-override", summary, hint=hint, where=Where(file=FILE, path=path or None))


def _apply(document: Document, override: str) -> None:
    left, equals, right = override.partition("=")
    if not equals or not left.strip():
        # Only the part before '=' is shown: a value may be something private.
        raise _Unusable(f"must be PATH=VALUE (got {left[:60]!r})", "", "for example --set target.kind=cluster")
    parts = _split(left.strip())
    if len(parts) > MAX_DEPTH:
        raise _Unusable(f"the path is deeper than {MAX_DEPTH} levels", "")
    if not isinstance(document.data, dict):
        document.data = {}
    holder: Any = document.data
    path: Path = ()
    for position, part in enumerate(parts):
        key = _key(holder, part, path)
        path = (*path, key)
        if position == len(parts) - 1:
            _write(document, holder, key, path, right)
            return
        holder = _descend(document, holder, key, path)


def _split(left: str) -> list[str]:
    parts, at = [], 0
    while at < len(left):
        match = _PART.match(left, at)
        if match is None or match.end() == at or (at == 0 and match[1] is None):
            raise _Unusable(
                f"is not a path: {left[:60]!r}",
                "",
                "write it as a.b, a[0].b, or a\\.b for a dot within a key",
            )
        parts.append(re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2])
        at = match.end()
    return parts


def _key(holder: Any, part: str, path: Path) -> str | int:
    """The key or index that a part of the path means in what is there."""
    if not isinstance(holder, list):
        return part
    if part.isascii() and part.isdigit() and len(part) < 10:
        if int(part) > len(holder):
            count = f"{len(holder)} item" + ("" if len(holder) == 1 else "s")
            raise _Unusable(f"there is no item {part}: the list has {count}, numbered from 0", show_path(path))
        return int(part)
    names = [item.get("name") if isinstance(item, dict) else item for item in holder]
    if part in names:
        return names.index(part)
    known = ", ".join(name[:40] for name in names[:10] if isinstance(name, str) and name.isprintable())
    raise _Unusable(f"there is no item named {part[:60]!r} in the list", show_path(path), f"there are: {known}")


def _descend(document: Document, holder: Any, key: str | int, path: Path) -> Any:
    """The mapping or list at a key, made where it is missing (or a model given by its name alone)."""
    there = holder[key] if isinstance(holder, dict) and key in holder else None
    if isinstance(holder, list) and isinstance(key, int) and key < len(holder):
        there = holder[key]
    if isinstance(there, dict | list):
        return there
    spot = spot_at(path)
    wants_list = spot is not None and get_origin(spot.annotation) is tuple
    made: Any = [] if wants_list else {}
    if isinstance(there, str) and spot is not None and spot.section is not None:
        made = {"name": there}
    elif there is None:
        document.marks[path] = Mark(FILE, None, None)
    else:
        raise _Unusable("holds a single value: nothing can be set within it", show_path(path))
    _store(holder, key, made)
    return made


def _write(document: Document, holder: Any, key: str | int, path: Path, right: str) -> None:
    read = read_yaml(right, FILE)
    if read.findings:
        raise UsageError(*read.findings)
    mark, spot = read.marks[()], spot_at(path)
    value = read.data
    if mark.plain and value is not None and spot is not None and spot.is_text:
        value = mark.source
    for old in [known for known in document.marks if known[: len(path)] == path]:
        del document.marks[old]
    for inner, at in read.marks.items():
        document.marks[(*path, *inner)] = Mark(FILE, None, None, at.source, at.plain)
    _store(holder, key, value)


def _store(holder: Any, key: str | int, value: Any) -> None:
    if isinstance(holder, list) and isinstance(key, int) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value
