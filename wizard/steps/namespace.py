"""Step: the namespace, with the Pod Security level that our charts meet."""

from __future__ import annotations

from wizard.domain.plan import StepSpec
from wizard.planning.desired import PART_OF
from wizard.planning.diff import POD_SECURITY
from wizard.ports import NAMESPACES, KubeObject, NotFound
from wizard.steps.base import Context

MANAGED_BY = "app.kubernetes.io/managed-by"
_LEVEL = "pod-security.kubernetes.io/enforce"


def manifest(name: str, deployment: str) -> KubeObject:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                MANAGED_BY: "wizard",
                "app.kubernetes.io/part-of": PART_OF,
                "wizard.dev/deployment": deployment,
                _LEVEL: POD_SECURITY,
                "pod-security.kubernetes.io/warn": POD_SECURITY,
            },
        },
    }


class NamespaceStep:
    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context = spec, context

    async def satisfied(self) -> bool:
        try:
            found = await self._context.kube.get(NAMESPACES, "", self.spec.target)
        except NotFound:
            return False
        labels = found["metadata"].get("labels", {})
        return bool(labels.get(_LEVEL) == POD_SECURITY and labels.get(MANAGED_BY) == "wizard")

    async def apply(self) -> bool:
        wanted = manifest(self.spec.target, self._context.desired.deployment)
        await self._context.kube.apply(NAMESPACES, wanted, force=True)
        return True
