"""What would be scraped: cAdvisor, kube-state-metrics, node-exporter and the programs' own, from the simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wizard.sandbox.controllers.acme import CERTIFICATES
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.programs import monitoring
from wizard.sandbox.controllers.programs.ollama import Ollama
from wizard.sandbox.controllers.programs.open_webui import OpenWebUI
from wizard.sandbox.controllers.shapes import (
    CLAIMS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PODS,
    STATEFUL_SETS,
    Obj,
    is_finished,
    is_true,
    quantity,
)
from wizard.sandbox.controllers.volumes import claim_names

if TYPE_CHECKING:
    from wizard.sandbox.controllers.cluster import Cluster
    from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
    from wizard.sandbox.controllers.nodes import Nodes

Add = Callable[[str, dict[str, str], float], None]
"""add(metric, labels, value)."""

Count = Callable[..., float]
"""count(rate, *key): the counter of that key, which has risen at that rate since the last time."""

_PHASES = ("Pending", "Running", "Succeeded", "Failed")


class Scraper:
    """Reads the cluster; keeps only the counters, which have to rise."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, nodes: Nodes) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._nodes = nodes
        self._counters: dict[tuple[str, ...], float] = {}
        self._last = 0.0

    def scrape(self, add: Add, now: float) -> None:
        passed = min(max(now - self._last, 0.0), 120.0) if self._last else 0.0
        self._last = now
        before, self._counters = self._counters, {}

        def count(rate: float, *key: str) -> float:
            total = before.get(key, 0.0) + rate * passed
            self._counters[key] = total
            return total

        for pod in self._cluster.objects(PODS):
            self._pod(pod, add)
        for worker in self._kubelet.workers.values():
            if worker.over or worker.node in self._kubelet.lost:
                continue
            for each in worker.running():
                if each.program is None:
                    continue
                cpu, memory = each.program.usage(now)
                where = {
                    "namespace": each.program.run.ns,
                    "pod": each.program.run.pod_name,
                    "container": each.name,
                    "node": worker.node,
                }
                add("container_memory_working_set_bytes", where, memory)
                add("container_spec_memory_limit_bytes", where, each.program.run.memory_limit)
                total = count(cpu, "cpu", worker.uid, each.name)
                add("container_cpu_usage_seconds_total", where, total)
                self._program(each.program, {k: where[k] for k in ("namespace", "pod")}, add, count, now)
        for node in self._cluster.objects(NODES):
            self._node(node, add, now)
        self._workloads(add)

    def _pod(self, pod: Obj, add: Add) -> None:
        meta, status = pod["metadata"], pod.get("status") or {}
        where = {"namespace": meta["namespace"], "pod": meta["name"]}
        phase = status.get("phase", "Pending")
        add("kube_pod_info", {**where, "node": pod["spec"].get("nodeName", "")}, 1.0)
        for each in _PHASES:
            add("kube_pod_status_phase", {**where, "phase": each}, float(each == phase))
        add("kube_pod_status_ready", {**where, "condition": "true"}, float(is_true(pod, "Ready")))
        for container in pod["spec"]["containers"]:
            for kind in ("requests", "limits"):
                for name, value in ((container.get("resources") or {}).get(kind) or {}).items():
                    unit = {"cpu": "core", "memory": "byte"}.get(name, "integer")
                    labels = {**where, "container": container["name"], "resource": name, "unit": unit}
                    add(f"kube_pod_container_resource_{kind}", labels, quantity(value))
        for found in status.get("containerStatuses") or ():
            labels = {**where, "container": found["name"]}
            add("kube_pod_container_status_restarts_total", labels, float(found["restartCount"]))
            add("kube_pod_container_status_ready", labels, float(found["ready"]))
            if reason := (found["state"].get("waiting") or {}).get("reason"):
                add("kube_pod_container_status_waiting_reason", {**labels, "reason": reason}, 1.0)
            if ended := (found.get("lastState") or {}).get("terminated"):
                labels = {**labels, "reason": ended["reason"]}
                add("kube_pod_container_status_last_terminated_reason", labels, 1.0)

    def _program(
        self, program: object, where: dict[str, str], add: Add, count: Callable[..., float], now: float
    ) -> None:
        if isinstance(program, OpenWebUI):
            rate = program.run.world.requests(program.run.ns, now)
            for status, share in (("200", 0.99), ("500", 0.01)):
                total = count(rate * share, "requests", program.run.uid, status)
                add("http_server_requests_total", {**where, "job": "open-webui", "status": status}, total)
                # The same requests as Traefik, which k3s puts in front of every Ingress, counts them.
                front = {"service": f"{where['namespace']}-open-webui-http@kubernetes", "code": status, "method": "GET"}
                add("traefik_service_requests_total", front, total)
                add("traefik_service_request_duration_seconds_count", front, total)
                add("traefik_service_request_duration_seconds_bucket", {**front, "le": "1.2"}, total * 0.93)
        if isinstance(program, monitoring.Loki):
            shipped = any(isinstance(each, monitoring.Alloy) for each in self._kubelet.programs())
            total = count(2.5 if shipped else 0.0, "lines", program.run.uid)
            add("loki_distributor_lines_received_total", {**where, "job": "loki"}, total)
        if isinstance(program, Ollama):
            add("ollama_loaded_models", {**where, "job": "ollama"}, float(len(program.loaded(now))))

    def _node(self, node: Obj, add: Add, now: float) -> None:
        name = node["metadata"]["name"]
        add("kube_node_info", {"node": name}, 1.0)
        for resource, amount in ((node.get("status") or {}).get("allocatable") or {}).items():
            unit = {"cpu": "core", "memory": "byte"}.get(resource, "integer")
            add("kube_node_status_allocatable", {"node": name, "resource": resource, "unit": unit}, quantity(amount))
        for each in (node.get("status") or {}).get("conditions") or ():
            for status in ("true", "false", "unknown"):
                labels = {"node": name, "condition": each["type"], "status": status}
                add("kube_node_status_condition", labels, float(each["status"].lower() == status))
        if name in self._kubelet.lost:
            return
        capacity = (node.get("status") or {}).get("capacity") or {}
        total, disk = quantity(capacity.get("memory")), quantity(capacity.get("ephemeral-storage"))
        where = {"node": name, "instance": f"{self._kubelet.node_ip(name)}:9100", "job": "node-exporter"}
        add("node_memory_MemTotal_bytes", where, total)
        add("node_memory_MemAvailable_bytes", where, max(0.0, total - self._nodes.pressure.memory_used(name)))
        mount = {**where, "mountpoint": "/", "device": "/dev/vda1", "fstype": "ext4"}
        add("node_filesystem_size_bytes", mount, disk)
        add("node_filesystem_avail_bytes", mount, disk * (1 - self._nodes.pressure.disk_used(name)))
        slow = self._kubelet.slowness(name)
        add("node_load1", where, 0.4 * slow + self._cluster.jitter("load", name, int(now / 60)))
        add("up", where, 1.0)

    def _workloads(self, add: Add) -> None:
        for found in self._cluster.objects(DEPLOYMENTS):
            labels = {"namespace": found["metadata"]["namespace"], "deployment": found["metadata"]["name"]}
            add("kube_deployment_spec_replicas", labels, float(found["spec"].get("replicas", 1)))
            available = (found.get("status") or {}).get("availableReplicas", 0)
            add("kube_deployment_status_replicas_available", labels, float(available))
        for found in self._cluster.objects(STATEFUL_SETS):
            labels = {"namespace": found["metadata"]["namespace"], "statefulset": found["metadata"]["name"]}
            add("kube_statefulset_replicas", labels, float(found["spec"].get("replicas", 1)))
            add(
                "kube_statefulset_status_replicas_ready",
                labels,
                float((found.get("status") or {}).get("readyReplicas", 0)),
            )
        for found in self._cluster.objects(JOBS):
            labels = {"namespace": found["metadata"]["namespace"], "job_name": found["metadata"]["name"]}
            add("kube_job_failed", {**labels, "condition": "true"}, float(is_finished(found) == "Failed"))
        self._volumes(add)
        for found in self._cluster.objects(CERTIFICATES):
            labels = {"namespace": found["metadata"]["namespace"], "name": found["metadata"]["name"]}
            add("certmanager_certificate_ready_status", {**labels, "condition": "True"}, float(is_true(found, "Ready")))
            if until := (found.get("status") or {}).get("notAfter"):
                add("certmanager_certificate_expiration_timestamp_seconds", labels, seconds_of(until))

    def _volumes(self, add: Add) -> None:
        users: dict[tuple[str, str], Obj] = {}
        for pod in self._cluster.objects(PODS):
            for name in claim_names(pod):
                users[pod["metadata"]["namespace"], name] = pod
        for (ns, name), pod in users.items():
            claim = self._cluster.get(CLAIMS, ns, name)
            if claim is None or not (claim.get("status") or {}).get("capacity"):
                continue
            size = quantity(claim["status"]["capacity"]["storage"])
            used = 0.04 * size
            for each in pod["spec"]["containers"]:
                program = self._kubelet.program(pod["metadata"]["uid"], each["name"])
                if isinstance(program, Ollama):
                    used += sum(model.size for model in program.known().values())
                if program is not None and self._kubelet.world.effects.find("disk", pod, each, self._cluster.now):
                    used = size * 0.995
            labels = {"namespace": ns, "persistentvolumeclaim": name}
            add("kubelet_volume_stats_capacity_bytes", labels, size)
            add("kubelet_volume_stats_used_bytes", labels, min(used, size))
            add("kubelet_volume_stats_available_bytes", labels, max(0.0, size - used))
