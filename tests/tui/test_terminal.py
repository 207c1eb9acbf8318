"""The app in a real terminal (tmux) on the sandbox: deployed, resized, stopped, hung up on, without colours, dumb."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import LONG, Terminal, environment
from wizard.adapters import journal
from wizard.domain import events as ev
from wizard.domain.finding import ExitCode

needs_helm = pytest.mark.skipif(
    not (os.environ.get("WIZARD_HELM") or shutil.which("helm")), reason="helm is missing: set WIZARD_HELM"
)
needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is missing: apt-get install tmux")
DEMO = ("--profile", "demo", "--set", "target.sandbox.speed=100")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def make(*args: str, **more: str) -> Terminal:
        made.append(Terminal(tmp_path, *args, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def events(home: Path) -> list[ev.Event]:
    newest = journal.newest(home / "state" / "wizard" / "runs" / "demo")
    return [event for _, event in journal.events(newest)] if newest else []


def whole(term: Terminal, width: int, height: int) -> bool:
    """Whether the screen is drawn for this size: a bar on top, keys at the bottom, each step once."""
    lines = term.text().split("\n")
    return (
        len(lines) <= height
        and all(len(line) <= width for line in lines)
        and lines[0].rstrip().endswith("SIMULATED")
        and len(lines[0].rstrip()) >= width - 2
        and "Quit" in lines[-1]
        and sum("open-webui is ready" in line or "Open WebUI is ready" in line for line in lines) <= 1
    )


@needs_tmux
@needs_helm
def test_deployed_while_the_window_changes_its_size_and_done(terminal: Callable[..., Terminal]) -> None:
    term = terminal(*DEMO)
    term.sees("Press d to deploy", "SIMULATED")
    term.keys("d")
    term.sees("Deploying", "steps")
    for width, height in ((200, 50), (80, 24), (100, 30), (80, 24)):
        term.resize(width, height)
        term.until(lambda w=width, h=height: whole(term, w, h), f"a whole screen of {width} x {height}")  # type: ignore[misc]
    term.sees("Deployed and ready in ")
    term.keys("Enter")
    term.sees("demo is deployed and ready.", "https://chat.demo.localhost")
    assert "Log in as" not in term.text()
    term.keys("p")
    term.sees("Log in as admin@demo.localhost")
    term.keys("q")
    assert term.ended() == 0
    said = term.text(back=50)  # on the terminal itself, after the app has gone
    assert "demo is deployed and ready (SIMULATED)." in said and "Log in as" not in said
    assert events(term.home)[-1] == ev.RunFinished(events(term.home)[-1].run, 0)  # type: ignore[union-attr]
    assert term.left_behind() == []


@needs_tmux
@needs_helm
def test_ctrl_c_once_lets_what_runs_end_and_twice_cuts_it_off(terminal: Callable[..., Terminal]) -> None:
    term = terminal(*DEMO)
    term.sees("Press d to deploy")
    term.keys("d")
    term.sees("▸ ")
    term.keys("C-c")
    term.sees("Stopped after ", "r Retry")
    first = events(term.home)
    assert ev.Draining("Ctrl-C") in first and isinstance(first[-1], ev.RunFinished)
    assert not any(isinstance(event, ev.StepFailed) for event in first)
    term.keys("r")
    term.until(lambda: "Deploying" in term.text() and "▸ " in term.text(), "the second run")
    term.keys("C-c", "C-c")
    term.sees("Stopped after ")
    second = events(term.home)
    assert isinstance(second[-1], ev.RunFinished) and second[-1].exit_code == ExitCode.ABORTED
    term.keys("C-q")
    assert term.ended() == ExitCode.ABORTED
    assert term.left_behind() == []


@needs_tmux
@needs_helm
def test_a_terminal_that_is_closed_in_the_middle_brings_the_run_to_a_safe_point(
    terminal: Callable[..., Terminal],
) -> None:
    term = terminal(*DEMO)
    term.sees("Press d to deploy")
    term.keys("d")
    term.until(lambda: any(isinstance(event, ev.StepStarted) for event in events(term.home)), "the first step")
    term.hang_up()
    term.until_gone()
    said = events(term.home)
    (draining,) = [event for event in said if isinstance(event, ev.Draining)]
    assert "SIGHUP" in draining.reason and "terminal was closed" in draining.reason
    assert said[-1] == ev.RunFinished(getattr(said[-1], "run", ""), ExitCode.ABORTED)
    begun = {event.step for event in said if isinstance(event, ev.StepStarted)}
    ended = {event.step for event in said if isinstance(event, ev.StepSucceeded | ev.StepFailed)}
    assert begun <= ended, "a step was cut off"
    assert term.left_behind() == []


@needs_tmux
def test_no_color_is_grey_all_over(terminal: Callable[..., Terminal]) -> None:
    term = terminal(NO_COLOR="1")
    term.sees("New profile", "Quit")
    drawn = term.text(colours=True)
    indexes = {int(number) for number in re.findall(r"[34]8;5;(\d+)", drawn)}
    greys = {0, 7, 8, 15, 16, 59, 102, 145, 188, 231, *range(232, 256)}
    assert indexes <= greys, indexes - greys
    for red, green, blue in re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", drawn):
        assert red == green == blue
    term.keys("q")
    assert term.ended() == 0


@pytest.mark.parametrize(("term", "profile"), [("dumb", ()), ("", ()), ("dumb", DEMO)], ids=["dumb", "none", "asks"])
def test_a_dumb_terminal_is_spoken_to_plainly(tmp_path: Path, term: str, profile: tuple[str, ...]) -> None:
    """No escape sequence at all; without a profile it says what is missing, with one it asks."""
    if profile and not (os.environ.get("WIZARD_HELM") or shutil.which("helm")):
        pytest.skip("helm is missing: set WIZARD_HELM")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "wizard", *profile],
        env=environment(tmp_path, TERM=term), cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said, answered, deadline = b"", False, time.monotonic() + LONG
    try:
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    said += os.read(ours, 65536)
                except OSError:  # the other end is closed: it has ended
                    break
            if b"[y/N]" in said and not answered:
                answered = True
                os.write(ours, b"n\n")
        code = process.wait(30)
    finally:
        process.kill()
        os.close(ours)
    assert b"\x1b" not in said, said
    if profile:
        assert answered and code == ExitCode.ABORTED, (code, said.decode())
    else:
        assert code == ExitCode.USAGE and b"--profile" in said
