"""Which resources are served: the built-in ones from data/kinds.json, and those of CRDs as they come and go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.sandbox.schema import Node, custom, struct

_KINDS = Path(__file__).parent / "data" / "kinds.json"

_WITHOUT_GENERATION = {
    "bindings", "configmaps", "endpoints", "events", "limitranges", "namespaces", "nodes",
    "persistentvolumeclaims", "persistentvolumes", "resourcequotas", "secrets", "serviceaccounts",
    "services", "leases", "horizontalpodautoscalers", "clusterroles", "clusterrolebindings", "roles",
    "rolebindings", "storageclasses", "csidrivers", "csinodes", "volumeattachments", "ingressclasses",
    "controllerrevisions", "apiservices", "runtimeclasses",
}  # fmt: skip
"""Built-in resources whose strategy leaves metadata.generation alone."""
_CONDITIONAL = {
    "leases", "customresourcedefinitions", "poddisruptionbudgets", "horizontalpodautoscalers",
    "apiservices", "validatingadmissionpolicies", "ingressclasses", "csidrivers",
}  # fmt: skip
"""Built-in resources whose update must say which resourceVersion it replaces (AllowUnconditionalUpdate)."""


@dataclass(slots=True)
class Resource:
    """One resource in one version."""

    group: str
    version: str
    plural: str
    kind: str
    singular: str
    namespaced: bool
    verbs: list[str]
    short: list[str]
    categories: list[str]
    subresources: dict[str, dict[str, Any]]
    """By name, as discovery describes each."""
    type: str = ""
    """The built-in struct; empty for custom resources."""
    columns: list[dict[str, Any]] = field(default_factory=list)
    """Column definitions of its tables."""
    store: tuple[str, str] = ("", "")
    """Group and plural it is stored under; events are one store behind two APIs."""
    crd: dict[str, Any] | None = None
    """For a custom resource: the CRD's entry of this version."""
    generation: bool = True
    conditional: bool = False
    _node: Node | None = None

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def node(self) -> Node:
        """The type of its objects."""
        if self._node is None:
            if self.crd is None:
                self._node = struct(self.type)
            else:
                self._node = custom(self.crd.get("schema", {}).get("openAPIV3Schema"))
        return self._node

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


class Kinds:
    """The resources of one sandbox. `revision` rises with every CRD that comes or goes (for ETags)."""

    def __init__(self) -> None:
        self.revision = 0
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_store: dict[tuple[str, str], Resource] = {}
        for entry in json.loads(_KINDS.read_text()):
            self.add(_built_in(entry))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_path.values())

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_path.get((group, version, plural))

    def stored(self, group: str, plural: str) -> Resource | None:
        """What is stored under that name, in its preferred version."""
        return self._by_store.get((group, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        return next((each for each in self if each.kind == kind and each.api_version == api_version), None)

    def of_group_kind(self, group: str, kind: str) -> Resource | None:
        return next((each for each in self if each.kind == kind and each.group == group), None)

    def versions(self, group: str) -> list[str]:
        return list(dict.fromkeys(each.version for each in self if each.group == group))

    def groups(self) -> list[str]:
        return list(dict.fromkeys(each.group for each in self))

    def serve(self, crd: dict[str, Any]) -> None:
        """Serves what a CRD names, instead of what an older form of it did."""
        self.withdraw(crd)
        for resource in _of_crd(crd):
            self.add(resource)
        self.revision += 1

    def withdraw(self, crd: dict[str, Any]) -> None:
        spec = crd["spec"]
        mine = [
            key
            for key, each in self._by_path.items()
            if each.crd is not None and (each.group, each.plural) == (spec["group"], spec["names"]["plural"])
        ]
        for key in mine:
            del self._by_path[key]
        if mine:
            self._by_store.pop((spec["group"], spec["names"]["plural"]), None)
        self.revision += 1

    def add(self, resource: Resource) -> None:
        """Serves one more."""
        self._by_path[resource.group, resource.version, resource.plural] = resource
        self._by_store.setdefault(resource.store, resource)


def _built_in(entry: dict[str, Any]) -> Resource:
    group, plural = entry["group"], entry["plural"]
    return Resource(
        group=group,
        version=entry["version"],
        plural=plural,
        kind=entry["kind"],
        singular=entry["singular"],
        namespaced=entry["namespaced"],
        verbs=entry["verbs"],
        short=entry["short"],
        categories=entry["categories"],
        subresources={each["subresource"]: each for each in entry["subresources"]},
        type=entry["type"],
        columns=entry.get("columns", []),
        store=("", "events") if plural == "events" else (group, plural),
        generation=plural not in _WITHOUT_GENERATION,
        conditional=plural in _CONDITIONAL,
    )


_VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]


def _of_crd(crd: dict[str, Any]) -> Iterator[Resource]:
    spec = crd["spec"]
    names, group = spec["names"], spec["group"]
    namespaced = spec["scope"] == "Namespaced"
    for version in sorted(spec["versions"], key=lambda each: not each.get("storage")):
        if not version.get("served"):
            continue
        kind = {"group": group, "version": version["name"], "kind": names["kind"]}
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        subresources = {
            name: {
                "subresource": name,
                "responseKind": scale if name == "scale" else kind,
                "verbs": ["get", "patch", "update"],
            }
            for name in version.get("subresources") or {}
        }
        yield Resource(
            group=group,
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            singular=names.get("singular", names["kind"].lower()),
            namespaced=namespaced,
            verbs=_VERBS,
            short=names.get("shortNames", []),
            categories=names.get("categories", []),
            subresources=subresources,
            columns=_columns(version),
            store=(group, names["plural"]),
            crd=version,
            conditional=True,
        )


_COLUMN = "Custom resource definition column (in JSONPath format): "
_NAME = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may "
    "allow a client to request the generation of an appropriate name automatically. Name is primarily intended "
    "for creation idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)


def _columns(version: dict[str, Any]) -> list[dict[str, Any]]:
    name = {
        "name": "Name", "type": "string", "format": "name", "priority": 0,
        "description": _NAME,
    }  # fmt: skip
    age = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    return [name] + [
        {"format": "", "priority": 0, "description": f"{_COLUMN}{column['jsonPath']}", **column}
        for column in version.get("additionalPrinterColumns") or [age]
    ]
