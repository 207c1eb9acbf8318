"""The first screen: what can be gone on with, opened, begun; and leaving at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.tui.desk import FakeDesk
from tests.tui.play import Player, play
from wizard.domain.finding import UsageError, WizardError, error
from wizard.ui.flow.presets import new_draft
from wizard.ui.services import ProfileEntry, UnfinishedRun
from wizard.ui.tui.screens.review import ReviewScreen

DEMO = new_draft("sandbox", "demo").everything
PROD = new_draft("cluster", "prod").everything


def a_desk() -> FakeDesk:
    desk = FakeDesk()
    desk.add("demo", DEMO, shipped=True)
    desk.add("prod", PROD)
    desk.add("half", {"name": "half", "target": {"kind": "k3s"}}, draft=True)
    return desk


def test_everything_that_can_be_opened_is_listed_and_the_first_key_is_for_the_unfinished_run() -> None:
    desk = a_desk()
    path = str(desk.entries[1].path)
    desk.runs_before = [UnfinishedRun("r1", "prod", "apply", time.time() - 200, 3, 9, "cut off", path)]

    async def story(player: Player) -> None:
        await player.sees("Continue prod", "apply cut off after 3 of 9 steps, 3 min ago", "New profile", "Demo")
        await player.sees("Yours", "draft, k3s: about half", "cluster: about prod", "Examples", "sandbox: about demo")
        await player.press("enter")
        await player.on("ReviewScreen")
        assert isinstance(player.app.screen, ReviewScreen)
        assert player.app.screen.draft.name == "prod"

    play(story, desk)


@pytest.mark.parametrize("key", ["d", "n", "w"])
def test_letters_lead_somewhere(key: str) -> None:
    async def story(player: Player) -> None:
        await player.sees("about prod")
        if key == "w":  # which one: nothing is watched that was not marked
            await player.press("w")
            await player.sees("mark a profile first")
            while "prod" not in str(player.app.screen.query_one("#home-list").highlighted_option.prompt):  # type: ignore[attr-defined]
                await player.press("j")
        await player.press(key)
        await player.on({"d": "ReviewScreen", "n": "WalkScreen", "w": "WatchScreen"}[key])
        if key == "w":
            assert player.desk.live.started == 1 and not player.desk.runs

    play(story, a_desk())


def test_a_draft_that_is_not_whole_opens_in_the_walk_and_home_is_one_escape_away() -> None:
    async def story(player: Player) -> None:
        await player.sees("about half")
        while "half" not in str(player.app.screen.query_one("#home-list").highlighted_option.prompt):  # type: ignore[attr-defined]
            await player.press("down")
        await player.press("enter")
        await player.on("WalkScreen")
        assert player.walk.draft.origin == Path("/drafts/half.yaml")
        await player.press("escape")  # nothing was typed: nothing is asked
        await player.on("HomeScreen")

    play(story, a_desk())


def test_a_file_that_cannot_be_read_is_said_and_home_stays() -> None:
    desk = a_desk()
    desk.entries.append(ProfileEntry("gone", Path("/profiles/gone.yaml"), "", "not there any more"))

    async def story(player: Player) -> None:
        await player.sees("not there any more")
        while "gone" not in str(player.app.screen.query_one("#home-list").highlighted_option.prompt):  # type: ignore[attr-defined]
            await player.press("down")
        await player.press("enter")
        await player.sees("cannot be opened", "gone.yaml cannot be read")
        await player.on("HomeScreen")

    play(story, desk)


def test_a_folder_that_cannot_be_read_leaves_the_rest_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = FakeDesk()

    def broken(*_: Any) -> Any:
        raise WizardError(error("folder", "the profiles' folder cannot be read"))

    monkeypatch.setattr(desk, "profiles", broken)

    async def story(player: Player) -> None:
        await player.sees("the profiles' folder cannot be read")
        await player.press("n")
        await player.on("WalkScreen")

    play(story, desk)


def test_demo_without_its_profile_says_so_even_where_folders_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(player: Player) -> None:
        await player.press("d")
        await player.sees("no profile named demo")

        def broken() -> Any:
            raise UsageError(error("folder", "permission denied"))

        monkeypatch.setattr(player.desk, "profiles", broken)
        await player.press("d")
        await player.sees("permission denied")
        assert player.screen == "HomeScreen"

    play(story)


@pytest.mark.parametrize("keys", [["q"], ["ctrl+q"], ["ctrl+c"]])
def test_leaving_at_once_asks_nothing_and_is_no_failure(keys: list[str]) -> None:
    async def story(player: Player) -> None:
        await player.press(*keys)
        await player.until(lambda: not player.app.is_running or player.app.return_code is not None)

    app = play(story)
    assert app.return_value is not None and app.return_value.exit_code == 0
