"""Help, palette and themes: every screen explains itself, every action has a name, every key for looks works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.binding import Binding

from tests.tui.desk import FakeDesk
from tests.tui.play import Player, new_profile, play
from tests.tui.test_review import profile
from wizard.ui.tui import themes
from wizard.ui.tui.app import Start
from wizard.ui.tui.screens.help import HelpScreen


async def home(player: Player) -> None:
    await player.sees("New profile")


async def walk(player: Player) -> None:
    await new_profile(player)


async def tenants(player: Player) -> None:
    await new_profile(player)
    await player.jump("tenants")
    await player.to("tenants")
    await player.sees("i Import CSV")


async def review(player: Player) -> None:
    await player.sees("Press d to deploy")


async def deploy(player: Player) -> None:
    await review(player)
    await player.press("d")
    await player.until(lambda: player.desk.runs)
    await player.sees("namespace chat")


async def done(player: Player) -> None:
    await deploy(player)
    player.desk.run.all_done()
    await player.sees("Deployed and ready")
    await player.press("c")
    await player.on("DoneScreen")


PLACES: list[tuple[Callable[[Player], Awaitable[None]], Start | None, list[str]]] = [
    (home, None, ["Where everything begins", "n  New profile", "d  Demo", "w  Watch: Show what runs there"]),
    (walk, None, ["One decision a chapter", "^n f8  Next", "^b f7  Back", "^z  Undo", "^s  Save", "esc  Leave"]),
    (tenants, None, ["Import CSV", "Remove", "Move up"]),
    (review, Start(profile()), ["Nothing has been changed yet", "d  Deploy", "r  Plan again", "4  Diagram"]),
    (deploy, Start(profile()), ["The run, live", "Explain step", "^c  Stop", "v  Talk/live"]),
    (done, Start(profile()), ["The platform is there", "p  Credentials: Show or hide", "q ⏎  Finish"]),
]


@pytest.mark.parametrize(("place", "start", "words"), PLACES, ids=[place.__name__ for place, _, _ in PLACES])
def test_help_says_what_the_screen_is_for_and_which_keys_it_has(
    place: Callable[[Player], Awaitable[None]], start: Start | None, words: list[str]
) -> None:
    """And the palette has all of them by name, and help itself closes by any of its keys."""

    async def story(player: Player) -> None:
        await place(player)
        before = player.screen
        ours = {
            binding.description
            for node, binding, enabled, _ in player.app.screen.active_bindings.values()
            if enabled
            and binding.description
            and type(node).__module__.startswith("wizard.")
            and node is not player.app
        }
        palette = {command.title for command in player.app.get_system_commands(player.app.screen)}
        assert ours <= palette and {"Help", "Theme", "Quit"} <= palette, ours - palette
        await player.press("f1")
        await player.on("HelpScreen")
        await player.sees(*words)
        assert "Focus Next" not in player.text and "super+" not in player.text  # Textual's own are no news
        await player.press("f1")  # the same key once more closes it
        await player.on(before)

    play(story, FakeDesk(), start, size=(100, 50))


def test_help_closes_by_escape_q_and_the_question_mark() -> None:
    async def story(player: Player) -> None:
        for key in ("escape", "q", "question_mark", "enter"):
            await player.press("question_mark")
            await player.on("HelpScreen")
            await player.press(key)
            await player.on("HomeScreen")
        keys = next(each for each in HelpScreen.BINDINGS if isinstance(each, Binding))
        assert "f1" in keys.key

    play(story)


def test_the_palette_runs_an_action_of_the_screen_beneath() -> None:
    async def story(player: Player) -> None:
        await player.press("ctrl+p")
        await player.on("CommandPalette")
        await player.type("New profile")
        await player.until(lambda: "New profile" in player.text and "decide" not in player.text.splitlines()[-1])
        await player.until(lambda: player.app.screen.query_one("CommandList").option_count > 0)  # type: ignore[attr-defined]
        await player.press("enter")
        await player.until(lambda: player.screen in ("CommandPalette", "WalkScreen"))
        if player.screen == "CommandPalette":
            await player.press("enter")
        await player.on("WalkScreen")

    play(story)


def test_the_theme_key_goes_round_and_the_choice_is_kept() -> None:
    desk = FakeDesk()

    async def story(player: Player) -> None:
        assert player.app.theme == themes.CHOICES[0]
        seen = []
        for _ in themes.CHOICES:
            await player.press("f2")
            seen.append(player.app.theme)
            await player.sees("New profile")
        assert sorted(seen) == sorted(themes.CHOICES)
        await player.press("f2")

    play(story, desk)
    assert desk.kept["theme"] == themes.CHOICES[1]

    async def again(player: Player) -> None:
        assert player.app.theme == themes.CHOICES[1]

    play(again, desk)


@pytest.mark.parametrize("theme", themes.CHOICES)
def test_every_screen_can_be_drawn_in_every_theme(theme: str) -> None:
    desk = FakeDesk()
    desk.kept["theme"] = theme

    async def story(player: Player) -> None:
        assert player.app.theme == theme
        await done(player)
        await player.press("p")
        await player.sees("Log in as ")

    play(story, desk, Start(profile()))


def test_no_color_takes_the_colours_out_and_starts_with_the_most_contrast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(player: Player) -> None:
        assert player.app.theme == "wizard-contrast" and player.app.no_color
        colours = {
            colour.get_truecolor() if colour is not None else None
            for strip in player.app.screen._compositor.render_strips()
            for segment in strip
            for colour in ((segment.style.color, segment.style.bgcolor) if segment.style else ())
        }
        assert all(colour is None or colour[0] == colour[1] == colour[2] for colour in colours), colours

    play(story)
