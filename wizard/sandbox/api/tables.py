"""Server-side printing (pkg/printers/internalversion): the cells of each kind's table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from wizard.sandbox.clock import SimClock
from wizard.sandbox.kinds import Resource

Obj = dict[str, Any]
Cells = Callable[[Obj], list[Any]]
Printer = Callable[[Obj, float], list[Any]]


class Tables:
    """Column definitions and cells, for every kind."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock

    def of(self, resource: Resource) -> tuple[list[Obj], Cells]:
        from wizard.sandbox.api import metrics
        from wizard.sandbox.api.printers import PRINTERS

        columns = resource.columns or _PLAIN
        definitions = [{key: value for key, value in each.items() if key != "jsonPath"} for each in columns]
        if resource.crd is not None:
            paths = [each.get("jsonPath", "") for each in columns[1:]]
            kinds = [each["type"] for each in columns[1:]]

            def custom(obj: Obj) -> list[Any]:
                now = self._clock.now()
                found = [_typed(look(obj, path), kind, now) for path, kind in zip(paths, kinds, strict=True)]
                return [obj["metadata"]["name"], *found]

            return definitions, custom
        printer = metrics.cells if resource.group == metrics.GROUP else PRINTERS.get(resource.type)
        if printer is None:
            return definitions, lambda obj: _unknown(obj, len(columns), self._clock.now())
        return definitions, lambda obj: printer(obj, self._clock.now())


_PLAIN: list[Obj] = [
    {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
    {"name": "Created At", "type": "date", "format": "", "description": "", "priority": 0},
]


def _unknown(obj: Obj, count: int, now: float) -> list[Any]:
    cells: list[Any] = [obj["metadata"]["name"]]
    while len(cells) < count - 1:
        cells.append("<none>")
    return [*cells, age(obj["metadata"].get("creationTimestamp"), now)][:count]


def _typed(value: Any, kind: str, now: float) -> Any:
    if value is None:
        return None
    if kind == "date":
        return age(str(value), now)
    if kind == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


_STEP = re.compile(r"""\.?([\w-]+)|\['([^']+)'\]|\[(\d+|\*)\]|\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]""")


def look(obj: Any, path: str) -> Any:
    """A JSONPath of the simple kind that CRDs use; the first match, or None."""
    for step in _STEP.finditer(path.replace("\\.", "\x00").strip("{}")):
        name, quoted, index, key, wanted = step.groups()
        if name or quoted:
            obj = obj.get((name or quoted).replace("\x00", ".")) if isinstance(obj, dict) else None
        elif index:
            obj = obj[0 if index == "*" else int(index)] if isinstance(obj, list) and obj else None
        elif isinstance(obj, list):
            obj = next((each for each in obj if str(each.get(key)) == wanted), None)
        else:
            obj = None
    return obj


def age(stamp: str | None, now: float) -> str:
    """How long ago, as kubectl shows it: `2d3h`."""
    if not stamp:
        return "<unknown>"
    return duration(now - seconds(stamp))


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).astimezone(UTC).timestamp()


def duration(value: float) -> str:
    """apimachinery's HumanDuration: two units at most, and one where that says enough."""
    total = int(value)
    if total < -1:
        return "<invalid>"
    if total < 0:
        return "0s"
    if total < 120:
        return f"{total}s"
    minutes, rest = divmod(total, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    if hours < 8:
        return f"{hours}h{rest}m" if rest else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days, rest = divmod(hours, 24)
    if days < 8:
        return f"{days}d{rest}h" if rest else f"{days}d"
    if days < 730:
        return f"{days}d"
    years, rest = divmod(days, 365)
    return f"{years}y{rest}d" if years < 8 and rest else f"{years}y"
