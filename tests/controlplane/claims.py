"""What a control plane takes from the machine for its lifetime, and gives back however it ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import IO

_PREFIX = "wizard-controlplane-"
_BLOCKS = 16


def data_directory() -> tuple[Path, IO[str]]:
    """A new directory, in memory where possible, and the lock that says that it is in use."""
    memory = Path("/dev/shm")
    root = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for old in root.glob(f"{_PREFIX}*"):
        _remove_if_abandoned(old)
    data = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    lock = (data / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return data, lock


def _remove_if_abandoned(directory: Path) -> None:
    """A process that was killed leaves its data behind, in memory; its lock went with it."""
    try:
        if time.time() - directory.stat().st_mtime < 10:
            return  # perhaps just made, and not locked yet
        with (directory / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        return


def pod_cidr() -> tuple[str, socket.socket]:
    """16,382 addresses for the pods of one control plane, and the socket that reserves them.

    Two planes in one network namespace must not have pods with the same address. The name of an abstract
    socket is taken per network namespace, and is free again as soon as its holder has ended, however that
    was.
    """
    for block in range(_BLOCKS):
        cidr = f"10.{244 + block // 4}.{block % 4 * 64}.0/18"
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0{_PREFIX}{cidr}")
        except OSError:
            holder.close()
            continue
        return cidr, holder
    raise OSError(f"{_BLOCKS} control planes run in this network namespace already")
