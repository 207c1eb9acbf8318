"""The log view: follow and pause, the account of lines, search, wrap, copy; hostile lines; a flood."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.pilot import Pilot

from tests.tui.host import Bare, drive
from tests.tui.test_table import HOSTILE
from wizard.domain.live import LogLine, LogSeverity
from wizard.ui.tui.widgets.logbuffer import LogBuffer
from wizard.ui.tui.widgets.logview import LogView


class Host(Bare):
    def __init__(self) -> None:
        super().__init__()
        self.view = LogView(capacity=1000)

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()


def line(words: str, pod: str = "web-0", severity: LogSeverity = LogSeverity.INFO) -> LogLine:
    return LogLine(1_700_000_000.0, "chat", pod, "main", words, severity)


def lines(start: int, count: int) -> list[LogLine]:
    return [line(f"line {n}") for n in range(start, start + count)]


def screen(app: Host) -> list[str]:
    return [app.view.render_line(y).text for y in range(app.view.size.height)]


def test_it_follows_and_scrolling_up_pauses() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        view = app.view
        view.feed(lines(0, 100))
        await pilot.pause()
        assert "line 99" in screen(app)[-1]
        await pilot.press("up")
        assert not view.following
        before = screen(app)
        view.feed(lines(100, 50))
        await pilot.pause()
        assert screen(app) == before and view.buffer.held == 50
        await pilot.press("end")
        assert "line 149" in screen(app)[-1]
        await pilot.press("f", "home")
        assert "line 0" in screen(app)[0]
        await pilot.press("space")
        assert "line 149" in screen(app)[-1]

    drive(Host(), play)


def test_the_account_of_lines_is_exact() -> None:
    buffer = LogBuffer(capacity=1000)
    sent = 0
    for batch in range(50):
        if batch % 10 == 3:
            buffer.paused = True
        if batch % 10 == 8:
            buffer.resume()
        buffer.feed(lines(sent, 317))
        sent += 317
        assert buffer.received == sent
        assert sent == len(buffer) + buffer.held + buffer.scrolled_off + buffer.lost
        assert len(buffer) <= 1000 and buffer.held <= 1000
    assert buffer.lost == 5 * (5 * 317 - 1000)
    buffer.resume()
    assert [one.text for one in buffer][-1] == f"line {sent - 1}"


def test_a_pause_keeps_the_newest_of_what_waits_and_counts_the_rest() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.view.follow(False)
        app.view.feed(lines(0, 5000))
        assert app.view.dropped == 4000
        app.view.follow(True)
        await pilot.pause()
        assert "line 4999" in screen(app)[-1]
        assert app.view.buffer.line(app.view.buffer.first).text == "line 4000"  # type: ignore[union-attr]

    drive(Host(), play)


def test_search_marks_and_goes_to_the_next_and_the_one_before() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        view = app.view
        view.feed([line("needle here" if n % 100 == 7 else f"straw {n}") for n in range(500)])
        await pilot.press("slash", *"NeedL", "enter")
        await pilot.pause()
        assert not view.following
        assert "5 of 5 lines" in screen(app)[0]
        await pilot.press("N", "N", "n")
        await pilot.pause()
        assert "4 of 5 lines" in screen(app)[0]
        assert any(row.startswith("▌") and "needle" in row for row in screen(app))
        await pilot.press("escape")
        await pilot.pause()
        assert not any("/" in row for row in screen(app))

    drive(Host(), play)


def test_wrapping_shows_every_line_and_the_last_one_at_the_bottom() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        view = app.view
        view.feed([line(f"<{n}> " + "long " * 60 + f"end{n}") for n in range(100)])
        assert not any("end99" in row for row in screen(app))
        await pilot.press("w")
        await pilot.pause()
        assert any("end99" in row for row in screen(app))
        seen = set()
        await pilot.press("home")
        for _ in range(100):
            seen |= {n for n in range(100) for row in screen(app) if f"<{n}>" in row}
            view.action_by(1)
        assert seen == set(range(100))
        await pilot.press("w", "home", *["right"] * 14)
        await pilot.pause()
        assert "end0" in screen(app)[0]

    drive(Host(), play)


def test_time_stamps_and_pod_names_come_and_go() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.view.feed([line("a")])
        await pilot.pause()
        assert ":" in screen(app)[0] and "web-0" not in screen(app)[0]
        app.view.feed([line("b", pod="web-1")])
        await pilot.press("t")
        await pilot.pause()
        assert ":" not in screen(app)[0] and "web-0" in screen(app)[0] and "web-1" in screen(app)[1]

    drive(Host(), play)


def test_copy_takes_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        app.view.feed([line("x" * 500), line("\x1b[31mred")])
        await pilot.press("y")
        assert "x" * 500 in copied[0] and "\\x1b[31mred" in copied[0] and "\x1b" not in copied[0]
        assert app.view.text().count("\n") == 2

    drive(Host(), play)


@pytest.mark.parametrize("size", [(12, 5), (80, 24), (160, 50)])
def test_hostile_lines_are_shown_in_their_cells(size: tuple[int, int]) -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.view.feed([line(words, pod=words[:500]) for words in HOSTILE * 5])
        for _ in range(2):
            for y in range(app.view.size.height):
                row = app.view.render_line(y).text
                assert cell_len(row) == app.view.scrollable_content_region.width
                assert row.isprintable()
            await pilot.press("home", "w")
            await pilot.pause()

    drive(Host(), play, size)


def test_the_end_of_a_log_in_colours_by_severity() -> None:
    async def play(app: Host, pilot: Pilot[None]) -> None:
        app.view.feed([line("bad", severity=LogSeverity.ERROR), line("good")])
        await pilot.pause()
        styles = [
            {segment.text: segment.style for segment in app.view.render_line(y) if segment.text.strip()} for y in (0, 1)
        ]
        assert styles[0]["bad"] != styles[1]["good"]

    drive(Host(), play)
