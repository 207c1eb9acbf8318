"""asyncssh's and the network's errors in words, as ports.ShellError."""

from __future__ import annotations

import asyncio
import socket

import asyncssh

from wizard.domain.finding import error
from wizard.domain.text import plain
from wizard.ports import LoginRefused, ShellError, ShellLost

EXPECTED = (asyncssh.Error, asyncssh.ChannelListenError, OSError, TimeoutError, asyncio.IncompleteReadError)
"""What may come out of asyncssh for reasons that are not bugs."""


def translated(problem: BaseException, address: str) -> ShellError:
    """The most specific error of ours; callers chain the cause."""
    if isinstance(problem, ShellError):
        return problem
    if isinstance(problem, asyncssh.PermissionDenied):
        return login_refused(address, plain(problem.reason))
    if isinstance(problem, asyncssh.KeyExchangeFailed):
        return ShellError(
            error(
                "ssh-no-common-algorithm",
                f"{address} and this machine have no common SSH algorithm",
                detail=plain(problem.reason),
                hint="update OpenSSH on the server",
            )
        )
    if isinstance(problem, asyncssh.ChannelOpenError):
        return ShellError(
            error(
                "ssh-channel-refused",
                f"{address} refuses what was asked for over SSH",
                detail=plain(problem.reason),
                hint="see AllowTcpForwarding, PermitOpen and MaxSessions in the sshd_config of that server",
            )
        )
    if isinstance(problem, asyncssh.DisconnectError):
        return lost(address, plain(problem.reason))
    if isinstance(problem, asyncssh.Error):
        return ShellError(error("ssh-failed", f"SSH to {address} failed", detail=plain(str(problem))))
    return _network(problem, address)


def _network(problem: BaseException, address: str) -> ShellError:
    if isinstance(problem, socket.gaierror):
        return ShellLost(
            error(
                "ssh-unknown-host",
                f"{address}: the host name does not resolve",
                detail=problem.strerror or str(problem),
                hint="check `target.k3s.host`, and this machine's DNS",
            )
        )
    if isinstance(problem, ConnectionRefusedError):
        return ShellLost(
            error(
                "ssh-refused",
                f"{address} refuses connections: no SSH server listens there",
                hint="check `target.k3s.host` and `target.k3s.port`, and that sshd runs",
            )
        )
    if isinstance(problem, TimeoutError):
        return ShellLost(
            error(
                "ssh-timeout",
                f"{address} does not answer",
                hint="check that the server runs, and that no firewall on the way drops its SSH port",
            )
        )
    words = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return lost(address, plain(words))


def lost(address: str, why: str) -> ShellLost:
    return ShellLost(
        error(
            "ssh-lost",
            f"the SSH connection to {address} was lost",
            detail=why,
            hint="nothing is broken by that: run again, and it goes on where it was",
        )
    )


def login_refused(address: str, why: str, *, asked: bool = False) -> LoginRefused:
    hint = "give the right key (`target.k3s.key`, or `ssh-add` it to the agent), or its public half to the server"
    if not asked:
        hint += "; for a password, run at a terminal, or set WIZARD_SECRET_SSH_PASSWORD"
    return LoginRefused(error("ssh-login", f"{address} refuses this login", detail=why, hint=hint))
