"""One pod's screen: its views, what it says while it lives and after it has gone, deletion with a question."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.tui.fakes import FakeWatch
from tests.tui.host import Bare, drive
from tests.tui.panes import text_of
from tests.tui.sample import NOW, log_lines
from tests.tui.test_table import HOSTILE
from wizard.domain.finding import WizardError, error
from wizard.domain.live import PodRow
from wizard.ui.tui.panes import words
from wizard.ui.tui.screens.pod import PodScreen
from wizard.ui.tui.widgets.dialog import Confirm


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "read", lambda: NOW)


def ill(watch: FakeWatch) -> PodRow:
    return next(row for row in watch.pods.rows() if row.status == "CrashLoopBackOff")


def test_describe_logs_previous_logs_and_events() -> None:
    watch = FakeWatch.sample()
    pod = ill(watch)

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        app.push_screen(PodScreen(watch, pod))
        await pilot.pause(0.3)
        assert f"Name:         {pod.name}" in text_of(app), "read from its beginning"
        await pilot.press("end")
        await pilot.pause()
        assert "Line 59" in text_of(app)
        await pilot.press("p")
        await pilot.pause(0.3)
        assert "its last words" in text_of(app)
        await pilot.press("e")
        await pilot.pause()
        assert "no events of the last hour" in text_of(app)
        await pilot.press("l")
        await pilot.pause(0.2)
        assert watch.opened[-1].selection.pods == ((pod.namespace, pod.name),)
        watch.opened[-1].say(log_lines(3))
        await pilot.pause(0.3)
        assert "#2" in text_of(app)
        await pilot.click("#pod-tabs", offset=(3, 0))
        await pilot.pause()
        assert "Name:" in text_of(app) or "Line" in text_of(app)
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert watch.opened[-1].stopped

    drive(Bare(), play)


def test_events_of_this_pod_only() -> None:
    watch = FakeWatch.sample()
    pod = next(row for row in watch.pods.rows() if row.name == "open-webui-0-0")

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        app.push_screen(PodScreen(watch, pod, "events"))
        await pilot.pause(0.3)
        assert "BackOff" in text_of(app) and "Pulled" not in text_of(app)

    drive(Bare(), play)


def test_a_pod_that_goes_is_said_to_be_gone() -> None:
    watch = FakeWatch.sample()
    pod = ill(watch)

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        app.push_screen(PodScreen(watch, pod))
        await pilot.pause(0.2)
        assert "CrashLoopBackOff" in text_of(app)
        watch.pods.put((), [pod.key])
        await pilot.pause(0.3)
        assert "gone" in text_of(app)

    drive(Bare(), play)


def test_deleted_only_when_the_operator_says_so() -> None:
    watch = FakeWatch.sample()
    pod = ill(watch)

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        app.push_screen(PodScreen(watch, pod))
        await pilot.pause(0.2)
        await pilot.press("x")
        await pilot.pause()
        assert isinstance(app.screen, Confirm)
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert watch.deleted == [] and isinstance(app.screen, PodScreen), "Enter alone keeps it"
        await pilot.press("x")
        await pilot.pause()
        await pilot.press("y")
        await pilot.pause(0.3)
        assert watch.deleted == [pod.name] and not isinstance(app.screen, PodScreen)

    drive(Bare(), play)


def test_what_cannot_be_read_says_why() -> None:
    watch = FakeWatch.sample()
    watch.refuse = WizardError(error("forbidden", "you may not read it", hint="ask kim"))

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        app.push_screen(PodScreen(watch, ill(watch), "previous"))
        await pilot.pause(0.3)
        assert "you may not read it" in text_of(app) and "ask kim" in text_of(app)

    drive(Bare(), play)


@pytest.mark.parametrize("size", [(30, 8), (80, 24), (160, 50)])
def test_a_hostile_pod(size: tuple[int, int]) -> None:
    watch = FakeWatch.hostile(HOSTILE)

    async def play(app: Bare, pilot: Pilot[None]) -> None:
        for pod in watch.pods.rows()[:4]:
            app.push_screen(PodScreen(watch, pod))
            await pilot.pause(0.2)
            for key in "dlpe":
                await pilot.press(key)
                await pilot.pause()
                lines = text_of(app).split("\n")
                assert {cell_len(line) for line in lines} == {size[0]}
                assert all(line.isprintable() for line in lines)
            await pilot.press("escape")

    drive(Bare(), play, size)
