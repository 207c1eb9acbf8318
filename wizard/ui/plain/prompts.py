"""Questions at a terminal: with arrow keys where it has a cursor, by number where it is dumb."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import questionary
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.utils import is_dumb_terminal
from questionary.prompts import common

from wizard.domain.text import harmless

T = TypeVar("T")
Check = Callable[[str], str]
"""What is wrong with a text, in words; empty where nothing is."""

# questionary has these as constants only, and draws circles that an ASCII terminal shows as two like question marks.
common.INDICATOR_SELECTED, common.INDICATOR_UNSELECTED = "[x]", "[ ]"

_STYLE = questionary.Style(
    [
        ("qmark", "fg:ansicyan"),
        ("question", "bold"),
        ("answer", "fg:ansicyan"),
        ("pointer", "fg:ansicyan bold"),
        ("highlighted", "bold"),
        ("selected", "noinherit"),
        ("instruction", "noinherit"),
    ]
)
"""The terminal's own sixteen colours, so that they fit its theme; none where NO_COLOR is set."""


class Interrupted(Exception):
    """Ctrl-C, or the end of the input, at a question."""


@dataclass(frozen=True, slots=True)
class Option:
    value: Any
    label: str
    note: str = ""


class Prompts(Protocol):
    """Each asks once and blocks; each raises Interrupted."""

    def select(self, message: str, options: Sequence[Option], default: Any = None, *, menu: bool = False) -> Any:
        """The value of the option that is taken; of a `menu`, no trace stays on the screen."""
        ...

    def several(self, message: str, options: Sequence[Option], taken: Iterable[Any] = ()) -> list[Any]:
        """The values that are ticked, in the order of the options."""
        ...

    def text(self, message: str, now: str = "", check: Check = lambda _: "") -> str:
        """A line; `now` can be edited, or kept by Enter."""
        ...

    def confirm(self, message: str, default: bool = False) -> bool: ...


def prompts() -> Prompts:
    """Those that this terminal can show."""
    if not os.environ.get("TERM"):
        os.environ["TERM"] = "dumb"  # nothing is known of it: prompt_toolkit would take it for an xterm
    return Numbers() if is_dumb_terminal() else Arrows()


@dataclass(slots=True)
class Arrows:
    """Lists to move in; all of it goes to stderr, for stdout holds answers only."""

    input: Input | None = None
    output: Output | None = None

    def select(self, message: str, options: Sequence[Option], default: Any = None, *, menu: bool = False) -> Any:
        shown = _choices(options)
        chosen = next((one for one, of in zip(shown, options, strict=True) if of.value == default), None)
        asked = questionary.select(
            harmless(message),
            shown,
            default=chosen,
            pointer=">",
            instruction=" ",
            style=_STYLE,
            erase_when_done=True,
            **self._given(),
        )
        taken = options[_asked(asked)]
        if not menu:
            self._echo(message, taken.label)
        return taken.value

    def several(self, message: str, options: Sequence[Option], taken: Iterable[Any] = ()) -> list[Any]:
        ticked = list(taken)
        asked = questionary.checkbox(
            harmless(message),
            _choices(options, [option.value in ticked for option in options]),
            pointer=">",
            instruction="(space ticks, Enter goes on)",
            style=_STYLE,
            erase_when_done=True,
            **self._given(),
        )
        chosen = [options[index] for index in _asked(asked)]
        self._echo(message, ", ".join(option.label for option in chosen) or "none")
        return [option.value for option in chosen]

    def text(self, message: str, now: str = "", check: Check = lambda _: "") -> str:
        def validate(text: str) -> bool | str:
            return check(text) or True

        asked = questionary.text(harmless(message), default=now, validate=validate, style=_STYLE, **self._given())
        return str(_asked(asked))

    def confirm(self, message: str, default: bool = False) -> bool:
        return bool(_asked(questionary.confirm(harmless(message), default=default, style=_STYLE, **self._given())))

    def _echo(self, message: str, answer: str) -> None:
        """The list is gone: what was taken stays, without the spaces and notes that lined it up."""
        output = self._given()["output"]
        output.write(harmless(f"  {message.rstrip('?:')}: {' '.join(answer.split())}") + "\n")
        output.flush()

    def _given(self) -> dict[str, Any]:
        self.output = self.output or create_output(stdout=sys.stderr)
        return {"output": self.output} | ({"input": self.input} if self.input else {})


