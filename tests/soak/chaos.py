"""What goes wrong during a soak, by the sandbox's own endpoints: each thing once a round, in random order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from tests.soak.client import until
from tests.soak.reflector import Reflector
from tests.soak.tally import Tally
from tests.soak.wire import Wire

# A fault, and how much of it. Rates are shares of requests.
_FAULTS = (
    {"dropped": "0.1"},
    {"too_many": "0.03"},
    {"errors": "0.1"},
    {"watch_seconds": "0.2"},
    {"delay": "0.02"},
    {"stale": "true"},
    {"dropped": "0.05", "errors": "0.05", "watch_seconds": "0.5", "stale": "true"},
)
_CALM = {"dropped": "0", "too_many": "0", "errors": "0", "watch_seconds": "0", "delay": "0", "stale": "false"}
_COMPACTIONS = 3
"""In each round: 410 is what watchers get wrong most easily."""


class Absence:
    """Where watchers that left stay until the history that they need to go on is compacted."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._closed = False

    async def wait(self) -> None:
        await self._over.wait()

    def end(self) -> None:
        self._over.set()
        if not self._closed:
            self._over = asyncio.Event()

    def close(self) -> None:
        self._closed = True
        self.end()


class Chaos:
    """Until told to stop. `asleep` are the watchers that stop reading for a while."""

    def __init__(self, wire: Wire, seed: int, asleep: Sequence[Reflector], absence: Absence, tally: Tally) -> None:
        self._wire, self._asleep, self._absence, self._tally = wire, asleep, absence, tally
        self._dice = random.Random(f"{seed}:chaos")

    async def run(self, stop: asyncio.Event) -> None:
        rounds: list[Callable[[asyncio.Event], Awaitable[None]]] = [
            *(self._fault_of(each) for each in _FAULTS),
            *[self._compact] * _COMPACTIONS,
            self._silence,
        ]
        while not stop.is_set():
            self._dice.shuffle(rounds)
            for each in rounds:
                # How long the clients work undisturbed between two faults, not a wait for anything.
                if await until(stop, self._dice.uniform(0.1, 1.5)):
                    break
                await each(stop)
            else:
                self._tally.saw("rounds of faults")
        self._absence.close()
        for reflector in self._asleep:
            reflector.resume()

    def _fault_of(self, settings: dict[str, str]) -> Callable[[asyncio.Event], Awaitable[None]]:
        async def fault(stop: asyncio.Event) -> None:
            await self._wire.call("POST", "/sandbox/faults", query=settings)
            await until(stop, self._dice.uniform(0.3, 1.5))
            await self._wire.call("POST", "/sandbox/faults", query=_CALM)

        return fault

    async def _compact(self, stop: asyncio.Event) -> None:
        await self._wire.call("POST", "/sandbox/compact")
        self._tally.saw("compactions")
        self._absence.end()

    async def _silence(self, stop: asyncio.Event) -> None:
        """A watcher hangs or goes on: it misses a round, then must catch up or list again."""
        for reflector in self._asleep:
            if self._dice.random() < 0.5:
                reflector.pause()
            else:
                reflector.resume()
