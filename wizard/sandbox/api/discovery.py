"""Discovery: what is served, in the aggregated form that kubectl and helm ask for and in the older one."""

from __future__ import annotations

import hashlib
from typing import Any

from wizard.sandbox.api.render import dump
from wizard.sandbox.kinds import Kinds, Resource

Obj = dict[str, Any]
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

VERSION: Obj = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.2+sandbox",
    "gitCommit": "simulated",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "cpython",
    "platform": "linux/amd64",
}


class Discovery:
    """Answers are made once for each state of the kinds."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._made: dict[tuple[str, int], tuple[bytes, str]] = {}

    def aggregated(self, path: str) -> tuple[bytes, str]:
        """The body for `/api` or `/apis`, and its ETag."""
        key = (path, self._kinds.revision)
        if key not in self._made:
            groups = [""] if path == "/api" else [each for each in self._kinds.groups() if each]
            body = dump(
                {
                    "kind": "APIGroupDiscoveryList",
                    "apiVersion": "apidiscovery.k8s.io/v2",
                    "metadata": {},
                    "items": [self._group(each) for each in groups],
                }
            )
            self._made = {key: value for key, value in self._made.items() if key[1] == self._kinds.revision}
            self._made[key] = body, '"' + hashlib.sha512(body).hexdigest().upper() + '"'
        return self._made[key]

    def legacy(self, path: str) -> Obj | None:
        """`/api`, `/apis`, `/apis/GROUP` and `/apis/GROUP/VERSION` the old way; None if there is no such path."""
        parts = path.strip("/").split("/")
        if parts == ["api"]:
            address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}
        if parts == ["apis"]:
            groups = [self._api_group(each) for each in self._kinds.groups() if each]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[2] if len(parts) > 2 else "")
        if group not in self._kinds.groups():
            return None
        if not version:
            return {**self._api_group(group), "kind": "APIGroup", "apiVersion": "v1"}
        if version not in self._kinds.versions(group):
            return None
        resources = [
            entry for each in self._kinds if (each.group, each.version) == (group, version) for entry in _entries(each)
        ]
        group_version = f"{group}/{version}" if group else version
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": group_version,
            "resources": resources,
        }

    def _api_group(self, group: str) -> Obj:
        versions = [{"groupVersion": f"{group}/{each}", "version": each} for each in self._kinds.versions(group)]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _group(self, group: str) -> Obj:
        versions = [
            {
                "version": version,
                "resources": [
                    _aggregated(each) for each in self._kinds if (each.group, each.version) == (group, version)
                ],
                "freshness": "Current",
            }
            for version in self._kinds.versions(group)
        ]
        return {"metadata": {"name": group} if group else {}, "versions": versions}


def _aggregated(each: Resource) -> Obj:
    entry: Obj = {
        "resource": each.plural,
        "responseKind": {"group": each.group, "version": each.version, "kind": each.kind},
        "scope": "Namespaced" if each.namespaced else "Cluster",
        "singularResource": each.singular,
        "verbs": each.verbs,
    }
    if each.short:
        entry["shortNames"] = each.short
    if each.categories:
        entry["categories"] = each.categories
    if each.subresources:
        entry["subresources"] = list(each.subresources.values())
    return entry


def _entries(each: Resource) -> list[Obj]:
    main: Obj = {
        "name": each.plural,
        "singularName": each.singular,
        "namespaced": each.namespaced,
        "kind": each.kind,
        "verbs": each.verbs,
    }
    if each.short:
        main["shortNames"] = each.short
    if each.categories:
        main["categories"] = each.categories
    found = [main]
    for name, below in each.subresources.items():
        kind = below["responseKind"]
        entry = {
            "name": f"{each.plural}/{name}",
            "singularName": "",
            "namespaced": each.namespaced,
            "kind": kind["kind"],
            "verbs": below["verbs"],
        }
        if kind.get("group") and kind["group"] != each.group:
            entry["group"], entry["version"] = kind["group"], kind["version"]
        found.append(entry)
    return found
