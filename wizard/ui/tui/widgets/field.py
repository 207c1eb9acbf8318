"""A field: a question's label, its control, and what is wrong with the answer, as one types."""

from __future__ import annotations

from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from wizard.ui.flow.draft import Draft
from wizard.ui.flow.presets import choose_kind
from wizard.ui.flow.question import Ask, Question
from wizard.ui.tui.text import clean, plain
from wizard.ui.tui.widgets.controls import CONTROLS, Answered, Control

_ROOM = 600
"""Characters of a complaint; what it quotes may be long."""


class Field(Vertical):
    """Shown where it makes sense now; keeps what was typed while it is not."""

    DEFAULT_CSS = """
    Field { height: auto; display: none; margin-bottom: 1; }
    Field.-shown { display: block; }
    Field > .field--label { height: auto; width: 1fr; color: $muted; }
    Field:focus-within > .field--label { color: $text-primary; }
    Field > .field--problem { height: auto; width: 1fr; display: none; color: $text-error; }
    Field > .field--problem.-some { display: block; }
    Field > .field--note { height: auto; width: 1fr; display: none; color: $muted; }
    Field > .field--note.-some { display: block; }
    """

    class Focused(Message):
        """The operator is here: the help beside the form is this question's."""

        def __init__(self, question: Question) -> None:
            super().__init__()
            self.question = question

    def __init__(self, question: Question, draft: Draft) -> None:
        super().__init__()
        self.question, self.draft = question, draft
        self.touched = False
        self._control: Control | None = None
        self._lines: dict[str, Static] = {}
        """What stands beneath the control, made when there is something to say: most fields never need it."""
        self._said: object = None
        """What the line beneath shows: told again only when it changes, because each telling is a layout."""

    def compose(self) -> ComposeResult:
        question = self.question
        if question.ask is not Ask.FLAG:
            more = " ".join(part for part in (question.unit, question.allowed and f"({question.allowed})") if part)
            need = ("  needed", "$text-accent") if question.required and question.ask is not Ask.ROWS else ""
            yield Static(
                Content.assemble(clean(question.label), (f"  {more}" if more else "", "$faint"), need),
                classes="field--label",
            )
        self._control = CONTROLS[question.ask](question, self.draft)
        yield self._control

    @property
    def wrong(self) -> str:
        """Why the text means no value; the draft keeps the last good answer meanwhile."""
        return self._control.problem if self._control is not None else ""

    @property
    def bad(self) -> bool:
        """Whether what stands there cannot stay."""
        return bool(self.wrong) or bool(self.draft.findings_at(self.question.path))

    def show(self, shown: bool) -> None:
        self.set_class(shown, "-shown")
        if shown:
            self.sync()

    def sync(self) -> None:
        """The draft has changed."""
        if self._control is not None and self._control.is_mounted:
            self._control.tell()
        self._say_problem()

    def note(self, words: str, style: str = "$muted") -> None:
        """A line beneath the field that is no complaint: where a host name leads, what a model takes."""
        self._line("field--note", plain(words, style, limit=_ROOM), shown=bool(words))

    def _line(self, kind: str, words: Content, *, shown: bool) -> None:
        line = self._lines.get(kind)
        if line is None:
            if not shown or self._control is None:
                return
            line = Static(classes=kind, markup=False)
            self.mount(line, after=self._lines.get("field--problem", self._control))
            self._lines[kind] = line
        line.set_class(shown, "-some")
        line.update(words)

    def _say_problem(self) -> None:
        found = self.draft.findings_at(self.question.path) if self.question.ask is not Ask.ROWS else ()
        wrong = self.wrong
        words = wrong or "; ".join(f"{each.summary}" + (f". {each.hint}" if each.hint else "") for each in found)
        unsaid = not wrong and not self.draft.has(self.question.path)
        # What nobody has answered yet is no mistake: it is only said aloud once one has been there.
        look = words, bool(words) and (self.touched or not unsaid), unsaid
        if look != self._said:
            self._said = look
            style = "$muted" if unsaid else "$text-error"
            self._line("field--problem", plain(words, style, limit=_ROOM), shown=look[1])

    @on(Answered)
    def _answered(self, event: Answered) -> None:
        if event.question.path != self.question.path:
            return
        event.stop()
        self.touched = True
        if self._control is not None:
            self._control.heard()
        if not event.problem:
            self._answer(event.value)
        self._say_problem()
        self.post_message(self.Changed(self))

    def _answer(self, value: Any) -> None:
        if self.question.path == "target.kind":
            choose_kind(self.draft, value)  # what the old kind's preset said gives way to the new one's
        else:
            self.draft.answer(self.question, value)

    class Changed(Message):
        """The draft has a new answer, or the field a new complaint."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.post_message(self.Focused(self.question))
        # Textual brings the control into sight; its label belongs to it.
        self.call_after_refresh(self.scroll_visible, animate=False)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.touched = True
        self._say_problem()
