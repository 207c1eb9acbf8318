"""Pods and pod templates (pkg/apis/core/validation)."""

from __future__ import annotations

import re
from typing import Any

from wizard.sandbox.quantity import canonical, value
from wizard.sandbox.store import copied
from wizard.sandbox.validation.metadata import labels
from wizard.sandbox.validation.problems import NOT_NEGATIVE, PORT, Problems, label_problems, subdomain_problems

Obj = dict[str, Any]
_POLICIES = ("Always", "IfNotPresent", "Never")
_RESTART = ("Always", "OnFailure", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_ENV_NAME = re.compile(r"[\x20-\x3c\x3e-\x7e]+")
_UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def pod(obj: Obj, found: Problems) -> None:
    spec(obj["spec"], "spec", found)


def template(obj: Obj, field: str, found: Problems) -> None:
    meta = obj.get("metadata") or {}
    labels(meta.get("labels") or {}, f"{field}.metadata.labels", found)
    spec(obj.get("spec") or {}, f"{field}.spec", found)


def spec(obj: Obj, field: str, found: Problems) -> None:
    volumes = _volumes(obj.get("volumes") or [], f"{field}.volumes", found)
    containers = obj.get("containers") or []
    if not containers:
        found.required(f"{field}.containers")
    names: set[str] = set()
    for kind, items in (("containers", containers), ("initContainers", obj.get("initContainers") or [])):
        for index, each in enumerate(items):
            _container(each, f"{field}.{kind}[{index}]", found, volumes, names)
    found.one_of(f"{field}.restartPolicy", obj.get("restartPolicy"), _RESTART)
    found.one_of(
        f"{field}.dnsPolicy",
        obj.get("dnsPolicy"),
        ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    )
    for key, text in (obj.get("nodeSelector") or {}).items():
        labels({key: text}, f"{field}.nodeSelector", found)
    if name := obj.get("serviceAccountName"):
        for problem in subdomain_problems(name):
            found.invalid(f"{field}.serviceAccountName", name, problem)
    found.not_negative(f"{field}.terminationGracePeriodSeconds", obj.get("terminationGracePeriodSeconds"))
    for index, each in enumerate(obj.get("tolerations") or ()):
        _toleration(each, f"{field}.tolerations[{index}]", found)


def _container(obj: Obj, field: str, found: Problems, volumes: set[str], names: set[str]) -> None:
    name = obj.get("name", "")
    if not name:
        found.required(f"{field}.name")
    else:
        for problem in label_problems(name):
            found.invalid(f"{field}.name", name, problem)
        if name in names:
            found.duplicate(f"{field}.name", name)
        names.add(name)
    if not obj.get("image"):
        found.required(f"{field}.image")
    elif obj["image"] != obj["image"].strip():
        found.invalid(f"{field}.image", obj["image"], "must not have leading or trailing whitespace")
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in obj:
            _probe(obj[key], f"{field}.{key}", found, liveness=key != "readinessProbe")
    _ports(obj.get("ports") or [], f"{field}.ports", found)
    for index, each in enumerate(obj.get("env") or ()):
        if not each.get("name"):
            found.required(f"{field}.env[{index}].name")
        elif not _ENV_NAME.fullmatch(each["name"]):
            words = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            found.invalid(f"{field}.env[{index}].name", each["name"], words)
        if each.get("value") and each.get("valueFrom"):
            words = "may not be specified when `value` is not empty"
            found.invalid(f"{field}.env[{index}].valueFrom", "", words)
    paths: set[str] = set()
    for index, each in enumerate(obj.get("volumeMounts") or ()):
        at = f"{field}.volumeMounts[{index}]"
        if not each.get("name"):
            found.required(f"{at}.name")
        elif each["name"] not in volumes:
            found.not_found(f"{at}.name", each["name"])
        if not each.get("mountPath"):
            found.required(f"{at}.mountPath")
        elif each["mountPath"] in paths:
            found.invalid(f"{at}.mountPath", each["mountPath"], "must be unique")
        paths.add(each.get("mountPath", ""))
    found.one_of(f"{field}.imagePullPolicy", obj.get("imagePullPolicy"), _POLICIES)
    _resources(obj.get("resources") or {}, f"{field}.resources", found)


def _ports(ports: list[Obj], field: str, found: Problems) -> None:
    names: set[str] = set()
    for index, each in enumerate(ports):
        at = f"{field}[{index}]"
        if name := each.get("name"):
            for problem in port_name_problems(name):
                found.invalid(f"{at}.name", name, problem)
            if name in names:
                found.duplicate(f"{at}.name", name)
            names.add(name)
        number = each.get("containerPort", 0)
        if number == 0:
            found.required(f"{at}.containerPort")
        elif not 1 <= number <= 65535:
            found.invalid(f"{at}.containerPort", number, PORT)
        if (host := each.get("hostPort", 0)) and not 1 <= host <= 65535:
            found.invalid(f"{at}.hostPort", host, PORT)
        found.one_of(f"{at}.protocol", each.get("protocol"), _PROTOCOLS, needed=True)


def port_name_problems(text: str) -> list[str]:
    out = ["must be no more than 15 characters"] if len(text) > 15 else []
    if not re.fullmatch(r"[a-z0-9-]*", text):
        out.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", text):
        out.append("must contain at least one letter (a-z)")
    if "--" in text:
        out.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        out.append("must not begin or end with a hyphen")
    return out


def _probe(obj: Obj, field: str, found: Problems, *, liveness: bool) -> None:
    handlers = [each for each in _HANDLERS if each in obj]
    if not handlers:
        found.required(field, "must specify a handler type")
    for extra in handlers[1:]:
        found.forbidden(f"{field}.{extra}", "may not specify more than 1 handler type")
    for key in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        found.not_negative(f"{field}.{key}", obj.get(key))
    if liveness and obj.get("successThreshold", 1) != 1:
        found.invalid(f"{field}.successThreshold", obj["successThreshold"], "must be 1")
    for handler in ("httpGet", "tcpSocket"):
        port = obj.get(handler, {}).get("port")
        if isinstance(port, int) and not 1 <= port <= 65535:
            found.invalid(f"{field}.{handler}.port", port, PORT)


def _resources(obj: Obj, field: str, found: Problems) -> None:
    limits, requests = obj.get("limits") or {}, obj.get("requests") or {}
    for kind, values in (("limits", limits), ("requests", requests)):
        for name, amount in values.items():
            if value(amount) < 0:
                found.invalid(f"{field}.{kind}[{name}]", canonical(amount), NOT_NEGATIVE)
    for name, amount in requests.items():
        if name in limits and value(amount) > value(limits[name]):
            words = f"must be less than or equal to {name} limit of {canonical(limits[name])}"
            found.invalid(f"{field}.requests", canonical(amount), words)


def _volumes(volumes: list[Obj], field: str, found: Problems) -> set[str]:
    names: set[str] = set()
    for index, each in enumerate(volumes):
        at, name = f"{field}[{index}]", each.get("name", "")
        sources = [key for key in each if key != "name"]
        for extra in sources[1:]:
            found.forbidden(f"{at}.{extra}", "may not specify more than 1 volume type")
        if not name:
            found.required(f"{at}.name")
            continue
        for problem in label_problems(name):
            found.invalid(f"{at}.name", name, problem)
        if name in names:
            found.duplicate(f"{at}.name", name)
        names.add(name)
        if each.get("persistentVolumeClaim", {"claimName": "x"}).get("claimName") in ("", None):
            found.required(f"{at}.persistentVolumeClaim.claimName")
        if "hostPath" in each and not each["hostPath"].get("path"):
            found.required(f"{at}.hostPath.path")
        if "secret" in each and not each["secret"].get("secretName"):
            found.required(f"{at}.secret.secretName")
        if "configMap" in each and not each["configMap"].get("name"):
            found.required(f"{at}.configMap.name")
    return names


def _toleration(obj: Obj, field: str, found: Problems) -> None:
    operator = obj.get("operator", "Equal")
    if not obj.get("key") and operator != "Exists":
        words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        found.invalid(f"{field}.operator", operator, words)
    if operator == "Exists" and obj.get("value"):
        found.invalid(f"{field}.operator", obj["value"], "value must be empty when `operator` is 'Exists'")
    found.one_of(f"{field}.operator", operator, ("Equal", "Exists", "Gt", "Lt"))
    found.one_of(f"{field}.effect", obj.get("effect"), ("NoSchedule", "PreferNoSchedule", "NoExecute"))


def pod_update(new: Obj, old: Obj, found: Problems) -> None:
    """Only images, deadlines and more tolerations; the scheduler's binding comes through here as well."""
    before, after = copied(old["spec"]), copied(new["spec"])
    if not before.get("nodeName"):
        before.pop("nodeName", None)
        after.pop("nodeName", None)
    for each in (before, after):
        for kind in ("containers", "initContainers"):
            for container in each.get(kind) or ():
                container.pop("image", None)
        each.pop("activeDeadlineSeconds", None)
    earlier, later = before.pop("tolerations", []), after.pop("tolerations", [])
    gone = any(each not in later for each in earlier)
    if len(before.get("containers") or ()) != len(after.get("containers") or ()):
        found.forbidden("spec.containers", "pod updates may not add or remove containers")
    elif before != after or gone:
        found.forbidden("spec", _UPDATABLE)
