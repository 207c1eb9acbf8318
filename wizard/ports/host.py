"""The operator's machine: where secrets are kept, the clock, the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from wizard.domain.secret import Secret


class SecretStore(Protocol):
    """A place of the operator that keeps secrets: the environment, the keyring."""

    name: str
    """As `wizard credentials` shows it."""

    def get(self, deployment: str, name: str) -> Secret | None: ...

    def set(self, deployment: str, name: str, value: Secret) -> bool:
        """False where this store cannot keep it (the environment; no keyring backend)."""
        ...


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class Journal(Protocol):
    """Keeps the events of one run; evidence, never the truth."""

    def write(self, line: Mapping[str, Any]) -> None:
        """Raises OSError where it cannot be kept (disk full)."""
        ...

    def close(self) -> None: ...
