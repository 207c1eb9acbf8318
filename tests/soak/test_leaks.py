"""No table of the sandbox keeps an entry for each object there ever was: what a soak's slope would see too late.

The same work is done twenty times, then forty times more, and each time everything is deleted and its events
expire. A container that has an entry more for every time is a leak, of however few bytes.
"""

from __future__ import annotations

import gc
from collections import deque
from typing import Any

from tests.unit.sandbox.moving_cluster import NS, Sandbox, pod_spec, service, simulated, workload
from wizard.sandbox.controllers.shapes import (
    CLAIMS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    PODS,
    SERVICES,
    STATEFUL_SETS,
)

FIRST, MORE = 20, 40
_HOUR = 3600.0
MAPS, NAMESPACES = ("", "configmaps"), ("", "namespaces")
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
Container = dict[Any, Any] | list[Any] | set[Any] | deque[Any]


def containers() -> dict[int, Container]:
    gc.collect()
    return {id(each): each for each in gc.get_objects() if isinstance(each, dict | list | set | deque)}


async def work(box: Sandbox, number: int) -> None:
    """Some of everything, made, changed and deleted again, under names that are never used twice."""
    name, ns = f"x{number}", f"ns{number}"
    app = workload(name, 2, "sound:1")
    box.create(NAMESPACES, ns, ns="", kind="Namespace")
    box.create(MAPS, name, ns=ns, kind="ConfigMap")
    box.create(DEPLOYMENTS, name, app)
    templates = [{"metadata": {"name": "d"}, "spec": CLAIM}]
    box.create(STATEFUL_SETS, name, {**workload(f"s{name}", 1), "serviceName": name, "volumeClaimTemplates": templates})
    box.create(DAEMON_SETS, name, {key: workload(f"d{name}", 1)[key] for key in ("selector", "template")})
    box.create(JOBS, name, {"template": {"spec": pod_spec("sound:1", restartPolicy="Never")}})
    box.create(SERVICES, name, service(name, 80))
    box.create(PODS, name, pod_spec("crash-loop:1"))
    await box.clock.advance(20)
    box.edit(DEPLOYMENTS, name, lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image="sound:2"))
    await box.clock.advance(20)
    for kind in (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, SERVICES, PODS):
        box.store.delete(*kind, NS, name)
    await box.clock.advance(60)
    for claim in box.names(CLAIMS):
        box.store.delete(*CLAIMS, NS, claim)
    box.store.delete(*NAMESPACES, "", ns)
    await box.clock.advance(5)


def test_nothing_is_kept_of_what_is_gone() -> None:
    @simulated("2")
    async def run(box: Sandbox) -> None:
        async def rounds(numbers: range) -> dict[int, int]:
            for number in numbers:
                await work(box, number)
            await box.clock.advance(2.1 * _HOUR)  # events live for an hour, and are looked for an hour later
            box.store.compact()
            assert box.names(PODS) == box.names(CLAIMS) == []
            return {key: len(each) for key, each in containers().items()}

        before = await rounds(range(FIRST))
        after = await rounds(range(FIRST, FIRST + MORE))
        # The recorder's own are bounded by count (4,096, as in client-go), and not yet full.
        bounded = {id(each) for each in vars(box.moving.cluster.events).values()}
        found = containers()
        grown = [
            f"{type(found[key]).__name__} from {before.get(key, 0)} to {size}: {str(list(found[key])[-2:])[:300]}"
            for key, size in after.items()
            if size >= before.get(key, 0) + MORE and key in found and key not in bounded
        ]
        assert grown == []

    run()
