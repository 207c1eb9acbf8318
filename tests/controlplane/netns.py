"""Runs a command in a network namespace of its own, where every pod's address is local.

``python -m tests.controlplane.netns -- pytest tests/e2e``

kwok's pods have addresses but no network. With 10.244.0.0/14 routed to the loopback device, a program on this
machine can listen on a pod's address, and the API server's service proxy reaches it. (127.0.0.0/8 would need
no route, but the API server refuses to proxy there.) Nothing outside is reachable from within.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

NETWORK = "10.244.0.0/14"
_INSIDE = "--inside"


def pod_network_is_local(address: str = "10.244.0.1") -> bool:
    """Whether a program here can listen on a pod's address."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def main(argv: list[str]) -> int:
    """Replaces this process by the command; returns only when it cannot."""
    if argv[:1] == [_INSIDE]:
        return _inside(argv[1:])
    command = argv[1:] if argv[:1] == ["--"] else argv
    if not command:
        print("usage: python -m tests.controlplane.netns -- COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    missing = [name for name in ("unshare", "ip") if shutil.which(name) is None]
    if missing:
        print(f"error: not installed: {', '.join(missing)} (Debian: util-linux, iproute2)", file=sys.stderr)
        return 1
    unshare = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        print(
            f"error: `{' '.join(unshare)}` is not permitted here: {tried.stderr.strip()}\n"
            "It needs root, or unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1;"
            " in a container: --cap-add SYS_ADMIN,NET_ADMIN).",
            file=sys.stderr,
        )
        return 1
    # By path, so that it works from any directory; the command keeps the caller's.
    _exec([*unshare, sys.executable, str(Path(__file__).resolve()), _INSIDE, *command])
    return 1


def _inside(command: list[str]) -> int:
    for step in (["ip", "link", "set", "lo", "up"], ["ip", "route", "add", "local", NETWORK, "dev", "lo"]):
        result = subprocess.run(step, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            print(f"error: `{' '.join(step)}` failed: {result.stderr.strip()}", file=sys.stderr)
            return 1
    _exec(command)
    return 1


def _exec(command: list[str]) -> None:
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"error: cannot run {command[0]}: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
