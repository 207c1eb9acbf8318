"""Rows: tenants, models, receivers. A list of them, each edited on a screen of its own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.domain.finding import UsageError
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Question, show
from wizard.ui.tui.own import services_of
from wizard.ui.tui.text import clean, fit, plain
from wizard.ui.tui.widgets.controls import Control


class _Cancelled(Exception):
    """The operator thought better of it."""


class RowsControl(Control):
    """Add, edit, remove, order; tenants come from a CSV file too, models from the catalog."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,plus", "add", "Add"),
        Binding("enter", "edit", "Edit", show=False),
        Binding("delete,x", "remove", "Remove"),
        Binding("shift+up", "shift(-1)", "Move up", show=False),
        Binding("shift+down", "shift(1)", "Move down", show=False),
        Binding("i", "take_in", "Import CSV"),
        Binding("f", "find", "Catalog", tooltip="Find models in the catalog"),
    ]
    DEFAULT_CSS = """
    RowsControl OptionList { height: auto; max-height: 12; background: $surface; padding: 0 1; }
    RowsControl .rows--none { color: $muted; padding: 0 1; }
    """

    def __init__(self, question: Question, draft: Draft) -> None:
        super().__init__(question, draft)
        self._shown: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield OptionList(compact=True, markup=False)
        yield Static(classes="rows--none", markup=False)

    def on_mount(self) -> None:
        self._fill()

    def tell(self) -> None:
        if self.draft.rows(self.question.path) != self._shown:
            self._fill()

    def _fill(self) -> None:
        self._shown = self.draft.rows(self.question.path)
        listed = self.query_one(OptionList)
        at = listed.highlighted or 0
        listed.set_options(self._line(index, row) for index, row in enumerate(self._shown))
        # Shown even when empty: it has the focus, and with it the keys that add.
        listed.highlighted = min(at, len(self._shown) - 1) if self._shown else None
        words = "" if self._shown else "none yet: a adds one"
        if not self._shown and self._is("models"):
            words += ", f finds one in the catalog"
        if not self._shown and self._is("tenants"):
            words += ", i imports a CSV file"
        none = self.query_one(".rows--none", Static)
        none.display = not self._shown
        none.update(plain(words))

    def _line(self, index: int, row: dict[str, Any]) -> Option:
        wrong = bool(self.draft.findings_at(f"{self.question.path}[{index}]"))
        parts: list[Content | tuple[str, str] | str] = [("✗ " if wrong else "  ", "$text-error")]
        for at, each in enumerate(self._columns()):
            value = row.get(each.key) if "." not in each.key else None
            if value is None and at:
                continue
            text = clean(show(each, value)) if value is not None else "(no name)"
            parts.append(fit(text, 22) + " " if at == 0 else (f"{each.label.lower()} {text}  ", "$muted"))
        return Option(Content.assemble(*parts))

    def _columns(self) -> list[Question]:
        return [each for each in self.question.fields if not each.advanced][:5]

    def _is(self, path: str) -> bool:
        return self.question.path == path

    @property
    def _at(self) -> int | None:
        return self.query_one(OptionList).highlighted

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "take_in":
            return self._is("tenants")
        if action == "find":
            return self._is("models")
        return True

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_edit()

    @work(group="row", exclusive=True)
    async def action_add(self) -> None:
        await self._edit(None)

    @work(group="row", exclusive=True)
    async def action_edit(self) -> None:
        if self._at is not None:
            await self._edit(self._at)

    async def _edit(self, index: int | None) -> None:
        from wizard.ui.tui.screens.row import RowScreen

        # One step of undo; a row that is thought better of leaves no trace at all.
        with suppress(_Cancelled), self.draft.batch():
            at = self.draft.add_row(self.question.path) if index is None else index
            if not await self.app.push_screen_wait(RowScreen(self.question, self.draft, at)):
                raise _Cancelled
        self._changed()

    def _put_back(self, before: list[dict[str, Any]]) -> None:
        if before:
            self.draft.set(self.question.path, before)
        else:
            self.draft.unset(self.question.path)

    @work(group="row", exclusive=True)
    async def action_remove(self) -> None:
        from wizard.ui.tui.widgets.dialog import Confirm

        at = self._at
        if at is None:
            return
        name = clean(str(self._shown[at].get("name") or f"number {at + 1}"))
        if await self.app.push_screen_wait(Confirm(f"Remove {name}?", "The profile changes, nothing else yet.")):
            self.draft.remove_row(self.question.path, at)
            self._changed()

    def action_shift(self, by: int) -> None:
        if self._at is not None:
            new = self.draft.move_row(self.question.path, self._at, by)
            self._changed()
            self.query_one(OptionList).highlighted = new

    @work(group="row", exclusive=True)
    async def action_take_in(self) -> None:
        from wizard.ui.flow.tenants_csv import import_tenants
        from wizard.ui.tui.widgets.dialog import Prompt

        path = await self.app.push_screen_wait(Prompt("Import tenants", "CSV file; its header names the fields"))
        if not path:
            return
        try:
            raw = services_of(self).read_file(path)
        except UsageError as wrong:
            self.notify(wrong.findings[0].summary, title="nothing imported", severity="error", timeout=10)
            return
        before = len(self.draft.rows(self.question.path))
        if found := import_tenants(self.draft, raw, file=path):
            words = "\n".join(f"{each.where}: {each.summary}" for each in found[:8])
            self.notify(words, title="nothing imported", severity="error", timeout=15)
            return
        self.notify(f"{len(self.draft.rows(self.question.path)) - before} tenants imported")
        self._changed()

    @work(group="row", exclusive=True)
    async def action_find(self) -> None:
        from wizard.ui.tui.screens.models import ModelsScreen

        chosen = await self.app.push_screen_wait(ModelsScreen(self.draft))
        if chosen is None:
            return
        rows = {str(row.get("name")): row for row in self.draft.rows("models")}
        self._put_back([rows.get(name, {"name": name}) for name in chosen])
        self._changed()

    def _changed(self) -> None:
        self._fill()
        self._post(self.draft.rows(self.question.path))
