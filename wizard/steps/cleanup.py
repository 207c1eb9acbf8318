"""Step: what the wizard itself put into the cluster is gone after a destroy."""

from __future__ import annotations

from wizard.domain.events import StepProgress
from wizard.domain.plan import StepSpec
from wizard.planning.desired import SYSTEM_NAMESPACE
from wizard.ports import CLAIMS, CONFIG_MAPS, NAMESPACES, SECRETS, NotFound, Resource
from wizard.steps.base import Context
from wizard.steps.namespace import MANAGED_BY


class CleanupStep:
    """Always the record; with `delete_data` also Secrets, volume claims, and the namespace where it is ours."""

    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context = spec, context

    async def satisfied(self) -> bool:
        return False  # deleting what is gone costs one request each and answers the same question

    async def apply(self) -> bool:
        context = self._context
        changed = await self._delete(CONFIG_MAPS, SYSTEM_NAMESPACE, context.desired.deployment)
        if not context.options.delete_data:
            return changed
        namespace = context.desired.namespace
        for secret in context.desired.secret_objects:
            changed |= await self._delete(SECRETS, namespace, secret.name)
        for claim in (await context.kube.list(CLAIMS, namespace))["items"]:
            if claim["metadata"].get("labels", {}).get("app.kubernetes.io/instance") in self._instances:
                changed |= await self._delete(CLAIMS, namespace, claim["metadata"]["name"])
        if await self._ours():
            changed |= await self._delete(NAMESPACES, "", namespace)
            await self._until_gone()
        return changed

    @property
    def _instances(self) -> set[str]:
        return {component.name for component in self._context.desired.components}

    async def _ours(self) -> bool:
        try:
            found = await self._context.kube.get(NAMESPACES, "", self._context.desired.namespace)
        except NotFound:
            return False
        labels = found["metadata"].get("labels", {})
        return bool(
            labels.get(MANAGED_BY) == "wizard"
            and labels.get("wizard.dev/deployment") == self._context.desired.deployment
        )

    async def _delete(self, resource: Resource, namespace: str, name: str) -> bool:
        try:
            await self._context.kube.delete(resource, namespace, name)
        except NotFound:
            return False
        return True

    async def _until_gone(self) -> None:
        name = self._context.desired.namespace
        while True:
            try:
                found = await self._context.kube.get(NAMESPACES, "", name)
            except NotFound:
                return
            stuck = [c["message"] for c in found.get("status", {}).get("conditions", ()) if c["status"] == "True"]
            self._context.emit(StepProgress(self.spec.id, "; ".join(stuck) or f"namespace {name} is ending"))
            await self._context.clock.sleep(0.5)
