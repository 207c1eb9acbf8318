"""Done: addresses with their HTTPS state, credentials only when asked for, copy, open, what comes next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.tui.desk import PASSWORD, FakeDesk
from tests.tui.play import Player, play
from tests.tui.test_review import profile
from wizard.domain.finding import PreflightError, error
from wizard.domain.profile import profile_from_data, to_data
from wizard.ui.services import Reachability
from wizard.ui.tui.app import Start, WizardApp


def done(
    story: Callable[[Player], Awaitable[None]], desk: FakeDesk | None = None, *, kind: str = "cluster", domain: str = ""
) -> WizardApp:
    data = to_data(profile(kind))
    if domain:
        data["access"] = {**data.get("access", {}), "domain": domain}

    async def begin(player: Player) -> None:
        await player.on("DeployScreen")
        await player.until(lambda: player.desk.runs)
        player.desk.run.all_done()
        await player.sees("Deployed and ready")
        await player.press("enter")
        await player.on("DoneScreen")
        await player.sees("✓ chat is deployed and ready.")
        await story(player)

    return play(begin, desk, Start(profile_from_data(data), deploy=True), until="DeployScreen")


def test_addresses_say_whether_https_answers_and_are_copied_and_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = FakeDesk()
    desk.https_answer = Reachability(False, "certificate: self-signed [not] trusted")
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        return len(opened) > 1

    monkeypatch.setattr("webbrowser.open", browser)

    async def story(player: Player) -> None:
        await player.sees("https://chat.example.org", "certificate: self-signed [not] trusted")
        copied: list[str] = []
        player.app.copy_to_clipboard = copied.append  # type: ignore[assignment, method-assign]
        await player.press("c")
        assert copied == ["https://chat.example.org"]
        await player.press("o")
        await player.sees("no browser on this machine")
        await player.press("o")
        assert opened == ["https://chat.example.org"] * 2

    done(story, desk, domain="example.org")


def test_without_a_domain_the_way_in_is_a_port_forward() -> None:
    async def story(player: Player) -> None:
        await player.sees("kubectl -n chat port-forward svc/open-webui 8080:80", "then http://localhost:8080")
        await player.press("c")
        await player.sees("there is no address yet")

    done(story)


def test_a_simulated_one_says_that_no_browser_reaches_it() -> None:
    async def story(player: Player) -> None:
        await player.sees("simulated: no browser reaches it", "SIMULATED")
        await player.press("o")
        await player.sees("nothing to open: it is simulated")

    done(story, kind="sandbox")


def test_passwords_are_shown_when_asked_for_and_gone_again() -> None:
    desk = FakeDesk()

    async def story(player: Player) -> None:
        assert PASSWORD not in player.text
        await player.press("p")
        await player.sees(PASSWORD, "Log in as ", "not made yet", "p hides them again")
        await player.press("p")
        await player.until(lambda: PASSWORD not in player.text)
        assert PASSWORD not in player.app.export_screenshot()
        desk.credentials_problem = PreflightError(error("unreachable", "the cluster does not answer"))
        await player.press("p")
        await player.sees("the cluster does not answer")
        desk.credentials_problem = None
        await player.press("p")
        await player.sees(PASSWORD)

    done(story, desk)


@pytest.mark.parametrize(("key", "leads"), [("w", "WatchScreen"), ("h", "HomeScreen"), ("q", "")])
def test_what_comes_next(key: str, leads: str) -> None:
    async def story(player: Player) -> None:
        await player.sees("wizard watch --profile chat", "wizard destroy --profile chat")
        await player.press(key)
        if leads:
            await player.on(leads)
            if key == "w":
                await player.press("escape")
                await player.on("DoneScreen")
        else:
            await player.until(lambda: player.app.return_code is not None)

    desk = FakeDesk()
    app = done(story, desk)
    if not leads:
        outcome = app.return_value
        assert outcome is not None and outcome.exit_code == 0
        assert any("is deployed and ready" in words for words in outcome.words)
        assert all(session.closed for session in desk.sessions)
