"""Custom resources against their CRD's schema (apiextensions-apiserver's validation, without CEL)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import Cause, cause
from wizard.sandbox.validation.problems import Problems

Obj = dict[str, Any]
Schema = Mapping[str, Any]


def validate(resource: Resource, obj: Obj, found: Problems) -> None:
    schema = (resource.crd or {}).get("schema", {}).get("openAPIV3Schema") or {}
    causes: list[Cause] = []
    properties = schema.get("properties", {})
    told = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    for key in schema.get("required", ()):
        if key not in told and key not in ("apiVersion", "kind", "metadata"):
            causes.append(cause("FieldValueRequired", key, "Required value"))
    for key, value in told.items():
        if key in properties:
            _check(properties[key], value, key, causes)
    found.causes.extend(sorted(causes, key=lambda each: each["field"].replace("[", ".")))


_TYPES = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    for name in ("string", "integer", "number", "array", "object"):
        if isinstance(value, _TYPES[name]):
            return name
    return "null"


def _check(schema: Schema, value: Any, field: str, out: list[Cause]) -> None:
    if value is None:
        if not schema.get("nullable"):
            kind = schema.get("type", "object")
            words = f'Invalid value: "null": {field} in body must be of type {kind}: "null"'
            out.append(cause("FieldValueTypeInvalid", field, words))
        return
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, (int, str)) or isinstance(value, bool):
            found = _type_of(value)
            words = f'Invalid value: "{found}": {field} in body must be of type integer,string: "{found}"'
            out.append(cause("FieldValueTypeInvalid", field, words))
        return
    kind = schema.get("type")
    if kind and not (isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))):
        whole = kind == "integer" and isinstance(value, float) and value.is_integer()
        if not whole:
            words = f'Invalid value: "{_type_of(value)}": {field} in body must be of type {kind}: "{_type_of(value)}"'
            out.append(cause("FieldValueTypeInvalid", field, words))
            return
    if isinstance(value, dict):
        _object(schema, value, field, out)
    elif isinstance(value, list):
        _array(schema, value, field, out)
    else:
        _scalar(schema, value, field, out)
    for alternative in schema.get("allOf", ()):
        _check(alternative, value, field, out)
    _any(schema, value, field, out)


def _object(schema: Schema, value: Obj, field: str, out: list[Cause]) -> None:
    for key in schema.get("required", ()):
        if key not in value:
            out.append(cause("FieldValueRequired", f"{field}.{key}", "Required value"))
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    for key, each in value.items():
        if key in properties:
            _check(properties[key], each, f"{field}.{key}", out)
        elif isinstance(more, dict):
            _check(more, each, f"{field}.{key}", out)
    if "minProperties" in schema and len(value) < schema["minProperties"]:
        words = (
            f"Invalid value: {len(value)}: {field} in body should have at least {schema['minProperties']} properties"
        )
        out.append(cause("FieldValueInvalid", field, words))


def _array(schema: Schema, value: list[Any], field: str, out: list[Cause]) -> None:
    items = schema.get("items")
    if isinstance(items, dict):
        for index, each in enumerate(value):
            _check(items, each, f"{field}[{index}]", out)
    if "maxItems" in schema and len(value) > schema["maxItems"]:
        words = f"Too many: {len(value)}: must have at most {schema['maxItems']} items"
        out.append(cause("FieldValueTooMany", field, words))
    if "minItems" in schema and len(value) < schema["minItems"]:
        words = f"Invalid value: {len(value)}: {field} in body should have at least {schema['minItems']} items"
        out.append(cause("FieldValueInvalid", field, words))
    style = schema.get("x-kubernetes-list-type")
    if style in ("set", "map"):
        keys = schema.get("x-kubernetes-list-map-keys", ())
        seen: set[str] = set()
        for index, each in enumerate(value):
            told: Any = each
            if style == "map" and isinstance(each, dict):
                told = {key: each.get(key) for key in keys if key in each}
            text = json.dumps(told, sort_keys=True, separators=(",", ":"))
            if text in seen:
                out.append(cause("FieldValueDuplicate", f"{field}[{index}]", f"Duplicate value: {text}"))
            seen.add(text)


def _scalar(schema: Schema, value: Any, field: str, out: list[Cause]) -> None:
    shown = json.dumps(value)
    if "enum" in schema and value not in schema["enum"]:
        told = ", ".join(json.dumps(each) for each in schema["enum"])
        words = f"Unsupported value: {shown}: supported values: {told}"
        out.append(cause("FieldValueNotSupported", field, words))
    if isinstance(value, str):
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            words = f"Too long: may not be more than {schema['maxLength']} bytes"
            out.append(cause("FieldValueTooLong", field, words))
        if "minLength" in schema and len(value) < schema["minLength"]:
            words = f"Invalid value: {shown}: {field} in body should be at least {schema['minLength']} chars long"
            out.append(cause("FieldValueInvalid", field, words))
        if "pattern" in schema and not re.search(schema["pattern"], value):
            words = f"Invalid value: {shown}: {field} in body should match '{schema['pattern']}'"
            out.append(cause("FieldValueInvalid", field, words))
    elif not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        for limit, words, broken in (
            (low, "greater than or equal to", low is not None and value < low),
            (high, "less than or equal to", high is not None and value > high),
        ):
            if broken:
                told = f"Invalid value: {shown}: {field} in body should be {words} {limit:g}"
                out.append(cause("FieldValueInvalid", field, told))


def _any(schema: Schema, value: Any, field: str, out: list[Cause]) -> None:
    for key, wanted in (("anyOf", "at least one"), ("oneOf", "one and only one")):
        alternatives = schema.get(key)
        if not alternatives:
            continue
        matched = 0
        for each in alternatives:
            problems: list[Cause] = []
            _check(each, value, field, problems)
            matched += not problems
        if matched == 0 or (key == "oneOf" and matched > 1):
            shown = json.dumps(value) if not isinstance(value, (dict, list)) else f'"{_type_of(value)}"'
            words = f"Invalid value: {shown}: {field} in body must validate {wanted} schema ({key})"
            out.append(cause("FieldValueInvalid", field, words))
