"""One client's random writes, and a ledger of those that count.

Some objects are its own, some are shared: counters that every client raises with the resourceVersion it
read. When all is over, a counter must show exactly the raises that were acknowledged: no update is lost.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from tests.soak.kinds import CONFIG_MAPS, DEPLOYMENTS, HOLD, KINDS, NAMESPACES, PODS, WIDGETS, Kind, labels, relabel
from tests.soak.tally import Tally
from tests.soak.wire import Lost, Refused, Wire

Obj = dict[str, Any]
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
COUNTERS = [f"counter-{number}" for number in range(3)]
_MOST = 10
"""Objects of one kind that a client lets live: what is there stays about as much, so that memory may too."""
_USUAL = {404, 409, 410}
"""Answers that are nobody's fault when several write at once."""


class Client:
    """Writes until told to stop; one request at a time."""

    def __init__(self, wire: Wire, number: int, seed: int, tally: Tally, raised: Ledger) -> None:
        self._wire, self._tally, self._raised = wire, tally, raised
        self._name = f"client-{number}"
        self._dice = random.Random(f"{seed}:{number}")
        self._made = 0
        self._mine: dict[Kind, list[tuple[str, str]]] = {kind: [] for kind in KINDS}
        """What it made and has not deleted: namespace and name."""

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._step()
            except Lost:
                self._tally.saw("writes lost")
            except Refused as refusal:
                self._tally.saw(f"writes answered {refusal.code}")
                if not refusal.simulated and refusal.code not in _USUAL:
                    self._tally.differs(self._name, f"refused: {refusal}")
                if refusal.retry_after:
                    await until(stop, refusal.retry_after)

    async def _step(self) -> None:
        dice = self._dice
        kind = dice.choices(KINDS, [each.weight for each in KINDS])[0]
        mine = self._mine[kind]
        if dice.random() < 0.08:
            await self._raise_a_counter()
        elif not mine or dice.random() < 0.35 * (1 - len(mine) / _MOST):
            await self._create(kind)
        elif dice.random() < 0.005:
            await self._delete_all(kind)
        else:
            ways = (self._put, self._relabel, self._patch, self._apply)
            way = self._delete if dice.random() < 0.05 + 0.3 * len(mine) / _MOST else dice.choice(ways)
            which = dice.choice(mine)
            try:
                await way(kind, *which)
            except Refused as refusal:
                if refusal.code == 404:
                    mine.remove(which)  # the collector took it along with its owner
                raise
        self._tally.saw("writes")

    async def _create(self, kind: Kind) -> None:
        dice = self._dice
        namespace = dice.choice(NAMESPACES)
        self._made += 1
        body = kind.make(dice, f"{self._name}-{self._made}", self._name)
        if kind is not DEPLOYMENTS and dice.random() < 0.2:  # whose selectors are made of their names
            body["metadata"]["generateName"] = body["metadata"].pop("name") + "-"
        if kind is CONFIG_MAPS and dice.random() < 0.15:
            body["metadata"]["finalizers"] = [HOLD]
        if kind is CONFIG_MAPS and dice.random() < 0.3 and (owner := await self._owner(namespace)):
            body["metadata"]["ownerReferences"] = [owner]
        made = await self._wire.call("POST", kind.path(namespace), body)
        self._mine[kind].append((namespace, made["metadata"]["name"]))

    async def _owner(self, namespace: str) -> Obj | None:
        """A reference to a widget of ours: the collector deletes what it owns when it goes."""
        names = [name for where, name in self._mine[WIDGETS] if where == namespace]
        if not names:
            return None
        found = await self._wire.call("GET", WIDGETS.path(namespace, self._dice.choice(names)))
        meta = found["metadata"]
        head = {"apiVersion": WIDGETS.api_version, "kind": WIDGETS.name, "blockOwnerDeletion": True}
        return {**head, "name": meta["name"], "uid": meta["uid"]}

    async def _put(self, kind: Kind, namespace: str, name: str) -> None:
        path = kind.path(namespace, name)
        found = await self._wire.call("GET", path)
        kind.change(self._dice, found)
        await self._wire.call("PUT", path, found)

    async def _relabel(self, kind: Kind, namespace: str, name: str) -> None:
        body = {"metadata": {"labels": relabel(self._dice)}}
        await self._wire.call("PATCH", kind.path(namespace, name), body, content=MERGE)

    async def _patch(self, kind: Kind, namespace: str, name: str) -> None:
        path, dice = kind.path(namespace, name), self._dice
        if kind is WIDGETS:
            status = {"status": {"phase": dice.choice(("Fine", "Busy")), "seen": dice.randint(1, 9)}}
            await self._wire.call("PATCH", f"{path}/status", status, content=MERGE)
        elif dice.random() < 0.5:
            body = {"metadata": {"annotations": {f"note-{dice.randint(0, 3)}": str(dice.random())}}}
            await self._wire.call("PATCH", path, body, content=STRATEGIC)
        else:
            step = {"op": "add", "path": "/metadata/labels/tier", "value": dice.choice(("x", "y"))}
            await self._wire.call("PATCH", path, [step], content=JSON_PATCH)

    async def _apply(self, kind: Kind, namespace: str, name: str) -> None:
        dice = self._dice
        meta = {"name": name, "labels": {**labels(dice, self._name), "applied": "yes"}}
        body: Obj = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": meta}
        if kind in (PODS, WIDGETS):
            found = await self._wire.call("GET", kind.path(namespace, name))
            meta["uid"] = found["metadata"]["uid"]  # not to make it again, without what it must have
        else:
            body |= kind.body(dice, name)
        query = {"fieldManager": f"soak-{dice.randint(0, 2)}", "force": "true"}
        await self._wire.call("PATCH", kind.path(namespace, name), body, query=query, content=APPLY)

    async def _delete(self, kind: Kind, namespace: str, name: str) -> None:
        dice, path = self._dice, kind.path(namespace, name)
        query = {"propagationPolicy": dice.choice(("Background", "Background", "Foreground"))}
        if kind is PODS and dice.random() < 0.3:
            query["gracePeriodSeconds"] = "0"
        left = await self._wire.call("DELETE", path, query=query)
        self._mine[kind].remove((namespace, name))
        if HOLD in left.get("metadata", {}).get("finalizers", ()):
            await let_go(self._wire, kind, left)

    async def _delete_all(self, kind: Kind) -> None:
        namespace = self._dice.choice(NAMESPACES)
        query = {"labelSelector": f"soak=yes,client={self._name}"}
        left = await self._wire.call("DELETE", kind.path(namespace), query=query)
        self._mine[kind] = [each for each in self._mine[kind] if each[0] != namespace]
        for each in left["items"]:
            if HOLD in each["metadata"].get("finalizers", ()):
                await let_go(self._wire, kind, each)

    async def _raise_a_counter(self) -> None:
        name = self._dice.choice(COUNTERS)
        path = CONFIG_MAPS.path(NAMESPACES[0], name)
        found = await self._wire.call("GET", path)
        found["data"]["count"] = str(int(found["data"]["count"]) + 1)
        await self._raised.record(name, lambda: self._wire.call("PUT", path, found))


class Ledger:
    """How often each counter was raised, as far as the clients know."""

    def __init__(self) -> None:
        self.sure: Counter[str] = Counter()
        self.unsure: Counter[str] = Counter()
        """Raises whose answer was lost: done or not."""

    async def record(self, name: str, write: Callable[[], Awaitable[object]]) -> None:
        try:
            await write()
        except Lost:
            self.unsure[name] += 1
            raise
        self.sure[name] += 1

    def check(self, name: str, count: int, tally: Tally) -> None:
        least = self.sure[name]
        if not least <= count <= least + self.unsure[name]:
            tally.differs(name, f"stands at {count}, raised {least} times, and perhaps {self.unsure[name]} more")


async def let_go(wire: Wire, kind: Kind, obj: Obj) -> None:
    """Takes our finalizer off."""
    meta = obj["metadata"]
    # Only ours: to write the whole list would put back one that a controller took off meanwhile.
    body = {"metadata": {"uid": meta["uid"], "$deleteFromPrimitiveList/finalizers": [HOLD]}}
    await wire.call("PATCH", kind.path(meta["namespace"], meta["name"]), body, content=STRATEGIC)


async def until(stop: asyncio.Event, seconds: float) -> bool:
    """Whether it was stopped within that time."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
