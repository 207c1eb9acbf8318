"""The dashboard: layouts by size, panes by key and mouse, staleness, memory, its own screen; hostile rows."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.tui.fakes import FakeServices, FakeWatch, profile
from tests.tui.host import Bare, drive
from tests.tui.panes import Host, text_of
from tests.tui.sample import NOW, pod_rows
from tests.tui.test_table import HOSTILE
from wizard.domain.finding import WizardError, error
from wizard.ui.tui.panes import words
from wizard.ui.tui.screens.pod import PodScreen
from wizard.ui.tui.screens.watch import WatchScreen


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "read", lambda: NOW)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((80, 24), {"pods"}),
        ((40, 10), {"pods"}),
        ((120, 40), {"pods", "logs"}),
        ((160, 50), {"pods", "alerts", "logs", "nodes"}),
    ],
)
def test_as_many_panes_as_there_is_room_for(size: tuple[int, int], expected: set[str]) -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert app.shown() == expected
        assert bool(app.live.opened) is ("logs" in expected), "no log is followed that nobody sees"
        await pilot.press("6")
        await pilot.pause()
        assert "tenants" in app.shown() and app.panes.current == "tenants"
        if expected == {"pods", "logs"}:
            assert app.panes.by["tenants"].region.bottom <= app.panes.logs.region.y, "the log stands below"
        await pilot.press("z")
        assert app.shown() == {"tenants"}
        await pilot.press("escape")
        assert len(app.shown()) == len(expected)
        for number, pane in enumerate(app.panes.panes, 1):
            await pilot.press(str(number))
            await pilot.pause()
            assert pane.NAME in app.shown() and pane.main.has_focus

    drive(Host(), play, size)


def test_it_follows_the_size_of_the_terminal() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        for size, count in (((160, 50), 4), ((80, 24), 1), ((120, 40), 2), ((160, 50), 4)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert len(app.shown()) == count

    drive(Host(), play)


def test_a_click_on_a_name_or_into_a_pane_makes_it_the_current_one() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.pause()
        at = text_of(app).split("\n")[0].index("4 Nodes")
        await pilot.click("PaneTabs", offset=(at + 3, 0))
        assert app.panes.current == "nodes" and app.shown() == {"pods", "alerts", "logs", "nodes"}
        await pilot.click("#table-alerts", offset=(3, 1))
        assert app.panes.current == "alerts"
        await pilot.press("right_square_bracket")
        assert app.panes.current == "logs"

    drive(Host(), play, (160, 50))


def test_a_cut_connection_is_said_in_the_border_and_passes() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.live.cut("no route to host")
        await pilot.pause(0.3)
        assert "STALE since" in app.border("pods") and "no route to host" in app.border("pods")
        assert app.panes.pods.has_class("-stale")
        assert app.panes.pods.table.model.total == 24, "what was last known stays"
        app.live.back()
        app.live.pods.put(pod_rows(25))
        await pilot.pause(0.3)
        assert "STALE" not in app.border("pods") and app.panes.pods.table.model.total == 25

    drive(Host(), play)


def test_what_a_cluster_does_not_have_is_said_where_it_would_be() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.live.models.cut("there is no Ollama", missing=True)
        await pilot.press("7")
        await pilot.pause(0.3)
        assert "not here" in app.border("models") and "there is no Ollama" in text_of(app)

    drive(Host(FakeWatch()), play)


def test_rows_come_and_go_and_only_what_is_in_sight_is_kept_current() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        app.live.pods.put(pod_rows(26)[1:], ["uid-0"])
        app.live.events.put((), ["e1"])
        await pilot.pause(0.3)
        assert app.panes.pods.table.model.total == 25
        await pilot.press("5")
        await pilot.pause(0.2)
        assert "e1" not in {row.uid for row in app.panes.by["events"].main.model.all()}  # type: ignore[attr-defined]

    drive(Host(), play)


def test_the_layout_is_remembered() -> None:
    services = FakeServices(FakeWatch.sample())

    async def leave(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("s", "g", "3", "w", "4", "z")
        await pilot.pause(1.2)

    async def come_back(app: Host, pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert app.panes.current == "nodes" and app.panes.alone
        assert app.panes.pods.table.arrangement["group"] == "tenant"
        assert app.panes.pods.table.model.sort == "restarts"
        assert app.panes.logs.view.look.wrap

    drive(Host(services.live, services), leave)
    drive(Host(services.live, services), come_back)
    services.kept["watch"] = {"current": ["no"], "side": 3, "panes": {"pods": "no", "nodes": {"sort": []}, "x": 1}}
    drive(Host(services.live, services), lambda app, pilot: pilot.pause())


@pytest.mark.parametrize("size", [(30, 8), (80, 24), (160, 50)])
def test_hostile_rows_in_every_pane(size: tuple[int, int]) -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.live.cut(HOSTILE[0] + HOSTILE[1])
        for number in range(1, 8):
            await pilot.press(str(number))
            await pilot.pause(0.15)
            lines = text_of(app).split("\n")
            assert len(lines) == size[1]
            assert {cell_len(line) for line in lines} == {size[0]}
            assert all(line.isprintable() for line in lines)
        await pilot.press("2", "enter")
        await pilot.pause()
        assert all(line.isprintable() for line in text_of(app).split("\n"))

    drive(Host(FakeWatch.hostile(HOSTILE)), play, size)


def test_the_watch_screen_starts_and_stops_its_watch_and_plays_faults() -> None:
    services = FakeServices(FakeWatch.sample())

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        app.push_screen(WatchScreen(profile()))
        await pilot.pause(0.3)
        assert services.live.started == 1
        await pilot.press("b", "down", "enter")
        await pilot.pause(0.3)
        assert services.told == ["scenario/crash-loop"]
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, PodScreen)
        await pilot.press("escape")
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert services.live.stopped == 1 and len(app.screen_stack) == 1

    drive(Bare(services), play)


def test_a_watch_that_cannot_be_opened_says_why_and_can_be_tried_again() -> None:
    services = FakeServices(FakeWatch.sample())
    services.refuse = WizardError(error("no-cluster", "the cluster cannot be reached", hint="start it"))

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        app.push_screen(WatchScreen(profile()))
        await pilot.pause(0.3)
        assert "the cluster cannot be reached" in text_of(app)
        services.refuse = None
        await pilot.press("r")
        await pilot.pause(0.3)
        assert "Pods" in text_of(app) and services.live.started == 1

    drive(Bare(services), play)
