"""A quick reader of the Kubernetes API on the standard library alone.

Importing kubernetes.aio takes 0.9 s on two cores, more than everything else a run with nothing to
change does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from wizard.adapters.kube_access import Access, kubeconfig_paths, load
from wizard.adapters.kube_http import Pool
from wizard.adapters.kube_wire import METADATA_LIST, git_version, listed, parsed
from wizard.ports import KubeObject, Resource

_TIMEOUT = 10.0

__all__ = ["Access", "QuickReader", "kubeconfig_paths", "load"]


class QuickReader:
    """Implements ports.KubeReader. Kept-alive connections; no retries."""

    def __init__(self, access: Access) -> None:
        self._pool = Pool(access)

    async def get(self, resource: Resource, namespace: str, name: str) -> KubeObject:
        return await asyncio.to_thread(self._get, resource.path(namespace, name), {}, "application/json")

    async def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", metadata_only: bool = False
    ) -> KubeObject:
        query = {"labelSelector": labels} if labels else {}
        accept = METADATA_LIST if metadata_only else "application/json"
        return listed(await asyncio.to_thread(self._get, resource.path(namespace), query, accept))

    async def version(self) -> str:
        return git_version(await asyncio.to_thread(self._get, "/version", {}, "application/json"))

    def _get(self, path: str, query: Mapping[str, str], accept: str) -> KubeObject:
        return parsed(self._pool.request("GET", path, query=query, accept=accept, timeout=_TIMEOUT), what=f"GET {path}")
