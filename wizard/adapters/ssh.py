"""ports.Shell over SSH (asyncssh): logs in when it is first needed and again when the connection was lost."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import asyncssh

from wizard.adapters.loop_thread import LoopThread
from wizard.adapters.ssh_errors import EXPECTED, login_refused, lost, translated
from wizard.adapters.ssh_forward import Forward
from wizard.adapters.ssh_hosts import Hosts
from wizard.adapters.ssh_login import Known, NeedsPassphrase, NeedsPassword, NeedsTrust, log_in
from wizard.domain.finding import PreflightError, Where, error
from wizard.domain.profile import K3sTarget
from wizard.domain.secret import Secret
from wizard.domain.text import plain
from wizard.ports import Asker, Ran, ShellError, SudoRefused

STDOUT, STDERR = 4 * 2**20, 16 * 2**10
"""Bytes that are kept of what a command prints: the first ones of stdout, the last ones of stderr."""
_SUDO_CHECK = 30.0
PASSWORD, SUDO_PASSWORD, PASSPHRASE = "ssh-password", "sudo-password", "ssh-passphrase"
"""Names of secrets: WIZARD_SECRET_SSH_PASSWORD and so on."""


class SshShell:
    """Its connection and forwards live in a thread of their own; its methods may be awaited on any one loop."""

    def __init__(
        self, target: K3sTarget, *, own_hosts: Path, asker: Asker, given: Callable[[str], Secret | None]
    ) -> None:
        self._target, self._own_hosts, self._asker, self._given = target, own_hosts, asker, given
        self._thread = LoopThread("wizard-ssh")
        self._known = Known(passphrase=given(PASSPHRASE))
        self._connections: tuple[Any, ...] = ()
        self._forwards: dict[int, tuple[Forward, int]] = {}
        self._connecting: asyncio.Lock | None = None
        self._sudo: Secret | None = None
        self._sudo_words: tuple[str, ...] | None = None
        """What goes before a command that needs root; None until it was tried out."""

    @property
    def address(self) -> str:
        return f"{self._target.user}@{self._target.host}:{self._target.port}"

    # --- connecting: the questions are asked on the caller's side, everything else is in the thread

    async def _connect(self) -> None:
        """Raises ShellError, UsageError."""
        while True:
            try:
                await self._thread.run(self._connection())
                return
            except NeedsTrust as question:
                shown, hosts = question.shown, Hosts(self._own_hosts, None)
                if not await self._asker.trust(shown.host, shown.kind, shown.fingerprint):
                    raise hosts.refusal(shown) from None
                try:
                    hosts.keep(shown)
                except OSError as problem:
                    hint = "free space, or set XDG_STATE_HOME to another disk"
                    summary = f"the host key cannot be kept in {self._own_hosts}"
                    raise PreflightError(
                        error("known-hosts-unwritable", summary, detail=str(problem), hint=hint)
                    ) from problem
            except NeedsPassword as question:
                password = self._given(PASSWORD) or await self._asker.password(question.who)
                if password is None:
                    raise login_refused(self.address, "It takes none of the keys that there are.") from None
                self._known.passwords[question.who] = password
            except NeedsPassphrase as question:
                self._known.passphrase = await self._asker.password(f"the key {question.key}")
                if self._known.passphrase is None:
                    self._encrypted(question.key)

    def _encrypted(self, key: str) -> NoReturn:
        hint = "`ssh-add` it to the agent, or set WIZARD_SECRET_SSH_PASSPHRASE"
        summary = f"the private key {key} is encrypted, and nobody can be asked for its passphrase"
        raise PreflightError(
            error("ssh-key-encrypted", summary, hint=hint, where=Where(path="target.k3s.key"))
        ) from None

    async def _connection(self) -> Any:
        """In the thread: the live connection, made anew where there is none."""
        if self._connecting is None:
            self._connecting = asyncio.Lock()
        async with self._connecting:
            if not self._connections or self._connections[-1].is_closed():
                self._drop()
                self._connections = await log_in(self._target, self._own_hosts, self._known)
            return self._connections[-1]

    def _drop(self) -> None:
        for connection in reversed(self._connections):
            connection.abort()
        self._connections = ()

    # --- ports.Shell

    async def run(self, command: str, *, stdin: bytes = b"", root: bool = False, timeout: float = 60.0) -> Ran:
        await self._connect()
        if not root:
            return await self._run(("sh", "-c", command), stdin, timeout)
        words = self._sudo_words if self._sudo_words is not None else await self._find_root()
        if self._sudo is None:
            return await self._run((*words, "sh", "-c", command), stdin, timeout)
        # sudo reads the password only if it wants one; what it leaves must not reach the command.
        mark = secrets.token_hex(8)
        skip = f'while IFS= read -r line; do [ "$line" = {mark} ] && break; done; '
        stdin = self._sudo.reveal().encode() + f"\n{mark}\n".encode() + stdin
        return await self._run((*words, "sh", "-c", skip + command), stdin, timeout)

    async def _find_root(self) -> tuple[str, ...]:
        """How root is reached. Raises SudoRefused."""
        who = await self._run(("id", "-u"), b"", _SUDO_CHECK)
        if who.stdout.strip() == b"0":
            self._sudo_words = ()
            return ()
        ran = Ran(1, b"", "")
        if self._target.sudo != "password":
            # -k: what an earlier login has cached is no way in for a run that lasts an hour.
            ran = await self._run(("sudo", "-k", "-n", "true"), b"", _SUDO_CHECK)
            if ran.code == 0:
                self._sudo_words = ("sudo", "-n", "--")
                return self._sudo_words
        if self._target.sudo == "passwordless" or ran.code == 127:
            raise self._denied(ran.stderr)
        password = self._given(SUDO_PASSWORD) or await self._asker.password(f"sudo on {self.address}")
        if password is None:
            raise self._denied("It asks for a password, and there is none.")
        words = ("sudo", "-k", "-S", "-p", "", "--")
        ran = await self._run((*words, "true"), password.reveal().encode() + b"\n", _SUDO_CHECK)
        if ran.code != 0:
            raise self._denied(ran.stderr)
        self._sudo, self._sudo_words = password, words
        return words

    def _denied(self, why: str) -> SudoRefused:
        return SudoRefused(
            error(
                "sudo-denied",
                f"{self.address} does not let this login become root",
                detail=why or "sudo refused without a word.",
                hint="log in as root, allow this user in sudoers, or give the right password (asked for at a terminal, "
                "WIZARD_SECRET_SUDO_PASSWORD in pipelines)",
                where=Where(path="target.k3s.sudo"),
            )
        )

    async def _run(self, argv: Sequence[str], stdin: bytes, timeout: float) -> Ran:
        try:
            async with asyncio.timeout(timeout):
                return await self._thread.run(self._execute(shlex.join(argv), stdin))
        except TimeoutError as problem:
            raise ShellError(
                error(
                    "ssh-command-timeout",
                    f"{self.address}: a command took longer than {timeout:.0f} s",
                    hint="look at the server's load and disk; run again to go on",
                )
            ) from problem
        except EXPECTED as problem:
            raise translated(problem, self.address) from problem

    async def _execute(self, line: str, stdin: bytes) -> Ran:
        connection = await self._connection()
        try:
            opened = await connection.create_process(line, encoding=None)
        except asyncssh.ChannelOpenError as problem:
            if connection.is_closed():
                raise lost(self.address, plain(problem.reason)) from problem
            raise
        async with opened as process:
            with suppress(BrokenPipeError, ConnectionError):  # it ended without reading: its exit code says why
                process.stdin.write(stdin)
                process.stdin.write_eof()
            out, err = await asyncio.gather(_first(process.stdout, STDOUT), _last(process.stderr, STDERR))
            await process.wait_closed()
            ended, signal = process.exit_status, process.exit_signal
        if ended is None and signal is None:
            raise lost(self.address, "It ended while a command ran.")
        words = "\n".join(plain(part) for part in err.decode(errors="replace").splitlines()[-20:] if part.strip())
        return Ran(ended if ended is not None and ended >= 0 else 128, out, words)

    async def upload(self, path: str, data: bytes, *, mode: int) -> None:
        there = shlex.quote(path)
        # The size is checked, because a connection that ends half-way is an end of file to `cat`.
        ran = await self.run(
            f'set -eu; umask 077; d=$(dirname {there}); mkdir -p -m 755 "$d"; t=$(mktemp "$d/.wizard.XXXXXX")\n'
            "trap 'rm -f \"$t\"' EXIT\n"
            f'cat >"$t"; [ "$(wc -c <"$t")" -eq {len(data)} ]\n'
            f'chmod {mode:o} "$t"; sync "$t" 2>/dev/null || sync; mv -f "$t" {there}',
            stdin=data,
            root=True,
        )
        if ran.code != 0:
            raise ShellError(
                error(
                    "upload-failed",
                    f"{self.address}: {path} cannot be written",
                    detail=ran.stderr,
                    hint="look at the disk: `df -h`, `df -i`; then run again",
                )
            )

    async def forward(self, port: int) -> int:
        if port in self._forwards:
            return self._forwards[port][1]
        await self._connect()
        made = Forward(self._connection, port)
        try:
            here = await self._thread.run(made.start())
        except OSError as problem:
            raise translated(problem, self.address) from problem
        self._forwards[port] = (made, here)
        return here

    async def local_address(self) -> str:
        ran = await self.run('echo "${SSH_CONNECTION:-}"')
        words = ran.stdout.decode(errors="replace").split()
        return words[2] if len(words) == 4 else ""

    async def close(self) -> None:
        async def end() -> None:
            for made, _ in self._forwards.values():
                await made.close()
            for connection in reversed(self._connections):
                connection.close()
                with suppress(*EXPECTED):
                    async with asyncio.timeout(2):
                        await connection.wait_closed()
            self._drop()

        if self._connections or self._forwards:
            await self._thread.run(end())
        self._forwards.clear()
        self._thread.stop()


async def _first(stream: Any, limit: int) -> bytes:
    """The first bytes; the rest is read, so that the command can end, and dropped."""
    kept = bytearray()
    while data := await stream.read(65536):
        if len(kept) < limit:
            kept += data[: limit - len(kept)]
    return bytes(kept)


async def _last(stream: Any, limit: int) -> bytes:
    kept = bytearray()
    while data := await stream.read(65536):
        kept += data
        del kept[:-limit]
    return bytes(kept)
