"""ports.Server: one server's shell, the kubeconfig that was fetched from it, and the way to its API."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from wizard.adapters import outside
from wizard.adapters.atomic import write_whole
from wizard.adapters.kubeconfig_merge import merge
from wizard.adapters.ssh import SshShell
from wizard.domain.finding import LockedError, PreflightError, error
from wizard.domain.holder import Holder
from wizard.domain.profile import K3sTarget

KUBECONFIG = "/etc/rancher/k3s/k3s.yaml"
_KNOCK = 3.0
"""Seconds that a direct connection to the API may take to be made; then it goes through SSH."""


class ServerLink:
    """`folder`: what this machine keeps of the server. `path`: the kubeconfig of this process; there after `connect`.

    Each process has a file of its own: the port of a forward differs from one to the next.
    """

    def __init__(self, target: K3sTarget, name: str, folder: Path, shell: SshShell) -> None:
        self._target, self._name, self._folder, self._shell = target, name, folder, shell
        self._kept = folder / "kubeconfig"
        self.path = folder / f"process-{os.getpid()}-{secrets.token_hex(3)}.kubeconfig"

    @property
    def shell(self) -> SshShell:
        return self._shell

    async def addresses(self, name: str) -> tuple[str, ...]:
        if outside.is_address(name):
            return (name,)
        try:
            return tuple(await outside.addresses(name))
        except (OSError, UnicodeError):
            return ()

    # --- the cluster

    async def connect(self, kubeconfig: bytes | None = None) -> None:
        config: dict[str, Any] | None = None
        if kubeconfig is None and self._kept.is_file():
            config = _parsed(self._kept.read_bytes())
            if config is not None and await self._direct():
                self._write(config)
                return
        if kubeconfig is not None or config is None:
            config = self._adopted(kubeconfig if kubeconfig is not None else await self._fetched())
            self._keep(config)
        if await self._direct():
            self._write(config)
            if self._target.merge_kubeconfig:
                merge(config)
            return
        port = await self._shell.forward(self._target.api_port)
        # k3s' certificate names 127.0.0.1 too: its own kubeconfig uses it.
        self._write(_with_server(config, f"https://127.0.0.1:{port}"))

    async def _fetched(self) -> bytes:
        ran = await self._shell.run(f"cat {KUBECONFIG}", root=True)
        if ran.code != 0:
            raise PreflightError(
                error(
                    "no-k3s",
                    f"there is no k3s on {self._target.host} yet",
                    detail=ran.stderr,
                    hint="deploy first: `wizard --profile ...`",
                )
            )
        return ran.stdout

    def _adopted(self, text: bytes) -> dict[str, Any]:
        config = _parsed(text)
        if config is None:
            raise PreflightError(
                error(
                    "k3s-kubeconfig",
                    f"{KUBECONFIG} of {self._target.host} is no kubeconfig",
                    hint="look at it on the server; `systemctl restart k3s` writes it anew",
                )
            )
        for kind in ("clusters", "users", "contexts"):
            config[kind][0]["name"] = self._name
        config["contexts"][0]["context"] = {"cluster": self._name, "user": self._name}
        config["current-context"] = self._name
        host = f"[{self._target.host}]" if ":" in self._target.host else self._target.host
        return _with_server(config, f"https://{host}:{self._target.api_port}")

    async def _direct(self) -> bool:
        """Whether the API is asked without SSH."""
        if self._target.api_access != "auto":
            return self._target.api_access == "direct"
        try:
            async with asyncio.timeout(_KNOCK):
                _, writer = await asyncio.open_connection(self._target.host, self._target.api_port)
        except (OSError, UnicodeError):
            return False
        writer.close()
        return True

    def _keep(self, config: dict[str, Any]) -> None:
        self._store(self._kept, config)

    def _write(self, config: dict[str, Any]) -> None:
        self._store(self.path, config)

    def _store(self, path: Path, config: dict[str, Any]) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._forget_the_dead()
            write_whole(path, yaml.safe_dump(config, sort_keys=False).encode(), mode=0o600)
        except OSError as problem:
            raise PreflightError(
                error(
                    "kubeconfig-unwritable",
                    f"the server's kubeconfig cannot be kept in {path.parent}",
                    detail=str(problem),
                    hint="free space, or set XDG_STATE_HOME to another disk",
                )
            ) from problem

    def _forget_the_dead(self) -> None:
        """Files of processes that ended without `close`."""
        for left in self._folder.glob("process-*.kubeconfig"):
            pid = left.name.split("-")[1]
            if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
                left.unlink(missing_ok=True)

    async def close(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        await self._shell.close()

    def forget(self) -> None:
        """The cluster is gone: its kubeconfig leads nowhere."""
        with suppress(OSError):
            self._kept.unlink(missing_ok=True)

    # --- the lock

    def lock(self, holder: Holder) -> AbstractContextManager[None]:
        return _held(self._folder.parent / f"{self._target.host}_{self._target.port}.lock", self._target.host, holder)


@contextmanager
def _held(path: Path, host: str, holder: Holder) -> Iterator[None]:
    """By flock: let go when the process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise LockedError(_locked(path, host)) from problem
        file.truncate(0)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        file.write(json.dumps({"user": holder.user, "host": holder.host, "run": holder.run, "since": since}))
        file.flush()
        yield


def _locked(path: Path, host: str) -> Any:
    try:
        who = json.loads(path.read_text())
    except (OSError, ValueError):
        who = {}  # it is just being written
    return error(
        "locked",
        f"locked by {who.get('user', 'somebody')} since {who.get('since', 'a moment ago')} on this machine",
        detail=f"Run {who.get('run', '?')} works on the server {host}.",
        hint="wait for that run to end; the lock ends with its process",
    )


def _parsed(text: bytes) -> dict[str, Any] | None:
    """A kubeconfig with one cluster, as k3s writes it; None for anything else."""
    try:
        config = yaml.safe_load(text)
        single = all(len(config[kind]) == 1 for kind in ("clusters", "users", "contexts"))
        usable = single and str(config["clusters"][0]["cluster"]["server"]).startswith("https://")
    except (yaml.YAMLError, KeyError, TypeError, IndexError, ValueError):
        return None
    made: dict[str, Any] = config
    return made if usable else None


def _with_server(config: dict[str, Any], server: str) -> dict[str, Any]:
    cluster = config["clusters"][0]
    changed = {**cluster, "cluster": {**cluster["cluster"], "server": server}}
    return {**config, "clusters": [changed]}
