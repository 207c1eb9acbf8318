"""The monitoring of the simulated cluster: scraped, evaluated and answered only while its pods run."""

from __future__ import annotations

from wizard.sandbox.clock import micro_stamp
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
from wizard.sandbox.controllers.nodes import Nodes
from wizard.sandbox.controllers.programs import monitoring
from wizard.sandbox.controllers.programs.base import Program, Request, Response, Run
from wizard.sandbox.controllers.shapes import Obj
from wizard.sandbox.telemetry import prometheus
from wizard.sandbox.telemetry.alertmanager import Alertmanager
from wizard.sandbox.telemetry.loki import Loki
from wizard.sandbox.telemetry.metrics import Scraper
from wizard.sandbox.telemetry.rules import Rules
from wizard.sandbox.telemetry.series import Database

INTERVAL = 15.0
"""Seconds between two scrapes, and two evaluations of the rules."""
_MANY_PODS, _SLOWER = 500, 4
"""With more pods than that, every fourth time will do: a scrape of 2,000 pods takes 0.1 s of a core."""


class Telemetry:
    """One Prometheus, one Alertmanager and one Loki a sandbox, whatever number of pods plays them."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, nodes: Nodes) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self.database = Database()
        self.rules = Rules(cluster)
        self.alertmanager = Alertmanager()
        self.loki = Loki(cluster, kubelet)
        self._scraper = Scraper(cluster, kubelet, nodes)
        self._ticks = 0
        self._due = cluster.after(INTERVAL, self._tick)

    def _running(self, kind: type[Program], now: float) -> list[Program]:
        return [each for each in self._kubelet.programs() if isinstance(each, kind) and each.listening(now)]

    def _tick(self) -> None:
        self._due = self._cluster.after(INTERVAL, self._tick)
        self._ticks += 1
        if len(self._kubelet.workers) > _MANY_PODS and self._ticks % _SLOWER:
            return
        now = self._cluster.now
        servers = self._running(monitoring.Prometheus, now)
        if self._ticks % 4 == 0:
            self.loki.keeps = bool(self._running(monitoring.Loki, now))
        if not servers:
            return
        database = self.database
        self._scraper.scrape(lambda name, labels, value: database.add(name, labels, value, now), now)
        run = servers[0].run
        self.rules.refresh(run.ns, run.pod["spec"].get("volumes") or ())
        self.rules.evaluate(database, now)
        if self._running(monitoring.Alertmanager, now):
            self.alertmanager.receive(self.rules.alerts(), now)
        if self._ticks % 40 == 0:
            database.prune(now)

    def targets(self, now: float) -> list[Obj]:
        return [
            {
                "labels": {"job": "kubelet", "instance": worker.node},
                "scrapePool": "kubelet",
                "scrapeUrl": f"https://{self._kubelet.node_ip(worker.node)}:10250/metrics/cadvisor",
                "health": "up",
                "lastError": "",
                "lastScrape": micro_stamp(now - now % INTERVAL),
            }
            for worker in {worker.node: worker for worker in self._kubelet.workers.values()}.values()
        ]

    def http(self, name: str, run: Run, request: Request, now: float) -> Response | None:
        """None where the program has no such path."""
        match name:
            case "prometheus":
                return prometheus.answer(self, request, now)
            case "alertmanager":
                return self.alertmanager.answer(request, now)
            case "loki":
                return self.loki.answer(request, now)
        return None
