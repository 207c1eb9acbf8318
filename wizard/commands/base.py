"""What the commands share: the choices of the command line, opening a session, asking."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from wizard import compose
from wizard.domain.finding import AbortedError, ExitCode, UsageError, WizardError, error
from wizard.domain.profile import Profile
from wizard.domain.secret import Secret
from wizard.steps.base import Options
from wizard.ui.headless.out import Out

if TYPE_CHECKING:
    from wizard.engine.session import Session


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line said."""

    profile: str | None
    sets: tuple[str, ...] = ()
    json: bool = False
    yes: bool = False
    take_back_conflicts: bool = False
    patience: float = 60.0
    deadline: float = 7200.0
    keep: bool = False

    def options(self, *, delete_data: bool = False, server: bool = False) -> Options:
        return Options(
            patience=self.patience,
            deadline=self.deadline,
            take_back_conflicts=self.take_back_conflicts,
            delete_data=delete_data,
            server=server,
        )

    def load(self) -> Profile:
        """Raises UsageError with every finding."""
        if not self.profile:
            raise UsageError(error("profile-missing", "which profile?", hint="give one: --profile NAME|PATH"))
        return compose.load_profile(self.profile, self.sets)


def open_session(
    choices: Choices,
    out: Out,
    *,
    profile: Profile | None = None,
    delete_data: bool = False,
    server: bool = False,
    reach: compose.Reach = compose.Reach.THERE,
) -> Session:
    return compose.session(
        profile or choices.load(),
        choices.options(delete_data=delete_data, server=server),
        progress=lambda words: out.talk([words]),
        reach=reach,
        keep=choices.keep,
        asker=Terminal(out) if not out.json and compose.environment_has_terminal() else None,
    )


class Terminal:
    """The ports.Asker of headless commands that have a terminal."""

    def __init__(self, out: Out) -> None:
        self._out = out

    async def password(self, words: str) -> Secret | None:
        return Secret(given) if (given := self._asked(lambda: _hidden(f"Password of {words}"))) else None

    async def trust(self, host: str, kind: str, fingerprint: str) -> bool:
        lines = [f"{host} is not known yet. It shows this key:", f"  {kind} {fingerprint}"]
        return ask(self._out, lines, "Is that the server's own key?")

    @staticmethod
    def _asked(prompt: Callable[[], str]) -> str:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return prompt()
        finally:
            signal.signal(signal.SIGINT, before)


def _hidden(words: str) -> str:
    answer: str = click.prompt(words, hide_input=True, default="", show_default=False, err=True)
    return answer


def need_consent(choices: Choices, out: Out) -> bool:
    """Whether somebody must be asked. Raises UsageError where nobody can be."""
    if choices.yes:
        return False
    if out.json or not compose.environment_has_terminal():
        raise UsageError(
            error(
                "needs-yes",
                "there is no terminal to ask at",
                detail="This would change the cluster, and nobody agreed to it.",
                hint="add --yes, or look first with --plan",
            )
        )
    return True


def ask(out: Out, lines: Iterable[str], question: str) -> bool:
    """Shows the lines, then asks; the default is no."""
    out.talk(lines)
    # The event loop's handler would let input() wait on: at a question, Ctrl-C is an answer.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return click.confirm(question, default=False, err=True)
    finally:
        signal.signal(signal.SIGINT, before)


def insist(choices: Choices, out: Out, question: str) -> None:
    """Raises AbortedError where the answer is no."""
    if need_consent(choices, out) and not ask(out, (), question):
        raise AbortedError(error("aborted", "nothing was done: the question was answered with no"))


def report(problem: WizardError, *, json: bool) -> int:
    Out(json_lines=json).failure(problem)
    return int(problem.exit_code)


def report_bug(problem: BaseException) -> int:
    """The traceback for us, words for the operator. Locals are not shown: they may hold secrets."""
    traceback.print_exception(problem, file=sys.stderr)
    sys.stderr.write("this is a bug of the wizard: please report the lines above\n")
    return int(ExitCode.BUG)
