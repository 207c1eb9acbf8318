"""The wizard's record in the cluster: which digest of each component was last seen ready.

A cache that makes "nothing to do" quick, never the truth: whatever disagrees with helm or with the
live objects is looked at again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from wizard.planning.desired import PART_OF, SYSTEM_NAMESPACE
from wizard.planning.observed import Record
from wizard.ports import CONFIG_MAPS, Conflict, Kube, KubeObject, KubeReader, NotFound
from wizard.steps.namespace import MANAGED_BY


def parse(obj: KubeObject) -> dict[str, Record]:
    """Component -> record. What cannot be read is left out: it is then observed afresh."""
    found: dict[str, Record] = {}
    for name, text in obj.get("data", {}).items():
        try:
            data: dict[str, Any] = json.loads(text)
            generations = {str(key): int(value) for key, value in data["generations"].items()}
            found[name] = Record(str(data["digest"]), int(data["revision"]), generations)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue
    return found


async def read(kube: KubeReader, deployment: str) -> dict[str, Record]:
    try:
        return parse(await kube.get(CONFIG_MAPS, SYSTEM_NAMESPACE, deployment))
    except NotFound:
        return {}


async def write(kube: Kube, deployment: str, changes: Mapping[str, Record | None]) -> None:
    """Sets or (None) removes the records of components; others keep theirs."""
    texts = {name: record and json.dumps(asdict(record), sort_keys=True) for name, record in changes.items()}
    while True:
        try:
            current = await kube.get(CONFIG_MAPS, SYSTEM_NAMESPACE, deployment)
        except NotFound:
            current = _empty(deployment)
        data = {**current.get("data", {}), **texts}
        current["data"] = {name: text for name, text in data.items() if text is not None}
        try:
            if "resourceVersion" in current["metadata"]:
                await kube.replace(CONFIG_MAPS, current)
            else:
                await kube.create(CONFIG_MAPS, current, SYSTEM_NAMESPACE)
        except Conflict:
            continue  # somebody wrote in between: read again, so that neither write is lost
        return


def _empty(deployment: str) -> KubeObject:
    labels = {MANAGED_BY: "wizard", "app.kubernetes.io/part-of": PART_OF, "wizard.dev/deployment": deployment}
    metadata = {"name": deployment, "namespace": SYSTEM_NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {}}
