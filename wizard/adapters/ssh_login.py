"""One SSH login: the operator's configuration, the jump hosts before it, the host key, keys and passwords.

Nothing in here asks anybody: what is missing is raised (`NeedsTrust`, `NeedsPassword`, `NeedsPassphrase`), asked for
by the caller, and the login begins again. A prompt inside the handshake would race with the server's own deadline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from wizard.adapters import ssh_hosts
from wizard.adapters.ssh_errors import EXPECTED, login_refused, translated
from wizard.adapters.ssh_hosts import Hosts, Shown
from wizard.domain.finding import UsageError, Where, error
from wizard.domain.profile import K3sTarget
from wizard.domain.secret import Secret
from wizard.domain.text import plain

CONNECT, LOGIN = 15.0, 30.0
"""Seconds for TCP and for the handshake with authentication."""
KEEPALIVE, MISSED = 15.0, 3
"""A connection counts as lost after that many unanswered keepalives, this many seconds apart."""


class Question(Exception):
    """What the operator has to say first: no failure, it is answered and the login begins again."""


class NeedsTrust(Question):
    """Nobody has seen this key yet."""

    def __init__(self, shown: Shown) -> None:
        super().__init__(shown.host)
        self.shown = shown


class NeedsPassword(Question):
    """The keys were not taken, and the server would take a password."""

    def __init__(self, who: str) -> None:
        super().__init__(who)
        self.who = who


class NeedsPassphrase(Question):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(slots=True)
class Known:
    """What was given or asked for so far. In memory only."""

    passwords: dict[str, Secret] = field(default_factory=dict)
    """`user@host` -> its password."""
    passphrase: Secret | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str
    port: int | None = None
    """None: what ~/.ssh/config says, else 22."""
    user: str | None = None
    default_user: str | None = None
    """Where neither the profile nor ~/.ssh/config names one."""


class _Client(asyncssh.SSHClient):  # type: ignore[misc]  # asyncssh is not typed for mypy here
    """Judges the host key and offers the password, once."""

    def __init__(self, hosts: Hosts, known: Any, password: Secret | None) -> None:
        self._hosts, self._known, self._password = hosts, known, password
        self.refused: Shown | None = None
        self.wanted_password = False

    def validate_host_public_key(self, host: str, addr: str, port: int, key: Any) -> bool:
        if self._hosts.is_expected(key):
            return True
        self.refused = ssh_hosts.shown(key, self._known, host, addr, port)
        return False

    def password_auth_requested(self) -> str | None:
        return self._once()

    def kbdint_auth_requested(self) -> str | None:
        return "" if self._password is not None or not self.wanted_password else None

    def kbdint_challenge_received(self, name: str, instructions: str, lang: str, prompts: Any) -> list[str] | None:
        if not prompts:
            return []
        answer = self._once() if len(prompts) == 1 else None  # a second factor is nothing that can be answered here
        return None if answer is None else [answer]

    def _once(self) -> str | None:
        self.wanted_password = True
        password, self._password = self._password, None
        return None if password is None else password.reveal()


async def log_in(target: K3sTarget, own_hosts: Path, known: Known) -> tuple[Any, ...]:
    """The connections, the server's own last: those before it are jump hosts, to be closed after it. Raises ShellError,
    UsageError, and the Needs... of this module."""
    given = target.model_fields_set
    end = Endpoint(
        target.host,
        target.port if "port" in given or not target.ssh_config else None,
        target.user if "user" in given or not target.ssh_config else None,
        target.user,
    )
    config = await _configured(target, end)
    via = target.jump or (str(config.tunnel) if isinstance(config.tunnel, str) and config.tunnel else "")
    opened: list[Any] = []
    try:
        for part in via.split(",") if via else ():
            opened.append(await _open(_endpoint(part), target, Hosts(own_hosts, None), known, opened[-1:], key=False))
        opened.append(await _open(end, target, Hosts(own_hosts, target.host_key), known, opened[-1:], key=True))
    except BaseException:
        for connection in reversed(opened):
            connection.abort()
        raise
    return tuple(opened)


def _endpoint(text: str) -> Endpoint:
    """Of `[user@]host[:port]`."""
    user, _, rest = text.rpartition("@")
    host, _, port = rest.partition(":")
    return Endpoint(host, int(port) if port else None, user or None)


def _config_files(target: K3sTarget) -> list[str] | None:
    path = Path("~/.ssh/config").expanduser()
    return [str(path)] if target.ssh_config and path.is_file() else None


async def _configured(target: K3sTarget, end: Endpoint) -> Any:
    """What ~/.ssh/config says of a host, as asyncssh's options."""
    asked: dict[str, Any] = {} if end.user is None else {"username": end.user}
    try:
        return await asyncssh.SSHClientConnectionOptions.construct(
            host=end.host, config=_config_files(target), client_keys=None, agent_path=None, **asked
        )
    except (asyncssh.ConfigParseError, ValueError, OSError) as problem:
        hint = "correct it, or set `sshConfig: false`"
        summary = "~/.ssh/config cannot be used"
        raise UsageError(
            error("ssh-config", summary, detail=str(problem), hint=hint, where=Where(path="target.k3s.sshConfig"))
        ) from problem


