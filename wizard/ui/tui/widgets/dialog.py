"""Questions over a screen: yes or no, one line of text, one of several. Each returns its answer, or what means "no".

Titles, bodies and options may quote a cluster (a pod's name, its message): they are cleaned, never read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.ui.tui import styling
from wizard.ui.tui.text import clean, fit, plain, width

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A box in the middle of the screen; escape and a click beside it mean no."""

    CSS_PATH = styling.DIALOG

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", "Cancel")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title

    def action_refuse(self) -> None:
        """Leaves without an answer."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.action_refuse()

    def box(self, *classes: str) -> Vertical:
        """The frame with its title in the border."""
        box = Vertical(classes=" ".join(("dialog-box", *classes)))
        box.border_title = plain(self._heading, limit=70)
        return box


class Confirm(Dialog[bool]):
    """Yes or no. A dangerous question starts on No, so that a stray Enter does nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n", "answer(False)", "No"),
        Binding("left,up", "app.focus_previous", "Other button", show=False),
        Binding("right,down", "app.focus_next", "Other button", show=False),
    ]

    def __init__(self, title: str, body: str, yes: str = "Yes", no: str = "No", danger: bool = False) -> None:
        super().__init__(title)
        self._body, self._words, self._danger = body, (yes, no), danger

    def compose(self) -> ComposeResult:
        yes, no = self._words
        with self.box("-danger" if self._danger else "-calm"):
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(plain(self._body, lines=True), markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(plain(clean(yes, 30)), "error" if self._danger else "primary", id="yes", compact=True)
                yield Button(plain(clean(no, 30)), id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no" if self._danger else "#yes", Button).focus()

    def action_refuse(self) -> None:
        self.dismiss(False)

    def action_answer(self, yes: bool) -> None:
        """`y` and `n`."""
        self.dismiss(yes)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")


class Prompt(Dialog[str | None]):
    """One line of text, checked as it is typed; `check` returns what is wrong, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "accept", "Accept", show=False)]

    def __init__(
        self,
        title: str,
        label: str,
        value: str = "",
        check: Callable[[str], str | None] | None = None,
        password: bool = False,
    ) -> None:
        super().__init__(title)
        self._label, self._value, self._check, self._password = label, value, check, password

    def compose(self) -> ComposeResult:
        with self.box():
            yield Static(plain(self._label, lines=True), classes="dialog-label", markup=False)
            yield Input(self._value, password=self._password, compact=True, select_on_focus=not self._password)
            yield Static("", classes="dialog-problem", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("OK", "primary", id="ok", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @property
    def _problem(self) -> str | None:
        return self._check(self.query_one(Input).value) if self._check else None

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        problem = self._problem
        self.query_one(".dialog-problem", Static).update(plain(problem or "", lines=True))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_accept()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "ok":
            self.action_accept()
        else:
            self.action_refuse()

    def action_accept(self) -> None:
        """Answers, unless the value is wrong: then what is wrong stays in sight."""
        if (problem := self._problem) is None:
            self.dismiss(self.query_one(Input).value)
            return
        self.query_one(".dialog-problem", Static).update(plain(problem, lines=True))
        self.query_one(Input).focus()


class Details(Dialog[None]):
    """Everything about one thing: names and values, each as long as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "refuse", "Close", show=False),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, title: str, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(title)
        self._pairs = [(name, value) for name, value in pairs if value]

    def compose(self) -> ComposeResult:
        room = max((width(clean(name, 30)) for name, _ in self._pairs), default=0) + 2
        with self.box("-wide"), VerticalScroll(classes="dialog-body"):
            for name, value in self._pairs:
                with Horizontal(classes="dialog-pair"):
                    label = Static(plain(fit(clean(name, 30), room), "$muted"), markup=False, classes="dialog-name")
                    label.styles.width = room
                    yield label
                    yield Static(plain(value, lines=True), markup=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        """All of it, to the clipboard."""
        self.app.copy_to_clipboard("\n".join(f"{clean(name)}: {clean(value, 20_000)}" for name, value in self._pairs))
        self.notify("copied", timeout=2)


class Choose(Dialog[str | None]):
    """One of several, by arrows, `j`/`k`, mouse, or the first letter of its label."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        Binding("enter", "take", "Choose", show=False),
    ]

    def __init__(self, title: str, options: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(title)
        self._options = list(options)

    def compose(self) -> ComposeResult:
        labels = [clean(label, 40) for _, label, _ in self._options]
        room = max((width(label) for label in labels), default=0) + 2
        with self.box("-choose"):
            yield OptionList(
                *(
                    Option(Content.assemble(fit(label, room), (clean(note, 200), "$muted")), id=str(at))
                    for at, (label, (_, _, note)) in enumerate(zip(labels, self._options, strict=True))
                ),
                markup=False,
                compact=True,
            )

    def on_mount(self) -> None:
        choices = self.query_one(OptionList)
        choices.highlighted = 0 if self._options else None
        choices.focus()

    def on_key(self, event: events.Key) -> None:
        """The first letter of a label moves to it; pressing it again moves on to the next one."""
        letter = event.character
        if letter is None or not letter.isalnum() or letter in "jk":
            return
        choices = self.query_one(OptionList)
        start = (choices.highlighted if choices.highlighted is not None else -1) + 1
        for step in range(len(self._options)):
            at = (start + step) % len(self._options)
            if self._options[at][1].lower().startswith(letter.lower()):
                choices.highlighted = at
                event.stop()
                return

    def action_move(self, by: int) -> None:
        """`j` and `k`."""
        choices = self.query_one(OptionList)
        if by > 0:
            choices.action_cursor_down()
        else:
            choices.action_cursor_up()

    def action_take(self) -> None:
        """Enter where the list does not hold the focus."""
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._options[event.option_index][0])
