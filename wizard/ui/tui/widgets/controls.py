"""One control for each way of asking: what an operator types or chooses, as the question's value.

Every control posts `Answered` with the value (or with words on why there is none yet) and can be told a new value
from outside: undo, another field, a look-up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Checkbox, Input, RadioButton, RadioSet, SelectionList, TextArea
from textual.widgets.selection_list import Selection

from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Ask, Question, parse, show
from wizard.ui.tui.text import clean

_LONG = 20_000
"""Characters of an answer: a list of networks is long; what is cut off here would be lost with the next key."""


class Answered(Message):
    """What the operator has just said."""

    def __init__(self, question: Question, value: Any, problem: str = "") -> None:
        super().__init__()
        self.question, self.value = question, value
        self.problem = problem
        """Why the text means no value; `value` is then not to be used."""


class Control(Vertical):
    """Base: holds the question, knows what it shows, is quiet while it is being told."""

    DEFAULT_CSS = """
    Control { height: auto; }
    Control Input, Control RadioSet, Control Checkbox, Control SelectionList, Control TextArea { border: none; }
    Control Input { height: 1; padding: 0 1; background: $surface; }
    Control Input:focus { background: $boost; }
    Control RadioSet, Control Checkbox { padding: 0; background: $background; width: 1fr; }
    Control RadioButton { width: 1fr; background: $background; }
    Control SelectionList { height: auto; max-height: 8; padding: 0; background: $background; }
    Control TextArea { height: 8; padding: 0 1; background: $surface; }
    """

    def __init__(self, question: Question, draft: Draft) -> None:
        super().__init__()
        self.question, self.draft = question, draft
        self._told: Any = draft.answered(question)
        self.problem = ""
        """Why the text that stands there means no value; the draft keeps its last good one meanwhile."""
        self._unheard = 0
        """Answers that are on their way: until they have arrived, the draft is behind what stands here."""

    def heard(self) -> None:
        """The draft has what was said last."""
        self._unheard -= 1

    def tell(self) -> None:
        """The draft may have changed: shows what is there now, unless it is what is shown."""
        value = self.draft.answered(self.question)
        if value != self._told:
            self._told, self.problem = value, ""
            with self.prevent(Input.Changed, Checkbox.Changed, RadioSet.Changed, TextArea.Changed):
                self.put(value)

    def put(self, value: Any) -> None:
        """Shows a value that did not come from the operator's hand."""
        raise NotImplementedError

    def say(self, value: Any) -> None:
        self._told, self.problem = value, ""
        self._post(value)

    def _post(self, value: Any) -> None:
        if self.post_message(Answered(self.question, value, self.problem)):
            self._unheard += 1

    def say_text(self, text: str) -> None:
        try:
            value = parse(self.question, text)
        except ValueError as wrong:
            self.problem = str(wrong)
            self._post(None)
            return
        self.say(value)


class TextControl(Control):
    """TEXT, NUMBER, LIST without choices, MAPPING: one line."""

    def compose(self) -> ComposeResult:
        question = self.question
        hint = question.placeholder
        if question.default not in (None, "", (), {}):
            hint = show(question, question.default)
        self._kept = self._said
        self._read = clean(show(question, self._kept), _LONG) if self._kept is not None else ""
        yield Input(
            self._read,
            placeholder=clean(hint or ("" if question.required else "empty")),
            select_on_focus=False,
            compact=True,
        )

    @property
    def _said(self) -> Any:
        """What is shown is what was said; a default shows as the placeholder."""
        return self.draft.get(self.question.path) if self.draft.has(self.question.path) else None

    def tell(self) -> None:
        if self._unheard or self.query_one(Input).value != self._read:
            return  # it is being typed: what the draft has is older, and putting it here would eat keys
        value = self._said
        if not self._means(value):
            self.problem = ""
            with self.prevent(Input.Changed):
                self.put(value)
        self._kept = value

    def _means(self, value: Any) -> bool:
        """Whether the text that stands there may stay. A default that was typed out is none in the draft, and a
        text that means nothing stays until the draft gets another value from elsewhere."""
        shown = self.query_one(Input).value
        if self.problem:
            return bool(value == self._kept)
        if not shown.strip():
            return value is None
        meant = parse(self.question, shown)
        default = self.question.default
        return bool(
            meant == (list(default) if isinstance(default, tuple) else default) if value is None else meant == value
        )

    def put(self, value: Any) -> None:
        self._read = "" if value is None else clean(show(self.question, value), _LONG)
        self.query_one(Input).value = self._read

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._read, self._kept = event.value, self._said
        if not event.value.strip():
            self.say(None)
        else:
            self.say_text(event.value)

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.app.action_focus_next()


