"""Waiting for readiness: patience, last words, blindness, and what is written down at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import yaml

from tests.unit.domain.kube_objects import event as kube_event
from tests.unit.domain.kube_objects import full, pod, waiting
from tests.unit.fakes import Bench, component, deployment, desired_of, ours, revision, settle, unreachable, until
from wizard.domain.events import StepLog, StepProgress
from wizard.domain.finding import AbortedError, Finding, WizardError, error
from wizard.domain.plan import StepSpec
from wizard.planning.desired import HttpCheck
from wizard.planning.observed import Record
from wizard.ports import DEPLOYMENTS, EVENTS, JOBS, PODS, Forbidden, KubeObject
from wizard.steps import ready, record
from wizard.steps.base import Options
from wizard.steps.ready import ReadyStep

CHECK = HttpCheck("web", "http", "/health", "health", ("qwen3:0.6b",))
UP = {"observedGeneration": 1, **full(1)}
SPEC = StepSpec("ready:web", "ready", "web")


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "_POLL", 0.01)


class Scene:
    """Release `web` with one Deployment, being waited for."""

    def __init__(self, *checks: HttpCheck, rendered: str = "", reverted_to: str = "") -> None:
        self.bench = Bench(desired_of(component("web", checks=checks)), options=Options(patience=60))
        self.kube, self.helm, self.clock = self.bench.kube, self.bench.helm, self.bench.clock
        manifest = rendered or deployment("web", "web")
        self.helm.rendered["web"] = manifest
        self.helm.have("web", revision(7, ours("r"), status="deployed"))
        for obj in yaml.safe_load_all(manifest):
            kind = {"Deployment": DEPLOYMENTS, "Job": JOBS}[obj["kind"]]
            self.kube.put(kind, "chat", obj["metadata"]["name"], obj)
        self.step = ReadyStep(SPEC, self.bench.context, reverted_to=reverted_to)

    def pod(self, *, name: str = "web-0", app: str = "web", **more: Any) -> KubeObject:
        return self.kube.put(PODS, "chat", name, pod(name, meta={"labels": {"app": app}}, **more))

    def bad(self, reason: str) -> None:
        self.pod(phase="Pending", containers=[waiting(reason, f"the message of {reason}")])

    def up(self) -> None:
        self.kube.change(DEPLOYMENTS, "chat", "web", status=UP)

    @property
    def said(self) -> list[str]:
        return [event.message for event in self.bench.of(StepProgress)]

    async def until_said(self, words: str) -> None:
        await until(lambda: any(words in said for said in self.said))

    async def looks(self, times: int = 3) -> None:
        """Lets the step look again that often, without a change."""
        for _ in range(times):
            await asyncio.sleep(0.011)
            await settle(10)


def scene(s: Scene, work: Callable[[Scene, asyncio.Task[bool]], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), s.bench.tracker:
            task = asyncio.ensure_future(s.step.apply())
            try:
                await work(s, task)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


async def failure(task: asyncio.Task[bool]) -> tuple[Finding, ...]:
    with pytest.raises(WizardError) as failed:
        await task
    return failed.value.findings


def test_it_is_ready_when_its_workloads_are_and_that_is_written_down() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("its controller has not seen it yet")
        assert await record.read(s.kube, "prod") == {}
        s.up()
        assert await task is False
        digest = s.bench.desired.component("web").digest
        assert await record.read(s.kube, "prod") == {"web": Record(digest, 7, {"Deployment/web": 1})}

    scene(Scene(), work)


def test_the_generation_written_down_is_the_one_at_the_end() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("Deployment web")
        spec = {**s.kube.at(DEPLOYMENTS, "chat", "web")["spec"], "paused": False}
        s.kube.change(DEPLOYMENTS, "chat", "web", spec=spec)
        s.kube.change(DEPLOYMENTS, "chat", "web", status={**UP, "observedGeneration": 2})
        await task
        assert (await record.read(s.kube, "prod"))["web"].generations == {"Deployment/web": 2}

    scene(Scene(), work)


def test_a_watch_that_lags_behind_the_upgrade_is_not_believed() -> None:
    """The list may be older than the upgrade: ready as it was before is not ready."""

    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("waiting for its controller")
        await s.looks()
        assert not task.done()
        s.bench.tracker._objects[DEPLOYMENTS]["web"]["metadata"]["generation"] = 5
        s.bench.tracker._objects[DEPLOYMENTS]["web"]["status"] = {**UP, "observedGeneration": 5}
        await task

    s = Scene()
    s.up()
    s.kube.at(DEPLOYMENTS, "chat", "web")["metadata"]["generation"] = 5
    lagging = {**s.kube.at(DEPLOYMENTS, "chat", "web")}

    def stale() -> None:
        s.kube.objects[("deployments", "chat", "web")] = {
            **lagging,
            "metadata": {**lagging["metadata"], "generation": 4},
        }

    def fresh() -> None:
        s.kube.objects[("deployments", "chat", "web")] = lagging

    s.kube.before("list", stale, "deployments")
    s.kube.before("watch", fresh, "deployments")
    scene(s, work)


def test_a_fatal_trouble_that_heals_does_not_fail_it() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        s.bad("ErrImagePull")
        await s.until_said("the message of ErrImagePull")
        await s.clock.advance(59)
        s.pod(ready=True)
        await s.until_said("its controller has not seen it yet")
        await s.looks()
        s.bad("ErrImagePull")
        await s.looks()
        await s.clock.advance(59)
        await s.looks()
        assert not task.done(), "its patience begins afresh when the trouble comes back"
        s.up()
        await task

    scene(Scene(), work)


def test_back_off_and_error_of_one_pull_count_as_one_trouble() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        for _ in range(3):
            s.bad("ErrImagePull")
            await s.looks()
            await s.clock.advance(10)
            s.bad("ImagePullBackOff")
            await s.looks()
            await s.clock.advance(10)
        await s.looks()
        (finding,) = await failure(task)
        assert finding.code == "image-pull-failed"
        assert finding.where.resource == "pod chat/web-0"
        assert await record.read(s.kube, "prod") == {}

    scene(Scene(), work)


def test_its_last_words_and_events_are_told_once_each() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        crashed = s.pod(containers=[waiting("CrashLoopBackOff", "back-off 40s", last={"exitCode": 3})])
        for number, words in enumerate(["Readiness probe failed", "Readiness probe failed", "Back-off restarting"]):
            s.kube.put(EVENTS, "chat", f"e{number}", kube_event("Unhealthy", words, crashed))
        s.kube.put(EVENTS, "chat", "other", kube_event("Other", "of another pod", pod("other-0")))
        s.kube.put(EVENTS, "chat", "normal", kube_event("Pulled", "all well", crashed, kind="Normal"))
        s.kube.pod_logs[("web-0", True)] = [f"line {n}" for n in range(30)] + ["FATAL: no database"]
        await s.until_said("CrashLoopBackOff")
        await s.looks()
        await s.clock.advance(60)
        (finding,) = await failure(task)
        assert finding.code == "crash-loop"
        lines = finding.detail.splitlines()
        assert lines[0].startswith("CrashLoopBackOff: container web ended with exit code 3")
        assert [line for line in lines if line.startswith("event: ")] == [
            "event: Unhealthy: Readiness probe failed",
            "event: Unhealthy: Back-off restarting",
        ]
        assert [line for line in lines if line.startswith("log: ")][-1] == "log: FATAL: no database"
        assert sum(line.startswith("log: ") for line in lines) == ready._LAST_WORDS

    scene(Scene(), work)


@pytest.mark.parametrize("logs", ["none of before", "refused"])
def test_last_words_are_a_help_and_not_the_matter(logs: str) -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        s.pod(containers=[waiting("CrashLoopBackOff", "back-off", last={"exitCode": 1})])
        if logs == "refused":
            s.kube.fail("logs", Forbidden(error("forbidden", "no logs")), times=9)
        s.kube.pod_logs[("web-0", False)] = ["of the present one"]
        await s.looks()
        await s.clock.advance(61)
        (finding,) = await failure(task)
        assert ("log: of the present one" in finding.detail) is (logs != "refused")

    scene(Scene(), work)


JOB = yaml.safe_dump(
    {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "pull"},
        "spec": {"selector": {"matchLabels": {"app": "pull"}}},
    }
)


@pytest.mark.parametrize("heals", [True, False])
def test_a_passed_progress_deadline_is_given_the_patience_too(heals: bool) -> None:
    """A run may find a Deployment whose deadline passed long ago, for want of what has only just come up."""

    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        overdue = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "overdue"}
        s.kube.change(DEPLOYMENTS, "chat", "web", status={"observedGeneration": 1, "conditions": [overdue]})
        await s.until_said("overdue")
        await s.clock.advance(59)
        await s.looks()
        assert not task.done()
        if heals:
            s.up()
            await task
            return
        await s.clock.advance(2)
        assert "rollout-failed" in [finding.code for finding in await failure(task)]

    scene(Scene(), work)


def test_a_failed_job_ends_the_wait_at_once() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("Job pull: running")
        s.pod(name="pull-1", app="pull", phase="Failed")
        conditions = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]
        s.kube.change(JOBS, "chat", "pull", status={"conditions": conditions})
        findings = await failure(task)
        assert "job-failed" in [finding.code for finding in findings]
        assert s.clock.elapsed == 0

    scene(Scene(rendered=JOB), work)


def test_a_running_jobs_newest_line_is_told_once() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        s.kube.pod_logs[("pull-1", False)] = ["pulling 10 %"]
        s.pod(name="pull-1", app="pull", phase="Running")
        await until(lambda: len(s.bench.of(StepLog)) == 1)
        await s.looks()
        s.kube.pod_logs[("pull-1", False)] += ["pulling 20 %", "pulling 30 %"]
        await until(lambda: len(s.bench.of(StepLog)) == 2)
        assert s.bench.of(StepLog) == [
            StepLog("ready:web", "pull-1", "pulling 10 %"),
            StepLog("ready:web", "pull-1", "pulling 30 %"),
        ]
        conditions = [{"type": "Complete", "status": "True"}]
        s.kube.change(JOBS, "chat", "pull", status={"conditions": conditions})
        await task

    scene(Scene(rendered=JOB), work)


def test_a_workload_that_is_deleted_while_waiting_ends_it() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("its controller has not seen it yet")
        s.kube.drop(DEPLOYMENTS, "chat", "web")
        (finding,) = await failure(task)
        assert finding.code == "workload-missing"

    scene(Scene(), work)


def test_one_that_is_deleted_and_made_anew_counts_from_its_new_generation() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("Deployment web")
        again = {"spec": {"replicas": 1}, "status": UP}
        s.kube.drop(DEPLOYMENTS, "chat", "web")
        s.kube.put(DEPLOYMENTS, "chat", "web", again)
        await task

    s = Scene()
    s.kube.at(DEPLOYMENTS, "chat", "web")["metadata"]["generation"] = 4
    scene(s, work)


def test_a_workload_gone_before_the_wait_begins() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        (finding,) = await failure(task)
        assert finding.code == "workload-missing"
        assert finding.where.resource == "release chat/web"

    s = Scene()
    s.kube.drop(DEPLOYMENTS, "chat", "web")
    scene(s, work)


def test_a_blind_watch_is_said() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("Deployment web")
        s.kube.fail("watching", unreachable(), "pods")
        s.kube.fail("list", unreachable(), "pods", times=99)
        s.pod()
        await s.until_said("not watching: no answer")

    scene(Scene(), work)


def test_a_kind_that_may_not_be_listed_is_said_and_does_not_hold_it_up() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("not watching: events is forbidden")
        s.up()
        await task

    s = Scene()
    s.kube.fail("list", Forbidden(error("forbidden", "events is forbidden")), "events", times=999)
    scene(s, work)


def test_checks_that_fail_first_and_pass_then() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("health: HTTP 503: no endpoints available")
        await s.looks()
        s.kube.services["web:http/health"] = (200, b"[]")
        await s.until_said("health: does not have qwen3:0.6b yet")
        s.kube.fail("service_get", unreachable())
        await s.until_said("health: no answer")
        s.kube.services["web:http/health"] = (200, b'["qwen3:0.6b"]')
        await task
        assert len(s.said) == len(set(s.said)), "the same words are said once"

    s = Scene(CHECK)
    s.up()
    scene(s, work)


def test_after_a_rollback_the_desired_words_are_not_asked_of_the_old_one() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await task
        assert (await record.read(s.kube, "prod"))["web"].digest == "00ff"

    s = Scene(CHECK, reverted_to="00ff")
    s.up()
    s.kube.services["web:http/health"] = (200, b"[]")
    scene(s, work)


@pytest.mark.parametrize("blind", [False, True])
def test_draining_ends_the_wait(blind: bool) -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("Deployment web")
        s.bench.stop.drain()
        with pytest.raises(AbortedError) as stopped:
            await task
        (finding,) = stopped.value.findings
        assert "Deployment web" in finding.detail
        assert await record.read(s.kube, "prod") == {}

    s = Scene()
    if blind:
        s.kube.fail("list", unreachable(), times=999)
    scene(s, work)


def test_nothing_is_asked_in_a_circle_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "_POLL", 0.05)

    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await s.until_said("health")
        await settle()
        before = {verb: s.kube.count(verb) for verb in ("get", "list", "watch", "service_get")}
        for _ in range(500):
            await asyncio.sleep(0)
        await asyncio.sleep(0.12)
        after = {verb: s.kube.count(verb) - count for verb, count in before.items()}
        assert after["get"] == after["list"] == after["watch"] == 0
        assert 1 <= after["service_get"] <= 4

    s = Scene(CHECK)
    s.up()
    scene(s, work)


def test_manifests_are_asked_of_helm_only_where_the_release_step_did_not_run() -> None:
    async def work(s: Scene, task: asyncio.Task[bool]) -> None:
        await task
        assert s.helm.count("manifest") == 0

    s = Scene()
    s.up()
    s.bench.context.workloads["web"] = ((DEPLOYMENTS, "web"),)
    scene(s, work)
