"""Reads a YAML file of assets/catalog into validated data, or says in which line it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from wizard.catalog import shipped
from wizard.domain.finding import Finding, UsageError, Where, error

T = TypeVar("T")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

STRICT = ConfigDict(extra="forbid", alias_generator=to_camel)
"""Of every dataclass that a file is read into: keys in camelCase, and no others than the known ones."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure is from."""

    __pydantic_config__: ClassVar[Any] = STRICT

    what: str
    looked_up: date
    url: str = ""


def shipped_data(name: str, kind: type[T]) -> T:
    """assets/catalog/`name` as a `kind`, taken as it is: the tests validate what is shipped (`read`).

    Every plan reads the catalog, and building pydantic's validators would take a tenth of a run that finds nothing
    to do.
    """
    data = yaml.load(shipped.assets("catalog", name).read_bytes(), Loader=_LOADER)
    made: T = _made(kind, data)
    return made


def _made(kind: Any, value: Any) -> Any:
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        for note in notes:
            convert: Any = getattr(note, "func", None) if isinstance(note, BeforeValidator) else None
            value = convert(value) if convert is not None else value
    if value is None:
        return None
    if get_origin(kind) in (Union, UnionType):
        kind = next(each for each in get_args(kind) if each is not type(None))
        return _made(kind, value)
    if isinstance(kind, type) and is_dataclass(kind):
        make: Any = kind
        known = _types(make)
        return make(**{field: _made(known[key], value[key]) for key, field in known["\0"].items() if key in value})
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return tuple(_made(inner[0], each) for each in value)
    if get_origin(kind) is dict:
        return {key: _made(inner[1], each) for key, each in value.items()}
    return float(value) if kind is float else value


@cache
def _types(kind: Any) -> dict[str, Any]:
    """Key in the file -> type; under a key that no file has, key -> field."""
    hints = get_type_hints(kind, include_extras=True)
    names = {to_camel(field.name): field.name for field in fields(kind) if field.init}
    return {**{key: hints[name] for key, name in names.items()}, "\0": names}


def read(name: str, kind: type[T], path: Path | None = None, *, check: Callable[[T], Mapping[str, str]]) -> T:
    """assets/catalog/`name` (or `path`) as a `kind`. `check` gives what the types cannot say, dotted path -> words.

    Raises UsageError with a finding for each thing that is wrong, with its line; OSError where it cannot be read.
    """
    path = path or shipped.assets("catalog", name)
    text = path.read_bytes()
    try:
        made = TypeAdapter(kind).validate_python(yaml.load(text, Loader=_LOADER))
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        raise UsageError(_finding(path, mark.line + 1 if mark else None, "", f"not YAML: {wrong}")) from wrong
    except ValidationError as wrong:
        problems = {".".join(str(part) for part in problem["loc"]): problem["msg"] for problem in wrong.errors()}
        raise UsageError.of(_findings(path, text, problems)) from wrong
    problems = dict(check(made))
    if problems:
        raise UsageError.of(_findings(path, text, problems))
    return made


def _findings(path: Path, text: bytes, problems: Mapping[str, str]) -> list[Finding]:
    # Composed again only here: nobody else asks for lines, and every plan reads the files.
    lines: dict[str, int] = {}
    node = yaml.compose(text, Loader=_LOADER)
    if node is not None:
        _lines(node, "", lines)
    return [_finding(path, _line(lines, at), at, words) for at, words in problems.items()]


def _lines(node: yaml.Node, at: str, lines: dict[str, int]) -> None:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _lines(value, f"{at}.{key.value}".lstrip("."), lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _lines(item, f"{at}.{number}".lstrip("."), lines)


def _line(lines: Mapping[str, int], at: str) -> int | None:
    """Of the place itself, or of the nearest one around it (a missing key has no line)."""
    while at not in lines and at:
        at = at.rpartition(".")[0]
    return lines.get(at)


def _finding(path: Path, line: int | None, at: str, words: str) -> Finding:
    return error(
        "catalog-file",
        f"the catalog's {path.name} is wrong: {words}",
        hint="install the wizard again, or correct the file (docs/catalog.md)",
        where=Where(file=str(path), line=line, path=at or None),
    )


def missing_sources(used: Mapping[str, str], known: Mapping[str, Source]) -> dict[str, str]:
    """For `check`: dotted path -> words, for every source id (values of `used`) that is not among the known ones."""
    return {at: f"there is no source '{name}'" for at, name in used.items() if name not in known}