class FlagControl(Control):
    def compose(self) -> ComposeResult:
        yield Checkbox(Content(clean(self.question.label)), bool(self._told), compact=True)

    def put(self, value: Any) -> None:
        self.query_one(Checkbox).value = bool(value)

    @on(Checkbox.Changed)
    def _changed(self, event: Checkbox.Changed) -> None:
        event.stop()
        self.say(event.value)


class ChoiceControl(Control):
    """One of several, all in sight, each with what it means."""

    def compose(self) -> ComposeResult:
        self._offered = self.question.offered(self.draft)
        with RadioSet(compact=True):
            for choice in self._offered:
                label = clean(choice.label)
                note = f"  {clean(choice.note)}" if choice.note else ""
                text = Content.assemble(f"{label:<12}", (note, "$muted"))
                yield RadioButton(text, value=choice.value == self._told, compact=True)

    def put(self, value: Any) -> None:
        for choice, button in zip(self._offered, self.query(RadioButton), strict=True):
            if choice.value == value:
                button.value = True

    def tell(self) -> None:
        if self.question.offered(self.draft) != self._offered:
            self._told = self.draft.answered(self.question)
            self.refresh(recompose=True)
        else:
            super().tell()

    @on(RadioSet.Changed)
    def _changed(self, event: RadioSet.Changed) -> None:
        event.stop()
        value = self._offered[event.index].value
        if value != self._told:
            self.say(value)


class SeveralControl(Control):
    """LIST with choices: any number of them."""

    def compose(self) -> ComposeResult:
        taken = self._told or ()
        options = [Selection(Content(clean(c.label)), str(c.value), c.value in taken) for c in self.question.choices]
        yield SelectionList[str](*options, compact=True)

    def put(self, value: Any) -> None:
        listed = self.query_one(SelectionList)
        with self.prevent(SelectionList.SelectedChanged):
            listed.deselect_all()
            for each in value or ():
                listed.select(str(each))

    @on(SelectionList.SelectedChanged)
    def _changed(self, event: SelectionList.SelectedChanged[str]) -> None:
        event.stop()
        chosen = set(event.selection_list.selected)
        self.say([choice.value for choice in self.question.choices if str(choice.value) in chosen])


class YamlControl(Control):
    """A free mapping, several lines."""

    def compose(self) -> ComposeResult:
        yield TextArea(show(self.question, self._told), compact=True, show_line_numbers=False, tab_behavior="focus")

    def put(self, value: Any) -> None:
        self.query_one(TextArea).text = show(self.question, value)

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.say_text(event.text_area.text)

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":  # out of the text, not out of the walk
            event.stop()
            self.app.action_focus_next()


def _list(question: Question, draft: Draft) -> Control:
    return SeveralControl(question, draft) if question.choices else TextControl(question, draft)


def _rows(question: Question, draft: Draft) -> Control:
    from wizard.ui.tui.widgets.rows import RowsControl

    return RowsControl(question, draft)


CONTROLS: dict[Ask, Callable[[Question, Draft], Control]] = {
    Ask.TEXT: TextControl,
    Ask.NUMBER: TextControl,
    Ask.CHOICE: ChoiceControl,
    Ask.FLAG: FlagControl,
    Ask.LIST: _list,
    Ask.MAPPING: TextControl,
    Ask.ROWS: _rows,
    Ask.YAML: YamlControl,
}
