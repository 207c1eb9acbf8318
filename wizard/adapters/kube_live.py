"""A cluster as it changes, on the standard library: a thread for each stream, which also parses.

The event loop of a screen gets finished rows, in batches.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from wizard.adapters.channel import Channel
from wizard.adapters.daemon import begun, beside, spawn
from wizard.adapters.kube_access import Access
from wizard.adapters.kube_http import Broken, Pool, Stream
from wizard.adapters.kube_tables import (
    EVENT_LIMIT,
    WATCH_QUIET,
    Events,
    accept,
    next_page,
    page_query,
    read_page,
    watch_query,
)
from wizard.adapters.kube_wire import not_json, unreachable
from wizard.adapters.lines import Lines
from wizard.ports import Change, Decode, KubeObject, Listed, Resource, Take

T = TypeVar("T")

Got = Sequence[tuple[bytes, int]]
"""Lines, each with how many of its bytes were cut off."""

_LOG_QUIET = 240.0
"""Seconds without a line after which a log is asked for again: proxies cut what is quiet for five minutes."""


class QuickLive:
    """Implements ports.LiveReader and ports.LiveWriter for what `kube_access.load` takes."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pool = Pool(access)
        self._expected: dict[str, Future[Listed[Any]]] = {}
        """Lists that were begun before anybody could wait for them."""

    @property
    def ahead(self) -> float:
        return self._pool.ahead

    def expect(self, resource: Resource, namespace: str, decode: Decode[Any]) -> None:
        path = resource.path(namespace)
        self._expected[path] = begun(f"list {resource.plural}", partial(self._list, path, decode, True, ""))

    async def listed(
        self, resource: Resource, namespace: str, decode: Decode[T], *, table: bool = True, labels: str = ""
    ) -> Listed[T]:
        path = resource.path(namespace)
        expected = self._expected.pop(path, None) if table and not labels else None
        if expected is not None:
            return await asyncio.wrap_future(expected)
        return await beside(f"list {resource.plural}", partial(self._list, path, decode, table, labels))

    def _list(self, path: str, decode: Decode[T], table: bool, labels: str) -> Listed[T]:
        def page(following: str) -> bytes:
            return self._pool.request("GET", path, query=page_query(following, labels), accept=accept(table))

        rows: list[T] = []
        body = page("")
        while True:
            # The next page is on its way while this one is parsed: each takes about as long.
            token = next_page(body)
            ahead = begun("list ahead", partial(page, token)) if token else None
            more, version, following = read_page(body, decode, f"GET {path}")
            rows += more
            if not following:
                return Listed(rows, version)
            body = ahead.result() if ahead is not None and token == following else page(following)

    async def watch(
        self, resource: Resource, namespace: str, decode: Decode[T], *, resource_version: str, table: bool = True
    ) -> AsyncIterator[Sequence[Change[T]]]:
        path = resource.path(namespace)
        events = Events(decode, f"WATCH {path}")

        def run(stream: Stream, channel: Channel[Change[T]]) -> None:
            query = watch_query(resource_version)
            read = stream.open(path, query=query, accept=accept(table), quiet=WATCH_QUIET)
            self._pump(stream, read, channel, Lines(EVENT_LIMIT), events.read)

        async for batch in self._streamed(f"watch {resource.plural}", run):
            yield batch

    async def lines(
        self, path: str, take: Take[T], *, query: Mapping[str, str], limit: int
    ) -> AsyncIterator[Sequence[T]]:
        def read_lines(got: Got) -> list[T]:
            return [take(line, cut) for line, cut in got]

        def run(stream: Stream, channel: Channel[T]) -> None:
            read = stream.open(path, query=query, accept="*/*", quiet=_LOG_QUIET)
            try:
                self._pump(stream, read, channel, Lines(limit), read_lines)
            except TimeoutError:
                return  # quiet is no fault of a log: the reader asks for what comes after

        async for batch in self._streamed(f"read {path.rpartition('/')[2]}", run):
            yield batch

    async def fetch(
        self, path: str, decode: Callable[[Any], T], *, query: Mapping[str, str] | None = None, timeout: float = 10.0
    ) -> T:
        def work() -> T:
            return decode(_document(self._pool.request("GET", path, query=query, timeout=timeout), path))

        return await beside("fetch", work)

    async def text(
        self, path: str, take: Take[T], *, query: Mapping[str, str] | None = None, limit: int = 2**16
    ) -> list[T]:
        def work() -> list[T]:
            lines = Lines(limit)
            body = self._pool.request("GET", path, query=query, accept="*/*")
            return [take(line, cut) for line, cut in [*lines.feed(body), *lines.rest()]]

        return await beside("text", work)

    async def send(self, method: str, path: str, body: KubeObject | None = None) -> Any:
        def work() -> Any:
            answer = self._pool.request(method, path, body=body, limit=2**20)
            return _document(answer, path) if answer.strip() else None

        return await beside("send", work)

    async def close(self) -> None:
        self._pool.close()

    def _pump(
        self,
        stream: Stream,
        read: Callable[[], bytes],
        channel: Channel[T],
        lines: Lines,
        decode: Callable[[Got], list[T]],
    ) -> None:
        if not channel.put(()):
            return
        while data := read():
            if (got := lines.feed(data)) and not channel.put(decode(got)):
                return
        if (got := lines.rest()) and not stream.was_cut:
            channel.put(decode(got))

    async def _streamed(self, name: str, run: Callable[[Stream, Channel[T]], None]) -> AsyncIterator[Sequence[T]]:
        channel: Channel[T] = Channel()
        stream = Stream(self._access)

        def work() -> None:
            problem: BaseException | None = None
            try:
                with stream:
                    run(stream, channel)
            except Broken as broken:
                problem = unreachable(self._access.server, broken)
            except BaseException as other:  # noqa: BLE001 - carried over to the reader, whatever it is
                problem = other
            channel.end(problem)

        spawn(name, work)
        try:
            while (batch := await channel.batch()) is not None:
                yield batch
        finally:
            channel.close()
            stream.cut()


def _document(body: bytes, path: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise not_json(body, path) from problem
