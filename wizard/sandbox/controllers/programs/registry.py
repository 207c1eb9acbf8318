"""Which program an image is, how big it is, and how long it takes to come over the wire."""

from __future__ import annotations

import re
from collections.abc import Callable

from wizard.sandbox.controllers.programs import monitoring, ollama, open_webui, postgres, pull_models
from wizard.sandbox.controllers.programs.base import Program, Run
from wizard.sandbox.controllers.programs.generic import Generic, Pause

RATE = 60e6
"""Bytes a second from an image registry, unpacking included."""
_DEFAULT_SIZE = 30e6


def _ollama(run: Run) -> Program:
    return pull_models.PullModels(run) if pull_models.wanted_models(run) else ollama.Ollama(run)


def _open_webui(run: Run) -> Program:
    waits = run.name == "wait-for-database" or any("psycopg" in arg for arg in run.args)
    return open_webui.WaitForDatabase(run) if waits else open_webui.OpenWebUI(run)


# A pattern of the image's name, compressed bytes (docker hub and ghcr.io, November 2026), what it runs.
_IMAGES: tuple[tuple[str, float, Callable[[Run], Program]], ...] = (
    (r"does-not-exist|crash-loop|oom-killed", 20e6, Generic),
    (r"open-webui", 1_690e6, _open_webui),
    (r"ollama/ollama|(^|/)ollama(:|@|$)", 1_950e6, _ollama),
    (r"(^|/)(postgres|pgvector)(:|@|$)", 160e6, postgres.Postgres),
    (r"prometheus/prometheus|(^|/)prometheus(:|@|$)", 118e6, monitoring.Prometheus),
    (r"alertmanager", 34e6, monitoring.Alertmanager),
    (r"(^|/)grafana(:|@|$)", 205e6, monitoring.Grafana),
    (r"(^|/)loki(:|@|$)", 92e6, monitoring.Loki),
    (r"grafana/alloy|(^|/)alloy(:|@|$)", 125e6, monitoring.Alloy),
    (r"node-exporter", 12e6, monitoring.NodeExporter),
    (r"kube-state-metrics", 18e6, monitoring.KubeStateMetrics),
    (r"(^|/)pause(:|@|$)", 0.3e6, Pause),
    (r"(^|/)busybox(:|@|$)", 2e6, Generic),
    (r"(^|/)nginx", 72e6, Generic),
)


def lookup(image: str) -> tuple[float, Callable[[Run], Program]]:
    """Size in bytes, and how to start it."""
    for pattern, size, start in _IMAGES:
        if re.search(pattern, image):
            return size, start
    return _DEFAULT_SIZE, Generic


def start(run: Run) -> Program:
    return lookup(run.image)[1](run)
