"""Objects of the API as the tests of feeds need them, and a watch on a cluster of them."""

from __future__ import annotations

from typing import Any

from tests.unit.observers.cluster import (
    NAMESPACE,
    Cluster,
    FakeClock,
    RealClock,
)
from wizard.observers.amounts import epoch
from wizard.observers.watch import Watch, WatchPorts

CREATED = epoch("2026-11-23T10:00:00Z") or 0.0


def watching(cluster: Cluster, clock: FakeClock | None = None) -> Watch:
    return Watch(WatchPorts(cluster, cluster, clock or RealClock(), cluster.close), NAMESPACE)


def node(name: str = "one", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": labels, "creationTimestamp": "2026-11-23T10:00:00Z"},
        "spec": {},
        "status": {
            "capacity": {"cpu": "3", "memory": "4Gi"},
            "conditions": [
                {"type": "MemoryPressure", "status": "True", "message": "low\x1b[0m memory"},
                {"type": "Ready", "status": "True"},
                {"type": "DiskPressure", "status": "False"},
            ],
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
        },
    }


def service(name: str, namespace: str, port: int, **labels: str) -> dict[str, Any]:
    names = {key.replace("_", "/").replace("-io", ".io"): value for key, value in labels.items()}
    return {"metadata": {"name": name, "namespace": namespace, "labels": names}, "spec": {"ports": [{"port": port}]}}


def named(name: str, namespace: str, port: int, app: str) -> dict[str, Any]:
    found = service(name, namespace, port)
    found["metadata"]["labels"] = {"app.kubernetes.io/name": app}
    return found
