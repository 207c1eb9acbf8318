"""Kinds with a rule or two: ConfigMaps, Secrets, quotas, budgets, autoscalers, Leases, RBAC, events."""

from __future__ import annotations

import re
from typing import Any

from wizard.sandbox.quantity import canonical, value
from wizard.sandbox.validation.problems import CONFIG_KEY, NOT_NEGATIVE, Problems
from wizard.sandbox.validation.workloads import int_or_percent

Obj = dict[str, Any]
_LIMIT = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"
_NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
"""Keys that Secrets of these types must have."""


def config_map(obj: Obj, found: Problems) -> None:
    _keys(obj.get("data") or {}, "data", found)
    _keys(obj.get("binaryData") or {}, "binaryData", found)
    for key in obj.get("data") or {}:
        if key in (obj.get("binaryData") or {}):
            found.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")


def secret(obj: Obj, found: Problems) -> None:
    data = obj.get("data") or {}
    _keys(data, "data", found)
    for key in _NEEDED.get(obj.get("type", ""), ()):
        if key not in data:
            found.required(f"data[{key}]")


def _keys(data: Obj, field: str, found: Problems) -> None:
    for key in data:
        if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
            found.invalid(f"{field}[{key}]", key, CONFIG_KEY)
    if sum(len(each) for each in data.values()) > _LIMIT * 4 // 3:
        found.too_long(field, _LIMIT)


def immutable_data(new: Obj, old: Obj, found: Problems) -> None:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        found.forbidden("immutable", _FROZEN)
    for key in ("data", "binaryData"):
        if new.get(key) != old.get(key):
            found.forbidden(key, _FROZEN)


def secret_update(new: Obj, old: Obj, found: Problems) -> None:
    found.immutable("type", new.get("type"), old.get("type"))
    immutable_data(new, old, found)


def event(obj: Obj, found: Problems) -> None:
    namespace = (obj.get("involvedObject") or {}).get("namespace") or "default"
    mine = obj["metadata"].get("namespace", "")
    if namespace != mine and (obj.get("involvedObject") or {}).get("namespace"):
        found.invalid("involvedObject.namespace", namespace, "does not match event.namespace")


def quota(obj: Obj, found: Problems) -> None:
    for name, amount in (obj["spec"].get("hard") or {}).items():
        if value(amount) < 0:
            found.invalid(f"spec.hard[{name}]", canonical(amount), NOT_NEGATIVE)


def budget(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        told = {
            "MinAvailable": least,
            "Selector": spec.get("selector"),
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        found.invalid("spec", told, "minAvailable and maxUnavailable cannot be both set")
    for key, bound in (("minAvailable", least), ("maxUnavailable", most)):
        if bound is not None:
            int_or_percent(bound, f"spec.{key}", found)


def autoscaler(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        found.invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < least:
        found.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    if most == 0:
        found.required("spec.maxReplicas")
    target = spec.get("scaleTargetRef") or {}
    for key in ("kind", "name"):
        if not target.get(key):
            found.required(f"spec.scaleTargetRef.{key}")


def lease(obj: Obj, found: Problems) -> None:
    seconds = obj["spec"].get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        found.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")


def role(obj: Obj, found: Problems) -> None:
    for index, rule in enumerate(obj.get("rules") or ()):
        if not rule.get("verbs"):
            found.required(f"rules[{index}].verbs")
        if rule.get("nonResourceURLs"):
            continue
        if not rule.get("apiGroups"):
            found.required(f"rules[{index}].apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            found.required(f"rules[{index}].resources", "resource rules must supply at least one resource")


def binding(obj: Obj, found: Problems) -> None:
    reference = obj.get("roleRef") or {}
    kinds = ["ClusterRole"] if obj.get("kind") == "ClusterRoleBinding" else ["Role", "ClusterRole"]
    if reference.get("kind") not in kinds:
        found.unsupported("roleRef.kind", reference.get("kind", ""), sorted(kinds))
    if not reference.get("name"):
        found.required("roleRef.name")
    for index, each in enumerate(obj.get("subjects") or ()):
        if not each.get("name"):
            found.required(f"subjects[{index}].name")
        if each.get("kind") not in ("User", "Group", "ServiceAccount"):
            kinds = ["ServiceAccount", "User", "Group"]
            found.unsupported(f"subjects[{index}].kind", each.get("kind", ""), sorted(kinds))
        elif each["kind"] == "ServiceAccount" and not each.get("namespace"):
            found.required(f"subjects[{index}].namespace")


def binding_update(new: Obj, old: Obj, found: Problems) -> None:
    if new.get("roleRef") != old.get("roleRef"):
        reference = new.get("roleRef") or {}
        told = {key: reference.get(key[:1].lower() + key[1:], "") for key in ("Kind", "Name")}
        found.invalid("roleRef", {"APIGroup": reference.get("apiGroup", ""), **told}, "field is immutable")
