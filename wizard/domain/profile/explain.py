"""pydantic's errors in the operator's words: what must be there, what was got, the nearest right one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import ErrorDetails

from wizard.domain.finding import Finding, Where, error
from wizard.domain.profile.base import Path, show_path
from wizard.domain.profile.lookup import Spot, elsewhere, keys_of, spot_at
from wizard.domain.profile.scalars import REFERENCE_PATTERN, WORDS
from wizard.domain.profile.text import Document, Mark

ABSENT = object()
"""Stands for "there is nothing", where None may be a value."""

Said = tuple[str, str, str, str]
"""Code, summary without the path, detail, hint."""


def explain(details: ErrorDetails, path: Path, document: Document) -> Finding:
    """One error as a finding. `path` is the error's place in the document as it was written."""
    missing = details["type"] == "missing"
    if not missing and details["type"] != "profile_problem":
        # A model given by its name alone is checked as a mapping that nobody wrote: say what was written.
        while path and value_at(document.data, path, ABSENT) is ABSENT:
            path = path[:-1]
    code, summary, detail, hint = _said(details, path, document)
    where = _where(path, document, missing=missing, key=details["type"] in ("extra_forbidden", "literal_key"))
    return error(code, f"{show_path(path) or 'profile'}: {summary}", detail=detail, hint=hint, where=where)


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name most like a mistyped one, by spelling alone: case and separators do not count."""
    folded = {re.sub(r"[^a-z0-9]", "", choice.lower()): choice for choice in allowed}
    near = difflib.get_close_matches(re.sub(r"[^a-z0-9]", "", name[:100].lower()), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def _where(path: Path, document: Document, *, missing: bool, key: bool) -> Where:
    """The line of the value, or of its key; what is missing has that of the mapping it belongs in."""
    nearest_path = path
    while nearest_path and nearest_path not in document.marks:
        nearest_path = nearest_path[:-1]
    mark = document.marks.get(nearest_path)
    if mark is None:
        return Where(path=show_path(path) or None)
    by_key = key or missing or nearest_path != path
    return Where(mark.file or None, mark.key_line if by_key else mark.line, show_path(path) or None)


def _said(details: ErrorDetails, path: Path, document: Document) -> Said:
    kind, context = details["type"], details.get("ctx", {})
    spot, mark, value = spot_at(path), document.marks.get(path), value_at(document.data, path)
    if kind == "profile_problem":
        return context["code"], context["summary"], "", context["hint"]
    if kind == "missing":
        return "profile-missing", "is missing", spot.description if spot else "", ""
    if kind in ("extra_forbidden", "literal_key"):
        return _unknown_key(path)
    for kinds, say in _SAYINGS:
        if kind in kinds:
            return say(spot or Spot(Any, ()), mark, value, context)
    return "profile-format", details["msg"], "", str(context.get("hint", ""))


def _unknown_key(path: Path) -> Said:
    key, parent = str(path[-1]), spot_at(path[:-1])
    allowed: list[str] = []
    if parent is not None and parent.section is not None:
        allowed = list(keys_of(parent.section))
    elif parent is not None and getattr(parent.annotation, "__origin__", None) is dict:
        allowed = list(parent.annotation.__args__[0].__args__)
    near, other = nearest(key, allowed), elsewhere(key)
    hint = f"did you mean `{near}`?" if near else f"did you mean `{other}`?" if other else ""
    return "profile-unknown-key", "unknown key", f"allowed here: {', '.join(allowed)}", hint


def _text(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    words = _words(spot)
    what = f"must be {words.what}" if words else "must be text"
    if mark is not None and mark.plain and mark.source and not isinstance(value, str):
        pattern = _pattern(spot)
        if pattern is None or re.search(pattern, mark.source):
            reads = "true/false" if isinstance(value, bool) else "a number"
            detail = f"`{mark.source}` without quotes is {reads}"
            return (
                "profile-type",
                f"must be text{_got(spot, mark, value)}",
                detail,
                f'quote it: "{mark.source}"',
            )
    return "profile-type", what + _got(spot, mark, value), "", f"for example {words.example}" if words else ""


def _pattern_mismatch(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    pattern = str(context.get("pattern", ""))
    words = WORDS.get(pattern)
    if words is None:
        return "profile-format", f"has the wrong form{_got(spot, mark, value)}", spot.description, ""
    better = None if _private(spot) else _mended(str(value), pattern)
    hint = f"did you mean '{better}'?" if better else f"for example {words.example}"
    return "profile-format", f"must be {words.what}{_got(spot, mark, value)}", "", hint


def _choice(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    choices = spot.choices or tuple(re.findall(r"'([^']*)'", str(context.get("expected", ""))))
    near = nearest(str(value), choices)
    summary = f"must be one of: {', '.join(choices)}{_got(spot, mark, value)}"
    return "profile-choice", summary, "", f"did you mean '{near}'?" if near else ""


def _range(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    bounds = {
        name: bound for item in spot.constraints for name in _BOUNDS if (bound := getattr(item, name, None)) is not None
    }
    bounds = bounds or {name: context[name] for name in _BOUNDS if name in context}
    if "ge" in bounds and "le" in bounds:
        allowed = f"from {bounds['ge']:g} to {bounds['le']:g}"
    else:
        allowed = " and ".join(f"{_BOUNDS[name]} {bound:g}" for name, bound in bounds.items())
    return "profile-range", f"must be {allowed}{_got(spot, mark, value)}", "", ""


def _step(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    return (
        "profile-range",
        f"must be a multiple of {context['multiple_of']:g}{_got(spot, mark, value)}",
        "",
        "",
    )


def _length(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    size = len(value) if isinstance(value, str | list) else 0
    least, most = context.get("min_length"), context.get("max_length")
    unit = "characters" if isinstance(value, str) else "items"
    if least is not None and size < least:
        return "profile-range", "must not be empty", spot.description, ""
    return "profile-range", f"must have at most {most} {unit} (got {size})", "", ""


def _typed(what: str, hint: str = "") -> Callable[..., Said]:
    def say(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
        return "profile-type", f"must be {what}{_got(spot, mark, value)}", "", hint

    return say


def _list(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    hint = "begin each item with '- '"
    if isinstance(value, str | int | float) and not _private(spot):
        hint = f"write it as [{_short(value)}]" if str(value).isprintable() else hint
    return "profile-type", f"must be a list{_got(spot, mark, value)}", "", hint


def _mapping(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    detail = f"its keys: {', '.join(keys_of(spot.section))}" if spot.section else ""
    return "profile-type", f"must be a mapping (keys with values){_got(spot, mark, value)}", detail, ""


def _format(spot: Spot, mark: Mark | None, value: Any, context: dict[str, Any]) -> Said:
    words = _words(spot)
    what = f"must be {words.what}" if words else "has the wrong form"
    return "profile-format", what + _got(spot, mark, value), "", str(context.get("hint", ""))


_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_SAYINGS: tuple[tuple[set[str], Callable[..., Said]], ...] = (
    ({"string_type"}, _text),
    ({"string_pattern_mismatch"}, _pattern_mismatch),
    ({"literal_error", "enum"}, _choice),
    ({"greater_than_equal", "less_than_equal", "greater_than", "less_than"}, _range),
    ({"multiple_of"}, _step),
    ({"string_too_long", "string_too_short", "too_long", "too_short"}, _length),
    ({"int_type", "int_from_float", "int_parsing"}, _typed("a whole number")),
    ({"float_type", "float_parsing", "finite_number"}, _typed("a number")),
    ({"bool_type", "bool_parsing"}, _typed("true or false")),
    ({"tuple_type", "list_type"}, _list),
    ({"model_type", "dict_type", "model_attributes_type"}, _mapping),
    ({"profile_format"}, _format),
)


def _pattern(spot: Spot) -> str | None:
    return next((item.pattern for item in spot.constraints if getattr(item, "pattern", None)), None)


def _words(spot: Spot) -> Any:
    return WORDS.get(_pattern(spot) or "")


def _private(spot: Spot) -> bool:
    """Whether what stands there may be a secret pasted by mistake, which no finding may repeat."""
    return _pattern(spot) == REFERENCE_PATTERN


def _got(spot: Spot, mark: Mark | None, value: Any) -> str:
    if _private(spot):
        return ""
    if isinstance(value, dict | list):
        return " (got a mapping)" if isinstance(value, dict) else " (got a list)"
    if value is None:
        return " (got nothing)"
    shown = mark.source if mark is not None and mark.plain and mark.source is not None else value
    # ascii(): what a file holds is not to be trusted with the terminal (escape sequences, text direction).
    return f" (got {ascii(_short(shown)) if isinstance(value, str) else _short(shown)})"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _mended(value: str, pattern: str) -> str | None:
    """The same text with the usual slips undone, where that makes it right."""
    plain = value.strip().lower()
    slips = [
        plain,
        re.sub(r"[\s_.]+", "-", plain).strip("-"),
        re.sub("^https?://|[./]+$", "", plain),
    ]
    size = re.fullmatch(r"([0-9.]+) ?([kmgt])i?b?", plain)
    span = re.fullmatch(r"([0-9]+) ?(?!mo)([smhdwy])[a-z]*", plain)
    slips += [f"{size[1]}{size[2].upper()}i"] if size else []
    slips += [f"{span[1]}{span[2]}"] if span else []
    return next((slip for slip in slips if slip != value and re.fullmatch(pattern, slip)), None)


def value_at(data: Any, path: Path, absent: Any = None) -> Any:
    """What stands at a path; `absent` where nothing does."""
    at: Any = data
    for part in path:
        if not isinstance(at, dict | list):
            return absent
        try:
            at = at[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return absent
    return at
