"""One row of a list, edited: a tenant, a model, a receiver."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Static

from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Question
from wizard.ui.tui import styling
from wizard.ui.tui.text import plain
from wizard.ui.tui.widgets.field import Field

_AROUND = 9
"""Lines of the box beside its fields: frame and padding, help, buttons with air, keys."""


class RowScreen(ModalScreen[bool]):
    """True: keep what was typed; False: as it was before."""

    CSS_PATH = styling.WALK

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep"),
        Binding("f4", "more", "More settings"),
        Binding("escape", "leave", "Cancel"),
    ]

    def __init__(self, question: Question, draft: Draft, index: int) -> None:
        super().__init__()
        self.question, self.draft, self.index = question, draft, index
        self._more = False

    def compose(self) -> ComposeResult:
        box = Vertical(id="row-box")
        box.border_title = plain(f"{self.question.label}, {self.index + 1}")
        with box:
            with VerticalScroll(id="row-fields", can_focus=False):
                for each in self.question.fields:
                    yield Field(each.at(self.index), self.draft)
            yield Static("", id="row-help", markup=False)
            with Horizontal(id="row-buttons"):
                yield Button("Keep", variant="primary", id="keep", compact=True)
                yield Button("Cancel", id="cancel", compact=True)
            yield Footer(compact=True, show_command_palette=False)

    def on_resize(self) -> None:
        # Help, buttons and keys stay in sight, however many fields there are.
        self.query_one("#row-fields").styles.max_height = max(3, self.size.height * 94 // 100 - _AROUND)

    def on_mount(self) -> None:
        self._sync()
        first = next((w for field in self.query(Field) for w in field.query("*") if w.focusable), None)
        if first is not None:
            first.focus()

    def _sync(self) -> None:
        rows = self.draft.rows(self.question.path)
        row = rows[self.index] if self.index < len(rows) else {}
        for field, question in zip(self.query(Field), self.question.fields, strict=True):
            makes_sense = question.shown(self.draft) and (question.in_row is None or question.in_row(row))
            folded = question.advanced and not self._more and not field.bad
            field.show(makes_sense and not folded)

    @on(Field.Changed)
    def _changed(self, event: Field.Changed) -> None:
        event.stop()
        self._sync()

    @on(Field.Focused)
    def _focused(self, event: Field.Focused) -> None:
        event.stop()
        self.query_one("#row-help", Static).update(plain(event.question.help))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "keep":
            self.action_keep()
        else:
            self.action_leave()

    def action_more(self) -> None:
        self._more = not self._more
        self._sync()

    def action_keep(self) -> None:
        """Stays while something is wrong: the field says what."""
        bad = [field for field in self.query(Field) if field.has_class("-shown") and field.bad]
        for field in bad:
            field.touched = True
            field.sync()
        if not bad:
            self.dismiss(True)
            return
        target = next((w for w in bad[0].query("*") if w.focusable), None)
        if target is not None:
            target.focus()

    def action_leave(self) -> None:
        self.dismiss(False)
