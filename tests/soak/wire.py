"""One client of the API server over aiohttp: requests that are tried once, and watches as parsed lines.

Nothing is retried here: what a dropped connection or a 429 means is for the caller to decide.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

Obj = dict[str, Any]
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_SECONDS = 60.0
"""How long an answer may take: far more than the slowest fault, so that a hang is an error and not a wait."""
_LINE = 2**18
"""What is buffered of a watch before reading stops: no line of ours is longer."""


class Lost(Exception):
    """The connection ended without an answer."""


class Refused(Exception):
    """An answer that is no success: its code, words, and how long to wait where it says so."""

    def __init__(self, code: int, body: Obj, retry_after: float = 0.0) -> None:
        super().__init__(f"{code} {body.get('message', body)}")
        self.code, self.body, self.retry_after = code, body, retry_after

    @property
    def simulated(self) -> bool:
        """Whether a fault that we asked for made it up."""
        return self.code == 429 or (self.code == 500 and "(simulated)" in str(self))


@dataclass(frozen=True, slots=True)
class Server:
    """Where a sandbox answers."""

    url: str
    token: str
    authority: str


class Wire:
    """One client's connections. A context manager."""

    def __init__(self, server: Server, name: str) -> None:
        tls = ssl.create_default_context(cadata=server.authority)
        self._session = aiohttp.ClientSession(
            base_url=server.url,
            connector=aiohttp.TCPConnector(ssl=tls, limit=0),
            headers={"Authorization": f"Bearer {server.token}", "User-Agent": f"{name}/1"},
            timeout=aiohttp.ClientTimeout(total=None, sock_read=_SECONDS),
            read_bufsize=_LINE,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content: str = "application/json",
        accept: str = "application/json",
    ) -> Obj:
        """The answer of a success. Raises Refused or Lost."""
        headers = {"Accept": accept}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), content
        try:
            async with self._session.request(method, path, params=query, data=data, headers=headers) as answer:
                return await _answered(answer)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as problem:
            raise Lost(f"{method} {path}: {problem!r}") from problem

    async def watch(self, path: str, query: Mapping[str, str], accept: str) -> AsyncGenerator[Obj, None]:
        """Events until the server ends the watch. Raises Refused or Lost."""
        asked = {**query, "watch": "true"}
        try:
            async with self._session.get(path, params=asked, headers={"Accept": accept}) as answer:
                if answer.status != 200:
                    await _answered(answer)
                async for line in answer.content:
                    yield json.loads(line)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as problem:
            raise Lost(f"watch {path}: {problem!r}") from problem


async def _answered(answer: aiohttp.ClientResponse) -> Obj:
    text = await answer.read()
    try:
        body: Obj = json.loads(text)
    except ValueError:
        body = {"message": text.decode(errors="replace")}
    if answer.status >= 400:
        raise Refused(answer.status, body, float(answer.headers.get("Retry-After", "0")))
    return body
