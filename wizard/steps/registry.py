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

KINDS: Mapping[str, Callable[[StepSpec, Context], Step]] = {
    "namespace": NamespaceStep,
    "secrets": SecretsStep,
    "release": ReleaseStep,
    "ready": ReadyStep,
    "remove": RemoveStep,
}


def build(spec: StepSpec, context: Context) -> Step:
    return KINDS[spec.kind](spec, context)
