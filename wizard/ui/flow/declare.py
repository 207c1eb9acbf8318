"""How questions are declared: a path and the words around it; the rest is read from the profile's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from wizard.domain.finding import UsageError
from wizard.domain.profile import Spot, leaves, profile_from_data, spot_at
from wizard.domain.profile.scalars import WORDS
from wizard.planning.coverage import DEPLOYABLE, gaps
from wizard.ui.flow import tree
from wizard.ui.flow.question import Ask, Choice, Question, always

if TYPE_CHECKING:
    from wizard.ui.flow.draft import Draft

LATER = "plan only in this version"

When = Callable[["Draft"], bool]


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that belong together under one heading."""

    title: str
    questions: tuple[Question, ...]
    when: When = always

    @property
    def advanced(self) -> bool:
        """Whether all of it is folded away at first."""
        return all(question.advanced for question in self.questions)

    def shown(self, draft: Draft) -> tuple[Question, ...]:
        """What to ask now."""
        if self.when(draft):
            return tuple(question for question in self.questions if question.shown(draft))
        return tuple(question for question in self.questions if draft.findings_at(question.path))


@dataclass(frozen=True, slots=True)
class Chapter:
    """One decision of the walk, on one screen."""

    id: str
    title: str
    lead: str
    """The decision in one sentence."""
    groups: tuple[Group, ...]
    when: When = always

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for group in self.groups for question in group.questions)

    def shown(self, draft: Draft) -> tuple[tuple[Group, tuple[Question, ...]], ...]:
        """The groups that have something to ask now, each with its questions."""
        return tuple((group, asked) for group in self.groups if (asked := group.shown(draft)))


def ask(
    path: str,
    label: str,
    *,
    more: str = "",
    notes: Mapping[Any, str] | None = None,
    empty: str = "",
    **given: Any,
) -> Question:
    """One field. `more` is added to the profile's own description; `notes` are said of choices; `empty` is the
    label of leaving the field empty, where it may be. Everything else goes to `Question`."""
    spot = _leaves()[path]
    choices = _choices(path, spot, notes or {}, empty)
    given.setdefault("placeholder", _placeholder(spot))
    return Question(path, label, _how(spot, choices), _help(spot, more), spot, choices, **given)


def rows(path: str, label: str, *fields: Question, more: str = "", **given: Any) -> Question:
    """A list of sections."""
    spot = _spot(path)
    return Question(path, label, Ask.ROWS, _help(spot, more), spot, fields=fields, **given)


def switch(path: str, label: str, *, more: str = "", **given: Any) -> Question:
    """Whether an optional section is there."""
    spot = _spot(path)
    described = replace(spot, description=spot.description.partition("; empty:")[0].rstrip(".") + ".")
    return Question(path, label, Ask.FLAG, _help(described, more), spot, switch=True, **given)


def both(one: When, other: When) -> When:
    return lambda draft: one(draft) and other(draft)


def kind(*kinds: str) -> When:
    """On these kinds of target."""
    return lambda draft: draft.kind in kinds


def unless(when: When) -> When:
    return lambda draft: not when(draft)


def has(path: str) -> When:
    return lambda draft: draft.has(path)


def says(path: str, *values: Any) -> When:
    """Where a field has one of these values, be it by default; without values, where it is not empty or no."""
    return lambda draft: draft.value(path) in values if values else bool(draft.value(path))


@cache
def _leaves() -> dict[str, Spot]:
    return dict(leaves())


def _spot(path: str) -> Spot:
    spot = spot_at(tree.parts_of(path))
    if spot is None:
        raise KeyError(path)
    return spot


def _how(spot: Spot, choices: tuple[Choice, ...]) -> Ask:
    origin = get_origin(spot.annotation)
    if origin is tuple:
        return Ask.LIST
    if origin is dict:
        return Ask.MAPPING if get_args(spot.annotation)[1] is str else Ask.YAML
    if choices:
        return Ask.CHOICE
    return {bool: Ask.FLAG, int: Ask.NUMBER, float: Ask.NUMBER}.get(spot.annotation, Ask.TEXT)


def _choices(path: str, spot: Spot, notes: Mapping[Any, str], empty: str) -> tuple[Choice, ...]:
    values: tuple[Any, ...] = spot.choices
    labels = {True: "yes", False: "no"}
    if get_origin(spot.annotation) is tuple:
        inner = get_args(spot.annotation)[0]
        values = get_args(inner) if get_origin(inner) is Literal else ()
        return tuple(Choice(value, str(value), notes.get(value, "")) for value in values)
    if spot.annotation is bool and spot.default is None:  # yes, no, or as the rest of the profile has it
        values = (True, False)
    made = tuple(Choice(value, labels.get(value, str(value)), _note(path, value, notes)) for value in values)
    nothing = (Choice(None, empty or "automatic", notes.get(None, "")),) if values and spot.default is None else ()
    return nothing + made


def _note(path: str, value: Any, notes: Mapping[Any, str]) -> str:
    later = LATER if _later(path, value) else ""
    return "; ".join(part for part in (later, notes.get(value, "")) if part)


def _later(path: str, value: Any) -> bool:
    """Whether this version would not deploy a profile with this choice, as `coverage` says."""
    if path == "target.kind":
        return value not in DEPLOYABLE
    probe = {"name": "probe", "target": {"kind": "aws", "aws": {"region": "eu-central-1"}}}
    probe = tree.put(tree.put(probe, ("access", "domain"), "example.com"), tree.parts_of(path), value)
    try:
        return any(gap.where.path == path for gap in gaps(profile_from_data(probe)))
    except UsageError:
        return False  # a choice that needs more than itself; coverage speaks when the profile is whole


def _help(spot: Spot, more: str) -> str:
    return " ".join(part for part in (spot.description, more) if part)


def _placeholder(spot: Spot) -> str:
    """The example that the profile's own findings give."""
    pattern = next((item.pattern for item in spot.constraints if getattr(item, "pattern", None)), "")
    words = WORDS.get(pattern)
    return words.example.strip('"') if words else ""
