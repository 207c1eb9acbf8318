"""Requests and limits, one pod for each owner.

Tables do not have them, and full objects of 5,000 pods are 22 MB where tables are 11.5. Pods of one
template ask for the same, so one pod of each ReplicaSet, StatefulSet or Job is read: ten requests
for 5,000 pods of ten Deployments. Exception: pods resized in place show what their template asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.domain.finding import Finding
from wizard.observers.amounts import millicores, size
from wizard.observers.pods import Asks, PodFeed
from wizard.observers.supervise import Supervisor
from wizard.ports import PODS, Clock, Forbidden, KubeObject, LiveReader, NotFound

_OTHERS = 300
"""Owners outside of the deployment that are asked for: a second of an API server's time, once."""
_PAUSE = 2.0
_BATCH = 25
"""Owners between two updates of the rows."""


class AskReader:
    def __init__(self, reader: LiveReader, clock: Clock, pods: PodFeed) -> None:
        self._reader, self._clock, self._pods = reader, clock, pods
        self.finding: Finding | None = None
        self._supervisor = Supervisor("requests", clock, self._run, self._told)

    async def start(self) -> None:
        await self._supervisor.start()

    async def stop(self) -> None:
        await self._supervisor.stop()

    def _told(self, finding: Finding) -> None:
        self.finding = finding

    async def _run(self) -> None:
        seen = -1
        while True:
            if self._pods.version != seen:
                seen = self._pods.version
                await self._read()
                self.finding = None
            await self._clock.sleep(_PAUSE)

    async def _read(self) -> None:
        found: dict[str, Asks] = {}
        for owner, row in self._pods.unasked(_OTHERS).items():
            try:
                found[owner] = await self._reader.fetch(PODS.path(row.namespace, row.name), asks_of)
            except NotFound:
                continue  # it went; the next one of its owner will do
            except Forbidden:
                found[owner] = Asks()  # listed, and not to be read one by one: not known
            if len(found) >= _BATCH:
                self._pods.set_asks(found)
                found = {}
        if found:
            self._pods.set_asks(found)


def asks_of(pod: KubeObject) -> Asks:
    """As the scheduler counts: containers and sidecars together, or the largest init container if that is more.
    None where a container has no such limit: the pod has none, then."""
    spec = pod.get("spec") or {}
    return Asks(
        _total(spec, "requests", "cpu"), _total(spec, "limits", "cpu"),
        _total(spec, "requests", "memory"), _total(spec, "limits", "memory"),
    )  # fmt: skip


def _total(spec: Mapping[str, Any], kind: str, name: str) -> int | None:
    read = millicores if name == "cpu" else size
    inits = spec.get("initContainers") or []
    lasting = [*(spec.get("containers") or []), *(each for each in inits if each.get("restartPolicy") == "Always")]
    amounts = [read(((each.get("resources") or {}).get(kind) or {}).get(name)) for each in lasting]
    known = [each for each in amounts if each is not None]
    if not known or (kind == "limits" and len(known) < len(amounts)):
        return None
    first = [
        read(((each.get("resources") or {}).get(kind) or {}).get(name)) or 0
        for each in inits
        if each.get("restartPolicy") != "Always"
    ]
    return max(sum(known), max(first, default=0))
