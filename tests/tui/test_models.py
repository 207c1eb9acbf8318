"""The catalog of models by keys: filter, fit, several, a name that is not in it, the other tier."""

from __future__ import annotations

from textual.widgets import Input, OptionList

from tests.tui.play import Player, new_profile, play
from wizard.ui.tui.screens.models import ModelsScreen


async def open_catalog(player: Player, kind: str = "sandbox") -> OptionList:
    await new_profile(player, kind)
    if kind == "aws":
        await player.jump("where")
        await player.answer("target.aws.region", "eu-central-1")
        await player.jump("tiers")
        await player.to("tiers.premium")
        await player.press("space")
        await player.until(lambda: player.walk.draft.has("tiers.premium"))
    await player.jump("models")
    await player.to("models")
    await player.press("f")
    await player.on("ModelsScreen")
    return player.app.screen.query_one("#models-list", OptionList)


async def retype(player: Player, text: str) -> None:
    await player.press("end", "ctrl+u")
    await player.type(text)


def listed(options: OptionList) -> list[str]:
    return [str(option.prompt)[2:26].strip() for option in options.options]


def test_filter_take_several_keep() -> None:
    async def story(player: Player) -> None:
        options = await open_catalog(player)
        everything = listed(options)
        assert len(everything) > 10 and str(options.options[everything.index("qwen3:0.6b")].prompt).startswith("●")
        await player.type("llama3.2")
        await player.until(lambda: listed(options) and all("llama3.2" in name for name in listed(options)))
        first = listed(options)[0]
        await player.press("space")
        assert str(options.options[0].prompt).startswith("●")
        await retype(player, "qwen3:0.6b")
        await player.until(lambda: listed(options) == ["qwen3:0.6b"])
        await player.press("space")  # out again
        await retype(player, "embedding")
        await player.until(lambda: "embed" in " ".join(listed(options)))
        await player.press("down", "space", "enter")
        await player.on("WalkScreen")
        rows = [row["name"] for row in player.walk.draft.rows("models")]
        assert rows[0] == first and "qwen3:0.6b" not in rows and len(rows) == 2
        await player.press("ctrl+z")
        assert [row["name"] for row in player.walk.draft.rows("models")] == ["qwen3:0.6b"]

    play(story)


def test_fits_shows_what_fits_and_why_the_rest_does_not() -> None:
    async def story(player: Player) -> None:
        options = await open_catalog(player, "aws")
        await player.sees("tier standard: ")
        everything = len(listed(options))
        too_large = next(at for at, option in enumerate(options.options) if "✗ no" in str(option.prompt))
        options.highlighted = too_large
        await player.sees("what would make it fit: ")
        await player.type("fits")
        await player.until(lambda: 0 < len(listed(options)) < everything)
        assert not any("✗ no" in str(option.prompt) for option in options.options)
        few = len(listed(options))
        await player.press("tab")
        await player.sees("tier premium: ")
        await player.until(lambda: len(listed(options)) > few)

    play(story)


def test_a_name_that_is_not_in_the_catalog_is_taken_as_it_is_but_a_filter_is_no_name() -> None:
    async def story(player: Player) -> None:
        options = await open_catalog(player)
        await player.type("nosuchpurpose,fits")
        await player.until(lambda: not listed(options))
        await player.press("enter")
        await player.sees("nosuchpurpose,fits is no")
        assert player.screen == "ModelsScreen"
        await retype(player, "acme/own-model:7b")
        await player.sees("not in the catalog: Enter takes acme/own-model:7b")
        await player.press("enter")
        await player.on("WalkScreen")
        assert [row["name"] for row in player.walk.draft.rows("models")] == ["qwen3:0.6b", "acme/own-model:7b"]

    play(story)


def test_escape_changes_nothing_and_an_unfinished_profile_has_a_catalog_too() -> None:
    async def story(player: Player) -> None:
        await new_profile(player, "k3s")  # its host is missing: there is no whole profile yet
        await player.jump("models")
        await player.to("models")
        await player.press("f")
        await player.on("ModelsScreen")
        await player.sees("its memory is not known here")
        await player.press("space", "down", "space", "escape")
        await player.on("WalkScreen")
        assert [row["name"] for row in player.walk.draft.rows("models")] == ["qwen3:0.6b"]

    play(story)


def test_every_line_keeps_to_its_columns_at_80_cells() -> None:
    async def story(player: Player) -> None:
        options = await open_catalog(player)
        assert isinstance(player.app.screen, ModelsScreen)
        assert player.app.screen.query_one(Input).has_focus
        width = options.scrollable_content_region.width
        assert all(len(str(option.prompt)) <= width for option in options.options), "a line would be broken"

    play(story)
