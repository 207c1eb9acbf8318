"""Claims and volumes."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.quantity import canonical, value
from wizard.sandbox.store import copied
from wizard.sandbox.validation.problems import Problems

Obj = dict[str, Any]
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_SPEC = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def claim(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    if not spec.get("accessModes"):
        found.required("spec.accessModes", "at least 1 access mode is required")
    for each in spec.get("accessModes") or ():
        if each not in _MODES:
            found.unsupported("spec.accessModes", each, _MODES)
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if size is None:
        found.required("spec.resources[storage]")
    elif value(size) <= 0:
        found.invalid("spec.resources[storage]", canonical(size), "must be greater than zero")


def volume(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    if not spec.get("accessModes"):
        found.required("spec.accessModes")
    if not spec.get("capacity"):
        found.required("spec.capacity")


def claim_update(new: Obj, old: Obj, found: Problems) -> None:
    """A pending claim may still be bound; a bound one may only grow."""
    before, after = copied(old["spec"]), copied(new["spec"])
    bound = old.get("status", {}).get("phase") == "Bound"
    if not before.get("volumeName"):
        after.pop("volumeName", None)
        before.pop("volumeName", None)
    if "storageClassName" not in before:
        after.pop("storageClassName", None)
    was = (before.get("resources") or {}).get("requests") or {}
    now = (after.get("resources") or {}).get("requests") or {}
    if bound:
        before.get("resources", {}).pop("requests", None)
        after.get("resources", {}).pop("requests", None)
    if before != after:
        found.forbidden("spec", f"{_SPEC}\n{_difference(before, after)}")
    elif bound and "storage" in was and value(now.get("storage", "0")) < value(was["storage"]):
        found.forbidden("spec.resources.requests.storage", "field can not be less than previous value")


def _difference(before: Obj, after: Obj) -> str:
    """What changed; the API server prints a diff of its own structs."""
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return "".join(f"- {key}: {before.get(key)}\n+ {key}: {after.get(key)}\n" for key in changed)
