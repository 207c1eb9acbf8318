"""The little of HTTP/1.1 that the pods' programs and the kubelet need, on asyncio streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}
_MAX_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body, or nothing where it is not a JSON object."""
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    """One request a connection; whoever hangs up or sends rubbish is let go without a word."""
    try:
        request = await asyncio.wait_for(_read(reader), 30)
        if request is not None:
            await handler(request, writer)
            await writer.drain()
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        pass
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    length = int(headers.get("content-length") or 0)
    if length > _MAX_BODY:
        return None
    body = await reader.readexactly(length)
    url = urlsplit(target)
    return Request(method, url.path, dict(parse_qsl(url.query, keep_blank_values=True)), body)


def answer(writer: asyncio.StreamWriter, status: int, body: Any, content_type: str = "application/json") -> None:
    """Writes a whole response; anything but text becomes JSON."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    head(writer, status, content_type, f"Content-Length: {len(data)}")
    writer.write(data)


def head(writer: asyncio.StreamWriter, status: int, content_type: str, length: str) -> None:
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}",
        f"Content-Type: {content_type}",
        length,
        "Connection: close",
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
