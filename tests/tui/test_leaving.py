"""Leaving and saving: asked once, never without need; drafts and profiles come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.desk import FakeDesk
from tests.tui.play import Player, new_profile, play
from wizard.domain.finding import UsageError, error
from wizard.ui.flow.presets import new_draft

QUESTION = "Keep what you have typed?"


def dialogs(player: Player) -> int:
    return sum(type(screen).__name__ == "Leaving" for screen in player.app.screen_stack)


@pytest.mark.parametrize(("key", "ends"), [("enter", "save"), ("d", "drop"), ("escape", "stay")])
def test_what_was_typed_is_asked_about_once(key: str, ends: str) -> None:
    async def story(player: Player) -> None:
        await new_profile(player, "k3s")
        await player.answer("name", "mine")
        await player.press("escape")
        await player.sees(QUESTION)
        await player.press("ctrl+q", "ctrl+c")  # again and again: it is being asked already
        await player.settle()
        assert dialogs(player) == 1
        await player.press(key, *(["enter"] if key == "d" else []))
        if ends == "stay":
            await player.on("WalkScreen")
            assert player.walk.draft.name == "mine" and not player.desk.saved
            return
        await player.on("HomeScreen")
        if ends == "save":  # its host is missing: a draft
            ((name, data, draft),) = player.desk.saved
            assert (name, data["name"], data["target"]["kind"], draft) == ("mine", "mine", "k3s", True)
        else:
            assert not player.desk.saved

    play(story)


def test_a_whole_profile_is_saved_under_the_name_one_gives_and_then_nothing_is_asked() -> None:
    async def story(player: Player) -> None:
        await new_profile(player, "cluster")
        await player.answer("name", "prod")
        await player.press("ctrl+s")
        await player.on("Prompt")
        await player.type("prod2")
        await player.press("enter")
        await player.on("WalkScreen")
        await player.sees("/profiles/prod2.yaml")
        assert [(name, draft) for name, _, draft in player.desk.saved] == [("prod2", False)]
        await player.press("escape")
        await player.on("HomeScreen")

    play(story)


def test_a_disk_that_is_full_is_said_and_one_stays() -> None:
    desk = FakeDesk()
    desk.save_problem = UsageError(error("disk-full", "no space left [on device]"))

    async def story(player: Player) -> None:
        await new_profile(player)
        await player.answer("name", "prod")
        await player.press("escape")
        await player.on("Leaving")
        await player.press("enter")
        await player.on("Prompt")
        await player.press("enter")
        await player.sees("not saved", "no space left [on device]")
        await player.on("WalkScreen")
        assert player.walk.draft.changed

    play(story, desk)


def test_a_draft_is_opened_finished_reviewed_saved_and_reopened() -> None:
    desk = FakeDesk()
    desk.add("half", {"name": "half", "target": {"kind": "k3s"}, "admin": {"email": "ops@example.org"}}, draft=True)

    async def story(player: Player) -> None:
        await player.sees("draft, k3s")
        await player.press("down", "down", "enter")
        await player.on("WalkScreen")
        await player.jump("where")
        await player.answer("target.k3s.host", "203.0.113.5")
        await player.press("ctrl+r")
        await player.on("ReviewScreen")
        await player.press("s")
        await player.on("Prompt")
        await player.press("enter")
        await player.on("ReviewScreen")
        name, data, draft = desk.saved[-1]
        assert (name, draft, data["target"]["k3s"]["host"]) == ("half", False, "203.0.113.5")
        assert data["admin"] == {"email": "ops@example.org"}
        await player.press("escape")
        await player.on("WalkScreen")
        await player.press("escape")  # it is saved: nothing to ask
        await player.on("HomeScreen")

    play(story, desk)
    again = FakeDesk()
    again.files = desk.files
    again.entries = desk.entries
    again.entries[0] = type(again.entries[0])("half", Path("/profiles/half.yaml"), "k3s", "")

    async def reopened(player: Player) -> None:
        await player.sees("half")
        await player.press("down", "down", "enter")
        await player.on("ReviewScreen")
        assert player.app.deployment is not None
        assert player.app.deployment.profile.target.need_k3s().host == "203.0.113.5"

    play(reopened, again)


def test_from_the_review_the_way_home_asks_too_and_the_way_out_ends_with_a_code() -> None:
    desk = FakeDesk()
    desk.add("prod", new_draft("cluster", "prod").everything)

    async def story(player: Player) -> None:
        await player.sees("about prod")
        await player.press("down", "down", "enter")
        await player.on("ReviewScreen")
        await player.press("e")
        await player.on("WalkScreen")
        await player.answer("name", "other")
        await player.press("ctrl+r")
        await player.on("ReviewScreen")
        await player.press("ctrl+q")
        await player.sees(QUESTION)
        await player.press("d", "enter")
        await player.until(lambda: player.app.return_code is not None)

    app = play(story, desk)
    assert app.return_value is not None and app.return_value.exit_code == 0
    assert all(session.closed == 1 for session in desk.sessions) and desk.sessions


def test_leaving_while_a_row_is_being_typed_asks_and_staying_goes_on_typing() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        await player.jump("tenants")
        await player.to("tenants")
        await player.press("a")
        await player.on("RowScreen")
        await player.type("acme")
        await player.press("ctrl+q")
        await player.sees(QUESTION)
        await player.press("escape")
        await player.on("RowScreen")
        await player.type("2")
        await player.press("ctrl+s")
        await player.on("WalkScreen")
        assert player.walk.draft.rows("tenants") == [{"name": "acme2"}]

    play(story)
