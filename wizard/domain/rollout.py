"""Is a workload ready, on its way, or failed? One precedence table over Kubernetes objects, pure.

Follows the status rules of kubectl rollout and kstatus (sigs.k8s.io/cli-utils), and adds what
those leave out: which pod is in the way, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Object = Mapping[str, Any]


class Phase(StrEnum):
    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pod or a workload is not ready."""

    code: str
    """Kebab-case finding code: `image-pull-failed`."""
    resource: str
    """`pod chat/ollama-0`."""
    reason: str
    """Kubernetes' own word: ImagePullBackOff."""
    message: str
    hint: str
    fatal: bool
    """True where no waiting helps unless somebody acts; the engine still gives it its patience."""
    pod: str = ""
    container: str = ""
    previous: bool = False
    """Whether the last words are in the previous container's log."""


@dataclass(frozen=True, slots=True)
class Rollout:
    phase: Phase
    message: str
    """`1 of 2 pods ready`."""
    troubles: tuple[Trouble, ...] = ()


# Waiting reasons of the kubelet (pkg/kubelet/images/types.go, kuberuntime) -> finding code, hint, fatal.
_PULL = "check the image's name and tag, and that the nodes reach its registry"
_WAITING: Mapping[str, tuple[str, str, bool]] = {
    "ErrImagePull": ("image-pull-failed", _PULL, True),
    "ImagePullBackOff": ("image-pull-failed", _PULL, True),
    "InvalidImageName": ("image-pull-failed", "the image's name is not valid: correct it in the profile", True),
    "ErrImageNeverPull": ("image-pull-failed", "the image is not on the node and its pull policy is Never", True),
    "CrashLoopBackOff": ("crash-loop", "read the container's last words, correct the cause, run again", True),
    "CreateContainerConfigError": ("container-config", "a Secret or ConfigMap that it names lacks a key", True),
    "CreateContainerError": ("container-config", "the container runtime refused it: see the message", True),
    "RunContainerError": ("container-config", "the container did not start: see the message", True),
}  # fmt: skip


def _name(obj: Object) -> str:
    meta = obj["metadata"]
    return f"{obj.get('kind', 'object').lower()} {meta.get('namespace', '')}/{meta['name']}"


def pod_troubles(pod: Object, events: Iterable[Object] = ()) -> tuple[Trouble, ...]:
    """What keeps one pod from being ready; empty for a ready or finished one. Gravest first."""
    status = pod.get("status", {})
    resource = "pod " + pod["metadata"].get("namespace", "") + "/" + pod["metadata"]["name"]
    name = pod["metadata"]["name"]
    if status.get("phase") == "Succeeded" or pod["metadata"].get("deletionTimestamp"):
        return ()
    found: list[Trouble] = []
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            message = condition.get("message", "")
            found.append(
                Trouble("unschedulable", resource, condition.get("reason", "Unschedulable"), message,
                        "free or add capacity, or lower the component's requests in the profile", True, name)
            )  # fmt: skip
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    for container in containers:
        last = container.get("lastState", {}).get("terminated") or {}
        state = container.get("state", {})
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if last.get("reason") == "OOMKilled" or ended.get("reason") == "OOMKilled":
            found.append(
                Trouble("out-of-memory", resource, "OOMKilled",
                        f"container {container['name']} was killed at its memory limit",
                        "raise the component's memory limit, or choose a smaller model", True,
                        name, container["name"], not ended)
            )  # fmt: skip
        elif waiting.get("reason") in _WAITING:
            code, hint, fatal = _WAITING[waiting["reason"]]
            message = waiting.get("message") or f"container {container['name']} is waiting"
            if code == "crash-loop" and "exitCode" in last:
                message = f"container {container['name']} ended with exit code {last['exitCode']}, {message}"
            found.append(
                Trouble(code, resource, waiting["reason"], message, hint, fatal,
                        name, container["name"], code == "crash-loop")
            )  # fmt: skip
    if not found and status.get("phase") == "Failed":
        found.append(
            Trouble("pod-failed", resource, status.get("reason", "Failed"),
                    status.get("message", "") or _last_exit(containers),
                    "read the pod's last words", True, name, containers[0]["name"] if containers else "")
        )  # fmt: skip
    if not found and not _is_ready(pod):
        why = _newest_warning(events, name)
        starting = [c["name"] for c in containers if not c.get("ready")]
        message = why or (f"container {', '.join(starting)} is not ready" if starting else "waiting to start")
        reason = "NotReady" if status.get("phase") == "Running" else status.get("phase", "Pending")
        found.append(
            Trouble("not-ready", resource, reason, message,
                    "see the pod's events and last words", False, name, starting[0] if starting else "")
        )  # fmt: skip
    return tuple(found)


