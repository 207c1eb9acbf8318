"""Child processes that end with us, keep a log each, and can say why they ended."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PARENT_VARIABLE = "CONTROLPLANE_PARENT"
"""Names the process that a child must not outlive; main.go and podside.py watch it."""


@dataclass(slots=True)
class Process:
    """A running program of the control plane."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    def failure(self) -> str | None:
        """None while it runs, else what it ended with and the end of its log."""
        code = self.popen.poll()
        return None if code is None else f"{self.name} ended with {code}\n{self.tail()}"

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log, under a heading that names the file."""
        text = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"--- {self.log} (last {len(text)} lines)", *text])


def spawn(name: str, argv: Sequence[str], logs: Path, environment: dict[str, str] | None = None) -> Process:
    """Starts a program in a process group of its own: a Ctrl-C at the terminal is ours alone to handle."""
    log = logs / f"{name}.log"
    with log.open("ab") as handle:
        popen = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            process_group=0,
            env={**os.environ, PARENT_VARIABLE: str(os.getpid()), **(environment or {})},
        )
    return Process(name, log, popen)


def stop(processes: Sequence[Process], grace: float) -> None:
    """SIGTERM to all, SIGKILL to those left after `grace` seconds; returns when every one has ended."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + grace
    for process in processes:
        try:
            process.popen.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
    for process in processes:
        process.popen.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    if process.popen.poll() is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return


def free_ports(count: int) -> list[int]:
    """Ports below the range of outgoing connections, so that none of those takes one before we do."""
    ports: list[int] = []
    for port in random.sample(range(20000, 32000), 2000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise OSError(f"no {count} free ports between 20000 and 32000")
