"""HTTP to an API server on the standard library: connections that are kept, and streams that can be cut off."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from wizard.adapters.kube_access import Access
from wizard.adapters.kube_wire import refused, unreachable

BODY_LIMIT = 2**28
"""Bytes of one answer: twenty times the largest list that was measured, and still not all of the memory."""
_CONNECT = 10.0
_AGREE = 3.0
"""Seconds between two clocks that say nothing: a Date has whole ones, and the answer was on its way."""
_IDLE = 8
"""Connections kept for the next request."""

Broken = (OSError, http.client.HTTPException)
"""What the standard library raises where the other side is gone, slow, or no HTTP server."""


def connection(access: Access, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(access.server)
    host = parts.hostname or ""
    if access.tls is None:
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=access.tls)


def target(access: Access, path: str, query: Mapping[str, str] | None) -> str:
    base = urlsplit(access.server).path.rstrip("/") + quote(path, safe="/:@=~!$&'()*+,;%")
    return base + (f"?{urlencode(query)}" if query else "")


def headers(access: Access, accept: str) -> dict[str, str]:
    told = {"Accept": accept, "User-Agent": "wizard"}
    if access.token:
        told["Authorization"] = f"Bearer {access.token}"
    return told


class Pool:
    """Whole requests, from any thread; each has a connection for its own, which is used again."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._closed = False
        self.ahead = 0.0
        """Seconds that the server's clock is ahead of ours, by its last answer."""

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        accept: str = "application/json",
        timeout: float = _CONNECT,
        limit: int = BODY_LIMIT,
    ) -> bytes:
        """The body of an answer below 400; at most `limit` bytes of it. Raises KubeError."""
        told = headers(self._access, accept)
        data = None
        if body is not None:
            data, told["Content-Type"] = json.dumps(body).encode(), "application/json"
        what = f"{method} {path}"
        while True:
            used, kept = self._take(timeout)
            try:
                used.request(method, target(self._access, path, query), data, told)
                response = used.getresponse()
                answer = response.read(limit)
            except Broken as problem:
                used.close()
                # The other side ends idle connections when it likes; a fresh one tells the two apart. A write
                # that got no answer may have been done: asking twice is for the caller to decide.
                if kept and method == "GET" and isinstance(problem, ConnectionError):
                    continue
                raise unreachable(self._access.server, problem) from problem
            if response.isclosed():
                self._put(used)
            else:
                used.close()  # what was not read would be the next one's answer
            self._set_clock(response.getheader("Date"))
            if response.status >= 400:
                raise refused(response.status, answer, what=what, headers=dict(response.getheaders()))
            return answer

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()

    def _set_clock(self, date: str | None) -> None:
        try:
            ahead = parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0
        except ValueError:
            return
        self.ahead = ahead if abs(ahead) > _AGREE else 0.0

    def _take(self, timeout: float) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            used = self._idle.pop() if self._idle else None
        if used is None or used.sock is None:
            return connection(self._access, timeout), False
        used.sock.settimeout(timeout)
        return used, True

    def _put(self, used: http.client.HTTPConnection) -> None:
        with self._lock:
            if used.sock is not None and not self._closed and len(self._idle) < _IDLE:
                self._idle.append(used)
                return
        used.close()


class Stream:
    """One GET that goes on, read by one thread; any other may cut it off."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._response: http.client.HTTPResponse | None = None
        self._lock = threading.Lock()
        self._cut = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._cut, self._socket = True, None
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()

    def open(self, path: str, *, query: Mapping[str, str], accept: str, quiet: float) -> Callable[[], bytes]:
        """What reads on: whatever has arrived, empty at the end. Raises KubeError, and `quiet` seconds without
        a byte raise TimeoutError."""
        used = self._connection = connection(self._access, _CONNECT)
        try:
            used.connect()
            assert used.sock is not None
            with self._lock:
                if self._cut:
                    return bytes
                self._socket = used.sock
            _keep_alive(used.sock)
            used.request("GET", target(self._access, path, query), headers=headers(self._access, accept))
            response = self._response = used.getresponse()
            if response.status >= 400:
                body = response.read(2**16)
                raise refused(response.status, body, what=f"GET {path}", headers=dict(response.getheaders()))
            self._socket.settimeout(quiet)
        except Broken as problem:
            raise unreachable(self._access.server, problem) from problem
        return lambda: response.read1(2**18)

    def cut(self) -> None:
        """Ends the stream from outside: the reader sees an end or an error, at once."""
        with self._lock:
            self._cut = True
            if self._socket is None:
                return
            try:
                # Not SSLSocket's own, which takes the TLS session away under the reader's hands.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                return  # gone already

    @property
    def was_cut(self) -> bool:
        return self._cut


def _keep_alive(used: socket.socket) -> None:
    """A peer that vanished without a word is noticed after half a minute, however quiet the stream."""
    used.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not on every system
            used.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
