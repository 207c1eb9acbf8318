"""Rendering of our own charts with the real helm; nothing of the wizard is imported."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

Manifest = dict[str, Any]
Values = dict[str, Any]

CHARTS = Path(__file__).resolve().parents[3] / "assets" / "charts"
PLATFORM = ("postgresql", "ollama", "open-webui")
OBSERVABILITY = ("prometheus", "alertmanager", "grafana", "loki", "alloy", "node-exporter", "kube-state-metrics")
NAMES = (*PLATFORM, *OBSERVABILITY)
ASK_THE_API = ("prometheus", "alloy", "kube-state-metrics")
"""Those whose work is to read the Kubernetes API: their pods hold a token, and the chart says what it may do."""
WITHOUT_DATA = ("alloy", "node-exporter", "kube-state-metrics")

# What each chart cannot do without: names of Secrets.
MINIMAL: dict[str, Values] = {
    "postgresql": {"auth": {"existingSecret": "postgresql-auth"}},
    "ollama": {},
    "open-webui": {
        "database": {"existingSecret": "open-webui-database"},
        "secretKey": {"existingSecret": "open-webui-key"},
    },
    "grafana": {"admin": {"existingSecret": "grafana-admin"}},
} | {name: {} for name in OBSERVABILITY if name != "grafana"}

EVERYWHERE: Values = {
    "commonLabels": {"cost-centre": "research"},
    "podAnnotations": {"example.com/note": "here"},
    "podLabels": {"example.com/tier": "standard"},
    "annotations": {"example.com/owner": "platform"},
    "imagePullSecrets": [{"name": "registry"}],
    "priorityClassName": "important",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "podDisruptionBudget": {"enabled": True},
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}},
    "service": {"annotations": {"example.com/scrape": "no"}},
}
_POLICY_EXTRAS: Values = {
    "extraIngress": [{"from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}],
    "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.2.0.0/16"}}]}],
}
# Every optional part on.
FULL: dict[str, Values] = {
    "postgresql": EVERYWHERE
    | {
        "auth": {"existingSecret": "postgresql-auth"},
        "persistence": {"storageClassName": "gp3"},
        "networkPolicy": _POLICY_EXTRAS | {"clientNamespaceLabels": {"wizard.dev/tenant": "true"}},
    },
    "ollama": EVERYWHERE
    | {
        "models": ["llama3.2:1b", "nomic-embed-text", "hf.co/owner/Model-GGUF:Q4_K_M"],
        "autoscaling": {"enabled": True},
        "gpu": {"count": 2},
        "runtimeClassName": "nvidia",
        "persistence": {"storageClassName": "efs", "accessModes": ["ReadWriteMany"]},
        "networkPolicy": _POLICY_EXTRAS | {"clientNamespaceLabels": {"wizard.dev/tenant": "true"}},
        "env": {"OLLAMA_DEBUG": "1"},
    },
    "open-webui": EVERYWHERE
    | {
        "url": "https://chat.example.com",
        "database": {"existingSecret": "open-webui-database"},
        "secretKey": {"existingSecret": "open-webui-key"},
        "admin": {"existingSecret": "open-webui-admin"},
        "redis": {"existingSecret": "open-webui-redis"},
        "secretEnv": {"OPENAI_API_KEYS": {"secret": "openai", "key": "keys"}},
        "ollama": {"urls": ["http://ollama:11434", "https://gpu.example.com"]},
        "autoscaling": {"enabled": True},
        "ingress": {
            "enabled": True,
            "className": "traefik",
            "host": "chat.example.com",
            "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
            "tls": {"enabled": True},
        },
        "persistence": {"storageClassName": "efs", "accessModes": ["ReadWriteMany"]},
        "networkPolicy": _POLICY_EXTRAS | {"allowInternet": True},
    },
    "prometheus": EVERYWHERE
    | {
        "rules": {"one": {"groups": [{"name": "one", "rules": [{"alert": "A", "expr": "up == 0"}]}]}},
        "externalLabels": {"cluster": "chat"},
        "persistence": {"storageClassName": "gp3"},
        "networkPolicy": _POLICY_EXTRAS,
    },
    "alertmanager": EVERYWHERE
    | {
        "secrets": {"existingSecret": "alertmanager-receivers"},
        "externalUrl": "https://monitor.example.com/alerts",
        "networkPolicy": _POLICY_EXTRAS | {"receiverPorts": [443, 587]},
    },
    "grafana": EVERYWHERE
    | {
        "admin": {"existingSecret": "grafana-admin"},
        "url": "https://monitor.example.com",
        "datasources": [{"name": "Prometheus", "type": "prometheus", "uid": "prometheus"}],
        "dashboards": {"platform": '{"uid": "platform"}'},
        "homeDashboard": "platform",
        "env": {"GF_LOG_LEVEL_CONSOLE": "info"},
        "ingress": {"enabled": True, "className": "traefik", "host": "monitor.example.com", "tls": {"enabled": True}},
        "persistence": {"enabled": True},
        "networkPolicy": _POLICY_EXTRAS,
    },
    "loki": EVERYWHERE | {"networkPolicy": _POLICY_EXTRAS},
    "alloy": EVERYWHERE
    | {"externalLabels": {"cluster": "chat"}, "namespaces": ["chat"], "networkPolicy": _POLICY_EXTRAS},
    "node-exporter": EVERYWHERE | {"networkPolicy": _POLICY_EXTRAS},
    "kube-state-metrics": EVERYWHERE | {"networkPolicy": _POLICY_EXTRAS},
}


class HelmFailed(Exception):
    """helm ended with another status than 0; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Helm:
    """A helm binary, used for rendering only."""

    path: str

    def run(self, *argv: str, stdin: str = "") -> str:
        done = subprocess.run([self.path, *argv], input=stdin, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise HelmFailed(done.stdout + done.stderr)
        return done.stdout

    def template(
        self, chart: str, values: Values | None = None, *, release: str = "", sets: tuple[str, ...] = ()
    ) -> list[Manifest]:
        """The objects that `chart` renders to; without values, with those that it cannot do without."""
        flags = [flag for pair in sets for flag in ("--set", pair)]
        text = yaml.safe_dump(MINIMAL[chart] if values is None else values)
        out = self.run(
            "template",
            release or chart,
            str(CHARTS / chart),
            "--namespace=chat",
            "--values=-",
            *flags,
            stdin=text,
        )
        return [document for document in yaml.safe_load_all(out) if document]


@pytest.fixture(scope="session")
def helm() -> Helm:
    path = os.environ.get("WIZARD_HELM") or shutil.which("helm")
    if not path:
        pytest.skip("no helm: set WIZARD_HELM or put one on PATH")
    return Helm(path)


@pytest.fixture(params=["minimal", "full"])
def rendered(request: pytest.FixtureRequest, helm: Helm) -> Callable[[str], list[Manifest]]:
    values = MINIMAL if request.param == "minimal" else FULL
    return lambda chart: helm.template(chart, values[chart])
