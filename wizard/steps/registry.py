"""StepSpec.kind -> the class that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wizard.domain.plan import StepSpec
from wizard.steps.base import Context, Step
from wizard.steps.namespace import NamespaceStep
from wizard.steps.ready import ReadyStep
from wizard.steps.release import ReleaseStep
from wizard.steps.remove import RemoveStep
from wizard.steps.secrets import SecretsStep
from wizard.steps.server import K3sInstallStep, K3sReadyStep, ServerPreflightStep

KINDS: Mapping[str, Callable[[StepSpec, Context], Step]] = {
    "server-preflight": ServerPreflightStep,
    "k3s-install": K3sInstallStep,
    "k3s-ready": K3sReadyStep,
    "namespace": NamespaceStep,
    "secrets": SecretsStep,
    "release": ReleaseStep,
    "ready": ReadyStep,
    "remove": RemoveStep,
}


def build(spec: StepSpec, context: Context) -> Step:
    return KINDS[spec.kind](spec, context)
