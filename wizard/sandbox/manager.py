"""Starting, finding and ending a sandbox, from the outside. Imports nothing heavy."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

_STATE = "sandbox.json"
_LOG = "sandbox.log"
_START_SECONDS = 30.0


class SandboxError(Exception):
    """It could not be started; the message says what it printed."""


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers."""

    kubeconfig: Path
    pid: int
    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What a sandbox is started with; see `python -m wizard.sandbox serve --help`."""

    speed: float = 1.0
    seed: int | None = None
    nodes: str = "k3s-4gb"
    port: int = 0
    controllers: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)


def up(state: Path, *, keep: bool = False, options: UpOptions | None = None) -> Running:
    """The sandbox of that directory, started if it is not running. One directory has one sandbox.

    Unless `keep`, it ends with this process. Raises SandboxError.
    """
    if found := status(state):
        return found
    options = options or UpOptions()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "wizard.sandbox", "serve", "--state", str(state)]
    command += ["--port", str(options.port), "--speed", str(options.speed), "--nodes", options.nodes]
    if options.seed is not None:
        command += ["--seed", str(options.seed)]
    for key, value in options.extra.items():
        command += ["--set", f"{key}={value}"]
    if not options.controllers:
        command.append("--no-controllers")
    if keep:
        command.append("--keep")
    with (state / _LOG).open("wb") as log:
        # A session of its own: Ctrl-C is for the wizard, which then ends the sandbox when it is done.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if (found := status(state)) and found.pid == child.pid:
            return found
        if child.poll() is not None:
            break
        time.sleep(0.01)
    else:
        child.kill()
    printed = (state / _LOG).read_text(errors="replace").strip()[-2000:]
    raise SandboxError(printed or f"it did not start within {_START_SECONDS:g} seconds")


def status(state: Path) -> Running | None:
    """The running sandbox of that directory, if there is one."""
    try:
        told = json.loads((state / _STATE).read_text())
        found = Running(Path(told["kubeconfig"]), int(told["pid"]), str(told["url"]), str(told["token"]))
    except (OSError, ValueError, KeyError):
        return None
    return found if _alive(found.pid) else None


def tell(running: Running, path: str) -> dict[str, Any]:
    """POSTs to one of the sandbox's own endpoints (`scenario/NAME`, `reset`); its answer.

    Raises SandboxError with the server's words where it refuses or does not answer.
    """
    config = yaml.safe_load(running.kubeconfig.read_text())
    authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    request = urllib.request.Request(
        f"{running.url}/sandbox/{quote(path)}", method="POST", headers={"Authorization": f"Bearer {running.token}"}
    )
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cadata=authority), timeout=10) as reply:
            answer: dict[str, Any] = json.loads(reply.read())
            return answer
    except urllib.error.HTTPError as refused:
        raise SandboxError(json.loads(refused.read()).get("message", str(refused))) from refused
    except OSError as problem:
        raise SandboxError(str(problem)) from problem


def down(state: Path, *, seconds: float = 10.0) -> bool:
    """Ends it and waits until it is gone; False if none was running."""
    found = status(state)
    if found is None:
        return False
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while _alive(found.pid):
        if time.monotonic() > deadline:
            os.kill(found.pid, signal.SIGKILL)
        _reap(found.pid)
        time.sleep(0.01)
    (state / _STATE).unlink(missing_ok=True)
    return True


def _reap(pid: int) -> None:
    """Our own child stays a zombie until it is waited for."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _alive(pid: int) -> bool:
    """Whether that process still runs, and still is a sandbox: pids are used again."""
    try:
        os.kill(pid, 0)
        return b"wizard.sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return sys.platform != "linux"
    except OSError:
        return False
