"""helm, as the engine and the steps use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Release:
    """One revision of a Helm release."""

    name: str
    namespace: str
    revision: int
    status: str
    """deployed, failed, superseded, uninstalling, pending-install, pending-upgrade, pending-rollback."""
    chart: str = ""
    """Chart name without version; empty where only metadata was read."""
    chart_version: str = ""
    description: str = ""
    updated: float = 0.0
    """Seconds since the epoch; 0 where unknown."""

    @property
    def pending(self) -> bool:
        return self.status.startswith("pending-") or self.status == "uninstalling"


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """What helm is asked to install or upgrade to."""

    name: str
    namespace: str
    chart: str
    """Path of the chart's folder or archive."""
    values: Mapping[str, Any]
    description: str = ""
    timeout: int = 300
    """Seconds."""
    take_back_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What helm wrote."""

    release: Release
    manifest: str
    """The applied manifests, YAML documents; hooks are not in it."""


class Helm(Protocol):
    @property
    def server_side(self) -> bool:
        """Whether this helm applies server-side, so that fields of other managers conflict (Helm 4)."""
        ...

    async def version(self) -> str: ...

    async def render(self, request: ReleaseRequest) -> str:
        """The manifests `helm template` gives, as YAML documents."""
        ...

    async def manifest(self, name: str, namespace: str) -> str:
        """The deployed manifests. Raises ReleaseMissing."""
        ...

    async def history(self, name: str, namespace: str) -> list[Release]:
        """Oldest first; empty where there is no such release."""
        ...

    async def list(self, namespace: str) -> list[Release]:
        """The newest revision of each release of a namespace, in any state."""
        ...

    async def upgrade(self, request: ReleaseRequest) -> Upgraded:
        """Install or upgrade without waiting for readiness. Raises ReleaseBusy, HelmFieldConflict."""
        ...

    async def rollback(self, name: str, namespace: str, revision: int) -> None: ...

    async def uninstall(self, name: str, namespace: str) -> None:
        """Raises ReleaseMissing."""
        ...
