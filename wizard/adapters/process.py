"""Names this process so that another wizard on the same machine can prove it dead."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

from wizard.domain.holder import Holder

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def _start_time(pid: int) -> str | None:
    """Clock ticks after boot at which a process started; empty for one that has ended, None where nothing
    can be read.

    /proc/PID/stat, field 22 (proc(5)); the command name in field 2 may hold spaces and brackets."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _place() -> str:
    """Boot and PID namespace: process numbers mean the same thing only within both."""
    try:
        return f"{_BOOT.read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def holder(run: str) -> Holder:
    process = f"{_place()}/{os.getpid()}/{_start_time(os.getpid()) or ''}"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid())
    return Holder(user, socket.gethostname(), process, run)


def _exists(pid: int) -> bool:
    """Asked of the kernel itself: under a /proc mounted with hidepid, the processes of others cannot be seen."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def proved_dead(process: str) -> bool:
    """Whether a Holder.process ran here and is gone. False wherever that cannot be known."""
    place, _, rest = process.rpartition("/pid:")
    if not place:
        return False
    namespace, _, numbers = rest.partition("/")
    pid, _, started = numbers.partition("/")
    here = _place()
    if not here or f"{place}/pid:{namespace}" != here or not pid.isdecimal():
        return False
    now = _start_time(int(pid))
    return not _exists(int(pid)) if now is None else now != started
