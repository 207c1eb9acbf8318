"""Step: one Helm release at its desired revision. Does not wait for readiness: that is a step of its own."""

from __future__ import annotations

from wizard.domain.events import ReleaseChanged, StepProgress
from wizard.domain.plan import StepSpec
from wizard.ports import Release, ReleaseMissing, ReleaseRequest
from wizard.steps import history
from wizard.steps.base import Context
from wizard.steps.manifests import workloads

SETTLE = 20.0
"""Seconds after its last change that a pending release is taken for cut off. Our own helm calls do not
wait for pods, so they end within seconds, also when the wizard that started them was killed."""


class ReleaseStep:
    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context = spec, context
        self._component = context.component(spec.target)
        self._fresh = True
        """Nothing has happened since the plan was made, under the same lock: what it observed holds."""

    async def satisfied(self) -> bool:
        """Only a release that was pending, or that a first attempt touched, can have got there meanwhile."""
        component, helm = self._component, self._context.helm
        planned = self._context.observed.releases.get(component.name)
        if self._fresh and not (planned and planned.pending):
            return False
        await self._settle()
        past = await helm.history(component.name, component.namespace)
        if not past or past[-1].status != "deployed":
            return False
        if history.origin(past[-1], past).digest != component.digest:
            return False
        manifest = await helm.manifest(component.name, component.namespace)
        self._context.workloads[component.name] = workloads(manifest)
        return True

    async def apply(self) -> bool:
        context, component = self._context, self._component
        before = context.observed.releases.get(component.name) if self._fresh else await self._newest()
        self._fresh = False
        done = await context.helm.upgrade(
            ReleaseRequest(
                component.name,
                component.namespace,
                component.chart,
                component.values,
                history.description(context.run, component.digest),
                take_back_conflicts=context.options.take_back_conflicts,
            )
        )
        context.workloads[component.name] = workloads(done.manifest)
        revision = before.revision if before else 0
        context.emit(ReleaseChanged(self.spec.id, component.name, component.namespace, revision, done.release.revision))
        return True

    async def _newest(self) -> Release | None:
        releases = await self._context.helm.list(self._component.namespace)
        return next((r for r in releases if r.name == self._component.name), None)

    async def _settle(self) -> None:
        """Puts a release right that an interrupted operation left pending; only under the wizard's lock."""
        context, component = self._context, self._component
        began = context.clock.monotonic()
        while (release := await self._newest()) is not None and release.pending:
            # Another machine's clock wrote `updated`: whatever it says, we do not wait longer than SETTLE.
            age = max(context.clock.now() - release.updated, context.clock.monotonic() - began)
            if age < SETTLE:
                context.emit(StepProgress(self.spec.id, f"{release.status} for {age:.0f} s: letting it settle"))
                await context.clock.sleep(0.5)
                continue
            past = await context.helm.history(component.name, component.namespace)
            good = history.last_good(past, before=release.revision)
            if good is None or release.status == "uninstalling":
                context.emit(StepProgress(self.spec.id, f"removing what {release.status} left behind"))
                try:
                    await context.helm.uninstall(component.name, component.namespace)
                except ReleaseMissing:
                    return
            else:
                context.emit(StepProgress(self.spec.id, f"back to revision {good.revision} after {release.status}"))
                await context.helm.rollback(component.name, component.namespace, good.revision)
