"""The CronJob controller (pkg/controller/cronjob): makes Jobs when their time has come, and forgets old ones."""

from __future__ import annotations

from wizard.sandbox.clock import stamp
from wizard.sandbox.controllers import cron
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.shapes import (
    CRON_JOBS,
    JOBS,
    Obj,
    annotations_of,
    controller_of,
    is_finished,
    owner_reference,
)
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import copied

_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class CronJobs:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue = cluster.queue("cronjob", self._sync)
        cluster.on(CRON_JOBS, lambda event, obj: self._queue.add_object(obj))
        cluster.on(JOBS, self._job)

    def _job(self, event: str, job: Obj) -> None:
        owner = controller_of(job)
        if owner is not None and owner["kind"] == "CronJob":
            self._queue.add(job["metadata"]["namespace"], owner["name"])

    def _tell(self, wanted: Obj, kind: str, reason: str, message: str) -> None:
        self._cluster.events.record(CRON_JOBS, wanted, kind, reason, message, source="cronjob-controller")

    def _sync(self, ns: str, name: str) -> float | None:
        wanted = self._cluster.get(CRON_JOBS, ns, name)
        if wanted is None or "deletionTimestamp" in wanted["metadata"]:
            return None
        spec, status = wanted["spec"], copied(wanted.get("status") or {})
        jobs = self._cluster.owned(JOBS, wanted["metadata"]["uid"])
        self._settle(wanted, status, jobs)
        again = None
        try:
            schedule = cron.parse(spec["schedule"], spec.get("timeZone", ""))
        except (ValueError, KeyError) as problem:
            self._tell(
                wanted, "Warning", "UnparseableSchedule", f'unparseable schedule: "{spec["schedule"]}" : {problem}'
            )
            schedule = None
        if schedule is not None and not spec.get("suspend"):
            self._start_due(wanted, schedule, status, jobs)
            upcoming = schedule.after(self._cluster.now)
            again = upcoming - self._cluster.now if upcoming else None
        self._cluster.set_status(CRON_JOBS, wanted, status)
        return again

    def _start_due(self, wanted: Obj, schedule: cron.Schedule, status: Obj, jobs: list[Obj]) -> None:
        spec, now = wanted["spec"], self._cluster.now
        since = seconds_of(status.get("lastScheduleTime") or wanted["metadata"]["creationTimestamp"])
        tolerance = spec.get("startingDeadlineSeconds")
        if tolerance is not None:
            since = max(since, now - tolerance)
        due: float | None = None
        upcoming = schedule.after(since)
        while upcoming is not None and upcoming <= now:  # only the last one missed is made up for
            due, upcoming = upcoming, schedule.after(upcoming)
        if due is None:
            return
        name = f"{wanted['metadata']['name']}-{int(due) // 60}"
        if self._cluster.get(JOBS, wanted["metadata"]["namespace"], name) is not None:
            return
        running = [each for each in jobs if not is_finished(each)]
        if running and spec.get("concurrencyPolicy") == "Forbid":
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._tell(wanted, "Normal", "JobAlreadyActive", message)
            return
        if spec.get("concurrencyPolicy") == "Replace":
            for each in running:
                self._delete(wanted, each)
                status["active"] = [a for a in status.get("active", ()) if a["uid"] != each["metadata"]["uid"]]
        job = self._made(wanted, name, due)
        try:
            made = self._cluster.create(JOBS, job)
        except StatusError as refusal:
            self._tell(wanted, "Warning", "FailedCreate", f"Error creating job: {refusal.message}")
            raise
        self._tell(wanted, "Normal", "SuccessfulCreate", f"Created job {name}")
        reference = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": name,
            "namespace": wanted["metadata"]["namespace"],
            "resourceVersion": made["metadata"]["resourceVersion"],
            "uid": made["metadata"]["uid"],
        }
        status["active"] = [*status.get("active", ()), reference]
        status["lastScheduleTime"] = stamp(due)

    def _made(self, wanted: Obj, name: str, due: float) -> Obj:
        template = copied(wanted["spec"]["jobTemplate"])
        meta = template.get("metadata") or {}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "namespace": wanted["metadata"]["namespace"],
                "labels": meta.get("labels") or {},
                "annotations": {**(meta.get("annotations") or {}), _SCHEDULED: stamp(due)},
                "ownerReferences": [owner_reference(CRON_JOBS, wanted)],
            },
            "spec": template["spec"],
        }

    def _delete(self, wanted: Obj, job: Obj) -> None:
        if self._cluster.delete(JOBS, job):
            self._tell(wanted, "Normal", "SuccessfulDelete", f"Deleted job {job['metadata']['name']}")

    def _settle(self, wanted: Obj, status: Obj, jobs: list[Obj]) -> None:
        """Notes Jobs that ended, and keeps only the last few of them."""
        there = {each["metadata"]["uid"]: each for each in jobs}
        active: list[Obj] = []
        for reference in status.get("active") or ():
            job = there.get(reference["uid"])
            if job is None:
                self._tell(wanted, "Normal", "MissingJob", f"Active job went missing: {reference['name']}")
            elif ended := is_finished(job):
                message = f"Saw completed job: {reference['name']}, condition: {ended}"
                self._tell(wanted, "Normal", "SawCompletedJob", message)
                done = (job.get("status") or {}).get("completionTime")
                if done and done > status.get("lastSuccessfulTime", ""):
                    status["lastSuccessfulTime"] = done
            else:
                active.append(reference)
        status.pop("active", None)
        if active:
            status["active"] = active
        limits = (("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1))
        for kind, field, default in limits:
            ended_jobs = [each for each in jobs if is_finished(each) == kind]
            ended_jobs.sort(key=lambda job: annotations_of(job).get(_SCHEDULED, ""))
            keep = wanted["spec"].get(field, default)
            for job in ended_jobs[: max(0, len(ended_jobs) - keep)]:
                self._delete(wanted, job)
