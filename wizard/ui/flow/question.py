"""A question: one field of the profile as an operator is asked for it, and its answer as text."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import yaml

from wizard.domain.finding import UsageError
from wizard.domain.profile import Spot
from wizard.domain.profile.text import read_yaml
from wizard.ui.flow.listing import read_list, read_mapping, write_list, write_mapping

if TYPE_CHECKING:
    from wizard.ui.flow.draft import Draft


class Ask(StrEnum):
    """How a question is put; each front end has a table that draws all of them."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    """One of `choices`."""
    FLAG = "flag"
    """Yes or no."""
    LIST = "list"
    """Several texts; some of `choices`, where there are any."""
    MAPPING = "mapping"
    """key=value."""
    ROWS = "rows"
    """Several sections, each with `fields`: tenants, models, receivers, tolerations."""
    YAML = "yaml"
    """A free mapping, for experts."""


class Source(StrEnum):
    """Where good answers can be looked up; what is not in there may be typed all the same."""

    CONTEXTS = "contexts"
    """Contexts of the kubeconfig: `Services.contexts`."""
    SCENARIOS = "scenarios"
    """Faults of the sandbox: `Services.scenarios`."""
    OFFERED = "offered"
    """The models of this profile."""
    CATALOG = "catalog"
    """Models of the catalog."""
    INSTANCES = "instances"
    """EC2 instance types of the catalog."""
    HOSTS = "hosts"
    """A host name: `Services.resolve` says where it leads."""


@dataclass(frozen=True, slots=True)
class Choice:
    value: Any
    """What is written into the profile; None: nothing, the field keeps to its default."""
    label: str
    note: str = ""
    """One line on what it means to take it."""


def always(_: Draft) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Question:
    path: str
    """Dotted, as `leaves()` gives it; `tenants[].tier` for the field of a row, `tenants` for the rows."""
    label: str
    """Short, sentence case."""
    ask: Ask
    help: str
    """What it is, and why it matters."""
    spot: Spot
    """What the profile knows about the field: type, bounds, default."""
    choices: tuple[Choice, ...] = ()
    fields: tuple[Question, ...] = ()
    """Of ROWS: the questions of one row; their paths begin with `path` and `[]`."""
    advanced: bool = False
    """Folded away at first: the default is right for almost everyone."""
    when: Callable[[Draft], bool] = always
    """Whether it makes sense now, by other answers; a row's field is asked by `in_row` too."""
    in_row: Callable[[Mapping[str, Any]], bool] | None = None
    """Of a row's field: whether it makes sense in this row."""
    only: Mapping[Any, Callable[[Draft], bool]] = field(default_factory=dict)
    """Choice -> whether it can be taken now; choices that are not here always can."""
    switch: bool = False
    """A FLAG that puts a whole optional section there, or takes it away: `tiers.premium`."""
    source: Source | None = None
    unit: str = ""
    """`nodes`, `tokens`, `US dollars a month`."""
    placeholder: str = ""
    """Shown in an empty field: an example, or what happens when it stays empty."""

    @property
    def default(self) -> Any:
        """None where there is none; for a switch, False."""
        if self.switch:
            return False
        return None if self.spot.default is ... else self.spot.default

    @property
    def required(self) -> bool:
        return self.spot.default is ... and not self.switch

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Least and most of a NUMBER."""
        least = [b for c in self.spot.constraints for n in ("ge", "gt") if (b := getattr(c, n, None)) is not None]
        most = [b for c in self.spot.constraints for n in ("le", "lt") if (b := getattr(c, n, None)) is not None]
        return (max(least, default=None), min(most, default=None))

    @property
    def allowed(self) -> str:
        """The bounds in words: `1 to 100`, `at least 0`; empty where there are none."""
        least, most = self.bounds
        if least is not None and most is not None:
            return f"{_number(least)} to {_number(most)}"
        if least is not None:
            above = any(getattr(item, "gt", None) is not None for item in self.spot.constraints)
            return f"{'more than' if above else 'at least'} {_number(least)}"
        return "" if most is None else f"at most {_number(most)}"

    @property
    def key(self) -> str:
        """Of a row's field, its path within the row: `quota.cpu`; else the whole path."""
        return self.path.partition("[].")[2] or self.path

    def at(self, index: int) -> Question:
        """A row's field as the field of that row: `tenants[].tier` -> `tenants[2].tier`."""
        return replace(self, path=self.path.replace("[]", f"[{index}]", 1))

    def offered(self, draft: Draft) -> tuple[Choice, ...]:
        """The choices that can be taken now, and the one that stands there already."""
        now = draft.value(self.path)
        taken = now if isinstance(now, list | tuple) else (now,)
        return tuple(
            choice
            for choice in self.choices
            if choice.value in taken or choice.value not in self.only or self.only[choice.value](draft)
        )

    def shown(self, draft: Draft) -> bool:
        """Whether to ask it now: when it makes sense, or where what stands there is wrong."""
        return self.when(draft) or bool(draft.findings_at(self.path))

    def row_fields(self, row: Mapping[str, Any], index: int, draft: Draft) -> tuple[Question, ...]:
        """Of ROWS: what to ask for one row, with that row's paths."""
        return tuple(
            asked
            for each in self.fields
            if (asked := each.at(index)).shown(draft)
            and (each.in_row is None or each.in_row(row) or draft.findings_at(asked.path))
        )


