"""A component's own check, through the API server's service proxy: no port-forward, no ingress needed."""

from __future__ import annotations

from collections.abc import Iterable

from wizard.planning.desired import HttpCheck
from wizard.ports import Kube, KubeError


async def failing(kube: Kube, namespace: str, checks: Iterable[HttpCheck]) -> str:
    """The first check that does not pass, in words; empty where all do."""
    for check in checks:
        try:
            status, body = await kube.service_get(namespace, check.service, check.port, check.path)
        except KubeError as problem:
            return f"{check.title}: {problem}"
        if status != 200:
            first = body[:200].decode(errors="replace").strip().splitlines()
            return f"{check.title}: HTTP {status}" + (f": {first[0]}" if first else "")
        text = body.decode(errors="replace")
        missing = [word for word in check.contains if word not in text]
        if missing:
            return f"{check.title}: does not have {', '.join(missing)} yet"
    return ""
