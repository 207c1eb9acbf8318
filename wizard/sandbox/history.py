"""The watch cache of one resource: recent changes, and cursors that read them at their own pace."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from typing import Any, NamedTuple

from wizard.sandbox.status import StatusError, expired

_KEPT = 2000
"""Changes of a resource that a watch may be behind. etcd keeps five minutes; this is a burst of 1,000
pods being created and becoming ready, and bounds what a silent watcher can hold in memory."""


class Change(NamedTuple):
    """One event. `old` is what it replaced: a watch with a selector needs it to tell who fell out."""

    version: int
    type: str
    obj: dict[str, Any]
    old: dict[str, Any] | None


class History:
    """Changes of one resource in order, with the versions they were made at."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._versions: list[int] = []
        self._forgotten = 0
        self._first = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def append(self, change: Change) -> None:
        self._changes.append(change)
        self._versions.append(change.version)
        if len(self._changes) > 2 * _KEPT:
            self._drop(_KEPT)
        self.wake()

    def compact(self, version: int) -> None:
        """Forgets everything up to and including that version."""
        self._drop(bisect_right(self._versions, version))
        self._forgotten = max(self._forgotten, version)
        self.wake()

    def cursor(self, since: int) -> Cursor:
        """Raises StatusError 410 if changes after `since` are already forgotten."""
        if since < self._forgotten:
            raise expired(f"too old resource version: {since} ({self._forgotten})")
        return Cursor(self, self._first + bisect_right(self._versions, since))

    def since(self, version: int) -> list[Change]:
        """Raises StatusError 410."""
        return self.cursor(version).read()

    def wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def read(self, position: int) -> list[Change]:
        if position < self._first:
            raise expired(f"too old resource version: the last {_KEPT} changes are kept")
        return self._changes[position - self._first :]

    async def wait(self, timeout: float) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait_for(waiting, timeout)
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(waiting)

    def _drop(self, count: int) -> None:
        if count:
            self._forgotten = self._versions[count - 1]
            self._first += count
            del self._changes[:count], self._versions[:count]


class Cursor:
    """A place in a history. Losing the place because of compaction is an error, as with etcd."""

    def __init__(self, history: History, position: int) -> None:
        self._history, self._position = history, position

    def read(self) -> list[Change]:
        """What happened since the last read. Raises StatusError 410 when that is forgotten."""
        found = self._history.read(self._position)
        self._position += len(found)
        return found

    async def wait(self, seconds: float) -> None:
        """Returns when there may be something to read, or after so many real seconds."""
        await self._history.wait(seconds)


__all__ = ["Change", "Cursor", "History", "StatusError"]