def _last_exit(containers: Iterable[Object]) -> str:
    for container in containers:
        ended = container.get("state", {}).get("terminated")
        if ended and ended.get("exitCode"):
            return f"container {container['name']} ended with exit code {ended['exitCode']}"
    return ""


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _newest_warning(events: Iterable[Object], name: str) -> str:
    mine = [
        event
        for event in events
        if event.get("type") == "Warning" and event.get("involvedObject", {}).get("name") == name
    ]
    if not mine:
        return ""
    newest = max(mine, key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or "")
    return f"{newest.get('reason', '')}: {newest.get('message', '')}"


def _replica_failure(obj: Object) -> tuple[Trouble, ...]:
    """Pods that could not even be created: quota, Pod Security, a webhook."""
    for condition in obj.get("status", {}).get("conditions", ()):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return (refused(_name(obj), condition.get("reason", ""), condition.get("message", "")),)
    return ()


def refused(resource: str, reason: str, message: str) -> Trouble:
    """A pod that the API server did not admit."""
    if "exceeded quota" in message:
        return Trouble("quota-exceeded", resource, reason, message,
                       "raise the namespace's ResourceQuota or lower the requests", True)  # fmt: skip
    if "violates PodSecurity" in message:
        return Trouble("pod-security", resource, reason, message,
                       "the namespace's Pod Security level refuses this pod", True)  # fmt: skip
    return Trouble("pod-refused", resource, reason, message, "see the message of the API server", True)


def workload(obj: Object, pods: Iterable[Object] = (), events: Iterable[Object] = ()) -> Rollout:
    """The rollout of a Deployment, StatefulSet, DaemonSet or Job; `pods` are those it owns."""
    events = tuple(events)
    troubles = tuple(t for pod in pods for t in pod_troubles(pod, events))
    kind, status, spec = obj.get("kind", ""), obj.get("status", {}), obj.get("spec", {})
    if kind == "Job":
        return _job(obj, troubles)
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 1):
        return Rollout(Phase.PROGRESSING, "its controller has not seen it yet", troubles)
    if kind == "DaemonSet":
        want, updated, ready = (
            status.get(key, 0) for key in ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady")
        )
    else:
        want = spec.get("replicas", 1)
        updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    troubles += _replica_failure(obj)
    if not troubles and status.get("replicas", 0) == 0 and want:
        # A StatefulSet has no ReplicaFailure condition: its refusal stands in its events alone.
        troubles = tuple(
            refused(_name(obj), event["reason"], event.get("message", ""))
            for event in events
            if event.get("reason") == "FailedCreate" and event["involvedObject"].get("uid") == obj["metadata"]["uid"]
        )[-1:]  # fmt: skip
    for condition in status.get("conditions", ()):
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return Rollout(Phase.FAILED, condition.get("message", "deadline exceeded"), troubles)
    total = status.get("replicas", want)
    message = f"{ready} of {want} pods ready"
    if kind == "StatefulSet" and status.get("updateRevision") not in (None, status.get("currentRevision")):
        return Rollout(Phase.PROGRESSING, f"{message}, rolling out", troubles)
    if updated < want or (kind == "Deployment" and total > updated):
        return Rollout(Phase.PROGRESSING, f"{message}, {updated} updated", troubles)
    available = status.get("availableReplicas", ready) if kind != "DaemonSet" else ready
    if ready < want or available < want:
        return Rollout(Phase.PROGRESSING, message, troubles)
    return Rollout(Phase.READY, message)


def _job(obj: Object, troubles: tuple[Trouble, ...]) -> Rollout:
    status = obj.get("status", {})
    for condition in status.get("conditions", ()):
        if condition["status"] != "True":
            continue
        if condition["type"] == "Complete":
            return Rollout(Phase.READY, "complete")
        if condition["type"] == "Failed":
            trouble = Trouble("job-failed", _name(obj), condition.get("reason", "Failed"),
                              condition.get("message", ""), "read the last words of its pod", True)  # fmt: skip
            return Rollout(Phase.FAILED, condition.get("message", "failed"), (*troubles, trouble))
    failed = status.get("failed", 0)
    return Rollout(Phase.PROGRESSING, f"running, {failed} failed" if failed else "running", troubles)
