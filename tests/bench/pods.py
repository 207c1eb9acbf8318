"""Two thousand pods on the sandbox and on the real control plane: made, listed, watched, changed.

The client counts bytes and lines and decodes nothing it need not: its own work is in both figures.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.bench.rows import Row, paired, row
from tests.bench.sandbox import SPEED, running
from tests.controlplane.cluster import ADMIN_TOKEN, ControlPlane
from tests.controlplane.nodes import NodeSpec

PODS = 2000
_DEPLOYMENTS, _NODES = 10, 20
_WATCHERS, _WRITERS, _CHANGES = 8, 4, 400
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_PATH = "/api/v1/namespaces/default/pods"
_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Target:
    """One cluster, as a client needs it."""

    url: str
    token: str
    tls: ssl.SSLContext

    @contextmanager
    def loop(self) -> Iterator[Callable[[Callable[[aiohttp.ClientSession], Awaitable[float]]], float]]:
        """Runs measurements one after the other over the same connections."""
        with asyncio.Runner() as runner:
            session = runner.run(self._session())

            async def limited(measure: Callable[[aiohttp.ClientSession], Awaitable[float]]) -> float:
                async with asyncio.timeout(_SECONDS):
                    return await measure(session)

            try:
                yield lambda measure: runner.run(limited(measure))
            finally:
                runner.run(session.close())

    async def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            base_url=self.url,
            connector=aiohttp.TCPConnector(ssl=self.tls, limit=0),
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=2**20,
            raise_for_status=True,
        )


def many(home: Path, runs: int) -> list[Row]:
    specs = [NodeSpec(f"node-{number}", cpu="64", memory="256Gi") for number in range(_NODES)]
    nodes = [{name: asdict(spec)[name] for name in ("name", "cpu", "memory", "pods")} for spec in specs]
    pairs = max(runs, 9)
    with (
        ControlPlane.start(home / "controlplane", nodes=specs, programs=False) as plane,
        running(home, nodes) as sandbox,
    ):
        real = Target(plane.server, ADMIN_TOKEN, ssl.create_default_context(cafile=str(plane.layout.pki.ca)))
        config = yaml.safe_load(sandbox.kubeconfig.read_text())
        authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
        (home / "ca.pem").write_bytes(base64.b64decode(authority))
        ours = Target(sandbox.url, sandbox.token, ssl.create_default_context(cafile=str(home / "ca.pem")))
        with ours.loop() as on_sandbox, real.loop() as on_plane:
            reference = "the real control plane"
            made = (on_sandbox(_make), on_plane(_make))
            rows = [row(f"{PODS:,} pods of {_DEPLOYMENTS} Deployments seen Ready (sandbox at speed {SPEED:g})", reference, None, [made])]  # noqa: E501  # fmt: skip
            measures: dict[str, Callable[[aiohttp.ClientSession], Awaitable[float]]] = {
                f"list of {PODS:,} pods": partial(_list, "application/json"),
                "the same list as a Table": partial(_list, _TABLE),
                f"watch that begins with {PODS:,} pods": _begin_watch,
                f"{_CHANGES} pods patched by {_WRITERS}, heard by {_WATCHERS} watches of all": _Changes(),
            }
            for what, measure in measures.items():
                rows.append(
                    paired(what, reference, None, partial(on_sandbox, measure), partial(on_plane, measure), pairs)
                )
    return rows


async def _make(session: aiohttp.ClientSession) -> float:
    """Until one watch has seen all of them Ready."""
    began = time.perf_counter()
    waits = asyncio.create_task(_until_ready(session))
    for number in range(_DEPLOYMENTS):
        app = {"app": f"many-{number}"}
        container = {"name": "main", "image": "sound:1", "resources": {"requests": {"cpu": "10m"}}}
        body = {
            "metadata": {"name": f"many-{number}"},
            "spec": {
                "replicas": PODS // _DEPLOYMENTS,
                "selector": {"matchLabels": app},
                "template": {"metadata": {"labels": app}, "spec": {"containers": [container]}},
            },
        }
        async with session.post("/apis/apps/v1/namespaces/default/deployments", json=body) as answer:
            await answer.read()
    await waits
    return time.perf_counter() - began


async def _until_ready(session: aiohttp.ClientSession) -> None:
    ready: set[str] = set()
    version = ""
    while len(ready) < PODS:
        # The real API server ends a watch that does not keep up; a client then goes on where it was.
        async with session.get(_PATH, params={"watch": "true", "resourceVersion": version}) as answer:
            async for line in answer.content:
                pod: dict[str, Any] = json.loads(line)["object"]
                version = pod["metadata"]["resourceVersion"]
                for each in pod.get("status", {}).get("conditions", ()):
                    if (each["type"], each["status"]) == ("Ready", "True"):
                        ready.add(pod["metadata"]["name"])
                if len(ready) == PODS:
                    return


async def _list(accept: str, session: aiohttp.ClientSession) -> float:
    began = time.perf_counter()
    async with session.get(_PATH, headers={"Accept": accept}) as answer:
        text = await answer.read()
    took = time.perf_counter() - began
    # Of a Table's rows, one name stands in the cells and one in the metadata.
    assert text.count(b'"name":"many-') >= PODS, text[:200]
    return took


async def _begin_watch(session: aiohttp.ClientSession) -> float:
    """A streamed list: all pods as events, and the bookmark that ends them."""
    asked = {"watch": "true", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    began, added = time.perf_counter(), 0
    async with session.get(_PATH, params={**asked, "allowWatchBookmarks": "true"}) as answer:
        async for line in answer.content:
            if line.startswith(b'{"type":"BOOKMARK"'):
                took = time.perf_counter() - began
                break
            added += 1
        else:
            raise ConnectionError("the watch ended before its initial events did")
    if added != PODS:
        async with session.get("/api/v1/events", params={"limit": "20", "fieldSelector": "type=Warning"}) as answer:
            raise ValueError(f"{added} pods of {PODS}; warnings: {(await answer.json())['items']}")
    return took


class _Changes:
    """Patches as many pods, each time with another value, until every watch has heard of every one."""

    def __init__(self) -> None:
        self._round = 0

    async def __call__(self, session: aiohttp.ClientSession) -> float:
        self._round += 1
        mark = f"round-{self._round}"
        async with session.get(_PATH, params={"limit": str(_CHANGES)}) as answer:
            found = await answer.json()
        names = [each["metadata"]["name"] for each in found["items"]]
        hearing = [asyncio.Event() for _ in range(_WATCHERS)]
        version = found["metadata"]["resourceVersion"]
        async with asyncio.TaskGroup() as tasks:
            for each in hearing:
                tasks.create_task(self._hear(session, version, mark.encode(), each))
            await asyncio.gather(*(each.wait() for each in hearing))
            began = time.perf_counter()
            for number in range(_WRITERS):
                tasks.create_task(self._write(session, mark, names[number::_WRITERS]))
        return time.perf_counter() - began

    async def _hear(self, session: aiohttp.ClientSession, version: str, mark: bytes, begun: asyncio.Event) -> None:
        heard = 0
        async with session.get(_PATH, params={"watch": "true", "resourceVersion": version}) as answer:
            begun.set()
            async for line in answer.content:
                heard += b'"bench":"' + mark in line
                if heard == _CHANGES:
                    return
        raise ConnectionError("the watch ended before all changes came")

    async def _write(self, session: aiohttp.ClientSession, mark: str, names: list[str]) -> None:
        body = json.dumps({"metadata": {"labels": {"bench": mark}}})
        headers = {"Content-Type": "application/merge-patch+json"}
        for name in names:
            async with session.patch(f"{_PATH}/{name}", data=body, headers=headers) as answer:
                await answer.read()


__all__ = ["PODS", "many"]
