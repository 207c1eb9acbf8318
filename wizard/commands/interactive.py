"""The interactive front ends: the plain walk, with the desk that they all work at."""

from __future__ import annotations

from wizard import compose
from wizard.commands.base import Choices, Terminal
from wizard.commands.desk import Desk
from wizard.domain.finding import UsageError, error
from wizard.domain.profile import to_data
from wizard.ui.flow.draft import Draft
from wizard.ui.headless.out import Out

__all__ = ["Desk", "need_terminal", "opened", "plain"]


def need_terminal() -> None:
    """Raises UsageError where nobody can be asked."""
    if not compose.environment_has_terminal():
        raise UsageError(
            error(
                "needs-terminal",
                "there is no terminal to ask at",
                hint="name a profile and agree to it: wizard --profile NAME --yes",
            )
        )


def opened(choices: Choices) -> Draft:
    """The profile that the command line names, valid or not; `--set` needs a valid one. Raises UsageError."""
    from wizard.adapters import profile_files

    if choices.sets:
        return Draft(to_data(choices.load()))
    path = compose.find_profile(choices.profile or "")
    return Draft(profile_files.read_data(path), path)


def plain(choices: Choices) -> int:
    """Questions and answers on any terminal; with a profile it begins at that one's review."""
    from wizard.ui.plain.app import run_plain

    need_terminal()
    draft = opened(choices) if choices.profile else None
    out = Out(json_lines=False)
    desk = Desk(choices, asker=Terminal(out))
    try:
        outcome = run_plain(desk, draft=draft)
    finally:
        desk.close()
    out.answer(outcome.words)
    return outcome.exit_code
