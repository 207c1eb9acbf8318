"""The fields of the profile by their path in the YAML: what is known, what is allowed where."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from wizard.domain.profile.base import Path, Section
from wizard.domain.profile.model import Profile


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that a value may stand at."""

    annotation: Any
    """Python type, without Annotated and without None."""
    constraints: tuple[Any, ...]
    """Metadata such as `Ge(2)`, `Le(4)`."""
    description: str = ""
    default: Any = ...
    """Default of the field; `...` where it is required or where the spot is no field."""

    @property
    def section(self) -> type[Section] | None:
        known = isinstance(self.annotation, type) and issubclass(self.annotation, Section)
        return self.annotation if known else None

    @property
    def choices(self) -> tuple[str, ...]:
        return get_args(self.annotation) if get_origin(self.annotation) is Literal else ()

    @property
    def is_text(self) -> bool:
        return self.annotation is str or bool(self.choices)


def spot_at(path: Path) -> Spot | None:
    """The spot at a path; None where the profile has no such field."""
    spot: Spot | None = Spot(Profile, ())
    for part in path:
        spot = _step(spot, part) if spot else None
    return spot


def keys_of(section: type[Section]) -> dict[str, Spot]:
    """YAML key -> spot, in the order of the profile."""
    return _keys(section)


def leaves(section: type[Section] = Profile, at: tuple[str, ...] = ()) -> Iterator[tuple[str, Spot]]:
    """Every field that is no section, with its dotted path; `[]` stands for a list's items.

    `tenants[].tier`, `tiers.standard.max`: what a form must offer to cover the whole profile.
    """
    for key, spot in keys_of(section).items():
        here, inner, shown = (*at, key), spot, key
        if get_origin(spot.annotation) is tuple:
            inner, shown = _bare(get_args(spot.annotation)[0]), f"{key}[]"
        if inner.section is not None:
            yield from leaves(inner.section, (*at, shown))
        else:
            yield ".".join(here), spot


def elsewhere(key: str) -> str | None:
    """Path of the one field of that name in another section: `domain` -> `access.domain`."""
    found = [path for path, _ in leaves() if path.rsplit(".", 1)[-1] == key and "[]" not in path]
    return found[0] if len(found) == 1 else None


@cache
def _keys(section: type[Section]) -> dict[str, Spot]:
    return {field.alias or name: _of(field) for name, field in section.model_fields.items()}


def _of(field: FieldInfo) -> Spot:
    bare = _bare(field.annotation)
    default = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
    return Spot(
        bare.annotation,
        (*bare.constraints, *field.metadata),
        field.description or "",
        ... if field.is_required() else default,
    )


def _bare(annotation: Any) -> Spot:
    """Takes Annotated and `| None` off a type."""
    constraints: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            constraints += tuple(part for item in more for part in getattr(item, "metadata", [item]))
        elif get_origin(annotation) in (Union, types.UnionType):
            rest = [choice for choice in get_args(annotation) if choice is not type(None)]
            if len(rest) != 1:
                return Spot(annotation, constraints)
            annotation = rest[0]
        else:
            return Spot(annotation, constraints)


def _step(spot: Spot, part: str | int) -> Spot | None:
    if spot.section is not None:
        return keys_of(spot.section).get(part) if isinstance(part, str) else None
    origin, args = get_origin(spot.annotation), get_args(spot.annotation)
    if origin is tuple and isinstance(part, int):
        return _bare(args[0])
    if origin is dict and isinstance(part, str):
        allowed = _bare(args[0]).choices
        return None if allowed and part not in allowed else _bare(args[1])
    return Spot(Any, ()) if spot.annotation is Any else None
