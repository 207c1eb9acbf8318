"""What a soak needs in the cluster before it begins, which watchers there are, and how it leaves the cluster."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from functools import partial

from tests.soak.client import COUNTERS, let_go
from tests.soak.kinds import CONFIG_MAPS, CRD, DEPLOYMENTS, HOLD, NAMESPACES, PODS, WIDGETS
from tests.soak.reflector import Query
from tests.soak.wire import Obj, Refused, Wire

_A, _B = NAMESPACES
_PATIENCE = 60.0
_BEAT = 0.05

QUERIES = (
    Query(CONFIG_MAPS, labels="soak=yes"),
    Query(CONFIG_MAPS, _A, labels="soak,team in (a,b)"),
    Query(CONFIG_MAPS, _B, labels="tier=x,team!=c"),
    Query(CONFIG_MAPS, _A, fields=f"metadata.name={COUNTERS[0]}"),
    Query(PODS),
    Query(PODS, _A, labels="team=a"),
    Query(PODS, fields="status.phase=Running"),
    Query(PODS, _B, labels="!client"),  # those that ReplicaSets made
    Query(PODS, partial=True),
    Query(DEPLOYMENTS),
    Query(DEPLOYMENTS, _B, labels="team notin (b),tier"),
    Query(WIDGETS),
    Query(WIDGETS, _A, labels="tier=y"),
    Query(WIDGETS, partial=True),
)
EACH = 4
"""Watches that each client has."""


def queries_of(clients: int, seed: int) -> list[list[Query]]:
    """For each client its queries: over all of them, every query there is, and each about as often."""
    dice = random.Random(f"{seed}:queries")
    deck = [each for _ in range(-(-clients * EACH // len(QUERIES))) for each in dice.sample(QUERIES, len(QUERIES))]
    return [deck[first : first + EACH] for first in range(0, clients * EACH, EACH)]


async def prepare(wire: Wire) -> None:
    """Namespaces in which pods may be made, the CRD once it is served, and the counters at 0."""
    await wire.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
    for namespace in NAMESPACES:
        await wire.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        await _there(wire, f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
    await _there(wire, WIDGETS.path(_A))
    for name in COUNTERS:
        meta = {"name": name, "labels": {"soak": "counter"}}
        await wire.call("POST", CONFIG_MAPS.path(_A), {"metadata": meta, "data": {"count": "0"}})


async def objects(wire: Wire) -> int:
    """How many there are in the cluster, events aside: those end an hour later by themselves."""
    status = await wire.call("GET", "/sandbox/status")
    events = await wire.call("GET", "/api/v1/events")
    return int(status["objects"]) - len(events["items"])


async def clear(wire: Wire) -> None:
    """Deletes all that the soak made, and waits until it is gone. Raises TimeoutError."""
    for namespace in NAMESPACES:
        held = await wire.call("GET", CONFIG_MAPS.path(namespace))
        await wire.call("DELETE", f"/api/v1/namespaces/{namespace}")
        for each in held["items"]:
            if HOLD in each["metadata"].get("finalizers", ()):
                await let_go(wire, CONFIG_MAPS, each)
    paths = [f"/api/v1/namespaces/{each}" for each in NAMESPACES]
    crd = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD['metadata']['name']}"
    await wire.call("DELETE", crd)
    for path in (*paths, crd):
        await eventually(f"the end of {path}", partial(_gone, wire, path))


async def eventually(what: str, check: Callable[[], Awaitable[bool]]) -> None:
    """Asks until it is so. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE
    for _ in itertools.count():
        if await check():
            return
        if loop.time() > deadline:
            raise TimeoutError(f"{what} did not come within {_PATIENCE:g} s")
        await asyncio.sleep(_BEAT)


async def _there(wire: Wire, path: str) -> Obj:
    found: list[Obj] = []

    async def check() -> bool:
        try:
            found.append(await wire.call("GET", path))
        except Refused as refusal:
            if refusal.code != 404:
                raise
            return False
        return True

    await eventually(path, check)
    return found[-1]


async def _gone(wire: Wire, path: str) -> bool:
    try:
        await wire.call("GET", path)
    except Refused as refusal:
        return refusal.code == 404
    return False
