"""The cells of pods and of what makes pods (printers/internalversion)."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.api.cells import (
    NONE,
    age_of,
    containers_text,
    labels_text,
    name_of,
    selector_text,
)
from wizard.sandbox.api.tables import Printer, age, duration, seconds

Obj = dict[str, Any]


def pod_status(pod: Obj) -> tuple[str, int, int, int, str]:
    """STATUS of `kubectl get pods`: reason, ready, total, restarts, when last restarted."""
    spec, status = pod["spec"], pod.get("status", {})
    reason = status.get("reason") or status.get("phase", "Unknown")
    for each in status.get("conditions", ()):
        if each["type"] == "PodScheduled" and each.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    sidecars = {each["name"] for each in spec.get("initContainers", ()) if each.get("restartPolicy") == "Always"}
    total, ready, restarts, last = len(spec.get("containers") or ()) + len(sidecars), 0, 0, ""
    initializing = False
    inits = spec.get("initContainers", ())
    for index, each in enumerate(status.get("initContainerStatuses", ())):
        restarts += each.get("restartCount", 0)
        state = each.get("state", {})
        ended = state.get("terminated")
        if ended and ended.get("exitCode") == 0:
            continue
        if each["name"] in sidecars and each.get("started"):
            ready += int(each.get("ready", False))
            continue
        waiting = state.get("waiting", {}).get("reason", "")
        if ended:
            reason = "Init:" + (ended.get("reason") or f"ExitCode:{ended.get('exitCode')}")
        elif waiting and waiting != "PodInitializing":
            reason = f"Init:{waiting}"
        else:
            reason = f"Init:{index}/{len(inits)}"
        initializing = True
        break
    if not initializing:
        restarts = sum(
            each.get("restartCount", 0) for each in status.get("initContainerStatuses", ()) if each["name"] in sidecars
        )
        running = False
        for each in reversed(status.get("containerStatuses", ())):
            restarts += each.get("restartCount", 0)
            last = max(last, each.get("lastState", {}).get("terminated", {}).get("finishedAt") or "")
            state = each.get("state", {})
            if waiting := state.get("waiting", {}).get("reason"):
                reason = waiting
            elif ended := state.get("terminated"):
                code = f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode')}"
                reason = ended.get("reason") or code
            elif each.get("ready") and state.get("running"):
                running = True
                ready += 1
        if reason == "Completed" and running:
            is_ready = any(
                each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ())
            )
            reason = "Running" if is_ready else "NotReady"
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return reason, ready, total, restarts, last


def _pod(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    reason, ready, total, restarts, last = pod_status(obj)
    ago = f" ({duration(now - seconds(last))} ago)" if restarts and last else ""
    gates = spec.get("readinessGates") or ()
    met = {each["type"] for each in status.get("conditions", ()) if each["status"] == "True"}
    gated = f"{sum(each['conditionType'] in met for each in gates)}/{len(gates)}" if gates else NONE
    ips = status.get("podIPs") or [{"ip": status.get("podIP") or NONE}]
    return [
        name_of(obj), f"{ready}/{total}", reason, f"{restarts}{ago}", age_of(obj, now), ips[0]["ip"],
        spec.get("nodeName") or NONE, status.get("nominatedNodeName") or NONE, gated,
    ]  # fmt: skip


def _workload(obj: Obj) -> list[str]:
    names, images = containers_text(obj["spec"]["template"]["spec"])
    return [names, images, selector_text(obj["spec"].get("selector"))]


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [name_of(obj), ready, *counts, age_of(obj, now), *_workload(obj)]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    counts = [obj["spec"].get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name_of(obj), *counts, age_of(obj, now), *_workload(obj)]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    ready = f"{obj.get('status', {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"
    return [name_of(obj), ready, age_of(obj, now), *_workload(obj)[:2]]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    counts = [
        status.get(each, 0)
        for each in (
            "desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled",
            "numberAvailable",
        )
    ]  # fmt: skip
    where = labels_text(obj["spec"]["template"]["spec"].get("nodeSelector"))
    return [name_of(obj), *counts, where, age_of(obj, now), *_workload(obj)]


def _job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    true = {each["type"] for each in status.get("conditions", ()) if each["status"] == "True"}
    if "Complete" in true:
        word = "Complete"
    elif "Failed" in true:
        word = "Failed"
    elif obj["metadata"].get("deletionTimestamp"):
        word = "Terminating"
    elif "Suspended" in true:
        word = "Suspended"
    elif "FailureTarget" in true:
        word = "FailureTarget"
    elif "SuccessCriteriaMet" in true:
        word = "SuccessCriteriaMet"
    else:
        word = "Running"
    done = status.get("succeeded", 0)
    if "completions" in spec:
        completions = f"{done}/{spec['completions']}"
    else:
        parallel = spec.get("parallelism", 0)
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    took = ""
    if started := status.get("startTime"):
        ended = status.get("completionTime")
        took = duration((seconds(ended) if ended else now) - seconds(started))
    return [name_of(obj), word, completions, took, age_of(obj, now), *_workload(obj)]


def _cron_job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    last = status.get("lastScheduleTime")
    names, images = containers_text(spec["jobTemplate"]["spec"]["template"]["spec"])
    selector = selector_text(spec["jobTemplate"]["spec"].get("selector"))
    suspended = "True" if spec.get("suspend") else "False"
    return [
        name_of(obj), spec["schedule"], spec.get("timeZone") or NONE, suspended,
        len(status.get("active", ())), age(last, now) if last else NONE, age_of(obj, now), names, images,
        selector,
    ]  # fmt: skip


def _hpa(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ref = spec["scaleTargetRef"]
    current = status.get("currentMetrics") or []
    words = []
    for index, each in enumerate(spec.get("metrics", ())):
        source = each.get("resource") or each.get("containerResource") or {}
        target = source.get("target", {})
        have: Obj = next(
            (
                found.get("resource", {}).get("current", {})
                for found in current[index : index + 1]
                if found.get("type") == each["type"]
            ),
            {},
        )
        if "averageUtilization" in target:
            now_at = have.get("averageUtilization")
            at = "<unknown>" if now_at is None else f"{now_at}%"
            words.append(f"{source.get('name')}: {at}/{target['averageUtilization']}%")
        else:
            wanted = target.get("averageValue") or target.get("value") or "<unknown>"
            at = have.get("averageValue") or have.get("value") or "<unknown>"
            words.append(f"{source.get('name', each['type'].lower())}: {at}/{wanted}")
    return [
        name_of(obj), f"{ref['kind']}/{ref['name']}", ", ".join(words) or NONE,
        str(spec.get("minReplicas", "<unset>")), spec["maxReplicas"], status.get("currentReplicas", 0),
        age_of(obj, now),
    ]  # fmt: skip


def _budget(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    bounds = [str(spec.get(each, "N/A")) for each in ("minAvailable", "maxUnavailable")]
    return [name_of(obj), *bounds, obj.get("status", {}).get("disruptionsAllowed", 0), age_of(obj, now)]


def _revision(obj: Obj, now: float) -> list[Any]:
    owner = next((each for each in obj["metadata"].get("ownerReferences", ()) if each.get("controller")), None)
    who = NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        who = (
            f"{owner['kind'].lower()}.{group}/{owner['name']}" if group else f"{owner['kind'].lower()}/{owner['name']}"
        )
    return [name_of(obj), who, obj.get("revision", 0), age_of(obj, now)]


WORKLOADS: dict[str, Printer] = {
    "core.Pod": _pod,
    "apps.Deployment": _deployment,
    "apps.ReplicaSet": _replica_set,
    "apps.StatefulSet": _stateful_set,
    "apps.DaemonSet": _daemon_set,
    "apps.ControllerRevision": _revision,
    "batch.Job": _job,
    "batch.CronJob": _cron_job,
    "autoscaling.HorizontalPodAutoscaler": _hpa,
    "policy.PodDisruptionBudget": _budget,
}