@dataclass(slots=True)
class Numbers:
    """Numbered lists and lines of text: for terminals without a cursor, and for screen readers.

    questionary draws its line of text by moving the cursor; prompt_toolkit itself knows dumb terminals.
    """

    input: Input | None = None
    output: Output | None = None

    def select(self, message: str, options: Sequence[Option], default: Any = None, *, menu: bool = False) -> Any:
        usual = next((index for index, option in enumerate(options) if option.value == default), 0)
        self._list(message, options)

        def check(text: str) -> str:
            return "" if not text or _number(text, len(options)) else f"type a number from 1 to {len(options)}"

        text = self._line(f"Number [{usual + 1}]:", check)
        return options[int(text) - 1 if text else usual].value

    def several(self, message: str, options: Sequence[Option], taken: Iterable[Any] = ()) -> list[Any]:
        given = list(taken)
        ticked = [index for index, option in enumerate(options) if option.value in given]
        self._list(message, options, ticked)

        def check(text: str) -> str:
            parts = text.replace(",", " ").split()
            wrong = [part for part in parts if not _number(part, len(options))]
            return f"type numbers from 1 to {len(options)}, or - for none" if wrong and text != "-" else ""

        usual = ", ".join(str(index + 1) for index in ticked) or "none"
        text = self._line(f"Numbers, - for none [{usual}]:", check)
        if not text:
            return [options[index].value for index in ticked]
        chosen = {int(part) for part in text.replace(",", " ").split() if part != "-"}
        return [option.value for index, option in enumerate(options, 1) if index in chosen]

    def text(self, message: str, now: str = "", check: Check = lambda _: "") -> str:
        """Enter keeps what is there: such a terminal cannot show a line being edited. `-` empties it."""
        asked = f"{message.removesuffix(':')} [{now}], - empties it:" if now else message
        return _typed(self._line(asked, lambda text: check(_typed(text, now))), now)

    def confirm(self, message: str, default: bool = False) -> bool:
        known = {"": default, "y": True, "yes": True, "n": False, "no": False}
        asked = f"{message} [{'yes' if default else 'no'}]"
        return known[self._line(asked, lambda text: "" if text.lower() in known else "type yes or no").lower()]

    def _line(self, message: str, check: Check) -> str:
        """A line that is right; what is wrong is said beneath it, and it is asked for again."""
        output = self._output()
        while True:
            try:
                # The output of the session, not of the prompt: only then does it look whether TERM is dumb.
                with create_app_session(input=self.input, output=output):
                    text = PromptSession[str]().prompt(f"? {harmless(message)} ").strip()
            except (KeyboardInterrupt, EOFError):
                raise Interrupted from None
            if not (wrong := check(text)):
                return text
            output.write(f"  {harmless(wrong)}\n")
            output.flush()

    def _list(self, message: str, options: Sequence[Option], ticked: Sequence[int] = ()) -> None:
        output = self._output()
        output.write(f"{harmless(message)}\n")
        for index, option in enumerate(options):
            note = f"  {option.note}" if option.note else ""
            mark = "* " if index in ticked else "  " if ticked else ""
            output.write(harmless(f"  {index + 1:>2}. {mark}{option.label}{note}") + "\n")
        output.flush()

    def _output(self) -> Output:
        self.output = self.output or PlainTextOutput(sys.stderr)
        return self.output


def _choices(options: Sequence[Option], ticked: Sequence[bool] = ()) -> list[questionary.Choice]:
    """One line each: what does not fit is said beneath the list, for the one that is pointed at."""
    width = max((len(option.label) for option in options if option.note), default=0)
    room = max(20, _columns() - 8)
    made = []
    for index, option in enumerate(options):
        title = harmless(f"{option.label:<{width}}  {option.note}" if option.note else option.label)
        long = len(title) > room
        made.append(
            questionary.Choice(
                title=f"{title[: room - 3]}..." if long else title,
                value=index,
                description=harmless(option.note or option.label) if long else None,
                checked=bool(ticked) and ticked[index],
            )
        )
    return made


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return 80


def _number(text: str, most: int) -> bool:
    return text.strip().isdecimal() and 1 <= int(text) <= most


def _typed(text: str, now: str) -> str:
    return "" if text.strip() == "-" else text if text.strip() else now


def _asked(question: questionary.Question) -> Any:
    try:
        return question.unsafe_ask()
    except (KeyboardInterrupt, EOFError):
        raise Interrupted from None
