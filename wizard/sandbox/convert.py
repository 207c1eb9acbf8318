"""Decoding into the types and writing back out: what Go's JSON codec does to every object on its way in.

Unknown fields vanish (or are errors, if strict), empty optional ones too, structs appear even if nobody
set them, and quantities take their canonical form. Objects that went through it once come out equal.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

from wizard.sandbox.quantity import QuantityError, canonical
from wizard.sandbox.schema import ANY, LIST, MAP, STRUCT, Field, Node

_NAMES = {"s": "string", "i": "int32", "b": "bool", "f": "float64", "q": "resource.Quantity", "B": "uint8"}
_KEY = "\x00"
"""Stands around the keys of maps in paths: errors of types leave them out, errors of fields do not."""


class DecodeError(Exception):
    """The body does not fit the type; the message is the decoder's."""


class Converter:
    """One pass over one object. `unknown` collects what strict field validation complains about."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def convert(self, node: Node, value: Any) -> dict[str, Any]:
        """Raises DecodeError."""
        found = self._value(node, value, "", "")
        return found if isinstance(found, dict) else {}

    def _value(self, node: Node, value: Any, path: str, owner: str) -> Any:
        kind = node.kind
        if kind == "s":
            if isinstance(value, str):
                return value
        elif kind == STRUCT:
            if isinstance(value, dict):
                return self._struct(node, value, path)
        elif kind == LIST:
            if isinstance(value, list):
                elem = node.elem
                assert elem is not None
                return [
                    self._zero(elem) if each is None else self._value(elem, each, f"{path}[{index}]", owner)
                    for index, each in enumerate(value)
                ]
        elif kind == MAP:
            if isinstance(value, dict):
                elem = node.elem
                assert elem is not None
                return {
                    key: self._zero(elem)
                    if each is None
                    else self._value(elem, each, f"{path}{_KEY}{key}{_KEY}", owner)
                    for key, each in value.items()
                }
        elif kind == "i":
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            if isinstance(value, float) and value.is_integer():
                return int(value)
        elif kind == "b":
            if isinstance(value, bool):
                return value
        elif kind == "q":
            return _quantity(value)
        elif kind == "x":
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                return value
        elif kind in "tT":
            return _time(value, kind)
        elif kind == "B":
            return _bytes(value)
        elif kind == "f":
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value
        else:
            return value
        if node.custom or owner == "custom":
            return value  # a custom resource's types are checked against its schema, with other words
        raise DecodeError(
            f"json: cannot unmarshal {_json_shown(value)} into Go struct field "
            f"{owner}.{_without_indexes(path)} of type {_go_type(node)}"
        )

    def _struct(self, node: Node, value: dict[str, Any], path: str) -> dict[str, Any]:
        fields = node.fields
        dot = f"{path}." if path else ""
        owner = "custom" if node.custom else node.name.rpartition(".")[2]
        found: dict[str, Any] = {}
        for name, each in value.items():
            field = fields.get(name)
            if field is None:
                if node.open:
                    found[name] = each
                else:
                    self.unknown.append(f'unknown field "{_plain(dot + name)}"')
                continue
            if each is None:
                if field.nullable:
                    found[name] = None
                continue
            new = self._value(field.node, each, dot + name, owner)
            if new or field.pointer or field.required or _stays(field, new):
                found[name] = new
        if not node.custom:
            for name, zero in _always(node):
                if name not in found:
                    found[name] = zero() if callable(zero) else zero
        return found

    def _zero(self, node: Node) -> Any:
        if node.kind == STRUCT:
            return self._struct(node, {}, "")
        return {"s": "", "i": 0, "b": False, "q": "0", "x": 0, "B": ""}.get(node.kind)


def filled(node: Node) -> dict[str, Any]:
    """The zero value of a struct as Go writes it: `{"spec": {"selector": null, "template": {...}}}`."""
    return Converter()._struct(node, {}, "")


def _stays(field: Field, value: Any) -> bool:
    """Whether an empty value of an optional field is written: only types that are structs in Go are."""
    kind = field.node.kind
    return value is not None and (kind in (STRUCT, ANY, "q", "x") or (kind == "f" and value != 0))


def _always(node: Node) -> list[tuple[str, Any]]:
    """Fields that Go writes even when unset, with what it writes. Worked out once for each type."""
    cached = _ALWAYS.get(node)
    if cached is None:
        cached = _ALWAYS[node] = []
        for name, field in node.fields.items():
            kind = field.node.kind
            if field.pointer:
                if field.required:
                    cached.append((name, None))
            elif kind == STRUCT:
                if field.filled:
                    cached.append((name, lambda target=field.node: filled(target)))
            elif kind in "tT":
                if field.filled:
                    cached.append((name, None))
            elif kind == "q":
                cached.append((name, "0"))
            elif kind == "x":
                cached.append((name, 0))
            elif field.required:
                cached.append((name, {"s": "", "i": 0, "b": False, "f": 0}.get(kind)))
    return cached


_ALWAYS: dict[Node, list[tuple[str, Any]]] = {}


def _quantity(value: Any) -> str:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            return canonical(value)
        except QuantityError as problem:
            raise DecodeError(str(problem)) from problem
    raise DecodeError(str(QuantityError()))


def _time(value: Any, kind: str) -> str:
    if isinstance(value, datetime):  # YAML reads unquoted times
        value = value.isoformat().replace("+00:00", "Z")
    if not isinstance(value, str):
        raise DecodeError(f"json: cannot unmarshal {_json_type(value)} into Go value of type string")
    if len(value) == 20 and value[19] == "Z" and kind == "t":
        return value
    try:
        read = datetime.fromisoformat(value)
    except ValueError as problem:
        raise DecodeError(
            f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse "{value}" as "2006"'
        ) from problem
    utc = read.astimezone(UTC) if read.tzinfo else read
    return utc.strftime("%Y-%m-%dT%H:%M:%SZ" if kind == "t" else "%Y-%m-%dT%H:%M:%S.%fZ")


def _bytes(value: Any) -> str:
    if not isinstance(value, str):
        raise DecodeError(f"json: cannot unmarshal {_json_type(value)} into Go value of type []uint8")
    try:
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError) as problem:
        at = next((i for i, c in enumerate(value) if not (c.isalnum() or c in "+/=\r\n")), len(value) // 4 * 4)
        raise DecodeError(f"illegal base64 data at input byte {at}") from problem
    return value.replace("\n", "").replace("\r", "")


def _json_shown(value: Any) -> str:
    """A fraction is shown: it is the value that does not fit, not the type."""
    return f"number {value}" if isinstance(value, float) else _json_type(value)


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _without_indexes(path: str) -> str:
    return re.sub(r"\x00[^\x00]*\x00|\[\d+\]", "", path)


def _plain(path: str) -> str:
    return re.sub(r"\x00([^\x00]*)\x00", r".\1", path)


def _go_type(node: Node) -> str:
    """A type as Go names it: `[]v1.Container`, `map[string]string`."""
    if node.kind == LIST and node.elem is not None:
        return f"[]{_go_type(node.elem)}"
    if node.kind == MAP and node.elem is not None:
        return f"map[string]{_go_type(node.elem)}"
    if node.kind == STRUCT:
        package, _, name = node.name.partition(".")
        return f"{'v2' if package == 'autoscaling' else 'v1'}.{name}"
    return _NAMES.get(node.kind, node.kind)
