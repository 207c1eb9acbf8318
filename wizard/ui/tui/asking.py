"""What SSH wants to know, asked over whatever screen is there: a password, whether a host key is the server's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from textual.screen import Screen

    from wizard.domain.secret import Secret
    from wizard.ui.tui.app import WizardApp

Answer = TypeVar("Answer")


class ScreenAsker:
    """The ports.Asker of the app. The run that asks waits; the app goes on drawing."""

    def __init__(self, app: WizardApp) -> None:
        self._app = app

    async def password(self, words: str) -> Secret | None:
        from wizard.domain.secret import Secret
        from wizard.ui.tui.widgets.dialog import Prompt

        label = f"Password of {words}. It stays in memory until the wizard ends."
        typed = await self._asked(Prompt("Password", label, password=True))
        return Secret(typed) if typed else None

    async def trust(self, host: str, kind: str, fingerprint: str) -> bool:
        from wizard.ui.tui.widgets.dialog import Confirm

        body = f"{host} shows this key for the first time:\n\n{kind} {fingerprint}\n\nIs it the server's own?"
        question = Confirm("An unknown host key", body, yes="It is", no="No", danger=True)
        return await self._asked(question) is True

    async def _asked(self, question: Screen[Answer]) -> Answer | None:
        """The answer; None where nobody is there any more to give one."""
        if self._app.hung_up:
            return None
        answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

        def answer(given: Answer | None) -> None:
            if not answered.done():
                answered.set_result(given)

        self._app.push_screen(question, answer)
        return await answered
