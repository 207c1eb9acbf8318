"""The draft: a profile on its way, valid or not yet, with its findings as one types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import yaml

from wizard.domain.finding import Finding
from wizard.domain.profile import Profile, spot_at
from wizard.planning.coverage import gaps, undeployable
from wizard.ui.flow import tree
from wizard.ui.flow.checking import Checked, check, lies_in
from wizard.ui.flow.question import Ask, Question
from wizard.ui.flow.tree import MISSING, parts_of

UNDO = 500
"""Steps that can be taken back."""

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class _State:
    """What undo goes back to."""

    data: Mapping[str, Any]
    shelf: Mapping[str, Any]
    """Optional sections that were switched off, should they be switched on again."""


class Draft:
    """Everything that was said so far. Paths are those of findings: `tenants[2].tier`.

    Settings of kinds that are not chosen stay: going back to a kind finds them again. `data` is what would be
    saved as a profile; `everything` has also what is wrong in sections that are not used.
    """

    def __init__(self, data: Mapping[str, Any] | None = None, origin: FilePath | None = None) -> None:
        self.origin = origin
        """The file it was read from, or last written to; None for a new one."""
        self._state = self._saved = _State(tree.plain(data or {}), {})
        self._before: list[_State] = []
        self._after: list[_State] = []
        self._typing: str | None = None
        """Path of the text that is being typed: its changes are undone as one."""
        self._checked: Checked | None = None
        self._gaps: tuple[Finding, ...] | None = None
        self._subscribers: list[Callable[[], None]] = []
        self._batch = 0

    # --- what was said

    @property
    def data(self) -> dict[str, Any]:
        """In the profile's order, without unusable settings of kinds that are not chosen."""
        return self._check().data

    @property
    def everything(self) -> dict[str, Any]:
        """All that was said, for a draft's file."""
        return tree.in_order(self._state.data)

    @property
    def name(self) -> str:
        """Empty where there is none yet."""
        name = self.get("name")
        return name if isinstance(name, str) else ""

    @property
    def kind(self) -> str:
        """Kind of target; empty where none is chosen yet."""
        kind = self.get("target.kind")
        return kind if isinstance(kind, str) else ""

    def get(self, path: str) -> Any:
        """What was said; MISSING where nothing was."""
        return tree.get(self._state.data, parts_of(path))

    def has(self, path: str) -> bool:
        return self.get(path) is not MISSING

    def value(self, path: str) -> Any:
        """What was said, else the field's default; None where it has none."""
        said = self.get(path)
        if said is not MISSING:
            return said
        spot = spot_at(parts_of(path))
        return None if spot is None or spot.default is ... else spot.default

    def rows(self, path: str) -> list[dict[str, Any]]:
        """Copies of the rows; what is no row in a broken file is an empty one."""
        items = self.get(path)
        return [dict(item) if isinstance(item, Mapping) else {} for item in items] if isinstance(items, list) else []

    def answered(self, question: Question) -> Any:
        """What a question's drawer shows: the value that was given, else the default; None: nothing."""
        if question.switch:
            return self.has(question.path)
        if question.ask is Ask.ROWS:
            return self.rows(question.path)
        return self.value(question.path)

    # --- saying something

    def answer(self, question: Question, value: Any) -> None:
        """What a question's drawer calls. None, or the default, takes the field out again."""
        if question.switch:
            self.switch(question.path, on=bool(value))
        elif _same(value, self.answered(question)):
            return
        elif value is None or _same(value, question.default):
            self.unset(question.path)
        else:
            self.set(question.path, value)

    def set(self, path: str, value: Any) -> None:
        typing = path if isinstance(value, str) else None
        made = tree.plain(value, parts_of(path))
        self._move(_State(tree.put(self._state.data, parts_of(path), made), self._state.shelf), typing)

    def unset(self, path: str) -> None:
        """Takes it out, and the sections that this leaves empty."""
        if tree.get(self._state.data, parts_of(path)) is not MISSING:
            self._move(_State(tree.drop(self._state.data, parts_of(path)), self._state.shelf))

    def switch(self, path: str, *, on: bool) -> None:
        """Puts an optional section there, or takes it away; what was in it comes back with it."""
        there = self.get(path)
        if on and there is MISSING:
            shelf = {key: value for key, value in self._state.shelf.items() if key != path}
            put_back = self._state.shelf.get(path, {})
            self._move(_State(tree.put(self._state.data, parts_of(path), put_back), shelf))
        elif not on and there is not MISSING:
            shelf = {**self._state.shelf, path: there}
            self._move(_State(tree.drop(self._state.data, parts_of(path)), shelf))

    def add_row(self, path: str, row: Mapping[str, Any] | None = None) -> int:
        """The new row's index."""
        rows = self._rows(path)
        self._set_rows(path, [*rows, tree.plain(row or {}, (*parts_of(path), len(rows)))])
        return len(rows)

    def remove_row(self, path: str, index: int) -> None:
        rows = self._rows(path)
        self._set_rows(path, [*rows[:index], *rows[index + 1 :]])

    def move_row(self, path: str, index: int, by: int) -> int:
        """Up (-1) or down (1), no further than the ends; where the row is then."""
        rows = self._rows(path)
        new = min(max(index + by, 0), len(rows) - 1)
        if new != index:
            rows.insert(new, rows.pop(index))
            self._set_rows(path, rows)
        return new

    def replace(self, data: Mapping[str, Any]) -> None:
        """Everything at once, such as YAML edited by hand; can be undone."""
        self._move(_State(tree.plain(data), {}))

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Changes within it are undone as one, and told as one; where it raises, there are none."""
        before, self._batch = self._state, self._batch + 1
        try:
            yield
        except BaseException:  # nothing is changed by halves
            self._become(before)
            self._batch -= 1
            raise
        self._batch -= 1
        if not self._batch and self._state is not before:
            after, self._state = self._state, before
            self._move(after)

    # --- what it amounts to

    def findings(self) -> tuple[Finding, ...]:
        """What is wrong; kept until something changes."""
        return self._check().findings

    def findings_at(self, path: str) -> tuple[Finding, ...]:
        """Those of a field, or of a whole section with all that is in it."""
        return tuple(finding for finding in self.findings() if lies_in(finding.where.path or "", path))

    def profile(self) -> Profile | None:
        """None while something is wrong."""
        return self._check().profile

    def gaps(self) -> tuple[Finding, ...]:
        """What this version would not deploy of it; empty while it is no valid profile."""
        if self._gaps is None:
            profile = self.profile()
            target = undeployable(profile) if profile else None
            self._gaps = (*((target,) if target else ()), *gaps(profile)) if profile else ()
        return self._gaps

    def yaml(self) -> str:
        """`data` as it would be written into a new file."""
        text: str = yaml.dump(self.data, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100)
        return text

    # --- back and forth

    @property
    def changed(self) -> bool:
        """Whether it differs from its file, or from what it began as."""
        return self._state.data != self._saved.data

    def saved(self, origin: FilePath | None = None) -> None:
        """It has just been written: what is there now is no change any more."""
        self._saved, self.origin, self._typing = self._state, origin or self.origin, None

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        return bool(self._after)

    def undo(self) -> bool:
        """False where there is nothing to take back."""
        return self._travel(self._before, self._after)

    def redo(self) -> bool:
        return self._travel(self._after, self._before)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """`callback` is called after each change; the returned function ends that."""
        self._subscribers.append(callback)

        def end() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return end

    # --- inside

    def _rows(self, path: str) -> list[Any]:
        items = self.get(path)
        return list(items) if isinstance(items, list) else []

    def _set_rows(self, path: str, rows: list[Any]) -> None:
        if rows:
            self._move(_State(tree.put(self._state.data, parts_of(path), rows), self._state.shelf))
        else:
            self.unset(path)

    def _move(self, state: _State, typing: str | None = None) -> None:
        if state.data == self._state.data:
            return
        if not self._batch:
            if typing is None or typing != self._typing:
                self._before = [*self._before[-UNDO:], self._state]
            self._after.clear()
            self._typing = typing
        self._become(state)

    def _travel(self, back: list[_State], forth: list[_State]) -> bool:
        if not back:
            return False
        forth.append(self._state)
        self._typing = None
        self._become(back.pop())
        return True

    def _become(self, state: _State) -> None:
        self._state, self._checked, self._gaps = state, None, None
        if not self._batch:
            for subscriber in tuple(self._subscribers):
                subscriber()

    def _check(self) -> Checked:
        if self._checked is None:
            self._checked = check(self._state.data)
        return self._checked


def _same(one: Any, other: Any) -> bool:
    """20 is 20.0, a list is a tuple, but yes is not 1."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == (list(other) if isinstance(other, tuple) else other))
