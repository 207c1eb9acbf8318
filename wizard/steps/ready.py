"""Step: a component is really ready: its workloads rolled out, and its own check passes.

While it waits it says which pods are in the way and why; when it gives up, with their last words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from wizard.domain.events import StepLog, StepProgress
from wizard.domain.finding import AbortedError, Finding, Where, WizardError, error
from wizard.domain.plan import StepSpec
from wizard.domain.rollout import Phase, Rollout, Trouble, workload
from wizard.planning.observed import Record
from wizard.ports import EVENTS, JOBS, KubeError, KubeObject, NotFound, Resource
from wizard.steps import record
from wizard.steps.base import Context
from wizard.steps.checks import failing
from wizard.steps.manifests import workloads

_POLL = 2.0
"""Seconds between looks where no change is reported: checks over HTTP and logs have no watch."""
_LAST_WORDS = 12
"""Lines of a failing container's log that a finding carries."""


class ReadyStep:
    def __init__(self, spec: StepSpec, context: Context, *, reverted_to: str = "") -> None:
        """`reverted_to` is the digest a rollback went back to: what is then ready is not the desired
        state, so that the record must say so and the desired check's words do not apply."""
        self.spec, self._context = spec, context
        self._component = context.component(spec.target)
        self._digest = reverted_to or self._component.digest
        self._checks = self._component.checks
        if reverted_to:
            self._checks = tuple(replace(check, contains=()) for check in self._checks)
        self._said = ""
        self._line: dict[str, str] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._failed: dict[tuple[Resource, str], float] = {}

    async def satisfied(self) -> bool:
        return False  # readiness is only ever confirmed by `apply`, which changes nothing but the record

    async def apply(self) -> bool:
        context, component = self._context, self._component
        members = await self._members()
        floor = await self._generations(members)
        await context.tracker.ensure()
        while True:
            looked = context.tracker.moves
            if self._lags(members, floor):
                # Deleted, or deleted and made anew, meanwhile: the first raises, the other counts from one again.
                floor = await self._generations(members)
            rollouts = [self._rollout(resource, name, floor) for resource, name in members]
            waiting = [(m, r) for m, r in zip(members, rollouts, strict=True) if r.phase is not Phase.READY]
            if not waiting:
                unmet = await failing(context.kube, component.namespace, self._checks)
                if not unmet:
                    break
                self._say(unmet)
            else:
                self._say(self._words(waiting))
                await self._give_up_on([trouble for _, rollout in waiting for trouble in rollout.troubles])
                await self._give_up_if_failed(waiting)
                await self._tail(waiting)
            await self._next_change(looked)
        # Read again: a Deployment's generation moves when its own autoscaler writes to it meanwhile.
        generations = await self._generations(members)
        release = await self._revision()
        done = Record(self._digest, release, generations)
        async with context.record_lock:
            await record.write(context.kube, context.desired.deployment, {component.name: done})
        return False

    async def _members(self) -> tuple[tuple[Resource, str], ...]:
        component = self._component
        if component.name not in self._context.workloads:
            manifest = await self._context.helm.manifest(component.name, component.namespace)
            self._context.workloads[component.name] = workloads(manifest)
        return self._context.workloads[component.name]

    async def _revision(self) -> int:
        releases = await self._context.helm.list(self._component.namespace)
        return next((r.revision for r in releases if r.name == self._component.name), 0)

    async def _generations(self, members: Sequence[tuple[Resource, str]]) -> dict[str, int]:
        """A fresh read; a watch may still show a workload as it was before the upgrade."""
        get, namespace = self._context.kube.get, self._component.namespace
        try:
            found = await asyncio.gather(*(get(resource, namespace, name) for resource, name in members))
        except NotFound as missing:
            raise WizardError(
                error(
                    "workload-missing",
                    f"{self._component.name}: a workload of the release is gone",
                    detail=str(missing),
                    hint="somebody deleted it after the upgrade; run again",
                    where=Where(resource=self._component.resource),
                )
            ) from missing
        return {
            f"{resource.kind}/{name}": obj["metadata"].get("generation", 1)
            for (resource, name), obj in zip(members, found, strict=True)
        }

    def _lags(self, members: Sequence[tuple[Resource, str]], floor: dict[str, int]) -> bool:
        return any(self._tracked(resource, name, floor) is None for resource, name in members)

    def _tracked(self, resource: Resource, name: str, floor: dict[str, int]) -> KubeObject | None:
        """The workload as the watch knows it; None where that is older than what was read."""
        obj = self._context.tracker.objects(resource).get(name)
        stale = obj is None or obj["metadata"].get("generation", 1) < floor[f"{resource.kind}/{name}"]
        return None if stale else obj

    def _rollout(self, resource: Resource, name: str, floor: dict[str, int]) -> Rollout:
        tracker = self._context.tracker
        obj = self._tracked(resource, name, floor)
        if obj is None:
            return Rollout(Phase.PROGRESSING, "waiting for its controller")
        return workload(obj, tracker.pods_of(obj), tracker.objects(EVENTS).values())

    def _words(self, waiting: Sequence[tuple[tuple[Resource, str], Rollout]]) -> str:
        parts: list[str] = []
        for (resource, name), rollout in waiting:
            words = f"{resource.kind} {name}: {rollout.message}"
            if rollout.troubles:
                first = rollout.troubles[0]
                words += f"; {first.resource}: {first.reason}: {first.message}"
            parts.append(words)
        if self._context.tracker.blind:
            parts.append(f"not watching: {self._context.tracker.blind}")
        return " | ".join(parts)

    def _say(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self._context.emit(StepProgress(self.spec.id, words))

    async def _next_change(self, looked: int) -> None:
        """Until something tracked changes after that look, at most _POLL seconds; ends the step when the run drains."""
        stop = asyncio.ensure_future(self._context.stop.wait())
        change = asyncio.ensure_future(self._context.tracker.change(within=_POLL, since=looked))
        try:
            await asyncio.wait({stop, change}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            change.cancel()
            await asyncio.gather(stop, change, return_exceptions=True)
        if self._context.stop.draining:
            raise AbortedError(
                error(
                    "aborted",
                    f"{self._component.name} was not ready yet when the run was stopped",
                    detail=self._said,
                    hint="run again to go on waiting",
                )
            )

    async def _tail(self, waiting: Sequence[tuple[tuple[Resource, str], Rollout]]) -> None:
        """The newest log line of running Jobs (a model's pull shows its progress there)."""
        tracker = self._context.tracker
        for (resource, name), _ in waiting:
            job = tracker.objects(resource).get(name) if resource is JOBS else None
            for pod in tracker.pods_of(job) if job else ():
                if pod.get("status", {}).get("phase") != "Running":
                    continue
                pod_name = pod["metadata"]["name"]
                lines = await self._logs(pod_name, tail=1)
                if lines and lines[-1] != self._line.get(pod_name):
                    self._line[pod_name] = lines[-1]
                    self._context.emit(StepLog(self.spec.id, pod_name, lines[-1]))

    async def _logs(self, pod: str, *, container: str = "", tail: int, previous: bool = False) -> list[str]:
        """A pod's last lines; none where they cannot be had: they are a help, not the matter."""
        try:
            return await self._context.kube.logs(
                self._component.namespace, pod, container=container, tail=tail, previous=previous
            )
        except KubeError:
            return []

    async def _give_up_on(self, troubles: Sequence[Trouble]) -> None:
        """Raises once a fatal trouble has lasted longer than the operator's patience."""
        now = self._context.clock.monotonic()
        fatal = {(t.code, t.resource): t for t in troubles if t.fatal}
        # A trouble that went away starts its patience afresh when it comes back; back-off alternates
        # between ErrImagePull and ImagePullBackOff, which is why the code counts and not the reason.
        self._since = {key: self._since.get(key, now) for key in fatal}
        lasting = [fatal[k] for k, since in self._since.items() if now - since >= self._context.options.patience]
        if lasting:
            raise WizardError(*[await self._finding(trouble) for trouble in lasting])

    async def _give_up_if_failed(self, waiting: Sequence[tuple[tuple[Resource, str], Rollout]]) -> None:
        now = self._context.clock.monotonic()
        failed_now = [member for member, rollout in waiting if rollout.phase is Phase.FAILED]
        self._failed = {member: self._failed.get(member, now) for member in failed_now}
        for (resource, name), rollout in waiting:
            lasting = now - self._failed.get((resource, name), now) >= self._context.options.patience
            # A Job that failed stays so. A Deployment's deadline may have passed long ago, for want of a database
            # that has only just come up: its pods get well by themselves.
            if rollout.phase is Phase.FAILED and (resource is JOBS or lasting):
                findings = [await self._finding(trouble) for trouble in rollout.troubles]
                where = Where(resource=f"{resource.kind.lower()} {self._component.namespace}/{name}")
                failed = error(
                    "rollout-failed",
                    f"{resource.kind} {name} failed",
                    detail=rollout.message,
                    hint="correct the cause and run again, or `wizard rollback`",
                    where=where,
                )
                raise WizardError(*(findings or [failed]))

    async def _finding(self, trouble: Trouble) -> Finding:
        detail = f"{trouble.reason}: {trouble.message}" if trouble.message else trouble.reason
        if trouble.pod:
            tracker = self._context.tracker
            happened = [
                f"{event.get('reason', '')}: {event.get('message', '')}"
                for event in tracker.objects(EVENTS).values()
                if event.get("involvedObject", {}).get("name") == trouble.pod and event.get("type") == "Warning"
            ]
            lines = await self._logs(
                trouble.pod, container=trouble.container, tail=_LAST_WORDS, previous=trouble.previous
            )
            if not lines and trouble.previous:
                lines = await self._logs(trouble.pod, container=trouble.container, tail=_LAST_WORDS)
            # Events repeat with other counts; their words once each are enough.
            detail += "".join(f"\nevent: {words}" for words in dict.fromkeys(happened[-3:]) if words not in detail)
            detail += "".join(f"\nlog: {line}" for line in lines)
        return error(
            trouble.code,
            f"{self._component.name}: {trouble.resource} is not ready ({trouble.reason})",
            detail=detail,
            hint=trouble.hint,
            where=Where(resource=trouble.resource),
        )
