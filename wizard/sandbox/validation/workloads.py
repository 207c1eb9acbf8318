"""Deployments, ReplicaSets, StatefulSets, DaemonSets (pkg/apis/apps/validation)."""

from __future__ import annotations

import re
from typing import Any

from wizard.sandbox.selectors import selects
from wizard.sandbox.validation import pods
from wizard.sandbox.validation.problems import PERCENT, Problems

Obj = dict[str, Any]
_MISMATCH = "`selector` does not match template `labels`"


def deployment(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    found.not_negative("spec.replicas", spec.get("replicas"))
    _selector_and_template(spec, found, "deployment")
    strategy = spec.get("strategy") or {}
    found.one_of("spec.strategy.type", strategy.get("type"), ("Recreate", "RollingUpdate"))
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling:
        found.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    elif rolling:
        for key in ("maxUnavailable", "maxSurge"):
            int_or_percent(rolling.get(key), f"spec.strategy.rollingUpdate.{key}", found)
        if rolling.get("maxUnavailable") in (0, "0%") and rolling.get("maxSurge") in (0, "0%"):
            field = "spec.strategy.rollingUpdate.maxUnavailable"
            found.invalid(field, rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        found.not_negative(f"spec.{key}", spec.get(key))
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds", 0)
    if deadline is not None and deadline <= ready:
        found.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def replica_set(obj: Obj, found: Problems) -> None:
    found.not_negative("spec.replicas", obj["spec"].get("replicas"))
    _selector_and_template(obj["spec"], found, "deployment")


def daemon_set(obj: Obj, found: Problems) -> None:
    _selector_and_template(obj["spec"], found, "daemonset")


def stateful_set(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    policy = spec.get("podManagementPolicy")
    if not policy:
        found.required("spec.podManagementPolicy")
    elif policy not in ("OrderedReady", "Parallel"):
        found.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    strategy = (spec.get("updateStrategy") or {}).get("type")
    if strategy not in ("RollingUpdate", "OnDelete"):
        found.invalid("spec.updateStrategy", spec.get("updateStrategy"), "must be 'RollingUpdate' or 'OnDelete'")
    found.not_negative("spec.replicas", spec.get("replicas"))
    _selector_and_template(spec, found, "statefulset")


def _selector_and_template(spec: Obj, found: Problems, kind: str) -> None:
    selector = spec.get("selector")
    template = spec.get("template") or {}
    if selector is None:
        found.required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        found.invalid("spec.selector", {}, f"empty selector is invalid for {kind}")
    labels = (template.get("metadata") or {}).get("labels")
    empty = selector is not None and not selector
    if not empty and not selects(selector, labels or {}):
        found.invalid("spec.template.metadata.labels", labels, _MISMATCH)
    pods.template(_with_claims(spec, template), "spec.template", found)
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy in ("OnFailure", "Never"):
        found.unsupported("spec.template.spec.restartPolicy", policy, ["Always"])


def _with_claims(spec: Obj, template: Obj) -> Obj:
    """A StatefulSet's claims are volumes of its pods: mounts may name them."""
    claims = spec.get("volumeClaimTemplates")
    if not claims:
        return template
    known = [{"name": each["metadata"]["name"], "emptyDir": {}} for each in claims]
    inner = template.get("spec") or {}
    names = {each["name"] for each in known}
    volumes = [*known, *(each for each in inner.get("volumes", ()) if each["name"] not in names)]
    return {**template, "spec": {**inner, "volumes": volumes}}


def int_or_percent(value: Any, field: str, found: Problems) -> None:
    """A count or a percentage, such as maxSurge and minAvailable."""
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]+%", value):
            found.invalid(field, value, PERCENT)
        elif int(value[:-1]) > 100 and not field.endswith("maxSurge"):
            found.invalid(field, value, "must not be greater than 100%")
    else:
        found.not_negative(field, value)


def selector_update(new: Obj, old: Obj, found: Problems) -> None:
    found.immutable("spec.selector", new["spec"].get("selector"), old["spec"].get("selector"))


_STATEFUL = {
    "serviceName": "spec.serviceName",
    "selector": "spec.selector",
    "volumeClaimTemplates": "spec.volumeClaimTemplates",
    "podManagementPolicy": "spec.podManagementPolicy",
}


def stateful_set_update(new: Obj, old: Obj, found: Problems) -> None:
    for key, field in _STATEFUL.items():
        found.immutable(field, new["spec"].get(key), old["spec"].get(key))
