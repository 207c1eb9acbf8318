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
    "ImageInspectError": ("image-pull-failed", "the image on the node cannot be read: see the message", True),
    "RegistryUnavailable": ("image-pull-failed", _PULL, True),
    "SignatureValidationFailed": ("image-pull-failed", "the node's policy refuses the image's signature", True),
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
    if status.get("phase") == "Succeeded" or pod["metadata"].get("deletionTimestamp") or _is_ready(pod):
        return ()
    # It will not run again, and its controller makes another: an evicted pod stays beside its replacement, a
    # Job's attempt beside the next one. Its trouble is told, and is no reason to give up.
    over = status.get("phase") == "Failed"
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
        if container.get("ready"):
            continue  # what once ended it is over
        last = container.get("lastState", {}).get("terminated") or {}
        state = container.get("state", {})
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if last.get("reason") == "OOMKilled" or ended.get("reason") == "OOMKilled":
            found.append(
                Trouble("out-of-memory", resource, "OOMKilled",
                        f"container {container['name']} was killed at its memory limit",
                        "raise the component's memory limit, or choose a smaller model", not over,
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
    if not found and over:
        found.append(
            Trouble("pod-failed", resource, status.get("reason", "Failed"),
                    status.get("message", "") or _last_exit(containers),
                    "read the pod's last words", False, name, _ended(containers))
        )  # fmt: skip
    if not found:
        why = _newest_warning(events, pod)
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


def _ended(containers: Iterable[Object]) -> str:
    """The first container that ended with an error, for its last words."""
    codes = {c["name"]: (c.get("state", {}).get("terminated") or {}).get("exitCode", 0) for c in containers}
    return next((name for name, code in codes.items() if code), next(iter(codes), ""))


def _newest(events: Iterable[Object], obj: Object) -> Object | None:
    """The newest of the events about `obj`. Its uid counts: a StatefulSet's pods come back under their old names."""
    meta = obj["metadata"]
    mine = [event for event in events if _about(event.get("involvedObject", {}), meta)]
    return max(mine, key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or "", default=None)


def _about(involved: Object, meta: Object) -> bool:
    if involved.get("uid") and meta.get("uid"):
        return bool(involved["uid"] == meta["uid"])
    return bool(involved.get("name") == meta["name"])


def _newest_warning(events: Iterable[Object], pod: Object) -> str:
    newest = _newest((e for e in events if e.get("type") == "Warning"), pod)
    return f"{newest.get('reason', '')}: {newest.get('message', '')}" if newest else ""


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
    status = obj.get("status", {})
    if obj["metadata"].get("deletionTimestamp"):
        return Rollout(Phase.PROGRESSING, "it is being deleted", troubles)
    if obj.get("kind") == "Job":
        return _job(obj, troubles if troubles or status.get("active") else _not_created(obj, events))
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 1):
        return Rollout(Phase.PROGRESSING, "its controller has not seen it yet", troubles)
    counts = _counts(obj)
    troubles += _replica_failure(obj)
    if not troubles and not counts.total and counts.want:
        # Only a Deployment has a ReplicaFailure condition: elsewhere a refusal stands in the events alone.
        troubles = _not_created(obj, events)
    for condition in status.get("conditions", ()):
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return Rollout(Phase.FAILED, condition.get("message") or "deadline exceeded", troubles)
    message = f"{counts.ready} of {counts.want} pods ready"
    if counts.updated < counts.must_update or counts.leftover:
        if obj.get("spec", {}).get("paused"):
            troubles += (_paused(_name(obj)),)
        return Rollout(Phase.PROGRESSING, f"{message}, {counts.updated} updated", troubles)
    if counts.ready < counts.want or counts.available < counts.want:
        return Rollout(Phase.PROGRESSING, message, troubles)
    if _between_revisions(obj, counts):
        return Rollout(Phase.PROGRESSING, f"{message}, rolling out", troubles)
    return Rollout(Phase.READY, message)


@dataclass(frozen=True, slots=True)
class _Counts:
    want: int
    total: int
    updated: int
    must_update: int
    """How many pods the workload's own strategy replaces; the others are meant to stay as they are."""
    ready: int
    available: int

    @property
    def leftover(self) -> bool:
        """Pods of before, not yet gone: of a surge, of a scaling down."""
        return self.total > self.want or (self.must_update == self.want and self.total > self.updated)


def _counts(obj: Object) -> _Counts:
    """Counts that are zero are not in the JSON, except where the API's types say otherwise."""
    kind, status, spec = obj.get("kind", ""), obj.get("status", {}), obj.get("spec", {})
    strategy = spec.get("updateStrategy", {})
    by_hand = strategy.get("type") == "OnDelete"
    if kind == "DaemonSet":
        want = status.get("desiredNumberScheduled", 0)
        return _Counts(
            want=want,
            total=status.get("currentNumberScheduled", 0),
            updated=status.get("updatedNumberScheduled", 0),
            must_update=0 if by_hand else want,
            ready=status.get("numberReady", 0),
            available=status.get("numberAvailable", 0),
        )
    want = spec.get("replicas", 1)
    ready = status.get("readyReplicas", 0)
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    return _Counts(
        want=want,
        total=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        must_update=0 if by_hand else max(0, want - partition),
        ready=ready,
        # A StatefulSet's is always there; where it is not, the API server is older than the field.
        available=status.get("availableReplicas", 0 if kind == "Deployment" else ready),
    )


def _between_revisions(obj: Object, counts: _Counts) -> bool:
    """Whether a StatefulSet that replaces all of its pods has not yet said that it is done."""
    status = obj.get("status", {})
    if obj.get("kind") != "StatefulSet" or counts.must_update < counts.want:
        return False  # with a partition or OnDelete, the two revisions differ for good
    return status.get("updateRevision") not in (None, status.get("currentRevision"))


def _paused(resource: str) -> Trouble:
    return Trouble("rollout-paused", resource, "Paused", "its rollout is paused: no pod is replaced",
                   "somebody paused it: `kubectl rollout resume`", True)  # fmt: skip


def _not_created(obj: Object, events: Iterable[Object]) -> tuple[Trouble, ...]:
    newest = _newest((e for e in events if e.get("reason") == "FailedCreate"), obj)
    return (refused(_name(obj), newest["reason"], newest.get("message", "")),) if newest else ()


def _job(obj: Object, troubles: tuple[Trouble, ...]) -> Rollout:
    status = obj.get("status", {})
    conditions = {c["type"]: c for c in status.get("conditions", ()) if c["status"] == "True"}
    if "Complete" in conditions:
        return Rollout(Phase.READY, "complete")
    if failed := conditions.get("Failed"):
        trouble = Trouble("job-failed", _name(obj), failed.get("reason", "Failed"), failed.get("message", ""),
                          "read the last words of its pod", True)  # fmt: skip
        return Rollout(Phase.FAILED, failed.get("message") or "failed", (*troubles, trouble))
    if "Suspended" in conditions:
        trouble = Trouble("job-suspended", _name(obj), "Suspended", "it is suspended: no pod is started",
                          "somebody suspended it: set its `spec.suspend` to false", True)  # fmt: skip
        return Rollout(Phase.PROGRESSING, "suspended", (*troubles, trouble))
    attempts = status.get("failed", 0)
    return Rollout(Phase.PROGRESSING, f"running, {attempts} failed" if attempts else "running", troubles)
