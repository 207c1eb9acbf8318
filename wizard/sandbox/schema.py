"""The shape of every kind: built-in ones from data/types.json, custom ones from their CRD's OpenAPI schema.

One notation for both, because pruning, defaulting, strategic merge and server-side apply ask the same
questions of it: which fields, which lists are keyed, what is atomic.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"

STRUCT, MAP, LIST, ANY = "struct", "map", "list", "j"
"""Kinds of nodes besides scalars, which are: s string, i integer, f float, b bool, B bytes, t time,
T time in microseconds, q quantity, x integer or string."""


class Node:
    """A type. Struct fields are resolved on first use: JSONSchemaProps contains itself."""

    __slots__ = (
        "_fields", "_load", "atomic", "custom", "defaults", "elem", "keys", "kind", "merge", "name", "open",
        "set",
    )  # fmt: skip

    def __init__(self, kind: str, name: str = "") -> None:
        self.kind, self.name = kind, name
        self.elem: Node | None = None
        """What a list or a map holds."""
        self.atomic = False
        """Whether it has one owner as a whole (server-side apply)."""
        self.set = False
        """A list whose items are their own keys."""
        self.keys: tuple[str, ...] = ()
        """The fields that tell items of a keyed list apart."""
        self.defaults: dict[str, Any] = {}
        """Of those keys, for items that leave them out."""
        self.merge: str | None = None
        """Strategic merge: the key of a merged list, empty for one of scalars, None where it is replaced."""
        self.open = False
        """Whether unknown fields are kept."""
        self.custom = False
        """A custom resource's, which has no zero values to fill in."""
        self._fields: dict[str, Field] | None = None
        self._load: Callable[[], dict[str, Field]] | None = None

    @property
    def fields(self) -> dict[str, Field]:
        """Of a struct, by JSON name; embedded structs are flattened."""
        if self._fields is None:
            self._fields = self._load() if self._load else {}
        return self._fields

    def child(self, name: str) -> Node | None:
        """The type of a field or of a map's values; None if there is no such field."""
        if self.kind == STRUCT:
            field = self.fields.get(name)
            return field.node if field else (_UNKNOWN if self.open else None)
        return self.elem if self.kind == MAP else _UNKNOWN

    @property
    def keyed(self) -> bool:
        """Whether the items of a list have identities of their own (not for atomic lists)."""
        return bool(self.keys) or self.set


class Field:
    """A field of a struct."""

    __slots__ = ("default", "filled", "node", "nullable", "number", "pointer", "required", "retain")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.pointer = False
        """Tells "not set" from the zero value."""
        self.required = False
        """Always written, even when empty (no omitempty)."""
        self.filled = False
        """A struct that is there even when nobody set it: Go writes `{}`, or `null` for a time."""
        self.nullable = False
        """Of a custom resource: whether null is a value."""
        self.retain = False
        self.number = 0
        """In protobuf."""
        self.default: Any = None
        """From a CRD, or from a +default marker."""


_UNKNOWN = Node(ANY)
_SCALARS = {kind: Node(kind) for kind in "sifbBtTqxyj"}


@cache
def _types() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((_DATA / "types.json").read_text())
    return found


@cache
def struct(name: str) -> Node:
    """A built-in struct, such as `core.PodSpec`."""
    words = _types()[name]
    node = Node(STRUCT, name)
    node.atomic = words.get("") == "atomic"
    node._load = lambda: dict(_fields(words))
    return node


def embedded(name: str) -> Iterable[tuple[str, int, Node]]:
    """Embedded structs with their protobuf number: on that wire they are messages of their own."""
    for field, words in _types()[name].items():
        if field.startswith("+"):
            kind, number, *_ = words.split()
            if number != "0":  # TypeMeta travels outside
                yield field, int(number), struct(kind)


def _fields(words: dict[str, str]) -> Iterable[tuple[str, Field]]:
    for name, text in words.items():
        if name.startswith("+"):
            yield from struct(text.split()[0]).fields.items()
        elif name:
            yield name, _field(text)


