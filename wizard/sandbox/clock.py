"""Simulated time: a clock that runs at a multiple of the real one, and one that moves only when told."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Handle(Protocol):
    """A timer that can be called off."""

    def cancel(self) -> None: ...


def head_start(speed: float) -> float:
    """Seconds that a fast clock begins in the past, so that it needs a quarter of an hour to overtake its clients'.

    They take what was written after their own present for a mistake: kubectl shows `<invalid>` for its age. Not
    more than a day, or else ages that clients work out would be of another world.
    """
    return min(max(speed - 1, 0.0) * 900, 86_400.0)


class SimClock:
    """Starts at the real time, or so many seconds `behind` it, and runs `speed` times as fast.

    All durations are simulated seconds.
    """

    def __init__(self, speed: float = 1.0, *, behind: float = 0.0) -> None:
        self.speed = speed
        self._epoch = time.time() - behind
        self._started = time.monotonic()

    def now(self) -> float:
        """Simulated seconds since 1970."""
        return self._epoch + (time.monotonic() - self._started) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0) / self.speed)

    def call_later(self, seconds: float, fn: Callable[[], object]) -> Handle:
        """Calls `fn` on the loop after so many simulated seconds; 0 means soon, never at once."""
        loop = asyncio.get_running_loop()
        if seconds <= 0:
            return loop.call_soon(fn)
        return loop.call_later(seconds / self.speed, fn)

    def set_speed(self, speed: float) -> None:
        """From here on runs at another speed; timers already set keep their real time."""
        self._epoch, self._started = self.now(), time.monotonic()
        self.speed = speed


class _Timer:
    """One entry of the virtual clock's queue."""

    def __init__(self, fn: Callable[[], object]) -> None:
        self._fn: Callable[[], object] | None = fn

    def cancel(self) -> None:
        self._fn = None

    def fire(self) -> None:
        fn, self._fn = self._fn, None
        if fn is not None:
            fn()

    @property
    def pending(self) -> bool:
        return self._fn is not None


class VirtualClock(SimClock):
    """Stands still until told to move; for tests, which then never wait for simulated time.

    `auto=True` moves it to the next timer by itself whenever the loop has nothing else to do.
    """

    START = 1_800_000_000.0
    """2027-01-15T08:00:00Z, where every virtual clock begins: recorded output stays the same."""
    SETTLE = 10
    """Turns of the loop that tasks woken by a timer get before the next timer: more than any chain
    of awaits between two of our tasks is long."""

    def __init__(self, *, auto: bool = False) -> None:
        super().__init__()
        self._now = self.START
        self._queue: list[tuple[float, int, _Timer]] = []
        self._order = itertools.count()
        self._auto = auto
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        timer = self.call_later(seconds, wake)
        try:
            await done
        finally:
            timer.cancel()

    def call_later(self, seconds: float, fn: Callable[[], object]) -> Handle:
        timer = _Timer(fn)
        heapq.heappush(self._queue, (self._now + max(seconds, 0.0), next(self._order), timer))
        if self._auto and (self._driver is None or self._driver.done()):
            self._driver = asyncio.get_running_loop().create_task(self._drive())
        return timer

    async def advance(self, seconds: float) -> None:
        """Fires what falls due in that time, in order, and lets everything it woke run."""
        until = self._now + seconds
        await self.settle()
        while self._next_due() <= until:
            self._step()
            await self.settle()
        self._now = until
        await self.settle()

    async def run_until(self, done: Callable[[], bool], limit: float = 3600.0) -> None:
        """Advances from timer to timer until `done()`. Raises TimeoutError after `limit` seconds."""
        until = self._now + limit
        await self.settle()
        while not done():
            if self._next_due() > until:
                raise TimeoutError(f"not done after {limit:g} simulated seconds")
            self._step()
            await self.settle()

    async def settle(self) -> None:
        """Lets tasks that are ready run, without moving time (save for timers of zero delay)."""
        for _ in range(self.SETTLE):
            await asyncio.sleep(0)
            while self._next_due() <= self._now:
                self._step()

    def _next_due(self) -> float:
        while self._queue and not self._queue[0][2].pending:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else float("inf")

    def _step(self) -> None:
        due, _, timer = heapq.heappop(self._queue)
        self._now = max(self._now, due)
        timer.fire()

    async def _drive(self) -> None:
        while self._next_due() < float("inf"):
            await self.settle()
            if self._next_due() < float("inf"):
                self._step()


def stamp(seconds: float) -> str:
    """RFC 3339 in whole seconds, as metav1.Time is written: `2027-01-15T08:00:00Z`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(seconds: float) -> str:
    """RFC 3339 with six digits, as metav1.MicroTime is written (Leases, events)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
