"""Reads what a release's manifests consist of."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from wizard.ports import KNOWN, KubeObject, Resource
from wizard.steps.tracking import WORKLOADS


def objects(manifest: str) -> Iterator[KubeObject]:
    """The objects of YAML documents; empty documents are passed over."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for document in yaml.load_all(manifest, Loader=loader):
        if isinstance(document, dict) and "kind" in document:
            yield document


def known(manifest: str) -> Iterator[tuple[Resource, KubeObject]]:
    """The objects of kinds that this wizard can address."""
    for obj in objects(manifest):
        if resource := KNOWN.get((obj.get("apiVersion", ""), obj["kind"])):
            yield resource, obj


def workloads(manifest: str) -> tuple[tuple[Resource, str], ...]:
    return tuple((r, obj["metadata"]["name"]) for r, obj in known(manifest) if r in WORKLOADS)
