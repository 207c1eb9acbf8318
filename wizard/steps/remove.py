"""Step: a release is gone; its volumes stay unless the operator said that data goes too."""

from __future__ import annotations

from contextlib import suppress

from wizard.domain.plan import StepSpec
from wizard.ports import CLAIMS, NotFound, ReleaseMissing
from wizard.steps import record
from wizard.steps.base import Context


class RemoveStep:
    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context = spec, context

    async def satisfied(self) -> bool:
        releases = await self._context.helm.list(self._context.desired.namespace)
        records = await record.read(self._context.kube, self._context.desired.deployment)
        return self.spec.target not in records and all(r.name != self.spec.target for r in releases)

    async def apply(self) -> bool:
        context, name = self._context, self.spec.target
        with suppress(ReleaseMissing):  # an earlier attempt got this far
            await context.helm.uninstall(name, context.desired.namespace)
        if context.options.delete_data:
            await self._delete_claims()
        async with context.record_lock:
            await record.write(context.kube, context.desired.deployment, {name: None})
        return True

    async def _delete_claims(self) -> None:
        kube, namespace = self._context.kube, self._context.desired.namespace
        labels = f"app.kubernetes.io/instance={self.spec.target}"
        for claim in (await kube.list(CLAIMS, namespace, labels=labels))["items"]:
            try:
                await kube.delete(CLAIMS, namespace, claim["metadata"]["name"])
            except NotFound:
                continue
