"""One deployment as the app carries it: its session, its plan, its run and what the run said.

The app owns it, not a screen: a screen's workers die with the screen, helm must not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.domain import events as ev
from wizard.domain.finding import ExitCode, Finding, WizardError
from wizard.domain.plan import Plan
from wizard.domain.profile import Profile
from wizard.domain.run import RunState, reduce
from wizard.ui.services import Services

if TYPE_CHECKING:
    from wizard.engine.inventory import Credential
    from wizard.engine.session import Session
    from wizard.planning.desired import Desired

LOG_LINES = 2000
"""Lines of the run's own talk that are kept; the journal has them all."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a run's talk."""

    at: float
    step: str
    text: str


class Deployment:
    """Reads like a value: `state`, `plan`, `problem`; `version` changes whenever one of them does."""

    def __init__(self, services: Services, profile: Profile) -> None:
        self.services, self.profile = services, profile
        self.state = RunState()
        self.plan: Plan | None = None
        self.problem: tuple[Finding, ...] = ()
        """Why there is no plan, or why the last command ended before its first step."""
        self.code: ExitCode | None = None
        """What the last command ended with; None before and while it runs."""
        self.talk: deque[Said] = deque(maxlen=LOG_LINES)
        self.progress = ""
        """What preparing is at: `starting the sandbox`."""
        self.desired: Desired | None = None
        """What the profile means; None before the target was first looked at."""
        self.version = 0
        self.started: float | None = None
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._task: asyncio.Task[ExitCode] | None = None
        self._ended: list[Callable[[], None]] = []

    @property
    def running(self) -> bool:
        """Whether a command is under way: leaving now would cut it off."""
        return self._task is not None and not self._task.done()

    @property
    def simulated(self) -> bool:
        return self.profile.simulated

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the platform is reached; empty without a domain."""
        return self.desired.urls if self.desired else ()

    @property
    def kubeconfig(self) -> str:
        """The file that kubectl needs to look further; empty for the default one."""
        return self.services.kubeconfig(self.profile)

    def when_ended(self, callback: Callable[[], None]) -> None:
        """`callback` is called, on the loop, after each command."""
        self._ended.append(callback)

    def now(self) -> float:
        """Seconds since the epoch, on the clock that events carry; 0.0 before there is a session."""
        return self._session.now() if self._session else 0.0

    async def make_plan(self) -> None:
        """Looks at the target and plans. What goes wrong is in `problem`; nothing is raised but bugs."""
        self.plan, self.problem = None, ()
        self._changed("looking at the target")
        try:
            session = await self._open()
            self.plan, _ = await session.plan()
        except WizardError as wrong:
            self.problem = wrong.findings
        finally:
            self._changed("")

    def apply(self) -> None:
        """Carries the plan out in the background; a plan that has moved meanwhile is refused (`plan-stale`)."""
        expected = self.plan.fingerprint if self.plan else ""
        self._start(lambda session: session.apply(expected=expected))

    def retry(self) -> None:
        """Plans again and goes on from what is there."""
        self._start(lambda session: session.apply())

    def rollback(self) -> None:
        """Undoes what the last run changed, newest first."""
        self._start(lambda session: session.rollback())

    def stop(self, reason: str) -> str:
        """The first call drains, the next ones force. Says in words what it did."""
        if self._session is None or self._task is None or self._task.done():
            return ""
        if not self._session.running:
            self._task.cancel()
            return "stopped before the first step"
        if not self.state.draining:
            self._session.drain(reason)
            return "stopping: what runs is let finish; again to force"
        self._session.force()
        return "forced: running steps are cut off"

    async def credentials(self) -> list[Credential]:
        """Raises WizardError."""
        return await (await self._open()).credentials()

    async def wait(self) -> ExitCode | None:
        """Until the command under way has ended; None where there is none."""
        if self._task is None:
            return self.code
        await asyncio.wait([self._task])
        return self.code

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _open(self) -> Session:
        # One at a time: `plan again` while the first look still starts the sandbox must not start a second one.
        async with self._opening:
            if self._session is None:
                # A sandbox is started and helm found or fetched here: seconds, off the loop. Shielded: a thread
                # cannot be cancelled, and what it opens must be closed by somebody.
                opening = asyncio.ensure_future(asyncio.to_thread(self.services.session, self.profile, self._say))
                try:
                    session = await asyncio.shield(opening)
                except asyncio.CancelledError:
                    await asyncio.wait([opening])
                    if opening.exception() is None:
                        await opening.result().close()
                    raise
                session.subscribe(self._heard)
                self.desired, self._session = session.desired, session
            return self._session

    def _say(self, words: str) -> None:
        self._changed(words)  # from a thread: only values are set, nothing is drawn

    def _changed(self, progress: str | None = None) -> None:
        if progress is not None:
            self.progress = progress
        self.version += 1

    def _start(self, command: Callable[[Session], Awaitable[ExitCode]]) -> None:
        if self.running:
            raise RuntimeError("one command at a time")
        self.code, self.problem, self.state = None, (), RunState()
        self.started = None
        self._task = asyncio.create_task(self._carry_out(command))
        self._changed()

    async def _carry_out(self, command: Callable[[Session], Awaitable[ExitCode]]) -> ExitCode:
        code = ExitCode.BUG
        try:
            await self.close()  # a session is one run's: its id names the journal
            code = await command(await self._open())
        except WizardError as wrong:
            self.problem, code = wrong.findings, wrong.exit_code
        except asyncio.CancelledError:
            code = ExitCode.ABORTED
        finally:
            self.code = code
            self._changed("")
            # After this task's own end: who listens may start the next command.
            asyncio.get_running_loop().call_soon(self._tell_ended)
        return code

    def _tell_ended(self) -> None:
        for callback in self._ended:
            callback()

    def _heard(self, event: ev.Event, at: float) -> None:
        self.started = self.started or at
        self.state = reduce(self.state, event, at)
        match event:
            case ev.StepLog(step, source, line):
                self.talk.append(Said(at, step, f"{source}: {line}"))
            case ev.StepProgress(step, message):
                self.talk.append(Said(at, step, message))
            case ev.StepStarted(step):
                self.talk.append(Said(at, step, "started"))
            case ev.StepSucceeded(step, changed):
                self.talk.append(Said(at, step, "done" if changed else "ok"))
            case ev.StepFailed(step, findings):
                self.talk.extend(Said(at, step, finding.summary) for finding in findings)
            case ev.StepRetrying(step, _, delay, finding):
                self.talk.append(Said(at, step, f"again in {delay:.1f} s: {finding.summary}"))
            case ev.StepSkipped(step, because):
                self.talk.append(Said(at, step, f"skipped: {because}"))
            case ev.ReleaseChanged(step, release, _, before, after):
                self.talk.append(Said(at, step, f"helm release {release}: revision {before or 'none'} -> {after}"))
            case ev.Noticed(finding):
                self.talk.append(Said(at, "", finding.summary))
            case ev.Draining(reason):
                self.talk.append(Said(at, "", f"stopping: {reason}"))
            case _:
                pass
        self._changed()
