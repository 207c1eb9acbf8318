"""Puts the moving half together, and is what the API half talks to (wizard.sandbox.ports.Controllers)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from wizard.sandbox.clock import SimClock
from wizard.sandbox.controllers.autoscaler import Autoscalers
from wizard.sandbox.controllers.certmanager import CertManager
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.cronjob import CronJobs
from wizard.sandbox.controllers.daemonset import DaemonSets
from wizard.sandbox.controllers.deployment import Deployments
from wizard.sandbox.controllers.disruption import Budgets
from wizard.sandbox.controllers.effects import Effects
from wizard.sandbox.controllers.externalsecrets import ExternalSecrets
from wizard.sandbox.controllers.job import Jobs
from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
from wizard.sandbox.controllers.logs import Logs
from wizard.sandbox.controllers.network import Network, request_of
from wizard.sandbox.controllers.nodes import Nodes, NodeSpec
from wizard.sandbox.controllers.options import nodes_of
from wizard.sandbox.controllers.programs import pull_models
from wizard.sandbox.controllers.provisioner import storage_class
from wizard.sandbox.controllers.replicaset import ReplicaSets
from wizard.sandbox.controllers.scheduler.loop import Scheduler
from wizard.sandbox.controllers.services import Services, ingress_class
from wizard.sandbox.controllers.shapes import NODES, STORAGE_CLASSES, Obj, Resource
from wizard.sandbox.controllers.statefulset import StatefulSets
from wizard.sandbox.controllers.volumes import Volumes
from wizard.sandbox.controllers.world import World
from wizard.sandbox.ports import BadOption, Faults, SandboxOptions
from wizard.sandbox.scenarios import scenario
from wizard.sandbox.scenarios.director import Director
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import Store
from wizard.sandbox.telemetry.telemetry import Telemetry

_CLASSES: Resource = ("networking.k8s.io", "ingressclasses")


class Moving:
    def __init__(self, store: Store, clock: SimClock, options: SandboxOptions) -> None:
        self.options = options
        self.cluster = cluster = Cluster(store, clock, options.seed or 0)
        # From the command line it comes as JSON.
        secrets = options.extra.get("secrets") or {}
        self.world = World(cluster, Effects(), json.loads(secrets) if isinstance(secrets, str) else dict(secrets))
        self.kubelet = Kubelet(cluster, self.world)
        # The order decides who hears of a change first: the kubelet and the scheduler keep what others read.
        self._nodes = nodes = Nodes(cluster, self.kubelet)
        self.scheduler = Scheduler(cluster)
        self._parts = [
            Volumes(cluster),
            ReplicaSets(cluster),
            Deployments(cluster),
            StatefulSets(cluster),
            DaemonSets(cluster),
            Jobs(cluster),
            CronJobs(cluster),
            Services(cluster),
            Budgets(cluster),
            Autoscalers(cluster, self.kubelet.usage),
            CertManager(cluster),
            ExternalSecrets(cluster, self.world),
        ]
        pull_models.watch_jobs(self.world)
        self.telemetry = self.world.telemetry = Telemetry(cluster, self.kubelet, nodes)
        self._logs = Logs(cluster, self.kubelet)
        self._network = Network(cluster, self.kubelet)
        self.director = Director(cluster, self.world.effects, self.kubelet.images, options.faults)
        cluster.replay()
        for number, node in enumerate(nodes_of(options.extra.get("nodes") or options.nodes)):
            self._make(NODES, node.manifest(number))
        self._make(STORAGE_CLASSES, storage_class())
        self._make(_CLASSES, ingress_class())
        if name := options.extra.get("scenario"):
            if name not in scenario.names():
                raise BadOption(f"there is no scenario {name}; there are {', '.join(scenario.names())}")
            self.director.start(name)

    def _make(self, resource: Resource, obj: Obj) -> None:
        try:
            self.cluster.create(resource, obj)
        except StatusError as refusal:
            if refusal.reason != "AlreadyExists":
                raise

    def add_node(self, node: NodeSpec) -> None:
        """One more node, as an autoscaler would bring it."""
        self._make(NODES, node.manifest(sum(1 for _ in self.cluster.objects(NODES))))

    async def close(self) -> None:
        self.cluster.close()

    # What the API server asks a kubelet, or a pod -----------------------------------------------------

    def logs(
        self,
        ns: str,
        pod: str,
        container: str,
        tail: int | None = None,
        previous: bool = False,
        follow: bool = False,
        *,
        since: float = 0.0,
        timestamps: bool = False,
    ) -> AsyncIterator[str]:
        """Lines without their newline. Raises StatusError before the first if there are none to have."""
        return self._logs.stream(
            ns, pod, container, tail=tail, previous=previous, follow=follow, since=since, timestamps=timestamps
        )

    async def proxy(
        self,
        ns: str,
        kind: str,
        name: str,
        port: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """`kind` is `services` or `pods`. Raises StatusError 503 if nothing answers there."""
        response = await self._network.send(ns, kind, name, port, request_of(method, path, query, headers, body))
        return response.status, {"Content-Type": response.content_type}, response.body

    def pod_usage(self, pod: Obj, before: float) -> dict[str, tuple[float, float]]:
        """Container -> cores and bytes, of those that were started before then."""
        used = self.kubelet.usage(pod, before=before)
        return {name: (each["cpu"], each["memory"]) for name, each in used.items()}

    def node_usage(self, name: str) -> tuple[float, float] | None:
        if name in self.kubelet.lost:
            return None
        return self._nodes.pressure.cpu_used(name), self._nodes.pressure.memory_used(name)

    # Scenarios ----------------------------------------------------------------------------------------

    def scenario(self, name: str) -> dict[str, Any]:
        """Starts a scenario; returns its name, title and lesson. Raises KeyError for an unknown one."""
        return self.director.start(name)

    def running(self) -> list[str]:
        return sorted(self.director.running)

    def scenarios(self) -> list[dict[str, Any]]:
        """All there are, with those that run marked."""
        found = (scenario.load(name) for name in scenario.names())
        return [{**each.shown(), "running": each.name in self.director.running} for each in found]

    def faults(self) -> Faults:
        """How the API should misbehave now; the same object for the life of the sandbox."""
        return self.options.faults

    def reset(self) -> None:
        """Ends every scenario and clears the faults."""
        self.director.reset()
