"""Label and field selectors (apimachinery's labels and fields)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from wizard.sandbox.status import StatusError, bad_request

Obj = dict[str, Any]
Test = Callable[[Obj], bool]

_PART = re.compile(
    r"""\s*(?:
        (?P<key>[\w./-]+)\s+(?P<set>in|notin)\s*\((?P<values>[^)]*)\)
      | (?P<name>[\w./-]+)\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[\w.-]*)
      | !\s*(?P<absent>[\w./-]+)
      | (?P<present>[\w./-]+)
    )\s*(?:,|$)""",
    re.X,
)


def label_test(text: str) -> Callable[[Mapping[str, str]], bool]:
    """A test of labels from `a=b,c in (d,e),!f`. Raises StatusError 400."""
    tests: list[Callable[[Mapping[str, str]], bool]] = []
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        if found is None or found.end() == position:
            raise _unparsed(text[position:])
        tests.append(_requirement(found))
        position = found.end()
    return lambda labels: all(test(labels) for test in tests)


def _unparsed(text: str) -> StatusError:
    words = text.split()
    if len(words) > 1 and re.fullmatch(r"[\w./-]+", words[0]):
        return bad_request(f"unable to parse requirement: found '{words[1]}', expected: in, notin, =, ==, !=, gt, lt")
    return bad_request(f"unable to parse requirement: found '{text}', expected: !, identifier, or ','")


def _requirement(found: re.Match[str]) -> Callable[[Mapping[str, str]], bool]:
    if found["set"]:
        key = found["key"]
        values = {each.strip() for each in found["values"].split(",")}
        if found["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found["op"]:
        key, value, op = found["name"], found["value"], found["op"]
        if op in ("=", "=="):
            return lambda labels: labels.get(key) == value
        if op == "!=":
            return lambda labels: labels.get(key) != value
        limit = int(value)
        if op == ">":
            return lambda labels: labels.get(key, "").isdigit() and int(labels[key]) > limit
        return lambda labels: labels.get(key, "").isdigit() and int(labels[key]) < limit
    if found["absent"]:
        key = found["absent"]
        return lambda labels: key not in labels
    key = found["present"]
    return lambda labels: key in labels


def selects(selector: Obj | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector object matches. None matches nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for each in selector.get("matchExpressions", ()):
        key, values = each["key"], each.get("values", ())
        matched = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[each["operator"]]
        if not matched:
            return False
    return True


_COMMON = ("metadata.name", "metadata.namespace")
_FIELDS = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
        "reason", "reportingComponent", "source", "type",
    ),
    "namespaces": ("status.phase", "name"),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "jobs": ("status.successful",),
    "replicasets": ("status.replicas",),
    "persistentvolumes": ("name",),
}  # fmt: skip
"""Fields that a selector may name, by resource; every resource has its name and namespace."""
_EMPTY = {"spec.hostNetwork": "false", "spec.unschedulable": "false", "status.successful": "0"}


def field_test(text: str, plural: str, extra: tuple[str, ...] = ()) -> Test:
    """A test of objects from `status.phase=Running,metadata.name!=a`. Raises StatusError 400."""
    tests: list[Test] = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"\s*([^=!]+?)\s*(==|=|!=)(.*)", part)
        if match is None:
            raise bad_request(f"invalid field selector: '{part}'; can't understand '{part}'")
        path, op, value = match.groups()
        if path not in _COMMON and path not in _FIELDS.get(plural, ()) and path not in extra:
            if plural in _FIELDS:
                raise bad_request(f"field label not supported: {path}")
            known = ", ".join(f'"{each}"' for each in (*_COMMON, *extra))
            raise bad_request(f'"{path}" is not a known field selector: only {known}')
        tests.append(_field(path, value, negated=op == "!="))
    return lambda obj: all(test(obj) for test in tests)


def _field(path: str, value: str, *, negated: bool) -> Test:
    if path == "source":
        path = "source.component"
    parts = (("metadata." + path) if path == "name" else path).split(".")
    empty = _EMPTY.get(path, "")

    def test(obj: Obj) -> bool:
        found: Any = obj
        for part in parts:
            found = found.get(part) if isinstance(found, dict) else None
        text = empty if found is None else str(found).lower() if isinstance(found, bool) else str(found)
        return (text == value) != negated

    return test
