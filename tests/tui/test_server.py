"""The server of target k3s in the app: checked when asked for, its questions over whatever screen is there."""

from __future__ import annotations

import asyncio

from tests.tui.desk import FakeDesk
from tests.tui.play import Player, play
from wizard.domain.finding import PreflightError, error, warning
from wizard.ui.tui.asking import ScreenAsker
from wizard.ui.tui.widgets.dialog import Confirm, Prompt

K3S = {"name": "chat", "target": {"kind": "k3s", "k3s": {"host": "server.example.com"}}, "models": ["qwen3:0.6b"]}


def test_the_server_is_looked_at_only_when_that_is_asked_for() -> None:
    desk = FakeDesk()
    desk.server = (warning("clock-skew", "its clock is 12 s off", hint="install chrony"),)

    async def story(player: Player) -> None:
        await new(player)
        await player.sees("Check the server")
        assert not desk.inspected
        await check(player)
        await player.sees("its clock is 12 s off", "install chrony")
        assert desk.inspected == ["server.example.com"]
        desk.server = PreflightError(error("ssh-refused", "server.example.com refuses the connection"))
        await check(player)
        await player.sees("server.example.com refuses the connection")
        desk.server = ()
        await check(player)
        await player.sees("the server will do")

    play(story, desk, size=(120, 50))


async def check(player: Player) -> None:
    button = player.app.screen.query_one("#check")
    # A button that is still shown as pressed takes no second press.
    await player.until(lambda: not button.has_class("-active"))
    button.focus()
    await player.press("enter")


async def new(player: Player) -> None:
    await player.press("n")
    await player.on("WalkScreen")
    player.walk.draft.replace(K3S)
    await player.go("where")


def test_what_ssh_asks_is_answered_on_the_screen() -> None:
    async def story(player: Player) -> None:
        asker = ScreenAsker(player.app)
        asked = asyncio.create_task(asker.trust("server.example.com", "ssh-ed25519", "SHA256:abc"))
        await player.until(lambda: isinstance(player.app.screen, Confirm))
        await player.sees("SHA256:abc")
        await player.press("enter")  # a stray Enter trusts nobody
        assert await asked is False
        asked = asyncio.create_task(asker.trust("server.example.com", "ssh-ed25519", "SHA256:abc"))
        await player.until(lambda: isinstance(player.app.screen, Confirm))
        await player.press("y")
        assert await asked is True
        word = asyncio.create_task(asker.password("sudo on root@server"))
        await player.until(lambda: isinstance(player.app.screen, Prompt))
        await player.press(*"hunter2")
        assert "hunter2" not in player.text
        await player.press("enter")
        secret = await word
        assert secret is not None and secret.reveal() == "hunter2"
        word = asyncio.create_task(asker.password("root@server"))
        await player.until(lambda: isinstance(player.app.screen, Prompt))
        await player.press("escape")
        assert await word is None
        player.app.hung_up = True
        assert await asker.password("root@server") is None

    play(story)
