"""Objects as bytes, in the form a client asked for."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from wizard.sandbox.api.request import Form
from wizard.sandbox.api.tables import Tables
from wizard.sandbox.kinds import Resource
from wizard.sandbox.versions import to_request

Obj = dict[str, Any]
_CACHED = 4096
"""Objects whose JSON is kept: a list of 2,000 pods for several watchers is encoded once."""


class Renderer:
    """Encodes objects; stored ones are encoded once, because they never change."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._texts: OrderedDict[tuple[int, str], tuple[Obj, bytes]] = OrderedDict()

    def object(self, resource: Resource, obj: Obj, form: Form, include: str = "") -> bytes:
        if form.style == "Table":
            return self.table(resource, [obj], {}, form, include or "Metadata")
        if form.style.startswith("PartialObjectMetadata"):
            return self.partial_text(obj, form)
        return self.text(to_request(resource, obj))

    def listed(self, resource: Resource, items: list[Obj], meta: Obj, form: Form, include: str) -> bytes:
        if form.style == "Table":
            return self.table(resource, items, meta, form, include or "Metadata")
        if form.style.startswith("PartialObjectMetadata"):
            head: Obj = {"kind": "PartialObjectMetadataList", "apiVersion": f"meta.k8s.io/{form.version}"}
            return _with(dump({**head, "metadata": meta}), "items", [self.partial_text(each, form) for each in items])
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta}
        bare = resource.crd is None
        if not bare:
            head["metadata"] = {"continue": "", **meta}  # as Go writes lists that have no type of their own
        texts = [self.text(to_request(resource, each), bare=bare) for each in items]
        return _with(dump(head), "items", texts)

    def table(
        self,
        resource: Resource,
        items: list[Obj],
        meta: Obj,
        form: Form,
        include: str,
        *,
        columns: bool = True,
    ) -> bytes:
        if not meta and len(items) == 1:
            meta = {"resourceVersion": items[0]["metadata"].get("resourceVersion", "")}
        definitions, cells = self._tables.of(resource)
        rows: list[bytes] = []
        for each in items:
            if include == "Object":
                text = self.text(to_request(resource, each))
            else:
                text = b"null" if include == "None" else self.partial_text(each, form)
            rows.append(b'{"cells":' + dump(cells(each)) + b',"object":' + text + b"}")
        head: Obj = {
            "kind": "Table",
            "apiVersion": f"meta.k8s.io/{form.version}",
            "metadata": meta,
            "columnDefinitions": definitions if columns else None,
        }
        return _with(dump(head), "rows", rows)

    def bookmark(self, resource: Resource, obj: Obj, form: Form, *, columns: bool) -> bytes:
        """A bookmark as a table: one row that shows nothing, with the bookmark's metadata beside it."""
        definitions, _ = self._tables.of(resource)
        return dump(
            {
                "kind": "Table",
                "apiVersion": f"meta.k8s.io/{form.version}",
                "metadata": {"resourceVersion": obj["metadata"]["resourceVersion"]},
                "columnDefinitions": definitions if columns else None,
                "rows": [{"cells": [""] * len(definitions), "object": partial(obj, form)}],
            }
        )

    def text(self, obj: Obj, *, bare: bool = False) -> bytes:
        """`bare`: without apiVersion and kind, as items of built-in lists are."""
        if not bare:
            return self._kept("", obj, lambda: obj)
        return self._kept("bare", obj, lambda: {name: obj[name] for name in obj if name not in ("apiVersion", "kind")})

    def partial_text(self, obj: Obj, form: Form) -> bytes:
        return self._kept(form.version, obj, lambda: partial(obj, form))

    def _kept(self, style: str, obj: Obj, shown: Callable[[], Obj]) -> bytes:
        key = (id(obj), style)
        known = self._texts.get(key)
        if known is not None and known[0] is obj:
            return known[1]
        text = dump(shown())
        self._texts[key] = (obj, text)
        if len(self._texts) > _CACHED:
            self._texts.popitem(last=False)
        return text


def _with(head: bytes, name: str, items: list[bytes]) -> bytes:
    """An encoded object with one more field: a list of what is encoded already."""
    return head[:-1] + f',"{name}":['.encode() + b",".join(items) + b"]}"


def partial(obj: Obj, form: Form) -> Obj:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": obj["metadata"],
    }


def dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
