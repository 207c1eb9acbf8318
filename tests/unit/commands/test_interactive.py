"""`wizard --plain` from the command line: what it opens, when it refuses, how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from wizard.commands import interactive
from wizard.commands.base import Choices
from wizard.domain.finding import UsageError

ROOT = Path(__file__).resolve().parents[3]


def run(home: Path, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "wizard", *argv], env=clean | environment, cwd=home, check=False, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
    )  # fmt: skip


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "--plain")
    assert done.returncode == 2 and "there is no terminal to ask at" in done.stderr and not done.stdout


def test_with_a_plan_or_consent_it_is_the_command_of_always(tmp_path: Path) -> None:
    done = run(tmp_path, "--plain", "--plan", "--profile", "demo")
    assert done.returncode == 0 and "14 to create" in done.stdout


def test_a_profile_is_opened_valid_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text("name: x\ntarget: {kind: moon}\n")
    draft = interactive.opened(Choices(profile="x.yaml"))
    assert draft.origin == tmp_path / "x.yaml" and draft.findings() and not draft.changed
    with pytest.raises(UsageError):
        interactive.opened(Choices(profile="x.yaml", sets=("name=y",)))
    named = interactive.opened(Choices(profile="demo", sets=("target.sandbox.nodes=7",)))
    assert named.value("target.sandbox.nodes") == 7
    with pytest.raises(UsageError):
        interactive.opened(Choices(profile="nothing-of-that-name"))


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_at_a_real_terminal(tmp_path: Path, term: str) -> None:
    """80x24, LANG=C, NO_COLOR: the start menu is there, Ctrl-C ends with 6, and no colour was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    clean |= {"TERM": term, "LANG": "C", "NO_COLOR": "1"}
    child = subprocess.Popen(
        [sys.executable, "-m", "wizard", "--plain"],
        env=clean, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = _until(ours, b"Number" if term == "dumb" else b"Quit")
    for _ in range(20):  # a dumb terminal shows the question before keys are read one by one
        os.write(ours, b"\x03")
        said += _until(ours, b"", seconds=0.5)
        if child.poll() is not None:
            break
    assert child.wait(timeout=20) == 6
    os.close(ours)
    text = said.decode()
    assert "Open WebUI, Ollama and PostgreSQL" in text
    assert not [code for code in ("\x1b[3", "\x1b[0;3", "\x1b[9") if code in text.replace("\x1b[?", "")]
    assert ("1. New profile" in text) is (term == "dumb")
    if term == "dumb":
        assert "\x1b" not in text  # nothing that such a terminal would print as it is


def _until(terminal: int, wanted: bytes, seconds: float = 30) -> bytes:
    """What the terminal shows until then; with nothing wanted, until the other side ends."""
    read, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline and not (wanted and wanted in read):
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            read += part
            if b"\x1b[6n" in part:  # prompt_toolkit asks where the cursor is
                os.write(terminal, b"\x1b[1;1R")
    assert wanted in read, read
    return read
