"""Step: a release goes back to an earlier revision, or away where there was none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from wizard.domain.plan import StepSpec
from wizard.ports import Release, ReleaseMissing
from wizard.steps import history, record
from wizard.steps.base import Context


class RevertStep:
    def __init__(self, spec: StepSpec, context: Context, target: Release | None, past: Sequence[Release]) -> None:
        self.spec, self._context, self._target, self._past = spec, context, target, past

    async def satisfied(self) -> bool:
        component = self._context.component(self.spec.target)
        past = await self._context.helm.history(component.name, component.namespace)
        if self._target is None:
            return not past
        if not past or past[-1].status != "deployed":
            return False
        wanted = history.origin(self._target, self._past).digest
        return bool(wanted) and history.origin(past[-1], past).digest == wanted

    async def apply(self) -> bool:
        context, component = self._context, self._context.component(self.spec.target)
        if self._target is None:
            with suppress(ReleaseMissing):  # an earlier attempt got this far
                await context.helm.uninstall(component.name, component.namespace)
        else:
            await context.helm.rollback(component.name, component.namespace, self._target.revision)
        context.workloads.pop(component.name, None)
        # The record is of a state that is gone: the next run looks again and waits for readiness.
        async with context.record_lock:
            await record.write(context.kube, context.desired.deployment, {component.name: None})
        return True
