"""A log feed on a cluster of a test, and the pod that it follows."""

from __future__ import annotations

from typing import Any

from tests.unit.observers.cluster import NAMESPACE, Cluster, FakeClock
from wizard.domain.live import LogSelection
from wizard.observers.amounts import epoch, rfc3339
from wizard.observers.logs import LogFeed
from wizard.observers.pods import PodFeed
from wizard.observers.scope import Scope
from wizard.observers.services import Services

POD = "/api/v1/namespaces/chat/pods/web-0"
T0 = epoch("2026-11-23T10:00:00Z") or 0.0


def feed_of(cluster: Cluster, selection: LogSelection, capacity: int = 20_000, clock: Any = None) -> LogFeed:
    clock = clock or FakeClock()
    scope = Scope(cluster, NAMESPACE)
    pods = PodFeed(cluster, clock, scope)
    services = Services(cluster, clock, scope)
    return LogFeed(cluster, clock, scope, services, pods, selection, capacity=capacity)


def described(restarts: int = 0, phase: str = "Running", uid: str = "u1") -> dict[str, Any]:
    return {
        "metadata": {"uid": uid, "name": "web-0", "namespace": "chat"},
        "spec": {"containers": [{"name": "web"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "web", "restartCount": restarts}]},
    }


def stamp(when: float, nanos: int = 0) -> str:
    return rfc3339(when)[:-1] + f".{nanos:09d}Z"
