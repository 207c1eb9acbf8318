"""A cluster as it changes, through kubernetes.aio, for kubeconfigs that only it can read (exec plugins, OIDC).

It runs on an event loop of its own in a thread: importing it takes a second, and what it parses
would be taken from the loop of the screen.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wizard.adapters.channel import Channel
from wizard.adapters.daemon import spawn
from wizard.adapters.kube_http import BODY_LIMIT
from wizard.adapters.kube_tables import (
    EVENT_LIMIT,
    WATCH_QUIET,
    Events,
    accept,
    page_query,
    read_page,
    watch_query,
)
from wizard.adapters.kube_wire import not_json
from wizard.adapters.lines import Lines
from wizard.ports import Change, Decode, KubeObject, Listed, Resource, Take

if TYPE_CHECKING:
    from wizard.adapters.kube import KubeAdapter

T = TypeVar("T")

Got = Sequence[tuple[bytes, int]]
_LOG_QUIET = 240.0


class AioLive:
    """Implements ports.LiveReader and ports.LiveWriter."""

    def __init__(self, *, kubeconfig: Path | None, context: str | None) -> None:
        self._kubeconfig, self._context = kubeconfig, context
        self.ahead = 0.0  # kubernetes.aio hands on bodies, not headers: both clocks are taken for right
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kube: KubeAdapter | None = None

    def expect(self, resource: Resource, namespace: str, decode: Decode[Any]) -> None:
        """kubernetes.aio can do nothing without its loop."""

    async def listed(
        self, resource: Resource, namespace: str, decode: Decode[T], *, table: bool = True, labels: str = ""
    ) -> Listed[T]:
        path = resource.path(namespace)

        async def work() -> Listed[T]:
            rows: list[T] = []
            following = ""
            while True:
                body = await self._body("GET", path, query=page_query(following, labels), accept=accept(table))
                more, version, following = read_page(body, decode, f"GET {path}")
                rows += more
                if not following:
                    return Listed(rows, version)

        return await self._there(work())

    async def watch(
        self, resource: Resource, namespace: str, decode: Decode[T], *, resource_version: str, table: bool = True
    ) -> AsyncIterator[Sequence[Change[T]]]:
        path = resource.path(namespace)
        events = Events(decode, f"WATCH {path}")
        query = watch_query(resource_version)

        async def run(channel: Channel[Change[T]]) -> None:
            pieces = self._adapter().pieces(path, query=query, accept=accept(table), quiet=WATCH_QUIET)
            await _pump(pieces, channel, Lines(EVENT_LIMIT), events.read)

        async for batch in self._streamed(run):
            yield batch

    async def lines(
        self, path: str, take: Take[T], *, query: Mapping[str, str], limit: int
    ) -> AsyncIterator[Sequence[T]]:
        async def run(channel: Channel[T]) -> None:
            pieces = self._adapter().pieces(path, query=query, accept="*/*", quiet=_LOG_QUIET)
            await _pump(pieces, channel, Lines(limit), lambda got: [take(line, cut) for line, cut in got])

        async for batch in self._streamed(run):
            yield batch

    async def fetch(
        self, path: str, decode: Callable[[Any], T], *, query: Mapping[str, str] | None = None, timeout: float = 10.0
    ) -> T:
        async def work() -> T:
            return decode(_document(await self._body("GET", path, query=query, timeout=timeout), path))

        return await self._there(work())

    async def text(
        self, path: str, take: Take[T], *, query: Mapping[str, str] | None = None, limit: int = 2**16
    ) -> list[T]:
        async def work() -> list[T]:
            lines = Lines(limit)
            body = await self._body("GET", path, query=query, accept="*/*")
            return [take(line, cut) for line, cut in [*lines.feed(body), *lines.rest()]]

        return await self._there(work())

    async def send(self, method: str, path: str, body: KubeObject | None = None) -> Any:
        async def work() -> Any:
            answer = await self._body(method, path, body=body)
            return _document(answer, path) if answer.strip() else None

        return await self._there(work())

    async def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is None:
            return
        if self._kube is not None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._kube.close(), loop))
            self._kube = None
        loop.call_soon_threadsafe(loop.stop)

    async def _body(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: KubeObject | None = None,
        accept: str = "application/json",
        timeout: float = 30.0,
    ) -> bytes:
        return await self._adapter().body(
            method, path, query=query, body=body, accept=accept, timeout=timeout, limit=BODY_LIMIT
        )

    def _adapter(self) -> KubeAdapter:
        """On its own loop only: that is where it is imported, too."""
        if self._kube is None:
            from wizard.adapters.kube import KubeAdapter

            self._kube = KubeAdapter(kubeconfig=self._kubeconfig, context=self._context)
        return self._kube

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()

            def run() -> None:
                try:
                    loop.run_forever()
                finally:
                    loop.close()

            spawn("kubernetes.aio", run)
        return self._loop

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._running()))

    async def _streamed(self, run: Callable[[Channel[T]], Awaitable[None]]) -> AsyncIterator[Sequence[T]]:
        channel: Channel[T] = Channel()

        async def work() -> None:
            problem: BaseException | None = None
            try:
                await run(channel)
            except BaseException as other:  # noqa: BLE001 - carried over to the reader, whatever it is
                problem = other
            channel.end(problem)

        future = asyncio.run_coroutine_threadsafe(work(), self._running())
        try:
            while (batch := await channel.batch()) is not None:
                yield batch
        finally:
            channel.close()
            future.cancel()


async def _pump(
    pieces: AsyncIterator[bytes], channel: Channel[T], lines: Lines, decode: Callable[[Got], list[T]]
) -> None:
    """An empty piece says that the stream is open."""
    async for piece in pieces:
        items = decode(lines.feed(piece))
        # Only a full channel is waited for in a thread: the other streams of this loop go on.
        if not channel.offer(items) and not await asyncio.to_thread(channel.put, items):
            return
    if rest := lines.rest():
        channel.offer(decode(rest))


def _document(body: bytes, path: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise not_json(body, path) from problem
