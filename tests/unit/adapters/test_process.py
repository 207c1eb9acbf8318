"""Whether a lock's holder can be proved dead: never while there is doubt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wizard.adapters import process
from wizard.adapters.process import holder, proved_dead

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")


def named(pid: int) -> str:
    return f"{process._place()}/{pid}/{process._start_time(pid)}"


@pytest.fixture
def child() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def end(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()


def test_a_process_that_lived_and_was_reaped_is_dead(child: subprocess.Popen[bytes]) -> None:
    name = named(child.pid)
    assert not proved_dead(name)
    end(child)
    assert proved_dead(name)


def test_a_zombie_writes_nothing_any_more(child: subprocess.Popen[bytes]) -> None:
    """Killed, and not yet reaped by whoever started it: it is gone for our purpose."""
    name = named(child.pid)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert proved_dead(name)
    finally:
        end(child)


def test_this_process_is_alive_and_named_for_ever() -> None:
    me = holder("run-1")
    assert me.run == "run-1"
    assert me.process == named(os.getpid())
    assert me.process.endswith(f"/{os.getpid()}/{process._start_time(os.getpid())}")
    assert not proved_dead(me.process)


def test_the_same_number_with_another_start_is_another_process() -> None:
    assert proved_dead(f"{process._place()}/{os.getpid()}/1")


@pytest.mark.parametrize("start", ["1", ""])
def test_another_boot_or_place_cannot_be_known(child: subprocess.Popen[bytes], start: str) -> None:
    name = named(child.pid)
    end(child)
    boot, _, rest = name.partition("/pid:")
    assert not proved_dead(f"{boot[:-1]}{'0' if boot[-1] != '0' else '1'}/pid:{rest}")
    assert not proved_dead(f"{boot}/pid:[1]/{child.pid}/{start}")


PLACE = process._place()


@pytest.mark.parametrize(
    "text",
    ["", "/", "//", "x", "/pid:", "/pid:/", "/pid:/1/2", "a/pid:[1]/2/3", PLACE, f"{PLACE}/", f"{PLACE}/x/1",
     f"{PLACE}/-1/1", f"{PLACE}/²/1", f"{PLACE}//", f"{PLACE}/ 1/1", "\x00/pid:\x00/1/1"],
)  # fmt: skip
def test_garbage_proves_nothing(text: str) -> None:
    assert not proved_dead(text)


def test_where_the_place_is_not_known_nothing_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_place", lambda: "")
    assert not proved_dead("/pid:[1]/999999999/1")


def test_what_another_user_may_not_see_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc mounted with hidepid: the process is there, and its files are not to be seen."""
    name = named(os.getppid())
    real = Path.read_text

    def hidden(path: Path, *args: object) -> str:
        if path.name == "stat":
            raise FileNotFoundError(path)
        return real(path)

    monkeypatch.setattr(Path, "read_text", hidden)
    assert not proved_dead(name)


def test_a_command_name_with_brackets_and_spaces(tmp_path: Path) -> None:
    odd = tmp_path / "a) Z (b"
    odd.symlink_to("/bin/cat")
    with subprocess.Popen([odd], stdin=subprocess.PIPE) as running:
        name = Path(f"/proc/{running.pid}/comm")
        while name.read_text() != "a) Z (b\n":  # the kernel names it a moment after it has begun
            os.sched_yield()
        assert (process._start_time(running.pid) or "").isdigit()
        assert not proved_dead(named(running.pid))


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert holder("r").user == str(os.getuid())
