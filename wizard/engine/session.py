"""The one façade that front ends use: plan, apply, rollback, destroy, status, stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from wizard.domain.finding import AbortedError, ExitCode, Finding, PreflightError, error
from wizard.domain.plan import Plan
from wizard.engine.inventory import ComponentStatus, Credential, components, credentials
from wizard.engine.observe import environment_clashes, look, observe
from wizard.engine.preflight import before_the_first_change
from wizard.engine.server import ServerView, view
from wizard.engine.setting import Setting
from wizard.engine.sink import Subscriber
from wizard.planning.budget import budget
from wizard.planning.desired import Desired
from wizard.planning.diff import make_plan, wants_look
from wizard.planning.observed import Observed

if TYPE_CHECKING:
    from wizard.engine.run import Run


class Session:
    """One profile's commands; front ends listen by `subscribe`, and never reach behind it."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._ports = setting, setting.ports
        self._run: Run | None = None
        self.server: ServerView | None = None
        """For target k3s, what was last seen of the server."""

    @property
    def desired(self) -> Desired:
        return self._setting.desired

    @property
    def running(self) -> bool:
        """Whether steps are being carried out, so that stopping means draining."""
        return self._run is not None and self._run.acting

    def subscribe(self, subscriber: Subscriber) -> None:
        """`subscriber` is called with each event of the runs to come and when it happened."""
        self._setting.subscribers.append(subscriber)

    async def plan(self, *, closer: bool = True) -> tuple[Plan, Observed]:
        """Observes and plans; writes nothing. `closer=False` spares helm: enough to see whether
        anything is to be done, without diffs."""
        desired, server = self.desired, None
        with before_the_first_change():
            if self._setting.server is not None:
                server = self.server = await view(self._setting.server, self._ports.clock)
                if not server.up:
                    return self._make(Observed(), server), Observed()
            reader = self._ports.reader()
            observed = await observe(reader, desired)
            clashes = await environment_clashes(reader, desired, self._ports.stores)
            observed = replace(observed, blocking=clashes)
            if closer and (wanted := wants_look(desired, observed)):
                observed = await look(self._ports.kube(), self._ports.helm(), desired, observed, wanted)
        return self._make(observed, server), observed

    def _make(self, observed: Observed, server: ServerView | None) -> Plan:
        return make_plan(
            self.desired,
            observed,
            profile=self._setting.profile,
            budget=budget(self.desired.components).as_dict(),
            take_back_conflicts=self._setting.options.take_back_conflicts,
            server=(server.action, server.findings) if server else None,
        )

    def offline_plan(self) -> Plan:
        """The plan for a cluster that does not exist yet: everything is created."""
        job = self._setting.server
        return self._make(Observed(), ServerView(job.action(), (), up=False) if job else None)

    async def apply(
        self, *, agreed: Callable[[Plan], bool] | None = None, expected: str = "", undo: bool = False
    ) -> ExitCode:
        """Carries the plan out. Without the lock where there is nothing to do.

        `agreed` is asked once with the plan; `expected` is the fingerprint of a saved plan. With
        `undo`, a failed run's own changes are rolled back. Raises WizardError before the first change.
        """
        plan, _ = await self.plan()
        _check(plan, expected)
        if plan.empty:
            return ExitCode.OK
        if agreed is not None and not agreed(plan):
            raise AbortedError(error("aborted", "not applied: the plan was not agreed to"))
        # What was agreed to must be what is done: another wizard may have finished while this one waited for
        # an answer. With --yes nobody has read this plan: what is there once the lock is held is what counts
        # (a helm that a killed run left behind may just have finished its release).
        shown = plan.fingerprint if agreed is not None or expected else ""
        return await self._new_run().apply(lambda made: _check(made, shown), undo=undo)

    async def rollback(self, *, run: str = "") -> ExitCode:
        """Undoes the changes of the last run (or the named one), newest first, from Helm's history."""
        return await self._new_run(closer=False).rollback(run)

    async def destroy(self) -> ExitCode:
        """Uninstalls everything, newest dependants first. Volumes and Secrets stay unless
        `options.delete_data`."""
        return await self._new_run(closer=False).destroy()

    def _new_run(self, *, closer: bool = True) -> Run:
        from wizard.engine.run import Run

        self._run = Run(self._setting, lambda: self.plan(closer=closer))
        return self._run

    async def status(self) -> list[ComponentStatus]:
        """What is there of each component; costs one round of reads."""
        with before_the_first_change():
            await self._connect()
            return components(self.desired, await observe(self._ports.reader(), self.desired))

    async def _connect(self) -> None:
        if self._setting.server is not None:
            await self._setting.server.machine.connect()

    async def inspect(self) -> tuple[Finding, ...]:
        """For target k3s, what its server's preflight finds, with a closer look; empty for all others."""
        if self._setting.server is None:
            return ()
        with before_the_first_change():
            self.server = await view(self._setting.server, self._ports.clock, closer=True)
        return self.server.findings

    async def credentials(self) -> list[Credential]:
        """Every secret, with its value: for the one command that shows them."""
        with before_the_first_change():
            await self._connect()
            return await credentials(self._ports.reader(), self._ports.stores, self.desired)

    async def server_version(self) -> str:
        with before_the_first_change():
            await self._connect()
            return await self._ports.reader().version()

    async def close(self) -> None:
        """Lets go of connections; the session is not used after it."""
        await self._ports.close()

    def now(self) -> float:
        """Seconds since the epoch, on the clock that events carry."""
        return self._ports.clock.now()

    def drain(self, reason: str) -> None:
        """The first wish to stop: no new step starts, helm is let finish."""
        if self._run is not None:
            self._run.drain(reason)

    def force(self) -> None:
        """The second: running steps are cancelled, helm gets SIGTERM."""
        if self._run is not None:
            self._run.force()


def _check(plan: Plan, expected: str) -> None:
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
