"""A port on this machine's loopback that leads through SSH to the server's own loopback.

asyncssh has listeners of its own, but they end with their connection; this one outlives it: whoever connects makes the
connection come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from wizard.adapters.ssh_errors import EXPECTED
from wizard.adapters.ssh_login import Question
from wizard.domain.finding import WizardError

_CHUNK = 64 * 1024


class Forward:
    """Listens from `start` to `close`. Lives on the loop of the SSH connection."""

    def __init__(self, connection: Callable[[], Awaitable[Any]], port: int) -> None:
        self._connection, self._port = connection, port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """The port on loopback. Raises OSError."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            connection = await self._connection()
            there_in, there_out = await connection.open_connection("127.0.0.1", self._port, encoding=None)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pipe(reader, there_out))
                    both.create_task(_pipe(there_in, writer))
            finally:
                there_out.close()
        except (WizardError, Question, ExceptionGroup, *EXPECTED):
            # To the client it is a connection that ended, which is what it knows how to report and to try again.
            return
        finally:
            self._open.discard(task)
            with suppress(OSError):
                writer.close()


async def _pipe(source: Any, sink: Any) -> None:
    """Until the source ends; then the sink is told so, and the other direction may go on."""
    while data := await source.read(_CHUNK):
        sink.write(data)
        await sink.drain()
    with suppress(OSError):
        sink.write_eof()
