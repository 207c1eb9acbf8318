"""The dashboard: layouts by size, panes by key and mouse, staleness, memory, alerts, logs, the sandbox; hostility."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.pilot import Pilot

from tests.tui.fakes import FakeServices, FakeWatch, profile
from tests.tui.host import Bare, drive
from tests.tui.sample import NOW, alert_rows, log_lines, pod_rows
from tests.tui.test_table import HOSTILE
from wizard.domain.finding import WizardError, error
from wizard.ui.tui.panes import doing, words
from wizard.ui.tui.panes.live import LivePanes
from wizard.ui.tui.panes.tenants import summed
from wizard.ui.tui.screens.alert import AlertScreen
from wizard.ui.tui.screens.pod import PodScreen
from wizard.ui.tui.screens.watch import WatchScreen
from wizard.ui.tui.widgets.dialog import Choose, Confirm, Prompt


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "read", lambda: NOW)


class Host(Bare):
    def __init__(self, watch: FakeWatch | None = None, services: FakeServices | None = None) -> None:
        self.live = watch or FakeWatch.sample()
        super().__init__(services or FakeServices(self.live))
        self.panes = LivePanes(self.live, profile())

    def compose(self) -> ComposeResult:
        yield self.panes

    def shown(self) -> set[str]:
        return {pane.NAME for pane in self.panes.panes if pane.display and pane.has_class("-shown")}

    def border(self, name: str) -> str:
        return str(self.panes.by[name]._border_title or "")


def text_of(app: Bare) -> str:
    """What is on the screen."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


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


def test_logs_of_marked_pods_of_one_and_of_all() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        app.panes.show("logs")
        await pilot.pause(0.2)
        assert len(app.panes.logs.view.buffer) == 300
        await pilot.press("1", "space", "space", "l")
        await pilot.pause(0.3)
        chosen = app.live.opened[-1].selection
        assert app.panes.current == "logs" and len(chosen.pods) == 2
        assert app.live.opened[0].stopped
        await pilot.press("a")
        await pilot.pause(0.3)
        assert not app.live.opened[-1].selection.pods and len(app.panes.logs.view.buffer) == 300
        await pilot.press("L", *"{a}", "enter")
        await pilot.pause(0.3)
        assert app.live.opened[-1].selection.query == "{a}" and "LogQL" in app.border("logs")
        await pilot.press("T", "down", "enter")
        await pilot.pause(0.3)
        assert app.live.opened[-1].selection.start == NOW - 300

    drive(Host(), play)


def test_dropped_lines_are_counted_in_the_title() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("3", "f")
        await pilot.pause(0.2)
        app.live.opened[-1].say(log_lines(50_000))
        await pilot.pause(1.5)
        logs = app.panes.logs
        waiting = logs.view.buffer.held + len(logs.view.buffer) - 300
        assert logs.dropped == 50_000 - waiting > 0
        assert f"{logs.dropped:,} dropped" in app.border("logs") and "lines wait" in app.border("logs")

    drive(Host(), play)


def test_the_log_is_saved_for_its_owner_only(tmp_path: Path) -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("3", "o")
        await pilot.pause()
        prompt = app.screen
        assert isinstance(prompt, Prompt)
        await pilot.press("ctrl+u", *str(tmp_path / "x.log"), "enter")
        await pilot.pause(0.3)
        file = tmp_path / "x.log"
        assert file.read_text().count("\n") == 300 and file.stat().st_mode & 0o777 == 0o600

    drive(Host(), play)


def test_an_alert_says_what_it_means_and_is_silenced_with_who_and_why() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("2", "enter")
        await pilot.pause()
        assert isinstance(app.screen, AlertScreen) and "What it means" in text_of(app)
        await pilot.press("m")
        await pilot.pause()
        assert isinstance(app.screen, Choose)
        await pilot.press("down", "enter")
        await pilot.pause()
        await pilot.press("ctrl+u", *"kim", "enter")
        await pilot.pause()
        await pilot.press("enter")
        assert isinstance(app.screen, Prompt), "no silence without a reason"
        await pilot.press(*"known", "enter")
        await pilot.pause(0.3)
        silence = app.live.alerts.silences[-1]
        assert (silence.by, silence.why, silence.until) == ("kim", "known", NOW + 7200)
        assert "1 firing" in app.border("alerts") and "2 silenced" in app.border("alerts")

    drive(Host(), play)


def test_a_silence_is_expired_after_asking() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("2", "end", "x")
        await pilot.pause()
        assert isinstance(app.screen, Confirm) and "disk is ordered" in text_of(app)
        await pilot.press("y")
        await pilot.pause(0.3)
        assert not app.live.alerts.silences and "3 firing" in app.border("alerts")

    drive(Host(), play)


def test_what_is_refused_is_said_and_nothing_breaks() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.live.refuse = WizardError(error("forbidden", "[b]you may not[/b]", hint="ask kim"))
        await pilot.pause(0.2)
        await pilot.press("x")
        await pilot.pause()
        await pilot.press("y")
        await pilot.pause(0.6)
        told = [(note.message, note.markup) for note in app._notifications]
        assert told == [("[b]you may not[/b]\nask kim", False)] and not app.live.deleted

    drive(Host(), play)


def test_tenants_are_the_sums_of_their_pods() -> None:
    rows = summed(pod_rows(24), {})
    assert set(rows) == {"acme", "globex", "initech", "umbrella"}
    acme = rows["acme"]
    assert (acme.pods, acme.ready, acme.ill, acme.restarts) == (5, 4, 1, 14)


def test_durations() -> None:
    assert [doing.seconds_of(text) for text in ("45m", " 3h ", "2d", "1w")] == [2700, 10800, 172800, 604800]
    assert [doing.seconds_of(text) for text in ("", "0m", "5", "-1h", "9999d", "1y", "٣h")] == [None] * 6 + [10800]


def test_words_of_numbers() -> None:
    spans = [words.span(each) for each in (-1, 5, 119, 190, 3600, 20000, 200000, 5e6)]
    assert spans == ["0s", "5s", "119s", "3m10s", "60m", "5h33m", "2d7h", "57d"]
    assert [words.amount(each) for each in (None, 0, 2**20, 1536 * 2**20, 2**40)] == ["-", "0", "1M", "1.5G", "1T"]
    assert [words.cores(each) for each in (None, 0, 999, 1500, 64000)] == ["-", "0m", "999m", "1.5", "64"]


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


def test_alerts_without_their_silence_are_still_called_silenced() -> None:
    watch = FakeWatch()
    watch.alerts.put(alert_rows())

    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await pilot.pause(0.2)
        assert "silenced" in text_of(app)

    drive(Host(watch), play)
