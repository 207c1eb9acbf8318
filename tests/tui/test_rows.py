"""Rows by keys: tenants added, edited, moved, removed, thought better of; from a CSV file, good and bad."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import OptionList

from tests.tui.desk import FakeDesk
from tests.tui.play import Player, new_profile, play
from wizard.ui.flow.draft import Draft


async def at_tenants(player: Player) -> Draft:
    await new_profile(player)
    await player.jump("tenants")
    await player.to("tenants")
    return player.walk.draft


async def add(player: Player, name: str, *keys: str) -> None:
    await player.press("a")
    await player.on("RowScreen")
    await player.type(name)
    await player.press(*keys)


def names(draft: Draft) -> list[object]:
    return [row.get("name") for row in draft.rows("tenants")]


def test_added_edited_moved_removed_and_all_of_it_undone_in_as_many_steps() -> None:
    async def story(player: Player) -> None:
        draft = await at_tenants(player)
        await player.sees("none yet: a adds one, i imports a CSV file")
        await add(player, "acme", "ctrl+s")
        await player.on("WalkScreen")
        await player.sees("acme")
        await add(player, "globex", "ctrl+s")
        await player.until(lambda: names(draft) == ["acme", "globex"])
        await player.to("tenants")
        await player.press("enter")  # the first one
        await player.on("RowScreen")
        await player.sees("Tenants, 1")
        await player.answer("tenants[0].adminEmail", "kim@acme.example")
        await player.press("ctrl+s")
        await player.on("WalkScreen")
        assert draft.rows("tenants")[0] == {"name": "acme", "adminEmail": "kim@acme.example"}
        await player.to("tenants")
        await player.press("shift+down")
        assert names(draft) == ["globex", "acme"]
        assert player.field("tenants").query_one(OptionList).highlighted == 1
        await player.press("x")
        await player.sees("Remove acme?")
        await player.press("y")
        await player.until(lambda: names(draft) == ["globex"])
        for left in (["globex", "acme"], ["acme", "globex"], ["acme", "globex"], ["acme"], []):
            await player.press("ctrl+z")
            assert names(draft) == left
        await player.sees("none yet")
        assert not draft.changed

    play(story)


def test_thought_better_of_leaves_no_trace_not_even_for_undo() -> None:
    async def story(player: Player) -> None:
        draft = await at_tenants(player)
        await add(player, "acm", "escape")
        await player.on("WalkScreen")
        assert not draft.changed and not draft.can_undo
        await add(player, "acme", "ctrl+s")
        await player.on("WalkScreen")
        await player.to("tenants")
        await player.press("enter")
        await player.on("RowScreen")
        await player.type("xyz")
        await player.press("escape")
        await player.on("WalkScreen")
        assert names(draft) == ["acme"]
        await player.to("tenants")
        await player.press("x")
        await player.sees("Remove acme?")
        await player.press("n")
        await player.on("WalkScreen")
        await player.press("ctrl+z")
        assert names(draft) == []

    play(story)


def test_a_row_with_something_wrong_stays_open_and_says_what() -> None:
    async def story(player: Player) -> None:
        draft = await at_tenants(player)
        await add(player, "Not a name", "ctrl+s")
        assert player.screen == "RowScreen" and player.problem("tenants[0].name")
        assert player.field("tenants[0].name").has_focus_within
        await player.answer("tenants[0].name", "acme")
        assert not player.problem("tenants[0].name")
        replicas = "tenants[0].replicas"
        await player.press("f4")  # more settings
        await player.answer(replicas, "two")
        await player.press("ctrl+s")
        assert player.screen == "RowScreen" and "whole number" in player.problem(replicas)
        await player.answer(replicas, "2")
        await player.press("ctrl+s")
        await player.on("WalkScreen")
        assert draft.rows("tenants") == [{"name": "acme", "replicas": 2}]
        await add(player, "acme", "ctrl+s")  # twice the same
        assert player.screen == "RowScreen"
        assert "acme" in player.text

    play(story)


def import_file(tmp_path: Path, text: str, *sees: str, names_then: list[str]) -> None:
    (tmp_path / "t.csv").write_text(text)

    async def story(player: Player) -> None:
        draft = await at_tenants(player)
        await player.press("i")
        await player.sees("Import tenants", "its header names the fields")
        await player.type("t.csv")
        await player.press("enter")
        await player.on("WalkScreen")
        await player.sees(*sees)
        assert names(draft) == names_then
        if names_then:
            await player.press("ctrl+z")
            assert names(draft) == []

    play(story, FakeDesk(cwd=tmp_path))


def test_a_good_table_is_one_step(tmp_path: Path) -> None:
    text = "name,admin e-mail,quota.cpu\nacme,kim@acme.example,4\nglobex,,\n"
    import_file(tmp_path, text, "2 tenants imported", "acme", "globex", names_then=["acme", "globex"])


def test_a_bad_table_changes_nothing_and_says_every_line(tmp_path: Path) -> None:
    text = "name,replicas,colour\nNot A Name,1,red\nacme,many,blue\n"
    import_file(
        tmp_path, text, "nothing imported", "t.csv:1: unknown column 'colour'", "t.csv:3: replicas", names_then=[]
    )


def test_no_file_and_no_table(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")

    async def story(player: Player) -> None:
        draft = await at_tenants(player)
        for file, words in (("no.csv", "no.csv: No such file"), ("empty.csv", "there are no tenants in")):
            await player.press("i")
            await player.on("Prompt")
            await player.type(file)
            await player.press("enter")
            await player.on("WalkScreen")
            await player.sees(words)
        await player.press("i")
        await player.on("Prompt")
        await player.press("escape")
        await player.on("WalkScreen")
        assert not draft.changed

    play(story, FakeDesk(cwd=tmp_path))


def test_keys_of_one_list_are_not_those_of_another() -> None:
    async def story(player: Player) -> None:
        await at_tenants(player)
        await player.sees("Import CSV")
        assert "Catalog" not in player.text
        await player.jump("models")
        await player.to("models")
        await player.sees("Catalog")
        assert "Import CSV" not in player.text
        await player.press("i")
        await player.settle()
        assert player.screen == "WalkScreen"

    play(story)
