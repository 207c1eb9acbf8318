"""Lists, pages, selectors, tables, metadata."""

from __future__ import annotations

from ..play import Case, Saved, Step
from .configmaps import MAPS, SECRETS, config_map

_TABLE = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}
_PARTIAL = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
_ONE = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}


def _map(name: str, **labels: str) -> Step:
    return Step(f"make {name}", "POST", MAPS, config_map(metadata={"name": name, "labels": labels}), quiet=True)


def _mine(selector: str) -> str:
    """Without the root CA's ConfigMap, which differs from cluster to cluster."""
    return f"{MAPS}?labelSelector=my,{selector}".rstrip(",")


def _next(saved: Saved) -> str:
    return f"{_mine('')}&limit=2&continue={saved['page']['metadata']['continue']}"


CASES = [
    Case(
        "lists",
        [
            _map("a", my="1", tier="x"),
            _map("b", my="1", tier="y"),
            _map("c", my="1"),
            Step("all", "GET", _mine("")),
            Step("equal", "GET", _mine("tier=x")),
            Step("not equal", "GET", _mine("tier!=x")),
            Step("in", "GET", _mine("tier in (x,y)").replace(" ", "%20")),
            Step("not in", "GET", _mine("tier notin (x)").replace(" ", "%20")),
            Step("exists", "GET", _mine("tier")),
            Step("exists not", "GET", _mine("!tier")),
            Step("bad selector", "GET", f"{MAPS}?labelSelector=a%20b%20c"),
            Step("by name", "GET", f"{MAPS}?fieldSelector=metadata.name=b"),
            Step("by another name", "GET", f"{_mine('')}&fieldSelector=metadata.name!=b"),
            Step("unknown field", "GET", f"{MAPS}?fieldSelector=data.a=1"),
            Step("page", "GET", f"{_mine('')}&limit=2", save="page", quiet=True),
            Step("next page", "GET", _next),
            Step("bad continue", "GET", f"{MAPS}?limit=2&continue=nonsense"),
            Step("table", "GET", f"{_mine('tier=x')}&includeObject=None", headers=_TABLE),
            Step("table with metadata", "GET", _mine("tier=x"), headers=_TABLE),
            Step("metadata", "GET", _mine("tier=x"), headers=_PARTIAL),
            Step("metadata of one", "GET", f"{MAPS}/a", headers=_ONE),
            Step("table of one", "GET", f"{MAPS}/a", headers=_TABLE),
            Step("table of an error", "GET", f"{MAPS}/nothing", headers=_TABLE),
            Step("version to come", "GET", f"{MAPS}?resourceVersion=99999999999", quiet=True),
            Step("match without a version", "GET", f"{MAPS}?resourceVersionMatch=Exact"),
            Step("watch with a match", "GET", f"{MAPS}?watch=true&resourceVersionMatch=NotOlderThan"),
            Step("streamed list without a match", "GET", f"{MAPS}?watch=true&sendInitialEvents=true"),
            Step("no such form", "GET", f"{MAPS}/a", headers={"Accept": "text/html"}),
            Step("delete some", "DELETE", _mine("tier"), quiet=True),
            Step("what is left", "GET", _mine("")),
            Step("secrets of a type", "GET", f"{SECRETS}?fieldSelector=type=none"),
        ],
    ),
]
