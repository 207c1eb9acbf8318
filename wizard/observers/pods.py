"""Pods, from the table that kubectl prints: their status in its words, 5,000 of them in a third of a second.

Requests and limits are not in tables, and full objects cost twice the bytes: `asks` reads one pod
of each owner instead, and `usage` brings what is measured; both are merged in here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard.domain.live import PodRow
from wizard.domain.text import text_of
from wizard.observers.amounts import age, epoch
from wizard.observers.scope import Scope
from wizard.observers.watched import WatchedFeed
from wizard.ports import PODS, Clock, KubeObject, LiveReader

_RESTARTS = re.compile(r"(\d+)(?: \((.+) ago\))?")
_NONE = "<none>"
_MEMORY_STEP = 2**20
"""Bytes that memory must have changed by to be worth a redraw: rows show MiB."""


@dataclass(frozen=True, slots=True)
class Asks:
    """What a pod's containers ask for, all together; None where one of them asks for nothing."""

    cpu_request: int | None = None
    cpu_limit: int | None = None
    memory_request: int | None = None
    memory_limit: int | None = None


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A row of the table, with what only this feed wants to know."""

    row: PodRow
    owner: str
    """What made it, and from which template."""
    labelled: bool
    """Whether a label of the pod's own gave the tier."""

    @property
    def key(self) -> str:
        return self.row.key


class PodFeed(WatchedFeed[PodRow, PodSeen]):
    name = "pods"
    resource = PODS

    def __init__(
        self, reader: LiveReader, clock: Clock, scope: Scope, tier_of: Callable[[str], str] = lambda node: ""
    ) -> None:
        super().__init__(reader, clock, scope)
        self._tier_of = tier_of
        self._usage: Mapping[tuple[str, str], tuple[int, int]] = {}
        self._asks: dict[str, Asks] = {}
        self._seen: dict[Hashable, PodSeen] = {}

    def decode(self, cells: Mapping[str, Any], obj: KubeObject) -> PodSeen:
        meta = obj.get("metadata") or {}
        labels = meta.get("labels") or {}
        restarts, restarted_at = self._restarts(str(cells.get("Restarts", "0")))
        namespace = text_of(meta.get("namespace"))
        ip, node = text_of(cells.get("IP")), text_of(cells.get("Node"))
        uid = text_of(meta.get("uid"))
        tier = text_of(labels.get("wizard.dev/tier"))
        row = PodRow(
            namespace=namespace,
            name=text_of(meta.get("name")),
            uid=uid,
            ready=text_of(cells.get("Ready")),
            status=text_of(cells.get("Status")),
            restarts=restarts,
            restarted_at=restarted_at,
            created=epoch(meta.get("creationTimestamp")) or 0.0,
            node="" if node == _NONE else node,
            ip="" if ip == _NONE else ip,
            tenant=text_of(labels.get("wizard.dev/tenant")) or self._scope.tenant(namespace),
            tier=tier,
            component=text_of(labels.get("app.kubernetes.io/name") or labels.get("app") or labels.get("k8s-app")),
        )
        return PodSeen(row, _owner(meta, labels), bool(tier))

    def _restarts(self, text: str) -> tuple[int, float | None]:
        match = _RESTARTS.match(text)
        if match is None:
            return 0, None
        ago = age(match[2]) if match[2] else None
        return int(match[1]), None if ago is None else self._clock.now() - ago

    def _merged(self, seen: PodSeen) -> PodRow:
        row, self._seen[seen.key] = seen.row, seen
        changes: dict[str, Any] = {}
        before = self._rows.get(row.key)
        if before is not None and before.restarts == row.restarts and before.restarted_at is not None:
            changes["restarted_at"] = before.restarted_at  # tables round it anew each time
        if not row.tier and row.node and (tier := self._tier_of(row.node)):
            changes["tier"] = tier
        if used := self._usage.get((row.namespace, row.name)):
            changes["cpu"], changes["memory"] = used
        if asks := self._asks.get(seen.owner):
            changes |= {
                "cpu_request": asks.cpu_request, "cpu_limit": asks.cpu_limit,
                "memory_request": asks.memory_request, "memory_limit": asks.memory_limit,
            }  # fmt: skip
        return replace(row, **changes) if changes else row

    def _forgotten_rows(self, keys: Sequence[Hashable]) -> None:
        for key in keys:
            if key not in self._rows:
                self._seen.pop(key, None)

    # What others know ----------------------------------------------------------------------------

    def set_usage(self, usage: Mapping[tuple[str, str], tuple[int, int]] | None) -> None:
        """(namespace, name) -> millicores, bytes; None where nothing measures."""
        self._usage = usage or {}
        changed = []
        for row in self._rows.values():
            cpu, memory = self._usage.get((row.namespace, row.name), (None, None))
            near = row.memory is not None and memory is not None and abs(row.memory - memory) < _MEMORY_STEP
            if row.cpu != cpu or (row.memory != memory and not near):
                changed.append(replace(row, cpu=cpu, memory=memory))
        self._apply(changed)

    def unasked(self, limit: int) -> dict[str, PodRow]:
        """Owner -> one of its pods, for owners whose requests are not known; the deployment's own first."""
        found: dict[str, PodRow] = {}
        others: dict[str, PodRow] = {}
        for seen in self._seen.values():
            if seen.owner not in self._asks:
                (found if self._scope.owns(seen.row.namespace) else others).setdefault(seen.owner, seen.row)
        room = max(0, limit - len(self._asks))
        return found | dict(list(others.items())[:room])

    def set_asks(self, asks: Mapping[str, Asks]) -> None:
        self._asks |= asks
        self._apply([self._merged(seen) for seen in list(self._seen.values()) if seen.owner in asks])

    def retier(self) -> None:
        """The nodes have changed."""
        found = [
            replace(row, tier=tier)
            for key, row in self._rows.items()
            if row.node and not self._seen[key].labelled and (tier := self._tier_of(row.node)) != row.tier
        ]
        self._apply(found)


def _owner(meta: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    """What made the pod, and from which template: pods of the same have the same requests. Of an owner that
    changes its template without a new name, the template is in the hash that its controller sets."""
    template = labels.get("controller-revision-hash") or labels.get("pod-template-hash") or ""
    for each in meta.get("ownerReferences") or ():
        if each.get("controller"):
            return f"{each.get('uid', '')}/{template}"
    return str(meta.get("uid", ""))
