"""Watches: what is heard of a few writes, from a version on, through selectors and in other forms."""

from __future__ import annotations

from collections.abc import Callable

from ..play import MERGE, Case, Saved, Step
from .configmaps import MAPS, config_map

_TABLE = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}
_PARTIAL = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
_STREAM = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"


def _since(query: str) -> Callable[[Saved], str]:
    """A watch of one second, from the version of the list saved as `start`."""

    def path(saved: Saved) -> str:
        version = saved["start"]["metadata"]["resourceVersion"]
        return f"{MAPS}?watch=true&timeoutSeconds=1&resourceVersion={version}&{query}"

    return path


def _from_now(query: str) -> str:
    return f"{MAPS}?watch=true&timeoutSeconds=1&labelSelector=my&{query}"


CASES = [
    Case(
        "watches",
        [
            Step("start", "GET", MAPS, save="start", quiet=True),
            Step("a", "POST", MAPS, config_map(metadata={"name": "a", "labels": {"my": "1", "in": "x"}}), quiet=True),
            Step("b", "POST", MAPS, config_map(metadata={"name": "b", "labels": {"my": "1"}}), quiet=True),
            Step("a falls out", "PATCH", f"{MAPS}/a", {"metadata": {"labels": {"in": None}}}, MERGE, quiet=True),
            Step("b comes in", "PATCH", f"{MAPS}/b", {"metadata": {"labels": {"in": "x"}}}, MERGE, quiet=True),
            Step("b changes", "PATCH", f"{MAPS}/b", {"data": {"n": "1"}}, MERGE, quiet=True),
            Step("b does not", "PATCH", f"{MAPS}/b", {"data": {"n": "1"}}, MERGE, quiet=True),
            Step("a is held", "PATCH", f"{MAPS}/a", {"metadata": {"finalizers": ["a.b/c"]}}, MERGE, quiet=True),
            Step("a goes", "DELETE", f"{MAPS}/a", quiet=True),
            Step("a is let go", "PATCH", f"{MAPS}/a", {"metadata": {"finalizers": None}}, MERGE, quiet=True),
            Step("c", "POST", MAPS, config_map(metadata={"name": "c", "labels": {"my": "1"}}), quiet=True),
            Step("c goes", "DELETE", f"{MAPS}/c", quiet=True),
            Step("all", "WATCH", _since("labelSelector=my")),
            Step("by label", "WATCH", _since("labelSelector=in=x")),
            Step("by name", "WATCH", _since("fieldSelector=metadata.name=b")),
            Step("metadata", "WATCH", _since("labelSelector=in=x"), headers=_PARTIAL),
            Step("table", "WATCH", _since("labelSelector=in=x&includeObject=None"), headers=_TABLE),
            Step("from now", "WATCH", _from_now("")),
            Step("from any", "WATCH", _from_now("resourceVersion=0")),
            Step("streamed list", "WATCH", _from_now(_STREAM)),
            Step("streamed table", "WATCH", _from_now(_STREAM), headers=_TABLE),
            Step("one", "WATCH", f"{MAPS}/b?watch=true&timeoutSeconds=1"),
            Step("from a version to come", "WATCH", _from_now("resourceVersion=99999999999")),
        ],
    ),
]
