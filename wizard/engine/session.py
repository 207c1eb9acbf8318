"""The one façade that front ends use: plan, apply, rollback, destroy, abort."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from wizard.domain import events as ev
from wizard.domain.finding import AbortedError, ExitCode, PreflightError, WizardError, error
from wizard.domain.plan import Plan, StepSpec
from wizard.engine.executor import Executor
from wizard.engine.inventory import ComponentStatus, Credential, components, credentials
from wizard.engine.lock import Holder, Lock
from wizard.engine.observe import environment_clashes, look, observe
from wizard.engine.sink import Sink, Subscriber
from wizard.engine.undo import destroy_steps, rollback_steps
from wizard.planning.budget import budget
from wizard.planning.desired import Desired
from wizard.planning.diff import make_plan, wants_look
from wizard.planning.observed import Observed
from wizard.ports import Clock, Helm, Journal, Kube, KubeReader, SecretStore
from wizard.steps.base import Context, Options, Step, Stop
from wizard.steps.registry import build
from wizard.steps.tracking import Tracker


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside, wired by compose. Expensive ones are made on first use."""

    reader: Callable[[], KubeReader]
    """Quick to make; enough to find that there is nothing to do."""
    kube: Callable[[], Kube]
    helm: Callable[[], Helm]
    clock: Clock
    stores: Sequence[SecretStore]
    journal: Callable[[str], Journal]
    """run id -> its journal. Raises OSError where it cannot be made."""
    holder: Holder
    dead: Callable[[str], bool]
    """Whether a Holder.process is proved to be gone."""
    close: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Session:
    desired: Desired
    profile: Mapping[str, Any]
    ports: Ports
    options: Options = field(default_factory=Options)
    subscribers: list[Subscriber] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    _forced: Callable[[], None] | None = None

    async def plan(self, *, closer: bool = True) -> tuple[Plan, Observed]:
        """Observes and plans; writes nothing. `closer=False` spares helm: enough to see whether
        anything is to be done, without diffs."""
        with _before_the_first_change():
            observed = await observe(self.ports.reader(), self.desired)
            clashes = await environment_clashes(self.ports.reader(), self.desired, self.ports.stores)
            observed = replace(observed, blocking=clashes)
            wanted = wants_look(self.desired, observed) if closer else ()
            if wanted:
                observed = await look(self.ports.kube(), self.ports.helm(), self.desired, observed, wanted)
        return self._make(observed), observed

    def _make(self, observed: Observed) -> Plan:
        return make_plan(
            self.desired,
            observed,
            profile=self.profile,
            budget=budget(self.desired.components).as_dict(),
            take_back_conflicts=self.options.take_back_conflicts,
        )

    def offline_plan(self) -> Plan:
        """The plan for a cluster that does not exist yet: everything is created."""
        return self._make(Observed())

    async def apply(
        self, *, agreed: Callable[[Plan], bool] | None = None, expected: str = "", undo: bool = False
    ) -> ExitCode:
        """Carries the plan out. Without the lock where there is nothing to do.

        `agreed` is asked once with the plan; `expected` is the fingerprint of a saved plan. With
        `undo`, a failed run's own changes are rolled back. Raises WizardError before the first change.
        """
        plan, _ = await self.plan()
        self._check(plan, expected)
        if plan.empty:
            return ExitCode.OK
        if agreed is not None and not agreed(plan):
            raise AbortedError(error("aborted", "not applied: the plan was not agreed to"))
        # With --yes nobody has read this plan: what is there once the lock is held is what counts. A
        # helm that a killed run left behind may just have finished its release.
        shown = plan.fingerprint if agreed is not None or expected else ""
        return await self._locked("apply", lambda c: self._apply(c, expected=shown, undo=undo))

    def _check(self, plan: Plan, expected: str) -> None:
        if plan.blocked:
            raise PreflightError(*plan.blocked)
        if expected and plan.fingerprint != expected:
            raise PreflightError(
                error(
                    "plan-stale",
                    "the cluster or the profile has moved since this plan was made",
                    detail=f"fingerprint {expected} was planned, {plan.fingerprint} is there now",
                    hint="make a new plan, read it, apply that",
                )
            )

    async def rollback(self, *, run: str = "") -> ExitCode:
        """Undoes the changes of the last run (or the named one), newest first, from Helm's history."""

        async def work(running: _Running) -> ExitCode:
            steps = await rollback_steps(running.context, run)
            if not steps:
                raise PreflightError(
                    error("nothing-to-roll-back", "no release here was changed by a run of this wizard")
                )
            return await running.execute("rollback", steps)

        return await self._locked("rollback", work)

    async def destroy(self) -> ExitCode:
        """Uninstalls everything, newest dependants first. Volumes and Secrets stay unless
        `options.delete_data`."""

        async def work(running: _Running) -> ExitCode:
            return await running.execute("destroy", await destroy_steps(running.context))

        return await self._locked("destroy", work)

    async def status(self) -> list[ComponentStatus]:
        """What is there of each component; costs one round of reads."""
        with _before_the_first_change():
            return components(self.desired, await observe(self.ports.reader(), self.desired))

    async def credentials(self) -> list[Credential]:
        """Every secret, with its value: for the one command that shows them."""
        with _before_the_first_change():
            return await credentials(self.ports.reader(), self.ports.stores, self.desired)

    async def server_version(self) -> str:
        with _before_the_first_change():
            return await self.ports.reader().version()

    async def close(self) -> None:
        """Lets go of connections; the session is not used after it."""
        await self.ports.close()

    def drain(self, reason: str) -> None:
        """The first wish to stop: no new step starts, helm is let finish."""
        self.stop.drain()
        for subscriber in self.subscribers:
            subscriber(ev.Draining(reason), self.ports.clock.now())

    def force(self) -> None:
        """The second: running steps are cancelled, helm gets SIGTERM."""
        if self._forced is not None:
            self._forced()

    async def _locked(self, what: str, work: Callable[[_Running], Awaitable[ExitCode]]) -> ExitCode:
        run = self.ports.holder.run
        try:
            journal = self.ports.journal(run)
        except OSError as problem:
            raise PreflightError(
                error(
                    "journal-unwritable",
                    "the journal of this run cannot be written",
                    detail=str(problem),
                    hint="free space, or set XDG_STATE_HOME to another disk",
                )
            ) from problem
        sink = Sink(self.ports.clock, self.subscribers, journal)
        kube = self.ports.kube()
        async with AsyncExitStack() as stack:
            stack.callback(journal.close)
            tracker = await stack.enter_async_context(Tracker(kube, self.desired.namespace, self.ports.clock))
            lock = Lock(
                kube,
                self.ports.clock,
                self.desired.deployment,
                self.ports.holder,
                dead=self.ports.dead,
                lost=lambda: self.drain("the lock was lost to another wizard"),
            )
            with _before_the_first_change():
                await stack.enter_async_context(lock)
            plan, observed = await self.plan(closer=what == "apply")
            context = Context(
                run=run,
                desired=self.desired,
                observed=observed,
                plan=plan,
                kube=kube,
                helm=self.ports.helm(),
                clock=self.ports.clock,
                stores=self.ports.stores,
                emit=sink.emit,
                tracker=tracker,
                stop=self.stop,
                options=self.options,
            )
            task = asyncio.ensure_future(work(_Running(context, sink, what)))
            self._forced = partial(_cancel, task)
            try:
                code: ExitCode = await task
            except asyncio.CancelledError:
                code = ExitCode.ABORTED
                sink.emit(ev.RunFinished(run, code))
            finally:
                self._forced = None
            return code

    async def _apply(self, running: _Running, *, expected: str, undo: bool) -> ExitCode:
        context = running.context
        # What was agreed to must be what is done: another wizard may have finished while this one
        # waited for an answer.
        self._check(context.plan, expected)
        steps = [build(spec, context) for spec in context.plan.steps]
        code = await running.execute("apply", steps)
        if undo and code is ExitCode.DEPLOYMENT and running.sink.state.releases:
            await running.execute("rollback", await rollback_steps(context, context.run))
        return code


@contextmanager
def _before_the_first_change() -> Iterator[None]:
    """What fails here has deployed nothing: a refused read is a failed preflight."""
    try:
        yield
    except WizardError as problem:
        if problem.exit_code is ExitCode.DEPLOYMENT:
            problem.exit_code = ExitCode.PREFLIGHT
        raise


def _cancel(task: asyncio.Future[ExitCode]) -> None:
    task.cancel()


@dataclass(slots=True)
class _Running:
    """One run under the lock."""

    context: Context
    sink: Sink
    what: str

    async def execute(self, what: str, steps: Sequence[Step]) -> ExitCode:
        context = self.context
        specs: tuple[StepSpec, ...] = tuple(step.spec for step in steps)
        self.sink.emit(ev.RunStarted(context.run, context.desired.deployment, specs, what))
        executor = Executor(
            steps,
            emit=self.sink.emit,
            clock=context.clock,
            stop=context.stop,
            concurrency=context.options.concurrency,
            deadline=context.options.deadline,
        )
        code = await executor.run()
        self.sink.emit(ev.RunFinished(context.run, int(code)))
        return code
