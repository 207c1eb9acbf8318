"""Which namespaces are looked at: all, or where that is forbidden, those of the deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wizard.planning.desired import SYSTEM_NAMESPACE
from wizard.ports import NAMESPACES, Forbidden, KubeObject, LiveReader


class Scope:
    def __init__(self, reader: LiveReader, namespace: str, namespaces: Sequence[str] | None = None) -> None:
        """`namespace`: the deployment's own; those of its tenants begin with it."""
        self._reader = reader
        self._base = namespace
        self.wanted = tuple(namespaces) if namespaces is not None else None
        """None: all."""

    def owns(self, namespace: str) -> bool:
        """Whether it is the deployment's: its own, a tenant's, or the wizard's."""
        return (
            namespace in (self._base, SYSTEM_NAMESPACE) or namespace.startswith(f"{self._base}-")
        )  # fmt: skip

    def tenant(self, namespace: str) -> str:
        """Whose namespace it is; empty for one that is no tenant's."""
        prefix = f"{self._base}-"
        return namespace[len(prefix) :] if namespace.startswith(prefix) else ""

    def patterns(self) -> list[str]:
        """Regular expressions for the namespaces of `owns`."""
        return [*sorted({self._base, SYSTEM_NAMESPACE}), f"{self._base}-.*"]

    async def own(self) -> list[str]:
        """Where that may not be asked, those that are known without."""
        always = {self._base, SYSTEM_NAMESPACE}
        try:
            found = await self._reader.listed(NAMESPACES, "", _name)
        except Forbidden:
            return sorted(always)
        return sorted(always | {name for name in found.rows if self.owns(name)})


def _name(cells: Mapping[str, Any], obj: KubeObject) -> str:
    return str(obj["metadata"]["name"])