def _field(text: str) -> Field:
    kind, number, *flags = text.split()
    node = _node(kind)
    found = Field(node)
    found.number = int(number)
    options = dict(flag.partition("=")[::2] for flag in flags)
    found.pointer, found.required, found.retain = "*" in options, "!" in options, "retain" in options
    found.filled = node.kind in (STRUCT, "t", "T") and not found.pointer and "zero" not in options
    if "default" in options:
        found.default = json.loads(options["default"])
    if {"atomic", "set", "map", "merge"} & options.keys():
        node = found.node = _variant(node)
        node.atomic = node.atomic or "atomic" in options
        node.set = "set" in options
        node.merge = options.get("merge")
        if "map" in options:
            node.keys = tuple(options["map"].split(","))
            node.atomic = False
            node.defaults = _key_defaults(node)
        elif node.set:
            node.atomic = False
    return found


def _key_defaults(node: Node) -> dict[str, Any]:
    """What stands for a key that an item leaves out: its default, or the zero value Go would write."""
    items = node.elem.fields if node.elem else {}
    found = {}
    for key in node.keys:
        field = items.get(key)
        if field is None:
            continue  # a type that the table holds as free JSON (batch's resourceClaims)
        if field.default is not None:
            found[key] = field.default
        elif field.required and not field.pointer:
            found[key] = {"s": "", "i": 0}.get(field.node.kind)
    return found


def _node(kind: str) -> Node:
    if kind.startswith("[]"):
        node = Node(LIST)
        node.elem = _node(kind[2:])
        node.atomic = True  # unless a marker says otherwise, as for structured-merge-diff
        return node
    if kind.startswith("{}"):
        node = Node(MAP)
        node.elem = _node(kind[2:])
        return node
    return struct(kind) if "." in kind else _SCALARS[kind]


def _variant(node: Node) -> Node:
    """The same type, for a place that treats it differently."""
    if node.kind in (LIST, MAP):
        return node
    other = Node(node.kind, node.name)
    other.atomic = node.atomic
    other._load = lambda: node.fields
    return other


# Custom resources --------------------------------------------------------------------------------


def custom(schema: dict[str, Any] | None) -> Node:
    """The type that a CRD's openAPIV3Schema describes; without one, anything goes."""
    node = _custom(schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    meta = Field(struct("meta.ObjectMeta"))
    node.fields.update(apiVersion=Field(_SCALARS["s"]), kind=Field(_SCALARS["s"]), metadata=meta)
    return node


def _custom(schema: dict[str, Any]) -> Node:
    if schema.get("x-kubernetes-int-or-string"):
        return _SCALARS["x"]
    kind = schema.get("type", "")
    preserve = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if kind == "array":
        node = Node(LIST)
        node.elem = _custom(schema.get("items", {}))
        style = schema.get("x-kubernetes-list-type", "atomic")
        node.atomic, node.set = style == "atomic", style == "set"
        if style == "map":
            node.keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
            found = node.elem.fields
            node.defaults = {
                key: found[key].default for key in node.keys if key in found and found[key].default is not None
            }
        return node
    if kind == "object" or "properties" in schema:
        more = schema.get("additionalProperties")
        if more and "properties" not in schema:
            node = Node(MAP)
            node.elem = _custom(more) if isinstance(more, dict) else _UNKNOWN
        else:
            node = Node(STRUCT)
            node.custom = True
            node.open = preserve
            node._fields = {name: _custom_field(each) for name, each in schema.get("properties", {}).items()}
            if schema.get("x-kubernetes-embedded-resource"):
                meta = Field(struct("meta.ObjectMeta"))
                node._fields.update(apiVersion=Field(_SCALARS["s"]), kind=Field(_SCALARS["s"]), metadata=meta)
        node.atomic = schema.get("x-kubernetes-map-type") == "atomic"
        return node
    return _SCALARS.get({"string": "s", "integer": "i", "number": "f", "boolean": "b"}.get(kind, "j"), _UNKNOWN)


def _custom_field(schema: dict[str, Any]) -> Field:
    field = Field(_custom(schema))
    # A pointer: what somebody wrote into a custom resource stays as written, zero or not.
    field.pointer = True
    field.default = schema.get("default")
    field.nullable = bool(schema.get("nullable"))
    return field
