"""Work that never ends by itself: started again after whatever it raised, with patience that grows."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

from wizard.domain.finding import Finding, WizardError, error
from wizard.ports import Clock

_CALM = 60.0
"""Seconds of running after which failures of before do not count."""


class Supervisor:
    def __init__(
        self, name: str, clock: Clock, work: Callable[[], Awaitable[None]], tell: Callable[[Finding], None]
    ) -> None:
        self._name, self._clock, self._work, self._tell = name, clock, work, tell
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"observe {self._name}")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        failures = 0
        while True:
            began = self._clock.monotonic()
            try:
                await self._work()
            except WizardError as problem:
                self._tell(finding_of(problem, self._name))
            except Exception as problem:  # noqa: BLE001 - what we read wrongly must not end the pane
                self._tell(bug(problem, self._name))
            failures = 0 if self._clock.monotonic() - began > _CALM else failures + 1
            await self._clock.sleep(backoff(failures))


def finding_of(problem: WizardError, name: str) -> Finding:
    """What an error says."""
    if problem.findings:
        return problem.findings[0]
    return error("feed-failed", f"{name} cannot be read", detail=str(problem) or type(problem).__name__)


def bug(problem: Exception, name: str) -> Finding:
    while isinstance(problem, ExceptionGroup):
        problem = problem.exceptions[0]
    return error(
        "observer-bug",
        f"what watches {name} failed, and is started again",
        detail=f"{type(problem).__name__}: {problem}",
        hint="please report it; rows may be missing",
    )


def backoff(failures: int, *, first: float = 0.5, most: float = 20.0) -> float:
    """Seconds to wait after that many failures in a row: doubled each time, spread over half of it, so that
    a thousand wizards do not come back in the same moment."""
    whole = min(most, first * 2.0 ** max(0, min(failures, 16) - 1))
    return whole * random.uniform(0.5, 1.0)