def parse(question: Question, text: str) -> Any:
    """The value that a text means; None where it is empty, and the field keeps to its default.

    ValueError says what is wrong in words for the operator. Only the form is looked at here: what the profile
    makes of the value is for `Draft.findings_at`, whose words are the same as those on a file.
    """
    text = text.strip()
    if not text:
        if question.required and question.ask is not Ask.ROWS:
            raise ValueError("needs an answer")
        return None
    return _PARSERS[question.ask](question, text)


def show(question: Question, value: Any, *, lines: bool = False) -> str:
    """The text that `parse` reads back; with `lines` one item of a LIST or MAPPING a line."""
    if value is None:
        return next((choice.label for choice in question.choices if choice.value is None), "")
    match question.ask:
        case Ask.FLAG:
            return "yes" if value else "no"
        case Ask.NUMBER if isinstance(value, int | float):
            return _number(value)
        case Ask.CHOICE if isinstance(value, bool):
            return "yes" if value else "no"
        case Ask.LIST if isinstance(value, list | tuple):
            return write_list(value, lines=lines)
        case Ask.MAPPING if isinstance(value, Mapping):
            return write_mapping(value, lines=lines)
        case Ask.ROWS | Ask.YAML:
            plain = list(value) if isinstance(value, tuple) else value
            return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100) if plain else ""
    return str(value)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def _parse_number(question: Question, text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        if question.spot.annotation is int:
            raise ValueError(f"must be a whole number, such as {_example(question)} (got {text[:40]!a})") from None
    share = text.endswith("%") and question.bounds[1] == 1
    try:
        number = float(text.removesuffix("%").rstrip()) / 100 if share else float(text)
    except ValueError:
        raise ValueError(f"must be a number, such as {_example(question)} (got {text[:40]!a})") from None
    if not math.isfinite(number):
        raise ValueError(f"must be a number (got {text[:40]!a})")
    return number


def _example(question: Question) -> str:
    known = question.default if isinstance(question.default, int | float) else question.bounds[0]
    return _number(known if known is not None else 1)


_YES, _NO = frozenset({"yes", "y", "true", "on", "1"}), frozenset({"no", "n", "false", "off", "0"})


def _parse_flag(_: Question, text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"must be yes or no (got {text[:40]!a})")


def _parse_choice(question: Question, text: str) -> Any:
    return _chosen(question, text)


def _chosen(question: Question, text: str) -> Any:
    """A choice by its value or label; a beginning that fits one alone is enough."""
    names = {name.lower(): c.value for c in question.choices for name in (c.label, show(question, c.value)) if name}
    wanted = text.lower()
    if wanted in names:
        return names[wanted]
    begun = [value for name, value in names.items() if name.startswith(wanted)]
    if begun and all(value == begun[0] for value in begun):
        return begun[0]
    near = difflib.get_close_matches(wanted, names, n=1)
    words = f"; did you mean {near[0]}?" if near else ""
    allowed = ", ".join(show(question, choice.value) or choice.label for choice in question.choices)
    raise ValueError(f"must be one of: {allowed} (got {text[:40]!a}){words}")


def _parse_list(question: Question, text: str) -> list[Any]:
    items = read_list(text)
    return [_chosen(question, item) for item in items] if question.choices else list(items)


def _parse_mapping(_: Question, text: str) -> dict[str, str]:
    return read_mapping(text)


def _parse_yaml(question: Question, text: str) -> Any:
    try:
        read = read_yaml(text, "")
    except UsageError as problem:
        raise ValueError("; ".join(f.summary for f in problem.findings)) from None
    if read.findings:
        raise ValueError("; ".join(f.summary for f in read.findings))
    wanted: type = list if question.ask is Ask.ROWS else dict
    if not isinstance(read.data, wanted):
        what = "a list: begin each item with '- '" if wanted is list else "a mapping: keys with values"
        raise ValueError(f"must be {what}")
    return read.data


_PARSERS: dict[Ask, Callable[[Question, str], Any]] = {
    Ask.TEXT: lambda _, text: text,
    Ask.NUMBER: _parse_number,
    Ask.CHOICE: _parse_choice,
    Ask.FLAG: _parse_flag,
    Ask.LIST: _parse_list,
    Ask.MAPPING: _parse_mapping,
    Ask.ROWS: _parse_yaml,
    Ask.YAML: _parse_yaml,
}
