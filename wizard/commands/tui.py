"""The Textual app as a command: opens it, and says on the terminal what it ended with.

The first frame waits for Textual alone: what knows profiles, clusters and journals is imported when the app first
asks for it, from a thread.
"""

from __future__ import annotations

import gc
import shlex
import sys
from typing import TYPE_CHECKING, Any

from wizard.adapters import places
from wizard.adapters.preferences import Preferences
from wizard.domain.finding import ExitCode, UsageError, error
from wizard.ui.terminal import can_draw

if TYPE_CHECKING:
    from wizard.commands.desk import Desk
    from wizard.domain.profile import Profile
    from wizard.ports import Asker


class LateDesk:
    """A `Desk` that is made when it is first needed; preferences are answered before that."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self._preferences = Preferences(places.config_dir() / "preferences.json")
        self._desk: Desk | None = None
        self.asker: Asker | None = None
        """Who answers what SSH wants to know; the app, once there is one."""

    def recall(self, key: str) -> Any:
        return self._preferences.recall(key)

    def remember(self, key: str, value: Any) -> None:
        self._preferences.remember(key, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made(), name)

    def _made(self) -> Desk:
        if self._desk is None:
            from wizard.commands.base import Choices
            from wizard.commands.desk import Desk

            self._desk = Desk(Choices(**self._given), asker=self.asker)
        return self._desk

    def end(self) -> list[str]:
        """Lets go of what it started; the names of the sandboxes that have ended with it."""
        return self._desk.close() if self._desk is not None else []


def app(given: dict[str, Any], *, watch: bool = False) -> int:
    """With a profile: its review, or (`watch`) its live panes; without: the home screen. `given`: of `Choices`."""
    if not can_draw():
        raise UsageError(
            error("needs-terminal", "there is no terminal to draw on", hint="give --profile P with --yes, or --json")
        )
    desk = LateDesk(given)
    profile = _profile(given, watch=watch)
    if watch and profile is not None:
        desk.begin_watch(profile)
    from wizard.ui.tui.app import Start, WizardApp
    from wizard.ui.tui.asking import ScreenAsker

    opened = WizardApp(desk, Start(profile, watch=watch))
    desk.asker = ScreenAsker(opened)
    try:
        gc.enable()  # off during imports only: this may run for days
        outcome = opened.run()
    finally:
        ended = desk.end()
    if outcome is None:  # it crashed, and has said why
        return opened.return_code or int(ExitCode.BUG)
    if not opened.hung_up:
        _last_words(outcome.words, ended)
    return outcome.exit_code


def _profile(given: dict[str, Any], *, watch: bool) -> Profile | None:
    """Raises UsageError, and PreflightError where there is nothing to watch: better before the screen is taken."""
    if not given["profile"]:
        return None
    from wizard import compose
    from wizard.commands.base import Choices
    from wizard.domain.finding import PreflightError

    profile = Choices(**given).load()
    if watch and (nothing := compose.missing(profile)):
        raise PreflightError(nothing)
    return profile


def _last_words(words: tuple[str, ...], ended: list[str]) -> None:
    from wizard.ui.headless.out import Out

    out = Out(json_lines=False)
    out.answer(words)
    for name in ended:
        out.talk([f"the sandbox {name} has ended with the wizard; --keep leaves it running"])


def web(argv: list[str], *, host: str, port: int) -> int:
    """Serves the app to browsers through textual-serve (extra `web`), each visitor a process of its own.

    Who reaches the port has the wizard in hand, with this user's rights: the default is this machine alone.
    """
    try:
        from textual_serve.server import Server
    except ImportError as missing:
        raise UsageError(
            error("needs-web", "textual-serve is not installed", hint="pip install 'wizard-deploy[web]'")
        ) from missing
    command = shlex.join([sys.executable, "-m", "wizard", *argv])
    Server(command, host=host, port=port, title="wizard").serve()
    return int(ExitCode.OK)
