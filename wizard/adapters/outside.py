"""Quick looks at the outside for the walk: where a host name leads, whether a URL answers."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from urllib.parse import urlsplit


async def addresses(host: str, *, seconds: float = 5.0) -> list[str]:
    """IP addresses of a host name. Raises OSError (gaierror, TimeoutError) where there are none."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds):
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(entry[4][0]) for entry in found}, key=lambda text: (":" in text, text))


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def first_answer(url: str, *, seconds: float = 5.0) -> tuple[int, str]:
    """HTTP status of a URL's first answer, and who issued its certificate (empty for plain HTTP).

    The certificate is checked as a browser would. Raises OSError (ssl.SSLError among them), ValueError where what
    answers speaks no HTTP.
    """
    parts = urlsplit(url)
    secure, host = parts.scheme == "https", parts.hostname or ""
    context = ssl.create_default_context() if secure else None
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(host, parts.port or (443 if secure else 80), ssl=context)
        try:
            request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            writer.write(request.encode("ascii", "ignore"))
            line = (await reader.readline()).decode("latin-1").split(" ", 2)
            certificate = writer.get_extra_info("peercert") or {}
        finally:
            writer.close()
    if len(line) < 2 or not line[0].startswith("HTTP/") or not line[1].isdigit():
        raise ValueError("what answers there speaks no HTTP")
    issuer = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    return int(line[1]), str(issuer.get("organizationName") or issuer.get("commonName") or "")
