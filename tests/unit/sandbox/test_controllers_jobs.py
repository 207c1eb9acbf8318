"""Jobs and CronJobs, as recorded on Kubernetes 1.37.2."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.moving_cluster import Sandbox, condition, pod_spec, simulated
from wizard.sandbox.controllers import cron
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.shapes import CRON_JOBS, JOBS, PODS, Obj


def job(image: str = "sound:1", annotations: dict[str, str] | None = None, **spec: object) -> Obj:
    template: Obj = {"spec": pod_spec(image, restartPolicy="Never")}
    if annotations:
        template["metadata"] = {"annotations": annotations}
    return {"template": template, **spec}


def types(box: Sandbox, name: str) -> list[str]:
    return [each["type"] for each in box.status(JOBS, name).get("conditions", [])]


@simulated()
async def test_a_job_completes(box: Sandbox) -> None:
    box.create(JOBS, "good", job())
    await box.until(lambda: types(box, "good") == ["SuccessCriteriaMet", "Complete"])
    status = box.status(JOBS, "good")
    assert (status["succeeded"], status["ready"], status["terminating"]) == (1, 0, 0)
    assert status["uncountedTerminatedPods"] == {}
    assert "active" not in status and status["completionTime"] >= status["startTime"]
    assert condition(box.get(JOBS, "good"), "Complete")["reason"] == "CompletionsReached"
    assert box.reasons("good") == ["SuccessfulCreate", "Completed"]
    (pod,) = box.pods()
    assert pod["status"]["phase"] == "Succeeded"
    assert "finalizers" not in pod["metadata"]
    assert pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "good"


@simulated()
async def test_a_job_fails_at_its_backoff_limit(box: Sandbox) -> None:
    box.create(JOBS, "bad", job(annotations={"wizard.test/job-fails": "true"}, backoffLimit=1))
    await box.until(lambda: "Failed" in types(box, "bad"))
    assert types(box, "bad") == ["FailureTarget", "Failed"]
    failed = condition(box.get(JOBS, "bad"), "Failed")
    assert failed["reason"] == "BackoffLimitExceeded"
    assert failed["message"] == "Job has reached the specified backoff limit"
    assert box.status(JOBS, "bad")["failed"] == 2
    first, second = sorted(seconds_of(pod["metadata"]["creationTimestamp"]) for pod in box.pods())
    assert 10 <= second - first <= 15  # the back-off of the first failure
    assert "FATAL: the job was asked to fail (exit code 1)" in await box.log(box.names(PODS)[0])


@simulated()
async def test_a_job_fails_at_its_deadline(box: Sandbox) -> None:
    slow = job(annotations={"wizard.test/ready-after": "600s"}, activeDeadlineSeconds=20)
    box.create(JOBS, "slow", slow)
    await box.until(lambda: "Failed" in types(box, "slow"), 60)
    assert condition(box.get(JOBS, "slow"), "Failed")["reason"] == "DeadlineExceeded"
    assert box.status(JOBS, "slow")["failed"] == 1
    await box.clock.advance(30)
    assert box.pods() == []


@simulated()
async def test_parallel_and_indexed_jobs(box: Sandbox) -> None:
    box.create(JOBS, "many", job(completions=5, parallelism=2, completionMode="Indexed"))
    most = 0

    def done() -> bool:
        nonlocal most
        most = max(most, box.status(JOBS, "many").get("active", 0))
        return "Complete" in types(box, "many")

    await box.until(done)
    assert most == 2
    indexes = {pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for pod in box.pods()}
    assert indexes == set("01234")


@simulated()
async def test_a_job_goes_after_its_time_to_live(box: Sandbox) -> None:
    box.create(JOBS, "brief", job(ttlSecondsAfterFinished=30))
    await box.until(lambda: "Complete" in types(box, "brief"))
    await box.until(lambda: box.names(JOBS) == [] and box.pods() == [], 60)


@simulated()
async def test_a_deleted_job_takes_its_pods_along(box: Sandbox) -> None:
    box.create(JOBS, "slow", job(annotations={"wizard.test/ready-after": "600s"}))
    await box.until(lambda: any(pod.get("status", {}).get("phase") == "Running" for pod in box.pods()))
    box.store.delete("batch", "jobs", "t", "slow")
    await box.until(lambda: box.pods() == [], 60)


@simulated()
async def test_a_crashing_job_fails(box: Sandbox) -> None:
    box.create(JOBS, "crash", job("crash-loop:1", backoffLimit=0))
    await box.until(lambda: "Failed" in types(box, "crash"))
    (pod,) = box.pods()
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 1


@simulated()
async def test_a_cron_job_makes_jobs_and_forgets_old_ones(box: Sandbox) -> None:
    box.create(CRON_JOBS, "tick", {"schedule": "* * * * *", "jobTemplate": {"spec": job()}})
    await box.clock.advance(330)
    jobs = box.names(JOBS)
    assert len(jobs) == 3
    minutes = int(box.clock.now() // 60)
    assert jobs[-1] == f"tick-{minutes}"
    status = box.status(CRON_JOBS, "tick")
    assert status["lastScheduleTime"].endswith(":00Z") and "lastSuccessfulTime" in status
    assert {"SuccessfulCreate", "SawCompletedJob", "SuccessfulDelete"} <= set(box.reasons("tick"))


@simulated()
async def test_a_cron_job_that_forbids_overlap(box: Sandbox) -> None:
    slow = job(annotations={"wizard.test/ready-after": "600s"})
    spec = {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": slow}}
    box.create(CRON_JOBS, "slow", spec)
    await box.clock.advance(200)
    assert len(box.names(JOBS)) == 1
    assert "JobAlreadyActive" in box.reasons("slow")


# 2027-01-15 is a Friday.
@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * *", "2027-01-15T08:01:00+00:00"),
        ("*/15 * * * *", "2027-01-15T08:15:00+00:00"),
        ("30 7 * * *", "2027-01-16T07:30:00+00:00"),
        ("0 0 1 * *", "2027-02-01T00:00:00+00:00"),
        ("0 9 * * mon-wed", "2027-01-18T09:00:00+00:00"),
        ("0 9 20 * 0", "2027-01-17T09:00:00+00:00"),
        ("0 9 29 2 *", "2028-02-29T09:00:00+00:00"),
        ("@weekly", "2027-01-17T00:00:00+00:00"),
    ],
)
def test_schedules(schedule: str, expected: str) -> None:
    start = seconds_of("2027-01-15T08:00:00+00:00")
    assert cron.parse(schedule).after(start) == seconds_of(expected)


@pytest.mark.parametrize("schedule", ["", "* * * *", "61 * * * *", "a * * * *", "5-1 * * * *"])
def test_what_is_no_schedule(schedule: str) -> None:
    with pytest.raises(ValueError):
        cron.parse(schedule)
