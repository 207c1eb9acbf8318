"""The Job controller and the TTL controller (pkg/controller/job, ttlafterfinished)."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import PodControl, is_ready, owner_is, pod_from, seconds_of
from wizard.sandbox.controllers.shapes import (
    JOBS,
    PODS,
    Obj,
    annotations_of,
    is_active,
    is_finished,
    labels_of,
)
from wizard.sandbox.status import StatusError

_FINALIZER = "batch.kubernetes.io/job-tracking"
_INDEX = "batch.kubernetes.io/job-completion-index"
_BATCH = 1.0
"""Seconds that changes of pods are gathered (SyncJobBatchPeriod): why a Job's end comes a second late."""
_BACK_OFF, _BACK_OFF_MAX = 10.0, 600.0


class Jobs:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pods = PodControl(cluster, JOBS, "job-controller")
        self._queue = cluster.queue("job", self._sync)
        self._last_failure: dict[str, float] = {}
        self._finalizers = cluster.queue("job-finalizers", self._release)
        cluster.on(JOBS, lambda event, obj: self._queue.add_object(obj))
        cluster.on(PODS, self._pod)

    def _pod(self, event: str, pod: Obj) -> None:
        name = owner_is(pod, "Job")
        if name:
            ns = pod["metadata"]["namespace"]
            self._queue.add(ns, name, 0.0 if event == "ADDED" else _BATCH)
        if _FINALIZER in (pod["metadata"].get("finalizers") or ()) and event != "DELETED":
            owner = self._cluster.get(JOBS, pod["metadata"]["namespace"], name) if name else None
            if owner is None or "deletionTimestamp" in owner["metadata"]:
                self._finalizers.add_object(pod)

    def _release(self, ns: str, name: str) -> None:
        """Lets pods of a Job that is gone go as well."""
        pod = self._cluster.get(PODS, ns, name)
        if pod is not None:
            self._cluster.edit(PODS, pod, _without_finalizer)

    def _sync(self, ns: str, name: str) -> float | None:
        job = self._cluster.get(JOBS, ns, name)
        if job is None or "deletionTimestamp" in job["metadata"]:
            for pod in self._cluster.owned(PODS, job["metadata"]["uid"]) if job else ():
                self._finalizers.add_object(pod)
            return None
        if is_finished(job):
            self._account(job)
            return self._time_to_live(job)
        return self._advance(job)

    def _time_to_live(self, job: Obj) -> float | None:
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return None
        ended = next(e for e in job["status"]["conditions"] if e["type"] in ("Complete", "Failed"))
        left = seconds_of(ended["lastTransitionTime"]) + float(ttl) - self._cluster.now
        if left > 0:
            return left
        self._cluster.delete(JOBS, job, propagation="Foreground")
        return None

    def _account(self, job: Obj) -> tuple[int, int, list[Obj]]:
        """Counts pods that ended since the last look, and lets them go. Returns new successes, failures, all pods."""
        succeeded = failed = 0
        pods = self._pods.claimed(job)
        for pod in pods:
            phase = (pod.get("status") or {}).get("phase")
            ended = phase in ("Succeeded", "Failed")
            if _FINALIZER not in (pod["metadata"].get("finalizers") or ()) or not ended:
                continue
            succeeded += phase == "Succeeded"
            failed += phase == "Failed"
            self._cluster.edit(PODS, pod, _without_finalizer)
        return succeeded, failed, self._cluster.owned(PODS, job["metadata"]["uid"])

    def _advance(self, job: Obj) -> float | None:
        spec, status = job["spec"], dict(job.get("status") or {})
        now = self._cluster.now
        suspended = bool(spec.get("suspend"))
        if "startTime" not in status and not suspended:
            status["startTime"] = self._cluster.stamp()
        newly_done, newly_failed, pods = self._account(job)
        done = status.get("succeeded", 0) + newly_done
        failed = status.get("failed", 0) + newly_failed
        if newly_failed:
            self._last_failure[job["metadata"]["uid"]] = now
        active = [pod for pod in pods if is_active(pod)]
        conditions = list(status.get("conditions") or ())
        wanted = spec.get("completions")
        parallelism = spec.get("parallelism", 1)
        indexed = spec.get("completionMode") == "Indexed"
        restarts = sum(
            each.get("restartCount", 0)
            for pod in active
            if pod["spec"].get("restartPolicy") == "OnFailure"
            for each in (pod.get("status") or {}).get("containerStatuses") or ()
        )
        failure = self._failure(job, status, failed + restarts, now)
        complete = done >= wanted if wanted is not None else done > 0 and not active
        again: float | None = None
        refusal: StatusError | None = None
        if failure or _has(conditions, "FailureTarget"):
            if not _has(conditions, "FailureTarget"):
                conditions.append(self._condition("FailureTarget", *failure))
            for pod in active:
                self._pods.delete(job, pod)
        elif complete:
            if not _has(conditions, "SuccessCriteriaMet"):
                met = ("CompletionsReached", "Reached expected number of succeeded pods")
                conditions.append(self._condition("SuccessCriteriaMet", *met))
            for pod in active:
                self._pods.delete(job, pod)
        elif suspended:
            for pod in active:
                self._pods.delete(job, pod)
            if not _has(conditions, "Suspended"):
                conditions = [e for e in conditions if e["type"] != "Suspended"]
                conditions.append(self._condition("Suspended", "JobSuspended", "Job suspended"))
                self._pods.event(job, "Normal", "Suspended", "Job suspended")
            status.pop("startTime", None)
        else:
            if _has(conditions, "Suspended"):
                conditions = [e for e in conditions if e["type"] != "Suspended"]
                conditions.append({**self._condition("Suspended", "JobResumed", "Job resumed"), "status": "False"})
                self._pods.event(job, "Normal", "Resumed", "Job resumed")
            more = (min(parallelism, wanted - done) if wanted is not None else (0 if done else parallelism)) - len(
                active
            )
            going = [pod for pod in pods if "deletionTimestamp" in pod["metadata"] and not _ended(pod)]
            more -= len(going) if spec.get("podReplacementPolicy") != "Failed" else 0
            wait = self._back_off(job, failed, now)
            if more > 0 and wait > 0:
                again = wait
            elif more > 0:
                taken = {
                    annotations_of(pod).get(_INDEX) for pod in pods if _ended(pod) == "Succeeded" or is_active(pod)
                }
                free = [n for n in range(wanted or more) if str(n) not in taken] if indexed else list(range(more))
                refusal = self._pods.create_many(
                    job, min(more, len(free)), lambda number: self._made(job, free[number] if indexed else None)
                )
            for pod in sorted(active, key=lambda p: (is_ready(p), p["metadata"]["name"]))[: max(0, -more)]:
                self._pods.delete(job, pod)
            deadline = spec.get("activeDeadlineSeconds")
            if deadline is not None and "startTime" in status:
                left = seconds_of(status["startTime"]) + deadline - now
                again = left if again is None else min(again, left)
        pods = self._cluster.owned(PODS, job["metadata"]["uid"])
        self._finish(job, status, conditions, done, failed, pods)
        if refusal is not None:
            raise refusal
        return again

    def _finish(self, job: Obj, status: Obj, conditions: list[Obj], done: int, failed: int, pods: list[Obj]) -> None:
        """Writes the status; the ending condition only once no pod runs any more."""
        active = [pod for pod in pods if is_active(pod)]
        going = [pod for pod in pods if "deletionTimestamp" in pod["metadata"] and not _ended(pod)]
        target = next((e for e in conditions if e["type"] in ("FailureTarget", "SuccessCriteriaMet")), None)
        if target is not None and not active and not going:
            kind = "Failed" if target["type"] == "FailureTarget" else "Complete"
            conditions.append(self._condition(kind, target["reason"], target["message"]))
            if kind == "Complete":
                status["completionTime"] = self._cluster.stamp()
                self._pods.event(job, "Normal", "Completed", "Job completed")
            else:
                self._pods.event(job, "Warning", target["reason"], target["message"])
        fresh: Obj = {
            **status,
            "active": len(active),
            "succeeded": done,
            "failed": failed,
            "ready": sum(is_ready(pod) for pod in active),
            "terminating": len(going),
            "uncountedTerminatedPods": {},
            "conditions": conditions,
        }
        for name in ("active", "succeeded", "failed", "conditions"):
            if not fresh[name]:
                del fresh[name]
        self._cluster.set_status(JOBS, job, fresh)

    def _failure(self, job: Obj, status: Obj, failed: int, now: float) -> tuple[str, str] | tuple[()]:
        spec = job["spec"]
        policy = self._by_policy(job)
        if policy:
            return ("PodFailurePolicy", policy)
        if failed > spec.get("backoffLimit", 6):
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None and "startTime" in status and now >= seconds_of(status["startTime"]) + deadline:
            return ("DeadlineExceeded", "Job was active longer than specified deadline")
        return ()

    def _by_policy(self, job: Obj) -> str:
        """FailJob rules on exit codes, the part of podFailurePolicy that charts use."""
        rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
        for pod in self._cluster.owned(PODS, job["metadata"]["uid"]):
            if _ended(pod) != "Failed":
                continue
            for number, rule in enumerate(rules):
                codes = rule.get("onExitCodes") or {}
                for each in (pod["status"].get("containerStatuses") or ()) if rule.get("action") == "FailJob" else ():
                    code = (each.get("state", {}).get("terminated") or {}).get("exitCode", 0)
                    if code and (code in codes.get("values", ())) == (codes.get("operator") == "In"):
                        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                        return (
                            f"Container {each['name']} for pod {where} failed with exit code {code} "
                            f"matching FailJob rule at index {number}"
                        )
        return ""

    def _back_off(self, job: Obj, failed: int, now: float) -> float:
        if not failed:
            return 0.0
        last = self._last_failure.get(job["metadata"]["uid"], 0.0)
        delay = min(_BACK_OFF * 2.0 ** (failed - 1), _BACK_OFF_MAX)
        return max(0.0, float(last + delay - now))

    def _made(self, job: Obj, index: int | None) -> Obj:
        name = job["metadata"]["name"]
        uid = job["metadata"]["uid"]
        labels = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "controller-uid": uid,
            "job-name": name,
        }
        prefix = f"{name}-" if index is None else f"{name}-{index}-"
        pod = pod_from(job["spec"]["template"], JOBS, job, generateName=prefix, labels=labels, finalizers=[_FINALIZER])
        if index is not None:
            pod["metadata"].setdefault("annotations", {})[_INDEX] = str(index)
            pod["metadata"]["labels"] = {**labels_of(pod), _INDEX: str(index)}
            pod["spec"]["hostname"] = f"{name}-{index}"
            for container in pod["spec"]["containers"]:
                container.setdefault("env", []).append({"name": "JOB_COMPLETION_INDEX", "value": str(index)})
        return pod

    def _condition(self, kind: str, reason: str, message: str) -> Obj:
        now = self._cluster.stamp()
        return {
            "type": kind,
            "status": "True",
            "lastProbeTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }


def _has(conditions: list[Obj], kind: str) -> bool:
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def _ended(pod: Obj) -> str:
    phase = str((pod.get("status") or {}).get("phase"))
    return phase if phase in ("Succeeded", "Failed") else ""


def _without_finalizer(pod: Obj) -> None:
    left = [each for each in pod["metadata"].get("finalizers") or () if each != _FINALIZER]
    if left:
        pod["metadata"]["finalizers"] = left
    else:
        pod["metadata"].pop("finalizers", None)
