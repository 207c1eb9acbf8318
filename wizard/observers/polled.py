"""A feed that asks again and again: for what has no watch (Alertmanager, Ollama, metrics)."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from wizard.domain.finding import Finding
from wizard.observers.feed import Feed, Row
from wizard.ports import Clock

T = TypeVar("T", bound=Row)

MISSING = 10.0
"""Seconds until something that this cluster does not have is looked for again."""


class PolledFeed(Feed[T], Generic[T]):
    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._nudged = asyncio.Event()

    @abstractmethod
    async def _poll(self) -> float:
        """Asks once; seconds until the next time."""

    def nudge(self) -> None:
        """Asks now."""
        self._nudged.set()

    async def _run(self) -> None:
        while True:
            self._nudged.clear()
            seconds = await self._poll()
            await self._pause(seconds)

    async def _pause(self, seconds: float) -> None:
        waits = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._nudged.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _all(self, rows: Sequence[T], finding: Finding | None = None) -> None:
        """These are all there are, and they are true."""
        now: set[Hashable] = {row.key for row in rows}
        self._apply(rows, [key for key in self._rows if key not in now])
        self._live(finding)

    def _none(self, finding: Finding) -> float:
        """This cluster has no such thing."""
        self._apply((), list(self._rows))
        self._blind(finding, unavailable=True)
        return MISSING
