"""YAML text -> plain data, with the line of every key and value.

Reads parser events instead of loading: positions are kept, duplicate keys are seen, and a hostile file
(alias bombs, a million brackets) is given up at a bound before anything of its size is built.
Scalars follow YAML 1.2's core schema where 1.1 surprises (`0600`, `22:22`, dates stay text), except that
`yes`, `no`, `on` and `off` are booleans, as every other tool around Kubernetes reads them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from wizard.domain.finding import Finding, UsageError, Where, error
from wizard.domain.profile.base import Path, show_path

MAX_BYTES = 1024 * 1024
"""A profile of 1,000 tenants is about 100 kB."""
MAX_DEPTH = 40
MAX_NODES = 100_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")} | {"!"}
_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,20}\.[0-9]{0,20}|\.[0-9]{1,20}|[0-9]{1,20}(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where one value was written."""

    file: str
    key_line: int | None
    """1-based line of its key; of the item itself in a list. None for what `--set` gave."""
    line: int | None
    """1-based line on which the value begins."""
    source: str | None = None
    """The value as it was written, for a scalar."""
    plain: bool = False
    """Whether it was written without quotes."""


@dataclass(slots=True)
class Document:
    """One profile as read: data, where each value stands, and what was found on the way."""

    data: Any
    marks: dict[Path, Mark]
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is still open."""

    value: Any
    path: Path | None
    """None: the value of a duplicate key, read over and thrown away."""
    key: str | None = None
    """Key whose value comes next; None in a mapping where a key comes next."""
    key_line: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    """Line of each key so far."""


def decode(raw: bytes, file: str) -> str:
    """Bytes as text. UsageError `profile-encoding` with byte offset and line where they are not UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        hint = "save the file as UTF-8"
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            hint += "; it begins like UTF-16"
        raise UsageError(
            error(
                "profile-encoding",
                "the file is not UTF-8 text",
                detail=f"byte {raw[problem.start]:#04x} at offset {problem.start}: {problem.reason}",
                hint=hint,
                where=Where(file=file, line=line),
            )
        ) from problem


def read_yaml(text: str, file: str) -> Document:
    """Reads one YAML document with a mapping (or nothing) at the top.

    Duplicate keys are collected in `findings` (the first value stays). UsageError, with whatever was found
    before, for what leaves no document to go on with: syntax, encoding, aliases, tags, too large or deep.
    """
    reader = _Reader(file)
    try:
        # Every character is one byte at least; the exact size was checked by whoever had the bytes.
        if len(text) > MAX_BYTES:
            reader.stop("profile-size", f"the file is larger than {MAX_BYTES // 1024} KiB", None)
        reader.check_characters(text)
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.YAMLError as problem:
        raise UsageError(*reader.findings, _syntax(problem, text, file)) from problem
    return Document(reader.root, reader.marks, reader.findings)


class _Reader:
    """Builds data and marks from a stream of parser events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Any = None
        self.marks: dict[Path, Mark] = {(): Mark(file, 1, 1)}
        self.findings: list[Finding] = []
        self._stack: list[_Frame] = []
        self._documents = 0
        self._nodes = 0

    def stop(self, code: str, summary: str, line: int | None, hint: str = "") -> NoReturn:
        raise UsageError(*self.findings, error(code, summary, hint=hint, where=Where(file=self.file, line=line)))

    def check_characters(self, text: str) -> None:
        bad = _UNPRINTABLE.search(text)
        if bad is not None:
            line = text.count("\n", 0, bad.start()) + 1
            hint = 'remove it, or write it as an escape inside double quotes, such as "\\u00a0"'
            self.stop("profile-encoding", f"character U+{ord(bad[0]):04X} is not allowed in YAML", line, hint)

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.NodeEvent):
            self._bounds(event, line)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open({} if isinstance(event, yaml.MappingStartEvent) else [], line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._stack.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                hint = "keep one profile in a file"
                self.stop("profile-multi-document", "the file holds more than one YAML document", line, hint)

    def _bounds(self, event: Any, line: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self.stop("profile-size", f"the file holds more than {MAX_NODES:,} values", line)
        if isinstance(event, yaml.AliasEvent):
            hint = "write the value out: profiles have no aliases, so that each line says what it means"
            self.stop("profile-alias", f"alias *{event.anchor} is not supported", line, hint)
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in _CORE_TAGS:
            self.stop("profile-tag", f"tag {tag!a} is not supported", line, "write the plain value")

    def _scalar(self, event: Any, line: int) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            # Keys are text as written: `on:` and `8080:` are meant as such.
            top.key, top.key_line = event.value, line
            return
        plain = not event.style and event.implicit[0]  # libyaml says '' where PyYAML says None
        value = plain_value(event.value) if plain else event.value
        self._place(value, line, event.value, plain)

    def _open(self, value: Any, line: int) -> None:
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            self.stop("profile-key", "a key must be text, not a list or mapping", line, "quote keys with { or [")
        if len(self._stack) >= MAX_DEPTH:
            self.stop("profile-size", f"the file is nested deeper than {MAX_DEPTH} levels", line)
        self._stack.append(_Frame(value, self._place(value, line, None, False)))

    def _place(self, value: Any, line: int, source: str | None, plain: bool) -> Path | None:
        """Puts a value where it belongs; returns its path, None where it is thrown away."""
        if not self._stack:
            self.root = value
            self.marks[()] = Mark(self.file, line, line, source, plain)
            return ()
        top = self._stack[-1]
        key, key_line = top.key, top.key_line
        top.key = None
        if top.path is None:
            return None
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
            key_line = line
        else:
            assert key is not None, "a mapping's value follows its key"
            path = (*top.path, key)
            if key in top.lines:
                self._duplicate(path, key_line, top.lines[key])
                return None
            top.lines[key] = key_line
            top.value[key] = value
        self.marks[path] = Mark(self.file, key_line, line, source, plain)
        return path

    def _duplicate(self, path: Path, line: int, first: int) -> None:
        lines = f"on line {first} and again on line {line}" if first != line else f"on line {line}"
        self.findings.append(
            error(
                "profile-duplicate-key",
                f"{show_path(path)}: the key is given twice, {lines}",
                hint="remove one of the two",
                where=Where(file=self.file, line=line, path=show_path(path)),
            )
        )


def plain_value(text: str) -> Any:
    """What an unquoted scalar means: None, bool, int, finite float, else the text itself."""
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _syntax(problem: yaml.YAMLError, text: str, file: str) -> Finding:
    """The parser's complaint, with the line shown and the usual causes named."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    said = getattr(problem, "problem", None) or "the text cannot be read"
    lines = text.splitlines()
    # What is never closed is missed only behind the last line.
    line = max(1, min(mark.line + 1, len(lines))) if mark else None
    shown = lines[line - 1] if line and lines else ""
    context, began = getattr(problem, "context", None), getattr(problem, "context_mark", None)
    if context and began and began.line + 1 != line:
        context += f" that begins on line {began.line + 1}"
    hint = ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())] or "cannot start any token" in said:
        hint = "indent with spaces, not tabs" if "\t" in shown else "quote values that begin with @, %, ` or *"
    elif "mapping values are not allowed" in said:
        hint = "quote a value that contains ': ', and check the indentation"
    elif "expected" in said or "did not find" in said:
        hint = "check the indentation, and that brackets and quotes are closed"
    return error(
        "profile-yaml",
        f"not valid YAML: {said}",
        detail="; ".join(
            part for part in (context, f"the line reads: {shown.strip()[:100]!a}" if shown else "") if part
        ),
        hint=hint,
        where=Where(file=file, line=line),
    )
