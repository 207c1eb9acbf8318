"""Whether a server is who it says it is: known_hosts files, a key or fingerprint of the profile, first use."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from wizard.adapters.atomic import write_whole
from wizard.domain.finding import Finding, Where, error
from wizard.ports import HostKeyRefused

_ED25519 = ("ssh-ed25519",)
_ECDSA = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
KINDS = (_ED25519, _ECDSA, _RSA)
"""What host keys are verified with, the best first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A host key that was not trusted."""

    host: str
    """As known_hosts names it: with a port other than 22, `[host]:port`."""
    kind: str
    fingerprint: str
    line: str
    """`ssh-ed25519 AAAA...`"""
    before: tuple[str, ...]
    """Fingerprints that were known for this host; empty where it is seen for the first time."""
    revoked: bool = False


class Hosts:
    """What is known of host keys. `own`: the wizard's own file, which it alone writes."""

    def __init__(self, own: Path, expected: str | None) -> None:
        self._own, self._expected = own, expected

    @property
    def by_fingerprint(self) -> bool:
        return self._expected is not None and self._expected.startswith("SHA256:")

    @property
    def expected(self) -> str | None:
        return self._expected

    def known(self, files: Sequence[str]) -> Any:
        """For asyncssh's `known_hosts`. With a key or fingerprint of the profile nothing else counts."""
        if self._expected is not None:
            return asyncssh.import_known_hosts("")
        return asyncssh.import_known_hosts("\n".join(_lines([*map(Path, files), self._own])))

    def offers(self, known: Any, host: str, port: int) -> list[tuple[str, ...]]:
        """What to ask a server for, one attempt after the other. Empty: what asyncssh would.

        A server shows one of its keys only: that which is known must come first, and the others must be in the list
        all the same, or a server whose key has changed would fail without showing the new one. With a fingerprint
        nothing tells which kind of key it is of.
        """
        if self.by_fingerprint:
            return list(KINDS)
        if self._expected is not None:
            kind = self._expected.split()[0]
            mine = [_RSA] if kind == "ssh-rsa" else [each for each in KINDS if kind in each]
        else:
            trusted, authorities, *_ = known.match(host, "", None if port == 22 else port)
            if authorities:
                return [()]
            signs = {name.decode() for key in trusted for name in key.sig_algorithms}
            mine = [kind for kind in KINDS if signs & set(kind)]
        ordered = [*mine, *(kind for kind in KINDS if kind not in mine)]
        return [tuple(name for kind in ordered for name in kind)]

    def is_expected(self, key: Any) -> bool:
        if self._expected is None:
            return False
        if self.by_fingerprint:
            return bool(key.get_fingerprint("sha256").rstrip("=") == self._expected.rstrip("="))
        return bool(_line(key).split()[:2] == self._expected.split()[:2])

    def keep(self, shown: Shown) -> None:
        """Remembers a key that the operator has agreed to. Raises OSError."""
        self._own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = self._own.read_text() if self._own.exists() else ""
        write_whole(self._own, f"{before}{shown.host} {shown.line}\n".encode(), mode=0o600)

    def refusal(self, shown: Shown) -> HostKeyRefused:
        return HostKeyRefused(self._finding(shown))

    def _finding(self, shown: Shown) -> Finding:
        seen = f"{shown.host} shows {shown.kind} {shown.fingerprint}."
        if shown.revoked:
            return error(
                "host-key-revoked",
                f"the host key of {shown.host} is marked as revoked in known_hosts",
                detail=seen,
                hint="find out why it was revoked; give the server a new host key",
            )
        if self._expected is not None:
            return error(
                "host-key-mismatch",
                f"{shown.host} is not the server that the profile names: its host key is another one",
                detail=f"{seen} The profile expects {self._expected[:60]}.",
                hint="if the server was installed anew, put its new fingerprint into `target.k3s.hostKey`; else "
                "somebody may be listening in: do not go on",
                where=Where(path="target.k3s.hostKey"),
            )
        if shown.before:
            return error(
                "host-key-changed",
                f"the host key of {shown.host} has changed",
                detail=f"{seen} Known was {', '.join(shown.before)}.",
                hint=f"if the server was installed anew: `ssh-keygen -R '{shown.host}'` and remove its line from "
                f"{self._own}; else somebody may be listening in: do not go on",
            )
        return error(
            "host-key-unknown",
            f"the host key of {shown.host} is not known yet",
            detail=f"{seen} Compare it on the server's own console: `ssh-keygen -lf` of /etc/ssh/ssh_host_*_key.pub.",
            hint=f'put it into the profile (`target.k3s.hostKey: "{shown.fingerprint}"`), or run `wizard doctor` with '
            "this profile at a terminal once, which asks and remembers it",
            where=Where(path="target.k3s.hostKey"),
        )


def shown(key: Any, known: Any, host: str, address: str, port: int) -> Shown:
    other = None if port == 22 else port
    trusted, _, revoked, *_ = known.match(host, address, other)
    before = tuple(sorted({each.get_fingerprint("sha256") for each in trusted}))
    name = host if other is None else f"[{host}]:{port}"
    return Shown(name, key.get_algorithm(), key.get_fingerprint("sha256"), _line(key), before, key in revoked)


def _line(key: Any) -> str:
    return " ".join(key.export_public_key("openssh").decode().split()[:2])


def _lines(files: Iterable[Path]) -> Iterable[str]:
    """Those that asyncssh understands: one that it does not must not hide the others."""
    for path in files:
        path = path.expanduser()
        with suppress(OSError, UnicodeDecodeError):
            if not os.access(path, os.R_OK):
                continue
            for line in path.read_text().splitlines():
                with suppress(ValueError):
                    asyncssh.import_known_hosts(line)
                    yield line
