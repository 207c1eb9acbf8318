"""From a thread to an event loop: batches in order, the loop woken at most some fifty times a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_PACE = 0.02
"""Seconds that items wait for company: a wake-up costs the loop as much as fifty log lines."""
_ROOM = 20_000
"""Items that wait for the reader before the writer does."""


class Channel(Generic[T]):
    """One writer (a thread), one reader (a coroutine)."""

    def __init__(self, *, room: int = _ROOM, pace: float = _PACE) -> None:
        self._loop = asyncio.get_running_loop()
        self._room, self._pace = room, pace
        self._lock = threading.Condition()
        self._items: list[T] = []
        self._problem: BaseException | None = None
        self._ended = self._closed = self._waking = False
        self._due = asyncio.Event()
        self._last = 0.0

    # The writer's side ---------------------------------------------------------------------------

    def put(self, items: Sequence[T]) -> bool:
        """Waits while there is no room; False when nobody reads any more. Nothing is a sign of life, too."""
        with self._lock:
            while len(self._items) >= self._room and not self._closed:
                self._lock.wait()
            return self._added(items)

    def offer(self, items: Sequence[T]) -> bool:
        """As `put` where there is room; False where there is not, or nobody reads."""
        with self._lock:
            return len(self._items) < self._room and self._added(items)

    def end(self, problem: BaseException | None = None) -> None:
        """The reader gets what was put before, and then the problem."""
        with self._lock:
            self._ended, self._problem = True, problem
            self._wake()

    @property
    def closed(self) -> bool:
        return self._closed

    def _added(self, items: Sequence[T]) -> bool:
        if self._closed:
            return False
        self._items += items
        self._wake()
        return not self._closed

    def _wake(self) -> None:
        if self._waking or self._closed:
            return
        self._waking = True
        try:
            self._loop.call_soon_threadsafe(self._soon)
        except RuntimeError:  # the loop is closed: nobody will ever read
            self._closed = True

    # The reader's side ---------------------------------------------------------------------------

    def _soon(self) -> None:
        wait = self._last + self._pace - self._loop.time()
        if wait > 0 and not self._ended:
            self._loop.call_later(wait, self._due.set)
        else:
            self._due.set()

    async def batch(self) -> Sequence[T] | None:
        """What has come, None at the end. Raises the writer's problem."""
        await self._due.wait()
        self._due.clear()
        with self._lock:
            self._waking = False
            self._last = self._loop.time()
            items, self._items = self._items, []
            if self._ended:
                if not items:
                    self._due.set()  # whoever asks again is told again
                    if self._problem is not None:
                        raise self._problem
                    return None
                self._due.set()
            self._lock.notify_all()
            return items

    def close(self) -> None:
        """The reader has enough: the writer's next word is refused."""
        with self._lock:
            self._closed = True
            self._items = []
            self._lock.notify_all()
