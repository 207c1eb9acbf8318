"""The platform's three workloads as our charts render them, for tests of the programs and of the telemetry."""

from __future__ import annotations

import base64

from tests.unit.sandbox.moving_cluster import NS, Sandbox, container, is_ready, service, workload
from wizard.sandbox.controllers.shapes import DEPLOYMENTS, JOBS, PODS, SECRETS, SERVICES, STATEFUL_SETS, Obj


def probes(path: str, port: int) -> Obj:
    get = {"httpGet": {"path": path, "port": port}}
    return {"startupProbe": {**get, "periodSeconds": 3, "failureThreshold": 60}, "readinessProbe": get}


def postgresql(box: Sandbox) -> None:
    box.create(SERVICES, "postgresql", service("postgresql", 5432))
    check = {"exec": {"command": ["pg_isready"]}}
    spec = workload("postgresql", 1, "docker.io/library/postgres:18", serviceName="postgresql", readinessProbe=check)
    box.create(STATEFUL_SETS, "postgresql", spec)


def open_webui(box: Sandbox, database: str = "postgresql") -> None:
    url = f"postgresql://u:p@{database}:5432/openwebui"
    box.create(SECRETS, "webui", data={"DATABASE_URL": base64.b64encode(url.encode()).decode()})
    image = "ghcr.io/open-webui/open-webui:v0.9.6"
    env = [{"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "webui", "key": "DATABASE_URL"}}}]
    waits = {**container(image, env=env), "name": "wait-for-database"}
    spec = workload("open-webui", 1, image, env=env, initContainers=[waits], ports=[{"containerPort": 8080}],
                    **probes("/ready", 8080))  # fmt: skip
    spec["template"]["spec"]["containers"][0]["name"] = "open-webui"
    box.create(SERVICES, "open-webui", service("open-webui", 80, 8080))
    box.create(DEPLOYMENTS, "open-webui", spec)


def ollama(box: Sandbox, models: str = "qwen3:0.6b", limit: str = "1536Mi") -> None:
    image = "docker.io/ollama/ollama:0.32.15"
    resources = {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": limit}}
    spec = workload("ollama", 1, image, resources=resources, ports=[{"containerPort": 11434}],
                    **probes("/api/version", 11434))  # fmt: skip
    spec["template"]["spec"]["containers"][0]["name"] = "ollama"
    box.create(SERVICES, "ollama", service("ollama", 11434))
    box.create(DEPLOYMENTS, "ollama", spec)
    pull = {**container(image, env=[{"name": "OLLAMA_HOST", "value": "http://ollama:11434"}]), "name": "pull"}
    template = {"spec": {"restartPolicy": "Never", "containers": [pull]}}
    note = {"annotations": {"wizard.dev/models": models}}
    box.create(JOBS, "pull", {"backoffLimit": 2, "template": template}, metadata=note)


def monitoring(box: Sandbox) -> None:
    for name, image, port in (
        ("prometheus", "docker.io/prom/prometheus:v3.8.1", 9090),
        ("alertmanager", "docker.io/prom/alertmanager:v0.30.0", 9093),
        ("loki", "docker.io/grafana/loki:3.6.3", 3100),
    ):
        box.create(SERVICES, name, service(name, port))
        box.create(DEPLOYMENTS, name, workload(name, 1, image, ports=[{"containerPort": port}]))


def pod_of(box: Sandbox, name: str) -> Obj:
    found = [pod for pod in box.pods(app=name) if "deletionTimestamp" not in pod["metadata"]]
    assert found, f"no pod of {name}: {box.names(PODS)}"
    return found[0]


def all_ready(box: Sandbox, *names: str) -> bool:
    return all(any(map(is_ready, box.pods(app=name))) for name in names)


__all__ = ["NS", "all_ready", "monitoring", "ollama", "open_webui", "pod_of", "postgresql", "probes"]
