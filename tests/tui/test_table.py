"""The table by keys and mouse; rows that come, go and move; 20,000 of them; hostile cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.events import MouseScrollDown
from textual.pilot import Pilot
from textual.strip import Strip

from tests.tui.host import Bare, drive
from wizard.ui.tui.widgets.grid.columns import Column, Group
from wizard.ui.tui.widgets.table import Table

HOSTILE = (
    "[bold]x[/bold] [@click=app.exit]y[/]",
    "\x1b[2J\x1b]0;title\x07bell",
    "a\nb\r\nc\td",
    "\u202ertl\u2066 mark",
    "漢字" * 80,
    "e" + "\u0301" * 60,
    "👩‍👩‍👧‍👦 🇩🇪 ❤️ 👍🏽",
    "\ud800 \ue000 \uffff \u0378",
    "x" * 1_000_000,
)


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    team: str = "a"
    size: int = 0

    @property
    def key(self) -> str:
        return self.name


COLUMNS = (
    Column[Thing]("name", "NAME", lambda t: t.name, 12, most=40),
    Column[Thing]("team", "TEAM", lambda t: t.team, 10, priority=2, tone=lambda t: "bad" if t.team == "x" else ""),
    Column[Thing]("size", "SIZE", lambda t: str(t.size), 8, sort=lambda t: t.size, right=True, first_down=True),
    Column[Thing]("long", "LONG", lambda t: t.name * 3, 30, priority=9),
)
GROUPS = (Group[Thing]("team", "team", lambda t: t.team),)


class Host(Bare):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[object] = []
        self.table: Table[Thing] = Table(COLUMNS, GROUPS, empty="no things yet\nthey come")

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    def on_table_row_selected(self, event: Table.RowSelected) -> None:
        self.said.append(event.key)

    def on_arranging_arranged(self, event: Table.Arranged) -> None:
        self.said.append(event.table.arrangement)


def things(count: int) -> list[Thing]:
    return [Thing(f"thing-{n:05}", "abc"[n % 3], n * 7 % 1000) for n in range(count)]


def screen(app: Host) -> list[str]:
    return [app.table.render_line(y).text for y in range(app.table.size.height)]


def test_keys_move_the_cursor_and_only_lines_in_sight_are_drawn() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(20_000))
        await pilot.pause()
        assert len(app.table._shown) <= 24
        for key, at in (
            ("down", 1),
            ("j", 2),
            ("k", 1),
            ("pagedown", 23),
            ("end", 19_999),
            ("up", 19_998),
            ("home", 0),
        ):
            await pilot.press(key)
            assert app.table.cursor_line == at
        await pilot.press("end", "enter")
        assert app.said == ["thing-19999"]
        assert "thing-19999" in screen(app)[-1]

    drive(Host(), play)


def test_the_cursor_stays_on_its_row_while_others_come_and_go() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(100))
        await pilot.press(*["down"] * 50)
        await pilot.pause()
        row, before = app.table.cursor_row, screen(app)
        app.table.update([Thing("aaa-1"), Thing("aaa-2"), Thing("zzz")], ["thing-00001"])
        await pilot.pause()
        assert app.table.cursor_row == row
        assert screen(app)[1:] == before[1:], "what one reads stays where it is"
        app.table.update([], [row.key] if row else [])
        await pilot.pause()
        assert app.table.cursor_row is not None and app.table.cursor_row.name == "thing-00051"

    drive(Host(), play)


def test_before_it_is_moved_the_cursor_stays_at_the_top() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(50))
        app.table.update([Thing("aaa")])
        await pilot.pause()
        assert app.table.cursor_row == Thing("aaa")

    drive(Host(), play)


def test_only_lines_that_changed_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(1000))
        await pilot.pause(0.1)
        drawn: list[int] = []
        original = app.table.render_line

        def drawing(y: int) -> Strip:
            drawn.append(y)
            return original(y)

        monkeypatch.setattr(app.table, "render_line", drawing)
        app.table.update([replace(thing, size=-1) for thing in things(1000)[500:550]])
        await pilot.pause(0.05)
        assert drawn == [], "a change out of sight draws nothing"
        app.table.update([Thing("thing-00003", "z", 5)])
        await pilot.pause(0.05)
        assert drawn == [4]

    drive(Host(), play)


def test_sort_by_key_and_by_a_click_on_a_head() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(100))
        await pilot.press("s", "s")
        assert app.table.arrangement == {"sort": "size", "down": True, "group": ""}
        assert app.table.model.line(0).row.size == 693  # type: ignore[union-attr]
        await pilot.press("S")
        assert app.table.model.line(0).row.size == 0  # type: ignore[union-attr]
        await pilot.click(app.table, offset=(3, 0))
        assert app.table.arrangement["sort"] == "name"
        assert "NAME▴" in screen(app)[0]
        assert app.said[-1] == app.table.arrangement

    drive(Host(), play)


def test_typing_filters_with_the_arrows_still_moving_and_escape_clears() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(100))
        await pilot.press("slash", *"thing-0007")
        await pilot.pause()
        assert "thing-0007" in screen(app)[0] and "10 of 100" in screen(app)[0]
        await pilot.press("down", "j")
        assert app.table.filter_text == "thing-0007j", "a key is a letter while one types"
        await pilot.press("backspace", "enter", "down", "enter")
        assert app.said[-1] == "thing-00071"
        app.table.update([Thing("thing-00079", "q"), Thing("other")])
        assert app.table.model.matching == 10
        await pilot.press("escape")
        assert app.table.model.matching == 101
        assert app.table.cursor_row == Thing("thing-00071", "c", 497), "and stays where it was"
        app.table.set_filter("team:b !0009")
        assert app.table.model.matching == 29
        app.table.set_filter("nothing like it")
        await pilot.pause()
        assert any("nothing matches" in line for line in screen(app))

    drive(Host(), play)


def test_groups_have_heads_with_counts_that_open_and_close() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(9))
        await pilot.press("g", "home")
        await pilot.pause()
        lines = screen(app)
        assert "▾ a  3" in lines[1] and "▾ b  3" in lines[5]
        assert "TEAM" not in lines[0], "the head says it already"
        await pilot.press("left")
        await pilot.pause()
        assert "▸ a  3" in screen(app)[1] and "▾ b  3" in screen(app)[2]
        app.table.update([Thing("new", "a")])
        await pilot.pause()
        assert "▸ a  4" in screen(app)[1], "a closed group stays closed"
        await pilot.press("enter")
        await pilot.click(app.table, offset=(4, 6))
        await pilot.pause()
        assert "▸ b  3" in screen(app)[6]
        await pilot.press("g")
        assert len(app.table.model) == 10

    drive(Host(), play)


def test_mouse_click_wheel_and_double_click() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(1000))
        await pilot.pause()
        await pilot.click(app.table, offset=(4, 5))
        assert app.table.cursor_line == 4 and app.said == []
        await pilot.double_click(app.table, offset=(4, 7))
        assert app.said == ["thing-00006"]
        await pilot._post_mouse_events([MouseScrollDown] * 3, app.table, offset=(4, 7), button=0)
        await pilot.pause()
        assert app.table.scroll_offset.y > 0

    drive(Host(), play)


def test_marked_rows_are_those_that_many_are_taken_of() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows(things(10))
        assert [row.name for row in app.table.marked] == ["thing-00000"]
        await pilot.press("space", "down", "space")
        assert {row.name for row in app.table.marked} == {"thing-00000", "thing-00002"}
        app.table.update([], ["thing-00000"])
        assert [row.name for row in app.table.marked] == ["thing-00002"]

    drive(Host(), play)


@pytest.mark.parametrize("size", [(20, 6), (80, 24), (160, 50)])
def test_hostile_cells_are_shown_in_their_cells(size: tuple[int, int]) -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows([Thing(words, words, n) for n, words in enumerate(HOSTILE)])
        for _ in range(2):
            await pilot.pause()
            for y in range(app.table.size.height):
                line = app.table.render_line(y)
                assert cell_len(line.text) == app.table.scrollable_content_region.width
                assert line.text.isprintable()
            await pilot.press("g")
        app.table.set_filter(HOSTILE[0][:10])
        await pilot.pause()
        assert app.table.model.matching == 1
        assert "[bold]" in screen(app)[0]

    drive(Host(), play, size)


def test_a_column_that_is_empty_in_every_row_takes_no_room() -> None:
    columns = (COLUMNS[0], Column[Thing]("team", "TEAM", lambda t: t.team, 10, most=20))

    class Other(Host):
        def __init__(self) -> None:
            super().__init__()
            self.table = Table(columns)

    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.table.set_rows([Thing("a", ""), Thing("b", "")])
        await pilot.pause()
        assert "TEAM" not in screen(app)[0]
        app.table.update([Thing("b", "blue")])
        await pilot.pause()
        assert "TEAM" in screen(app)[0] and "blue" in screen(app)[2]

    drive(Other(), play)
