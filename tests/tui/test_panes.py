"""What is done from the panes: logs chosen and saved, alerts silenced, tenants summed, details; and their words."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import FakeWatch
from tests.tui.host import drive
from tests.tui.panes import Host, text_of
from tests.tui.sample import NOW, alert_rows, log_lines, pod_rows
from wizard.domain.finding import WizardError, error
from wizard.ui.tui.panes import doing, words
from wizard.ui.tui.panes.tenants import summed
from wizard.ui.tui.screens.alert import AlertScreen
from wizard.ui.tui.widgets.dialog import Choose, Confirm, Details, Prompt


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "read", lambda: NOW)


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


def test_alerts_without_their_silence_are_still_called_silenced() -> None:
    watch = FakeWatch()
    watch.alerts.put(alert_rows())

    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await pilot.pause(0.2)
        assert "silenced" in text_of(app)

    drive(Host(watch), play)


def test_enter_shows_all_of_an_event_and_the_pods_of_a_tenant() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("5", "down", "down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Details)
        assert "preemption: not eligible" in text_of(app), "a message is not cut"
        await pilot.press("enter", "6", "enter")
        await pilot.pause()
        assert app.panes.current == "pods"
        assert {row.tenant for row in app.panes.pods.table.marked} == {"acme"}
        assert app.panes.pods.table.model.matching == 5
        await pilot.press("4", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Details)

    drive(Host(), play)
