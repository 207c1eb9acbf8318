"""The app's budgets: its first frame, five thousand pods in its panes, a flood of log lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.bench.children import LINES, PODS, RATE, Measured
from tests.bench.rows import Row, paired, process, row
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.nodes import NodeSpec

CHURN, FLOOD = 60.0, 30.0
"""Seconds, as the budgets have them."""
_DEPLOYMENTS, _NODES = 10, 50
_PATIENCE = 300.0


def frame(home: Path, runs: int) -> list[Row]:
    env = {**os.environ, "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}
    argv = [sys.executable, "-m", "tests.bench.children"]
    ours, bare = (partial(process, [*argv, which], env) for which in ("frame", "bare"))
    return [paired("first frame of the app", "an empty Textual app's", 1.25, ours, bare, max(runs, 15))]


def many(home: Path, runs: int) -> list[Row]:
    """Real pods of the real control plane, whose nodes kwok plays."""
    specs = [NodeSpec(f"node-{number}", cpu="64", memory="256Gi", pods=250) for number in range(_NODES)]
    with ControlPlane.start(home / "controlplane", nodes=specs, programs=False) as plane:
        kubeconfig = plane.kubeconfig("admin")
        _make(kubeconfig)
        ours = [sys.executable, "-m", "tests.bench.children", "list", str(kubeconfig)]
        theirs = [_kubectl(), "--kubeconfig", str(kubeconfig), "get", "pods", "-A"]
        rows = [
            paired(
                f"{PODS:,} pods, from start to all of them in the pane",
                "kubectl get pods -A",
                1.0,
                partial(process, ours),
                partial(process, theirs),
                max(runs, 7),
            )
        ]
        live = _child("live", str(kubeconfig), str(CHURN))
    name = f"{PODS:,} pods, {RATE} changes a second"
    rows += _figures(name, live)
    return rows


def logs(home: Path, runs: int) -> list[Row]:
    argv = [sys.executable, "-m", "tests.live_rig", "logs", str(LINES), str(FLOOD)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        from tests.live_rig import kubeconfig_of

        path = home / "kubeconfig"
        path.write_text(kubeconfig_of(server.stdout.readline().strip()))
        try:
            found = _child("logs", str(path), str(FLOOD))
        finally:
            server.terminate()
    if found.taken + found.dropped != found.fed:
        raise ValueError(f"lines went missing: {found}")
    return _figures(f"{LINES:,} log lines a second ({found.dropped:,} of {found.fed:,} dropped, and counted)", found)


def _figures(what: str, found: Measured) -> list[Row]:
    megabytes = found.memory / 1e6
    return [
        row(f"{what}: the thread that draws", "30 % of a core", 1.0, [(found.share, 0.3)]),
        row(f"{what}: key to redraw, p99", "0.1 s", 1.0, [(found.key, 0.1)]),
        row(f"{what}: memory, MB", "200 MB", 1.0, [(megabytes, 200.0)]),
    ]


def _child(*argv: str) -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.children", *argv], stdout=subprocess.PIPE, check=True, text=True
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _kubectl() -> str:
    from tests.contract.tools import kubectl

    return str(kubectl())


def _make(kubeconfig: Path) -> None:
    """Deployments of so many pods, until all of them run."""
    from wizard.adapters.kube_access import load
    from wizard.adapters.kube_http import Pool

    access = load(kubeconfig, None)
    assert access is not None
    pool = Pool(access)
    for number in range(_DEPLOYMENTS):
        app = {"app": f"many-{number}"}
        container = {"name": "main", "image": "sound:1", "resources": {"requests": {"cpu": "10m"}}}
        spec = {
            "replicas": PODS // _DEPLOYMENTS,
            "selector": {"matchLabels": app},
            "template": {"metadata": {"labels": app}, "spec": {"containers": [container]}},
        }
        body = {"metadata": {"name": f"many-{number}"}, "spec": spec}
        pool.request("POST", "/apis/apps/v1/namespaces/default/deployments", body=body)
    deadline = time.monotonic() + _PATIENCE
    ready = 0
    while ready < PODS:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{ready} of {PODS} pods are ready")
        listed = json.loads(pool.request("GET", "/apis/apps/v1/namespaces/default/deployments"))
        ready = sum(each["status"].get("readyReplicas", 0) for each in listed["items"])
        time.sleep(0.5)
    pool.close()
