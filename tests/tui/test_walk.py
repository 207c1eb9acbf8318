"""The whole walk by keys: every chapter for each kind of target, wrong answers, back and forth, undo."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Checkbox, Input

from tests.tui.play import Player, new_profile, play
from wizard.domain.profile import Profile
from wizard.ui.flow.chapters import CHAPTERS
from wizard.ui.flow.presets import KINDS
from wizard.ui.tui.screens.review import ReviewScreen
from wizard.ui.tui.widgets.rail import Rail

NEEDED = {"k3s": ("where", "target.k3s.host", "203.0.113.5"), "aws": ("where", "target.aws.region", "eu-central-1")}
"""Kind -> chapter, field and value of what has no default."""


def rail(player: Player) -> str:
    return str(player.app.screen.query_one(Rail).visual)


async def to_review(player: Player) -> Profile:
    await player.press("ctrl+r")
    await player.on("ReviewScreen")
    screen = player.app.screen
    assert isinstance(screen, ReviewScreen)
    profile = screen.draft.profile()
    assert profile is not None
    return profile


@pytest.mark.parametrize(("kind", "size"), [*((kind, (80, 24)) for kind in KINDS), ("aws", (120, 40))])
def test_every_chapter_in_turn_with_defaults_kept(kind: str, size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await new_profile(player, kind)
        seen = []
        for chapter in CHAPTERS:
            await player.until(lambda chapter=chapter: player.chapter == chapter.id)  # type: ignore[misc]
            await player.sees(f"{chapter.title}  {chapter.lead.split()[0]}")
            seen.append(chapter.id)
            if kind in NEEDED and NEEDED[kind][0] == chapter.id:
                await player.answer(*NEEDED[kind][1:])
            focused = player.app.screen.focused
            assert focused is not None and focused.is_on_screen, f"{chapter.id}: the focus is out of sight"
            await player.press("ctrl+n")
        assert seen == [chapter.id for chapter in CHAPTERS]
        await player.on("ReviewScreen")
        screen = player.app.screen
        assert isinstance(screen, ReviewScreen)
        assert screen.deployment.profile.target.kind == kind

    play(story, size=size)


def test_answers_typed_are_the_profile_that_is_reviewed() -> None:
    async def story(player: Player) -> None:
        await new_profile(player, "cluster")
        await player.answer("name", "team-chat")
        await player.sees(" team-chat  Profile")
        await player.go("tiers")
        await player.answer("tiers.standard.ollama.contextLength", "8192")
        await player.go("access")
        await player.answer("access.domain", "example.org")
        await player.answer("admin.email", "ops@example.org")
        await player.go("observability")
        await player.to("observability.enabled")
        await player.press("space")
        profile = await to_review(player)
        assert (profile.name, profile.access.domain, profile.admin_email) == (
            "team-chat",
            "example.org",
            "ops@example.org",
        )
        assert profile.tiers.standard.ollama.context_length == 8192
        assert not profile.observability.enabled

    play(story)


def test_a_wrong_value_is_said_beneath_its_field_marked_on_the_rail_and_stops_the_review() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        await player.answer("name", "Not A Name")
        assert "name" in player.problem("name").lower()
        await player.go("access")
        assert rail(player).startswith("✗")
        await player.press("ctrl+r")
        await player.until(lambda: player.chapter == "target", "the chapter with what is wrong")
        await player.until(lambda: player.field("name").has_focus_within, "the wrong field")
        await player.sees("something is still missing here")
        await player.answer("name", "chat2")
        assert not player.problem("name")
        assert (await to_review(player)).name == "chat2"

    play(story)


def test_a_text_that_is_no_value_is_not_forgotten() -> None:
    """The draft keeps the last good number: going on with it, against what stands there, would be a lie."""

    async def story(player: Player) -> None:
        await new_profile(player)
        await player.go("where")
        await player.answer("target.sandbox.nodes", "7")
        await player.answer("target.sandbox.nodes", "7x")
        assert "must be a whole number" in player.problem("target.sandbox.nodes")
        await player.answer("target.sandbox.speed", "30")  # the draft changes: what stands in the other field stays
        await player.go("tiers")
        assert rail(player)[1] == "✗"
        await player.press("ctrl+r")
        await player.until(lambda: player.chapter == "where")
        assert player.field("target.sandbox.nodes").query_one(Input).value == "7x"
        assert "must be a whole number" in player.problem("target.sandbox.nodes")
        await player.answer("target.sandbox.nodes", "9")
        profile = await to_review(player)
        assert (profile.target.sandbox.nodes, profile.target.sandbox.speed) == (9, 30)

    play(story)


def test_what_is_needed_is_not_scolded_before_one_has_been_there() -> None:
    async def story(player: Player) -> None:
        await new_profile(player, "k3s")
        await player.go("where")
        await player.to("target.k3s.host")
        assert not player.problem("target.k3s.host")
        await player.sees("needed")
        await player.press("tab")
        assert "is missing" in player.problem("target.k3s.host")
        player.desk.resolved["no.example"] = type(player.desk.https_answer)(False, "does not resolve")
        await player.answer("target.k3s.host", "no.example")
        await player.sees("does not resolve")
        assert not player.problem("target.k3s.host")

    play(story)


def test_typing_over_the_default_on_the_way_to_another_number_loses_no_key() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        await player.go("tiers")
        path = "tiers.standard.ollama.parallel"
        field = await player.answer(path, "15")
        await player.press("backspace")  # "1": the default, so the draft says nothing any more
        await player.press("2")
        assert field.query_one(Input).value == "12" and player.walk.draft.value(path) == 12
        await player.press("backspace", "backspace")
        assert player.walk.draft.value(path) == 1 and not player.walk.draft.has(path)

    play(story)


def test_back_and_forth_loses_nothing_and_undo_takes_back_what_was_typed() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        await player.answer("name", "one")
        await player.go("access")
        await player.answer("access.domain", "one.example")
        await player.go("target")
        assert player.field("name").query_one(Input).value == "one"
        await player.answer("name", "two")
        await player.press("ctrl+z")
        draft = player.walk.draft
        await player.until(lambda: draft.name == "", "the text before")  # ctrl+u, then the typing: two changes
        await player.press("ctrl+z")
        await player.until(lambda: player.field("name").query_one(Input).value == "one", "what stood there")
        await player.press("ctrl+y", "ctrl+y")
        await player.until(lambda: player.field("name").query_one(Input).value == "two")
        profile = await to_review(player)
        assert (profile.name, profile.access.domain) == ("two", "one.example")
        await player.press("escape")
        await player.on("WalkScreen")
        await player.until(lambda: player.app.screen.query("Field"))
        assert player.field("name").query_one(Input).value == "two"
        assert (await to_review(player)).access.domain == "one.example"

    play(story)


def test_a_change_and_the_next_chapter_in_one_breath_is_no_crash() -> None:
    """The fields that a change brings are still being made when the next chapter is, too."""

    async def story(player: Player) -> None:
        await new_profile(player)
        await player.go("tiers")
        await player.to("tiers.premium")
        driver = player.app._driver
        assert driver is not None
        player.walk.draft.subscribe(lambda: driver.send_message(events.Key("ctrl+n", None)))
        await player.press("space")
        await player.until(lambda: player.chapter == "models")
        assert player.walk.draft.has("tiers.premium")
        await player.sees("Which models does it offer?")

    play(story)


def test_nothing_to_take_back_is_said() -> None:
    async def story(player: Player) -> None:
        await player.press("n")
        await player.on("WalkScreen")
        await player.press("tab", "ctrl+z")
        await player.sees("nothing to take back")
        await player.press("ctrl+y")
        await player.sees("nothing to bring back")

    play(story)


def test_another_kind_and_back_keeps_what_was_said_of_the_first() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        await player.go("where")
        await player.answer("target.sandbox.nodes", "5")
        await player.go("target")
        await player.to("target.kind")
        await player.press("down", "enter")
        await player.until(lambda: player.walk.draft.kind != "sandbox")
        assert "SIMULATED" not in player.text
        await player.go("where")
        assert not player.field("target.sandbox.nodes").has_class("-shown")
        await player.go("target")
        await player.to("target.kind")
        await player.press("up", "enter")
        await player.sees("SIMULATED")
        assert (await to_review(player)).target.sandbox.nodes == 5

    play(story)


def test_a_chapter_with_nothing_but_folds_has_the_focus_and_opens_by_enter() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        await player.go("secrets")
        await player.sees("admin-password", "will be generated", "there, in keyring", "WIZARD_SECRET_SLACK_URL")
        await player.until(lambda: type(player.app.screen.focused).__name__ == "Fold")
        await player.press("enter")
        await player.until(lambda: player.field("secrets.store").has_class("-shown"))
        assert "Fewer settings" in player.text
        await player.press("space")
        await player.until(lambda: not player.field("secrets.store").has_class("-shown"))

    play(story)


def test_the_rail_and_the_help_have_their_places_on_every_size() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        assert "1 of 12" in player.text and len(rail(player).splitlines()) == 1
        await player.pilot.resize_terminal(120, 40)
        await player.until(lambda: len(rail(player).splitlines()) == 12)
        await player.sees("▸ Target", "· Where", "· Done")
        await player.to("name")
        await player.sees("Journals and sandboxes are kept")
        await player.pilot.resize_terminal(80, 24)
        await player.sees("1 of 12")
        await player.go("observability")
        assert player.field("observability.enabled").query_one(Checkbox).value

    play(story)
