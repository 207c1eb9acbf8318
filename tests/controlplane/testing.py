"""Small manifests and waits for the rig's own tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .api import Object
from .cluster import ControlPlane


def create(plane: ControlPlane, path: str, body: Object) -> None:
    status, answer = plane.request("POST", path, body)
    assert status == 201, answer


def pod(name: str, image: str = "sound:1", annotations: Mapping[str, str] | None = None, **container: Any) -> Object:
    """A pod of one container, called main."""
    return {
        "metadata": {"name": name, "labels": {"app": name}, "annotations": dict(annotations or {})},
        "spec": {"containers": [{"name": "main", "image": image, **container}]},
    }


def apps(name: str, replicas: int = 1, image: str = "sound:1", **container: Any) -> Object:
    """A Deployment."""
    template = pod(name, image, **container)
    del template["metadata"]["name"]
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


def job(
    name: str,
    annotations: Mapping[str, str] | None = None,
    pod_annotations: Mapping[str, str] | None = None,
) -> Object:
    """A Job that is not tried again."""
    template = pod(name, annotations=pod_annotations)
    del template["metadata"]["name"]
    template["spec"]["restartPolicy"] = "Never"
    return {
        "metadata": {"name": name, "annotations": dict(annotations or {})},
        "spec": {"backoffLimit": 0, "template": template},
    }


def service(name: str, port: int, app: str) -> Object:
    return {
        "metadata": {"name": name},
        "spec": {"selector": {"app": app}, "ports": [{"name": "http", "port": port}]},
    }


def ready(found: Object) -> bool:
    conditions = found.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def until(plane: ControlPlane, namespace: str, name: str, check: Callable[[Object], bool]) -> Object:
    """The pod, once `check` holds for it."""

    def look() -> Object | None:
        status, found = plane.request("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")
        return found if status == 200 and check(found) else None

    found: Object = plane.wait_for(f"pod {name}", look)
    return found
