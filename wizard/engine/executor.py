"""Executes a graph of steps: each as soon as what it needs is done, bounded, retried, drainable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto

from wizard.domain import events as ev
from wizard.domain.finding import AbortedError, ExitCode, Finding, WizardError, error
from wizard.ports import Clock
from wizard.steps.base import Step, Stop

ATTEMPTS = 6
_FIRST_DELAY, _MAX_DELAY = 0.5, 15.0


class Outcome(Enum):
    DONE = auto()
    FAILED = auto()
    SKIPPED = auto()
    ABORTED = auto()


class Executor:
    """Runs steps of one graph. A failing step stops what depends on it and nothing else.

    After `stop.drain()` no step starts; those that run are let finish (a waiting step ends itself).
    Cancelling `run` forces: every running step is cancelled and awaited.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        *,
        emit: Callable[[ev.Event], None],
        clock: Clock,
        stop: Stop,
        concurrency: int,
        deadline: float,
    ) -> None:
        self._steps = {step.spec.id: step for step in steps}
        self._emit, self._clock, self._stop = emit, clock, stop
        self._slots = asyncio.Semaphore(concurrency)
        self._deadline = deadline
        self._codes: list[ExitCode] = []
        self.bugs: list[Exception] = []
        """What steps raised that is no WizardError; the caller reports it when every step has ended."""

    async def run(self) -> ExitCode:
        """The exit code of the whole: the gravest failure's, ABORTED when it was only stopped."""
        done: dict[str, asyncio.Future[Outcome]] = {id_: asyncio.Future() for id_ in self._steps}
        async with asyncio.TaskGroup() as group:
            for id_, step in self._steps.items():
                group.create_task(self._one(step, done), name=id_)
        outcomes = {future.result() for future in done.values()}
        if Outcome.FAILED in outcomes:
            return next((code for code in self._codes if code is not ExitCode.DEPLOYMENT), ExitCode.DEPLOYMENT)
        return ExitCode.ABORTED if outcomes & {Outcome.ABORTED, Outcome.SKIPPED} else ExitCode.OK

    async def _one(self, step: Step, done: Mapping[str, asyncio.Future[Outcome]]) -> None:
        spec = step.spec
        needed = {need: await done[need] for need in spec.needs if need in done}
        failed = [need for need, outcome in needed.items() if outcome is not Outcome.DONE]
        if failed or self._stop.draining:
            because = f"needs {', '.join(failed)}" if failed else "the run was stopped"
            self._emit(ev.StepSkipped(spec.id, because))
            done[spec.id].set_result(Outcome.SKIPPED)
            return
        async with self._slots:
            outcome = await self._attempts(step)
        done[spec.id].set_result(outcome)

    async def _attempts(self, step: Step) -> Outcome:
        id_ = step.spec.id
        started = self._clock.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            if self._stop.draining:
                self._emit(ev.StepSkipped(id_, "the run was stopped"))
                return Outcome.SKIPPED
            self._emit(ev.StepStarted(id_, attempt))
            left = self._deadline - (self._clock.monotonic() - started)
            try:
                async with asyncio.timeout(max(left, 0)):
                    changed = False if await step.satisfied() else await step.apply()
            except TimeoutError:
                return self._fail(id_, ExitCode.DEPLOYMENT, (self._overdue(step),))
            except AbortedError as stopped:
                self._emit(ev.StepFailed(id_, stopped.findings))
                return Outcome.ABORTED
            except WizardError as problem:
                delay = problem.retry_after or min(_FIRST_DELAY * 2 ** (attempt - 1), _MAX_DELAY)
                left = self._deadline - (self._clock.monotonic() - started)
                if not problem.temporary or attempt == ATTEMPTS or delay >= left:
                    return self._fail(id_, problem.exit_code, problem.findings)
                self._emit(ev.StepRetrying(id_, attempt, delay, problem.findings[0]))
                await self._pause(delay)
            except Exception as bug:  # noqa: BLE001 - a bug in one step must not cut the others' helm off
                self.bugs.append(bug)
                words = error("bug", f"{id_}: the wizard itself failed", detail=f"{type(bug).__name__}")
                return self._fail(id_, ExitCode.BUG, (words,))
            else:
                self._emit(ev.StepSucceeded(id_, changed))
                return Outcome.DONE
        raise AssertionError("the last attempt returns")

    async def _pause(self, delay: float) -> None:
        """Waits before the next attempt; a drain ends the waiting."""
        stop = asyncio.ensure_future(self._stop.wait())
        sleep = asyncio.ensure_future(self._clock.sleep(delay))
        try:
            await asyncio.wait({stop, sleep}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            sleep.cancel()
            await asyncio.gather(stop, sleep, return_exceptions=True)

    def _fail(self, id_: str, code: ExitCode, findings: tuple[Finding, ...]) -> Outcome:
        self._codes.append(code if code is not ExitCode.PREFLIGHT else ExitCode.DEPLOYMENT)
        self._emit(ev.StepFailed(id_, findings))
        return Outcome.FAILED

    def _overdue(self, step: Step) -> Finding:
        return error(
            "deadline",
            f"{step.spec.title or step.spec.id} took longer than {self._deadline:.0f} s",
            detail="It was ended; what it had done stays.",
            hint="see its last progress line; run again to go on, with --deadline for more time",
        )
