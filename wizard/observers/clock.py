"""The cluster's own time: what it wrote is as old as its clock says, not this machine's."""

from __future__ import annotations

from wizard.ports import Clock, LiveReader


class ClusterClock:
    """This machine's clock, set by what the API server's answers say (`LiveReader.ahead`).

    A laptop that is ten minutes off would else show every age wrong and ask Loki for the wrong hour; and a
    sandbox's clock runs faster than ours on purpose.
    """

    def __init__(self, clock: Clock, reader: LiveReader) -> None:
        self._clock, self._reader = clock, reader

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now() + self._reader.ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
