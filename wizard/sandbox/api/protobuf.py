"""Protobuf bodies (client-go's typed clients send them): decoding by the field numbers of data/types.json.

Only reading: a server may answer JSON to a client that would take protobuf as well.
"""

from __future__ import annotations

import base64
import json
import struct as pack
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from wizard.sandbox import schema
from wizard.sandbox.schema import LIST, MAP, STRUCT, Node
from wizard.sandbox.status import bad_request

MAGIC = b"k8s\x00"


class _Broken(Exception):
    pass


_UNREADABLE = (_Broken, ValueError, TypeError, OverflowError, pack.error, IndexError)
"""TypeError among them: a field of the wrong wire type, such as a number where a message belongs."""


def type_meta(body: bytes) -> tuple[str, str, bytes]:
    """apiVersion, kind and the message itself, from the envelope. Raises StatusError 400."""
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix k8s")
    try:
        outer = dict(_fields(body[len(MAGIC) :]))
        meta = dict(_fields(outer.get(1, b"")))
        return str(meta.get(1, b""), "utf-8"), str(meta.get(2, b""), "utf-8"), outer.get(2, b"")
    except _UNREADABLE as problem:
        raise bad_request(f"unable to decode protobuf: {problem}") from problem


def decode(message: bytes, type_name: str) -> dict[str, Any]:
    """The object of that built-in type. Raises StatusError 400."""
    try:
        return _message(message, type_name)
    except _UNREADABLE as problem:
        raise bad_request(f"unable to decode protobuf: {problem}") from problem


def _message(data: bytes, type_name: str) -> dict[str, Any]:
    plain, inlined = _numbers(type_name)
    out: dict[str, Any] = {}
    for number, raw in _fields(data):
        if number in inlined:
            out.update(_message(raw, inlined[number]))
        elif number in plain:
            name, node = plain[number]
            if node.kind == LIST:
                assert node.elem is not None
                if node.elem.kind == "i" and isinstance(raw, bytes):
                    out.setdefault(name, []).extend(_packed(raw))
                else:
                    out.setdefault(name, []).append(_value(raw, node.elem))
            elif node.kind == MAP:
                assert node.elem is not None
                entry = dict(_fields(raw))
                key = str(entry.get(1, b""), "utf-8")
                out.setdefault(name, {})[key] = _value(entry.get(2, b""), node.elem)
            else:
                out[name] = _value(raw, node)
    return out


@cache
def _numbers(type_name: str) -> tuple[dict[int, tuple[str, Node]], dict[int, str]]:
    """Fields of a struct by number, and embedded structs, which are messages of their own here."""
    node = schema.struct(type_name)
    inlined = {number: below.name for _, number, below in schema.embedded(type_name)}
    theirs = {name for _, _, below in schema.embedded(type_name) for name in below.fields}
    plain = {
        field.number: (name, field.node) for name, field in node.fields.items() if field.number and name not in theirs
    }
    return plain, inlined


def _value(raw: Any, node: Node) -> Any:
    kind = node.kind
    if kind == STRUCT:
        return _message(raw, node.name)
    if kind == "s":
        return str(raw, "utf-8")
    if kind == "i":
        value = int(raw) if isinstance(raw, int) else 0
        return value - (1 << 64) if value >= 1 << 63 else value
    if kind == "b":
        return bool(raw)
    if kind == "B":
        return base64.b64encode(raw).decode()
    if kind == "f":
        return pack.unpack("<d", raw)[0]
    if kind in (MAP, LIST):  # a named list type, such as authentication's ExtraValue
        return [str(each, "utf-8") for _, each in _fields(raw)]
    inner = dict(_fields(raw))
    if kind == "q":
        return str(inner.get(1, b"0"), "utf-8")
    if kind == "x":
        return str(inner.get(3, b""), "utf-8") if inner.get(1) else inner.get(2, 0)
    if kind in "tT":
        if not inner:
            return None
        when = datetime.fromtimestamp(inner.get(1, 0), UTC)
        return when.strftime("%Y-%m-%dT%H:%M:%SZ") if kind == "t" else _micro(when, inner.get(2, 0))
    return json.loads(inner[1]) if inner.get(1) else None


def _micro(when: datetime, nanos: int) -> str:
    return when.replace(microsecond=nanos // 1000).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _packed(raw: bytes) -> Iterator[int]:
    position = 0
    while position < len(raw):
        value, position = _varint(raw, position)
        yield value


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    position, size = 0, len(data)
    while position < size:
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            length, position = _varint(data, position)
            if position + length > size:
                raise _Broken("unexpected EOF")
            yield number, data[position : position + length]
            position += length
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
            yield number, data[position : position + length]
            position += length
        else:
            raise _Broken(f"illegal wireType {wire}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            raise _Broken("unexpected EOF")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
