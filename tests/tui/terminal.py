"""A real terminal for a test: tmux on a socket of its own, a home of its own, keys in, the screen's text out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONG = 90.0
"""Seconds that a deployment on the sandbox may take on a busy machine."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a process in a home of its own gets; no keyring, no kubeconfig, nothing of the machine's."""
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "WIZARD_HELM": os.environ.get("WIZARD_HELM") or shutil.which("helm") or "",
        **folders,
        **more,
    }


def _alive(pid: int) -> bool:
    """Whether it still runs; one that nobody has waited for yet has ended all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Terminal:
    """`wizard ARGS` in a window of 80 x 24 cells that stays when the program has ended."""

    def __init__(self, home: Path, *args: str, **more: str) -> None:
        self.home = home
        self._socket = f"wizard-test-{uuid.uuid4().hex[:8]}"
        env = [f"{key}={value}" for key, value in environment(home, **more).items()]
        command = shlex.join(["env", "-i", *env, sys.executable, "-m", "wizard", *args])
        # tmux 3.3 now and then never learns with which code a program has ended: a shell writes it down.
        self._code = home / f"code-{self._socket}"
        command += f"; echo $? > {shlex.quote(str(self._code))}"
        config = home / "tmux.conf"
        config.write_text("set -g remain-on-exit on\nset -g status off\nset -g default-terminal xterm-256color\n")
        self._tmux("-f", str(config), "new-session", "-d", "-x", "80", "-y", "24", "-c", str(home), command)
        shell = int(self._tmux("display-message", "-p", "#{pane_pid}"))
        children = Path(f"/proc/{shell}/task/{shell}/children")
        self.until(lambda: children.read_text().split(), "the program")
        self.pid = int(children.read_text().split()[0])

    def _tmux(self, *args: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *args], capture_output=True, text=True, timeout=20, check=False
        )
        assert not check or done.returncode == 0, (args, done.stderr)
        return done.stdout.removesuffix("\n")

    def text(self, *, colours: bool = False, back: int = 0) -> str:
        """What stands on the screen, line by line, and `back` lines that it has scrolled past."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []), *(["-S", f"-{back}"] if back else []))

    def keys(self, *names: str) -> None:
        """By tmux's names: `d`, `Enter`, `C-c`."""
        self._tmux("send-keys", *names)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def until(self, so: Callable[[], object], what: str, seconds: float = LONG) -> None:
        deadline = time.monotonic() + seconds
        while not so():
            assert time.monotonic() < deadline, f"{what} did not come; the screen shows\n{self._last()}"
            time.sleep(0.05)  # between looks; what is waited for is `so`

    def _last(self) -> str:
        return self._tmux("capture-pane", "-p", check=False)

    def sees(self, *words: str) -> None:
        for each in words:
            self.until(lambda each=each: each in self.text(), repr(each))  # type: ignore[misc]

    def ended(self) -> int:
        """The exit code, once the program has ended."""
        self.until(lambda: self._code.exists() and self._code.read_text().strip(), "the end")
        return int(self._code.read_text())

    def hang_up(self) -> None:
        """Closes the terminal under the program: the kernel sends it SIGHUP."""
        self._tmux("kill-server")

    def close(self) -> None:
        """Ends tmux and with it the program; this test started both."""
        self._tmux("kill-server", check=False)
        self.until_gone(LONG)

    def until_gone(self, seconds: float = LONG) -> None:
        deadline = time.monotonic() + seconds
        while _alive(self.pid):
            assert time.monotonic() < deadline, f"process {self.pid} is still there"
            time.sleep(0.05)

    def left_behind(self) -> list[str]:
        """Command lines of processes whose home is this test's: nothing may be left of a run."""
        mark = f"HOME={self.home}".encode()
        found = []
        for each in Path("/proc").iterdir():
            try:
                if each.name.isdigit() and mark in (each / "environ").read_bytes().split(b"\0"):
                    found.append((each / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # it has just ended, or is not ours to look at
                continue
        return [command for command in found if command]
