"""Small readings of Kubernetes objects that every controller needs: owners, selectors, conditions, quantities."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from wizard.sandbox.clock import stamp

Obj = dict[str, Any]
Resource = tuple[str, str]
"""group, plural."""

PODS: Resource = ("", "pods")
NODES: Resource = ("", "nodes")
CLAIMS: Resource = ("", "persistentvolumeclaims")
VOLUMES: Resource = ("", "persistentvolumes")
SERVICES: Resource = ("", "services")
SECRETS: Resource = ("", "secrets")
CONFIG_MAPS: Resource = ("", "configmaps")
EVENTS: Resource = ("", "events")
ENDPOINTS: Resource = ("", "endpoints")
DEPLOYMENTS: Resource = ("apps", "deployments")
REPLICA_SETS: Resource = ("apps", "replicasets")
STATEFUL_SETS: Resource = ("apps", "statefulsets")
DAEMON_SETS: Resource = ("apps", "daemonsets")
REVISIONS: Resource = ("apps", "controllerrevisions")
JOBS: Resource = ("batch", "jobs")
CRON_JOBS: Resource = ("batch", "cronjobs")
SLICES: Resource = ("discovery.k8s.io", "endpointslices")
INGRESSES: Resource = ("networking.k8s.io", "ingresses")
AUTOSCALERS: Resource = ("autoscaling", "horizontalpodautoscalers")
BUDGETS: Resource = ("policy", "poddisruptionbudgets")
STORAGE_CLASSES: Resource = ("storage.k8s.io", "storageclasses")
LEASES: Resource = ("coordination.k8s.io", "leases")

KINDS: Mapping[Resource, tuple[str, str]] = {
    PODS: ("v1", "Pod"),
    NODES: ("v1", "Node"),
    CLAIMS: ("v1", "PersistentVolumeClaim"),
    VOLUMES: ("v1", "PersistentVolume"),
    SERVICES: ("v1", "Service"),
    SECRETS: ("v1", "Secret"),
    ENDPOINTS: ("v1", "Endpoints"),
    DEPLOYMENTS: ("apps/v1", "Deployment"),
    REPLICA_SETS: ("apps/v1", "ReplicaSet"),
    STATEFUL_SETS: ("apps/v1", "StatefulSet"),
    DAEMON_SETS: ("apps/v1", "DaemonSet"),
    REVISIONS: ("apps/v1", "ControllerRevision"),
    JOBS: ("batch/v1", "Job"),
    CRON_JOBS: ("batch/v1", "CronJob"),
    SLICES: ("discovery.k8s.io/v1", "EndpointSlice"),
    INGRESSES: ("networking.k8s.io/v1", "Ingress"),
    AUTOSCALERS: ("autoscaling/v2", "HorizontalPodAutoscaler"),
    BUDGETS: ("policy/v1", "PodDisruptionBudget"),
    STORAGE_CLASSES: ("storage.k8s.io/v1", "StorageClass"),
    LEASES: ("coordination.k8s.io/v1", "Lease"),
}
"""What an object of a resource calls itself; stored objects may or may not carry it."""


def key_of(obj: Obj) -> tuple[str, str]:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def kind_of(resource: Resource, obj: Obj) -> tuple[str, str]:
    """apiVersion and kind."""
    known = KINDS.get(resource)
    return known or (obj.get("apiVersion", ""), obj.get("kind", ""))


# Owners ---------------------------------------------------------------------------------------------------


def controller_of(obj: Obj) -> Obj | None:
    for each in obj["metadata"].get("ownerReferences") or ():
        if each.get("controller"):
            found: Obj = each
            return found
    return None


def owner_reference(resource: Resource, owner: Obj) -> Obj:
    version, kind = kind_of(resource, owner)
    return {
        "apiVersion": version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


# Selectors ------------------------------------------------------------------------------------------------


def labels_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """A LabelSelector (matchLabels, matchExpressions); None selects nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(holds(each, labels) for each in selector.get("matchExpressions") or ())


def holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """One requirement of a label or node selector."""
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or ()
    there = key in labels
    match operator:
        case "In":
            return there and labels[key] in values
        case "NotIn":
            return not there or labels[key] not in values
        case "Exists":
            return there
        case "DoesNotExist":
            return not there
    if not there or not re.fullmatch(r"-?\d+", labels[key]):
        return False  # Gt and Lt compare integers only
    have, limit = int(labels[key]), int(next(iter(values)))
    return have > limit if operator == "Gt" else have < limit


# Conditions -----------------------------------------------------------------------------------------------


def condition(obj: Obj, kind: str) -> Obj | None:
    for each in (obj.get("status") or {}).get("conditions") or ():
        if each["type"] == kind:
            found: Obj = each
            return found
    return None


def is_true(obj: Obj, kind: str) -> bool:
    found = condition(obj, kind)
    return found is not None and found["status"] == "True"


def ready_since(pod: Obj) -> str:
    """When the pod became Ready, as it says; empty while it is not."""
    found = condition(pod, "Ready")
    return str(found.get("lastTransitionTime") or "") if found and found["status"] == "True" else ""


def is_active(pod: Obj) -> bool:
    """Neither finished nor on its way out: what ReplicaSets and Jobs count."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed") and "deletionTimestamp" not in pod["metadata"]


def is_finished(job: Obj) -> str:
    """The condition that ends a Job (Complete or Failed), or nothing."""
    for each in (job.get("status") or {}).get("conditions") or ():
        if each["type"] in ("Complete", "Failed") and each["status"] == "True":
            return str(each["type"])
    return ""


def without_none(value: Obj) -> Obj:
    return {key: each for key, each in value.items() if each is not None}


# Numbers --------------------------------------------------------------------------------------------------

_SUFFIXES: Mapping[str, float] = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip


@lru_cache(maxsize=4096)
def _parsed(text: str) -> float:
    found = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|)", text.strip())
    return float(found.group(1)) * _SUFFIXES[found.group(2)] if found else 0.0


def quantity(value: object) -> float:
    """A resource quantity in its base unit (cores, bytes, pieces); 0 for what is none."""
    return _parsed(str(value)) if value is not None else 0.0


def amount(value: object, total: int, *, up: bool) -> int:
    """An IntOrString: a number, or a percentage of `total` rounded as asked."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = int(text[:-1]) * total
    return -(-exact // 100) if up else exact // 100


_UNITS: Mapping[str, float] = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: object) -> float:
    """A Go duration such as `1h30m` or `5s` in seconds; a bare number is seconds."""
    whole = str(text).strip()
    if re.fullmatch(r"[0-9.]+", whole):
        return float(whole)
    return sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9.]+)(ns|us|µs|ms|s|m|h|d)", whole))


def requests_of(pod: Obj) -> dict[str, float]:
    """What the scheduler counts: containers together, or the largest init container; limits stand in for requests."""
    spec = pod["spec"]
    total: dict[str, float] = {}
    for container in spec.get("containers") or ():
        for name, value in _requested(container).items():
            total[name] = total.get(name, 0.0) + value
    beside: dict[str, float] = {}
    """What the sidecars started so far ask for: it adds to everything that starts after them."""
    alone: dict[str, float] = {}
    for container in spec.get("initContainers") or ():
        sidecar = container.get("restartPolicy") == "Always"
        for name, value in _requested(container).items():
            if sidecar:
                beside[name] = beside.get(name, 0.0) + value
            alone[name] = max(alone.get(name, 0.0), beside.get(name, 0.0) + (0.0 if sidecar else value))
    for name, value in beside.items():
        total[name] = total.get(name, 0.0) + value
    for name, value in alone.items():
        total[name] = max(total.get(name, 0.0), value)
    for name, value in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, 0.0) + quantity(value)
    return total


def _requested(container: Obj) -> dict[str, float]:
    resources = container.get("resources") or {}
    merged = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: quantity(value) for name, value in merged.items()}


# Names ----------------------------------------------------------------------------------------------------

_SAFE = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(value: object) -> str:
    """Ten letters that stand for a template. The real one hashes Go's own printing of it, so values differ."""
    number = 2166136261
    for byte in json.dumps(value, sort_keys=True, separators=(",", ":")).encode():
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(number))


def stamped(seconds: float) -> str:
    return stamp(seconds)


def names(objects: Iterable[Obj]) -> list[str]:
    return [each["metadata"]["name"] for each in objects]
