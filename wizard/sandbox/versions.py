"""Conversion between the version a client speaks and the one that is stored."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.kinds import Resource

Obj = dict[str, Any]

_EVENTS = {
    "note": "message",
    "regarding": "involvedObject",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
"""events.k8s.io/v1 beside core/v1: the same events under other names."""
_EVENTS_BACK = {stored: told for told, stored in _EVENTS.items()}


def to_request(resource: Resource, obj: Obj) -> Obj:
    """The stored object as this resource's version shows it; the same object where that is no work."""
    if obj.get("apiVersion") == resource.api_version:
        return obj
    if resource.plural == "events":
        obj = {_EVENTS_BACK.get(key, key): value for key, value in obj.items()}
        for key in ("reportingController", "reportingInstance"):
            if not obj.get(key):
                obj.pop(key, None)
    return {**obj, "apiVersion": resource.api_version, "kind": resource.kind}


def to_storage(resource: Resource, obj: Obj) -> Obj:
    if resource.group == "events.k8s.io":
        return {**{_EVENTS.get(key, key): value for key, value in obj.items()}, "apiVersion": "v1"}
    return obj
