"""Nodes, from whole objects: there are few, and tables do not say how large one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wizard.domain.live import NodeRow
from wizard.domain.text import text_of
from wizard.observers.amounts import epoch, millicores, size
from wizard.observers.watched import WatchedFeed
from wizard.ports import NODES, KubeObject

_ROLE = "node-role.kubernetes.io/"


class NodeFeed(WatchedFeed[NodeRow, NodeRow]):
    name = "nodes"
    resource = NODES
    table = False
    _usage: Mapping[str, tuple[int, int]] = {}
    _pods: Mapping[str, int] | None = None

    def decode(self, cells: Mapping[str, Any], obj: KubeObject) -> NodeRow:
        meta, status = obj.get("metadata") or {}, obj.get("status") or {}
        labels = meta.get("labels") or {}
        capacity = status.get("capacity") or {}
        conditions = status.get("conditions") or []
        ready = next((each.get("status") for each in conditions if each.get("type") == "Ready"), None)
        word = "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"
        if (obj.get("spec") or {}).get("unschedulable"):
            word += ",SchedulingDisabled"
        roles = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)} | {
            str(labels.get("kubernetes.io/role", ""))
        }
        return NodeRow(
            name=text_of(meta.get("name")),
            status=word,
            roles=text_of(",".join(sorted(role for role in roles if role))),
            version=text_of((status.get("nodeInfo") or {}).get("kubeletVersion")),
            created=epoch(meta.get("creationTimestamp")) or 0.0,
            tier=text_of(labels.get("wizard.dev/tier")),
            cpu_capacity=millicores(capacity.get("cpu")) or 0,
            memory_capacity=size(capacity.get("memory")) or 0,
            conditions=tuple(_shown(each) for each in conditions if _bad(each)),
        )

    def _merged(self, seen: NodeRow) -> NodeRow:
        cpu, memory = self._usage.get(seen.name, (None, None))
        return replace(seen, cpu=cpu, memory=memory, pods=self._count(seen.name))

    def _count(self, name: str) -> int | None:
        return None if self._pods is None else self._pods.get(name, 0)

    def tier(self, name: str) -> str:
        row = self._rows.get(name)
        return row.tier if row is not None else ""

    def set_usage(self, usage: Mapping[str, tuple[int, int]] | None) -> None:
        """Name -> millicores, bytes; None where nothing measures."""
        self._usage = usage or {}
        self._apply([self._merged(row) for row in self._rows.values()])

    def set_pods(self, counts: Mapping[str, int] | None) -> None:
        """None where not all namespaces are seen."""
        if counts != self._pods:
            self._pods = counts
            self._apply([replace(row, pods=self._count(row.name)) for row in self._rows.values()])


def _bad(condition: Mapping[str, Any]) -> bool:
    """Ready should be true; pressures and problems (of the kubelet, of the node problem detector) should not."""
    good = "True" if condition.get("type") == "Ready" else "False"
    return condition.get("status") != good


def _shown(condition: Mapping[str, Any]) -> str:
    why = text_of(condition.get("message") or condition.get("reason"), 200)
    name = text_of(condition.get("type"))
    return f"{name}: {why}" if why else name
