"""Names, labels, annotations, owners and finalizers (apimachinery's api/validation/objectmeta.go)."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.validation.problems import (
    Problems,
    label_problems,
    label_value_problems,
    qualified_problems,
    service_problems,
    subdomain_problems,
)

Obj = dict[str, Any]
_STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
_ANNOTATION_BYTES = 256 * 1024


def validate(meta: Obj, found: Problems, style: str = "", *, core: bool = True) -> None:
    """`core`: finalizers have to be qualified, as for all kinds but custom ones and their definitions.

    `style`: `label` and `service` for narrower names, `path` for those that may be any path segment.
    """
    name = meta.get("name", "")
    if style == "label" and "." in name:
        found.invalid("metadata.name", name, "must not contain dots")
    elif style == "path":
        if name in (".", "..") or "/" in name or "%" in name:
            found.invalid("metadata.name", name, "may not contain '/'")
    else:
        check = {"label": label_problems, "service": service_problems}.get(style, subdomain_problems)
        for each in check(name):
            found.invalid("metadata.name", name, each)
    _common(meta, found, core)


def validate_update(new: Obj, old: Obj, found: Problems, *, core: bool = True) -> None:
    if old.get("deletionTimestamp"):
        more = [each for each in new.get("finalizers", ()) if each not in old.get("finalizers", ())]
        if more:
            words = "no new finalizers can be added if the object is being deleted, found new finalizers []string{"
            told = ", ".join(f'"{each}"' for each in more)
            found.forbidden("metadata.finalizers", f"{words}{told}}}")
    if any(new.get(key) != old.get(key) for key in ("labels", "annotations", "ownerReferences", "finalizers")):
        _common(new, found, core)


def labels(values: Obj, field: str, found: Problems) -> None:
    for key, value in values.items():
        for each in qualified_problems(key):
            found.invalid(field, key, each)
        for each in label_value_problems(value):
            found.invalid(field, value, each)


def _common(meta: Obj, found: Problems, core: bool) -> None:
    labels(meta.get("labels") or {}, "metadata.labels", found)
    annotations = meta.get("annotations") or {}
    for key in annotations:
        for each in qualified_problems(key.lower()):
            found.invalid("metadata.annotations", key, each)
    if sum(len(key) + len(value) for key, value in annotations.items()) > _ANNOTATION_BYTES:
        found.too_long("metadata.annotations", _ANNOTATION_BYTES)
    _owners(meta.get("ownerReferences") or [], found)
    for index, each in enumerate(meta.get("finalizers") or ()):
        field = f"metadata.finalizers[{index}]"
        problems = qualified_problems(each)
        for problem in problems:
            found.invalid(field, each, problem)
        if core and not problems and "/" not in each and each not in _STANDARD_FINALIZERS:
            words = "name is neither a standard finalizer name nor is it fully qualified"
            found.invalid(field, each, words)


def _owners(references: list[Obj], found: Problems) -> None:
    controller: Obj | None = None
    for index, each in enumerate(references):
        field = f"metadata.ownerReferences[{index}]"
        for key in ("apiVersion", "kind", "name", "uid"):
            if not each.get(key):
                found.required(f"{field}.{key}", "must not be empty")
        if each.get("controller"):
            if controller is not None:
                words = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller['kind']}/{controller['name']} and {each['kind']}/{each['name']}"
                )
                told = [_ordered(reference) for reference in references]
                found.invalid("metadata.ownerReferences", told, words)
            controller = each


def _ordered(reference: Obj) -> Obj:
    keys = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
    return {key: reference[key] for key in keys if key in reference}
