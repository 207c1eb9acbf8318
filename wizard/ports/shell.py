"""A server's shell, and who is asked when it wants a password or shows a key that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wizard.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Ran:
    """What a remote command ended with."""

    code: int
    """Exit code; 128 + the number of the signal that ended it."""
    stdout: bytes
    """At most some megabytes: what is more is cut off, and a strict parser then finds no end."""
    stderr: str
    """The last lines, made safe to show."""


class Shell(Protocol):
    """Commands on one server. Every method raises ShellError; where the connection was lost it is `temporary`,
    and the next call connects anew."""

    @property
    def address(self) -> str:
        """`user@host:port`, for findings."""
        ...

    async def run(self, command: str, *, stdin: bytes = b"", root: bool = False, timeout: float = 60.0) -> Ran:
        """Runs a POSIX shell script. No secret belongs into `command`: other users of the server see it.

        `root`: as root, by sudo where the login is another user's.
        """
        ...

    async def upload(self, path: str, data: bytes, *, mode: int) -> None:
        """Writes a small file as root: whole or not at all, also where the connection ends half-way."""
        ...

    async def forward(self, port: int) -> int:
        """A port on this machine's loopback that leads to that port of the server's own loopback, until `close`;
        it survives a lost connection."""
        ...

    async def local_address(self) -> str:
        """The address by which this connection reached the server, as the server sees it; empty if unknown."""
        ...

    async def close(self) -> None: ...


class Asker(Protocol):
    """Whoever sits in front of the wizard. All of it answers None or False where nobody can be asked."""

    async def password(self, words: str) -> Secret | None:
        """`words`: whose password, such as `root@server.example.com`."""
        ...

    async def trust(self, host: str, kind: str, fingerprint: str) -> bool:
        """Whether the key that `host` shows for the first time is its own."""
        ...


class Nobody:
    """The Asker of pipelines."""

    async def password(self, words: str) -> Secret | None:
        return None

    async def trust(self, host: str, kind: str, fingerprint: str) -> bool:
        return False
