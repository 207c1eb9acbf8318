"""One run under the lock: journal, lock, context, the graph's execution, draining and forcing.

Imported when there is something to do: a run that finds nothing to change never pays for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from wizard.domain import events as ev
from wizard.domain.finding import ExitCode, PreflightError, error
from wizard.domain.plan import Plan, StepSpec
from wizard.engine.executor import Executor
from wizard.engine.lock import Lock
from wizard.engine.preflight import before_the_first_change
from wizard.engine.server import view
from wizard.engine.setting import Setting
from wizard.engine.sink import Sink
from wizard.engine.undo import destroy_steps, rollback_steps
from wizard.planning.observed import Observed
from wizard.ports import Journal
from wizard.steps.base import Context, Step
from wizard.steps.registry import build
from wizard.steps.tracking import Tracker

Planner = Callable[[], Awaitable[tuple[Plan, Observed]]]


class Run:
    """Made for one command and used once. Raises WizardError before the first change."""

    def __init__(self, setting: Setting, planner: Planner) -> None:
        self._setting, self._planner = setting, planner
        self._task: asyncio.Future[ExitCode] | None = None
        self._sink = Sink(setting.ports.clock, setting.subscribers)
        self._up = True
        """Whether there is a cluster; only for target k3s there may be none yet."""

    @property
    def acting(self) -> bool:
        """Whether steps are being carried out, so that stopping means draining."""
        return self._task is not None

    async def apply(self, check: Callable[[Plan], None], *, undo: bool) -> ExitCode:
        """`check` is given the plan made under the lock, and raises where it must not be applied."""

        async def work(context: Context) -> ExitCode:
            check(context.plan)
            code = await self._execute(context, "apply", [build(spec, context) for spec in context.plan.steps])
            if undo and code is ExitCode.DEPLOYMENT and self._sink.state.releases:
                await self._execute(context, "rollback", await rollback_steps(context, context.run))
            return code

        return await self._locked(work)

    async def rollback(self, run: str) -> ExitCode:
        async def work(context: Context) -> ExitCode:
            await self._need_cluster(context)
            steps = await rollback_steps(context, run)
            if not steps:
                summary = "no release here was changed by a run of this wizard"
                raise PreflightError(error("nothing-to-roll-back", summary))
            return await self._execute(context, "rollback", steps)

        return await self._locked(work)

    async def destroy(self) -> ExitCode:
        async def work(context: Context) -> ExitCode:
            if not context.options.server:
                await self._need_cluster(context)
            return await self._execute(context, "destroy", await destroy_steps(context))

        return await self._locked(work)

    async def _need_cluster(self, context: Context) -> None:
        if not self._up:
            summary = f"there is no cluster of this wizard on {context.desired.deployment}'s server"
            raise PreflightError(
                error("no-cluster", summary, hint="deploy first, or `wizard doctor` with this profile")
            )

    def drain(self, reason: str) -> None:
        self._setting.stop.drain()
        self._sink.emit(ev.Draining(reason))

    def force(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _locked(self, work: Callable[[Context], Awaitable[ExitCode]]) -> ExitCode:
        setting, ports = self._setting, self._setting.ports
        run = ports.holder.run
        journal = _journal(ports.journal, run)
        self._sink = Sink(ports.clock, setting.subscribers, journal)
        server = setting.server
        async with AsyncExitStack() as stack:
            stack.callback(journal.close)
            if server is not None:
                with before_the_first_change():
                    stack.enter_context(server.machine.lock(ports.holder))
                    self._up = (await view(server, ports.clock)).up
            kube = ports.kube()
            tracker = await stack.enter_async_context(Tracker(kube, setting.desired.namespace, ports.clock))
            lock = Lock(
                kube,
                ports.clock,
                setting.desired.deployment,
                ports.holder,
                dead=ports.dead,
                lost=lambda: self.drain("the lock was lost to another wizard"),
                outage=lambda: server is not None and server.restarting,
            )
            if self._up:
                with before_the_first_change():
                    await stack.enter_async_context(lock)
            elif server is not None:
                # There is nothing to hold a lease in. Until there is, the file lock keeps this machine's others off,
                # and the installation's own lock on the server those of other machines.
                server.cluster_up = lambda: _entered(stack, lock)
            plan, observed = await self._planner()
            context = Context(
                run=run,
                desired=setting.desired,
                observed=observed,
                plan=plan,
                kube=kube,
                helm=ports.helm(),
                clock=ports.clock,
                stores=ports.stores,
                emit=self._sink.emit,
                tracker=tracker,
                stop=setting.stop,
                options=setting.options,
                server=server,
            )
            self._task = asyncio.ensure_future(work(context))
            try:
                return await self._task
            except asyncio.CancelledError:
                self._sink.emit(ev.RunFinished(run, ExitCode.ABORTED))
                return ExitCode.ABORTED
            finally:
                self._task = None

    async def _execute(self, context: Context, what: str, steps: Sequence[Step]) -> ExitCode:
        specs: tuple[StepSpec, ...] = tuple(step.spec for step in steps)
        self._sink.emit(ev.RunStarted(context.run, context.desired.deployment, specs, what, context.desired.simulated))
        executor = Executor(
            steps,
            emit=self._sink.emit,
            clock=context.clock,
            stop=context.stop,
            concurrency=context.options.concurrency,
            deadline=context.options.deadline,
        )
        code = await executor.run()
        self._sink.emit(ev.RunFinished(context.run, int(code)))
        if executor.bugs:
            raise executor.bugs[0]
        return code


async def _entered(stack: AsyncExitStack, lock: Lock) -> None:
    await stack.enter_async_context(lock)


def _journal(make: Callable[[str], Journal], run: str) -> Journal:
    try:
        return make(run)
    except OSError as problem:
        raise PreflightError(
            error(
                "journal-unwritable",
                "the journal of this run cannot be written",
                detail=str(problem),
                hint="free space, or set XDG_STATE_HOME to another disk",
            )
        ) from problem
