"""The graphs of rollback and destroy, made from what Helm's history and the cluster say now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wizard.domain.finding import Finding, PreflightError, error
from wizard.domain.plan import StepSpec
from wizard.planning.desired import Component
from wizard.planning.diff import left_over
from wizard.ports import Release
from wizard.steps import history
from wizard.steps.base import Context, Step
from wizard.steps.cleanup import CleanupStep
from wizard.steps.ready import ReadyStep
from wizard.steps.remove import RemoveStep
from wizard.steps.revert import RevertStep
from wizard.steps.server import K3sRemoveStep


def _dependants_first(components: Sequence[Component]) -> list[tuple[str, tuple[str, ...]]]:
    """(component, those that must be undone before it)."""
    return [(c.name, tuple(o.name for o in components if c.name in o.needs)) for c in components]


def _forgotten(name: str, run: str, past: Sequence[Release]) -> Finding:
    return error(
        "history-too-short",
        f"{name}: what was there before run {run} is no longer in Helm's history",
        detail=f"Helm keeps the last revisions only; its oldest is {past[0].revision}: {name} was there before it.",
        hint="apply the profile as it was then, or `helm rollback` to a revision of your choice",
    )


async def rollback_steps(context: Context, run: str) -> list[Step]:
    """Every release that `run` (the last one where empty) changed goes back to what it was before it;
    one that the run installed is uninstalled. Raises PreflightError where Helm has forgotten what was before."""
    components = context.desired.components
    pasts: dict[str, list[Release]] = {}
    for component, past in zip(
        components,
        await asyncio.gather(*(context.helm.history(c.name, c.namespace) for c in components)),
        strict=True,
    ):
        pasts[component.name] = past
    run = run or history.last_run(list(pasts.values()))
    touched = {
        name: min(r.revision for r in past if history.origin(r).run == run)
        for name, past in pasts.items()
        if run and any(history.origin(r).run == run for r in past)
    }
    for name, past in pasts.items():
        # helm replaces the description of a revision that failed, and with it the run's name.
        if run and past and past[-1].status == "failed" and not history.origin(past[-1]).run:
            touched.setdefault(name, past[-1].revision)
    steps: list[Step] = []
    for name, before in _dependants_first(components):
        if name not in touched:
            continue
        needs = tuple(f"revert:{other}" for other in before if other in touched)
        target = history.last_good(pasts[name], before=touched[name])
        if target is None and pasts[name][0].revision > 1:
            raise PreflightError(_forgotten(name, run, pasts[name]))
        words = f"back to revision {target.revision}" if target else "uninstall, as it was not there before"
        spec = StepSpec(f"revert:{name}", "revert", name, needs, f"{name}: {words}")
        steps.append(RevertStep(spec, context, target, pasts[name]))
        if target:
            ready = StepSpec(f"ready:{name}", "ready", name, (spec.id,), f"{name}: ready")
            steps.append(ReadyStep(ready, context, reverted_to=history.origin(target, pasts[name]).digest))
    return steps


async def destroy_steps(context: Context) -> list[Step]:
    """Releases in reverse order of need, then the wizard's own objects."""
    components = context.desired.components
    there = set(context.observed.releases)
    steps: list[Step] = []
    for name, before in _dependants_first(components):
        if name in there or name in context.observed.records:
            needs = tuple(f"remove:{other}" for other in before if other in there)
            steps.append(RemoveStep(StepSpec(f"remove:{name}", "remove", name, needs, f"{name}: uninstall"), context))
    for name in left_over(context.desired, context.observed):
        # Switched off in the profile, and never applied since: what it has outside of the namespace must go too.
        steps.append(RemoveStep(StepSpec(f"remove:{name}", "remove", name, (), f"{name}: uninstall"), context))
    needs = tuple(step.spec.id for step in steps)
    title = "namespace, Secrets and volumes" if context.options.delete_data else "the wizard's record"
    if context.server is None or context.observed.cluster:  # else there is no cluster to clean up
        steps.append(CleanupStep(StepSpec("cleanup", "cleanup", context.desired.namespace, needs, title), context))
    if context.server is not None and context.options.server:
        needs = tuple(step.spec.id for step in steps)
        host = context.server.wanted.host
        steps.append(K3sRemoveStep(StepSpec("k3s-remove", "k3s-remove", host, needs, f"{host}: k3s removed"), context))
    return steps
