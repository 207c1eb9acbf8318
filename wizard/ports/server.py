"""The server that k3s is installed on, as the engine sees it: a shell, addresses, the cluster once it is there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from wizard.domain.holder import Holder
from wizard.ports.shell import Shell


class Server(Protocol):
    @property
    def shell(self) -> Shell: ...

    async def addresses(self, name: str) -> tuple[str, ...]:
        """What a host name resolves to on this machine; empty where it does not."""
        ...

    async def connect(self, kubeconfig: bytes | None = None) -> None:
        """Makes the cluster's clients usable: by the kubeconfig just read from the server, else by the one that was
        kept, else by asking the server for it. Raises ShellError, PreflightError."""
        ...

    def lock(self, holder: Holder) -> AbstractContextManager[None]:
        """Held by one wizard of this machine at a time, also where there is no cluster yet. Raises LockedError."""
        ...