async def _open(
    end: Endpoint, target: K3sTarget, hosts: Hosts, known: Known, via: list[Any], *, key: bool
) -> asyncssh.SSHClientConnection:
    config = await _configured(target, end)
    user = end.user or config.config.get("User") or end.default_user or config.username
    port = end.port or config.config.get("Port") or 22
    who, address = f"{user}@{end.host}", f"{user}@{end.host}:{port}"
    files = [*config.config.get("UserKnownHostsFile", ()), *config.config.get("GlobalKnownHostsFile", ())]
    trusted = hosts.known(files or ["~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"])
    asked: dict[str, Any] = {
        "host": end.host,
        "port": port,
        "username": user,
        "config": _config_files(target),
        "known_hosts": trusted,
        "tunnel": via[0] if via else None,
        "connect_timeout": CONNECT + LOGIN,
        "login_timeout": LOGIN,
        "keepalive_interval": KEEPALIVE,
        "keepalive_count_max": MISSED,
        "preferred_auth": "publickey,keyboard-interactive,password",
        **(_key(target, known) if key else {}),
    }
    offers = hosts.offers(trusted, config.host, port)
    refused: Shown | None = None
    for algorithms in offers:
        client = _Client(hosts, trusted, known.passwords.get(who))
        try:
            return await asyncssh.connect(
                client_factory=lambda made=client: made,
                **asked,
                **({"server_host_key_algs": list(algorithms)} if algorithms else {}),
            )
        except EXPECTED as problem:
            last = algorithms == offers[-1]
            refused = client.refused or refused
            if hosts.by_fingerprint and not last and (client.refused or isinstance(problem, _NO_SUCH_KEY)):
                continue  # the fingerprint given may be that of another of its keys
            raise _judged(problem, refused, client, hosts, known, who, address) from problem
    raise AssertionError("the last attempt returns or raises")


_NO_SUCH_KEY = (asyncssh.DisconnectError, ConnectionResetError)
"""What a server without a host key of the kind asked for ends the connection with."""


def _judged(
    problem: BaseException, refused: Shown | None, client: _Client, hosts: Hosts, known: Known, who: str, address: str
) -> Exception:
    """What a failed attempt means."""
    if refused is not None:
        first_use = hosts.expected is None and not refused.before and not refused.revoked
        return NeedsTrust(refused) if first_use else hosts.refusal(refused)
    if isinstance(problem, asyncssh.PermissionDenied):
        if client.wanted_password and who not in known.passwords:
            return NeedsPassword(who)
        return login_refused(address, plain(problem.reason), asked=client.wanted_password)
    return translated(problem, address)


def _key(target: K3sTarget, known: Known) -> Mapping[str, Any]:
    """The key file of the profile, read here so that what is wrong with it is said of it. Raises UsageError."""
    if target.key is None:
        return {}
    path = Path(target.key).expanduser()
    where = Where(path="target.k3s.key")
    try:
        phrase = known.passphrase.reveal() if known.passphrase else None
        return {"client_keys": [asyncssh.read_private_key(path, phrase)]}
    except OSError as problem:
        summary = f"the private key {path} cannot be read: {problem.strerror}"
        raise UsageError(error("ssh-key", summary, hint="correct `target.k3s.key`", where=where)) from problem
    except asyncssh.KeyEncryptionError as problem:
        if known.passphrase is None:
            raise NeedsPassphrase(str(path)) from problem
        raise _bad_key(path, "the passphrase does not open it", where) from problem
    except asyncssh.KeyImportError as problem:
        if known.passphrase is None and "assphrase" in str(problem):
            raise NeedsPassphrase(str(path)) from problem
        raise _bad_key(path, plain(str(problem)), where) from problem


def _bad_key(path: Path, why: str, where: Where) -> UsageError:
    hint = "`ssh-add` it to the agent, or give another key"
    return UsageError(error("ssh-key", f"{path} is no usable private key", detail=why, hint=hint, where=where))
