"""Validates CustomResourceDefinitions themselves."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.validation.problems import Problems

Obj = dict[str, Any]


def definition(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    names = spec.get("names") or {}
    plural, group = names.get("plural", ""), spec.get("group", "")
    if obj["metadata"].get("name") != f"{plural}.{group}":
        found.invalid("metadata.name", obj["metadata"].get("name"), 'must be spec.names.plural+"."+spec.group')
    if not group:
        found.required("spec.group")
    if not spec.get("scope"):
        found.required("spec.scope")
    elif spec["scope"] not in ("Cluster", "Namespaced"):
        found.unsupported("spec.scope", spec["scope"], ["Cluster", "Namespaced"])
    versions = spec.get("versions") or []
    storing = [each for each in versions if each.get("storage")]
    if len(storing) != 1:
        told = [_go(each) for each in versions]
        found.invalid("spec.versions", told, "must have exactly one version marked as storage version")
    for index, each in enumerate(versions):
        if not (each.get("schema") or {}).get("openAPIV3Schema"):
            found.required(f"spec.versions[{index}].schema.openAPIV3Schema")
    for key in ("plural", "kind", "listKind", "singular"):
        if not names.get(key):
            found.required(f"spec.names.{key}")
    if not (obj.get("status") or {}).get("storedVersions") and not storing:
        found.invalid("status.storedVersions", None, "must have at least one stored version")


def _go(version: Obj) -> Obj:
    """A version as Go prints its internal struct."""
    return {
        "Name": version.get("name"),
        "Served": bool(version.get("served")),
        "Storage": bool(version.get("storage")),
        "Deprecated": bool(version.get("deprecated")),
        "DeprecationWarning": version.get("deprecationWarning"),
        "Schema": None,
        "Subresources": None,
        "AdditionalPrinterColumns": None,
        "SelectableFields": None,
    }


def definition_update(new: Obj, old: Obj, found: Problems) -> None:
    accepted = any(
        each["type"] == "Established" and each["status"] == "True"
        for each in (old.get("status") or {}).get("conditions") or ()
    )
    if accepted:
        found.immutable("spec.scope", new["spec"].get("scope"), old["spec"].get("scope"))
        for key in ("kind",):
            was, now = old["spec"]["names"].get(key), new["spec"]["names"].get(key)
            found.immutable(f"spec.names.{key}", now, was)
    found.immutable("spec.group", new["spec"].get("group"), old["spec"].get("group"))
