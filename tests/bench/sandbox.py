"""The sandbox's own budgets: how soon it answers, and how long helm takes on it."""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.bench.rows import Row, paired, process
from tests.controlplane.cluster import ControlPlane
from wizard.sandbox import manager

SPEED = 20.0
"""That of the demo and of the e2e cases. Pods of the real control plane are ready at once, since nothing runs
in them; at speed 1 this would measure the sandbox's simulated kubelets, who probe every ten seconds."""


@contextmanager
def running(home: Path, nodes: object = "k3s-4gb") -> Iterator[manager.Running]:
    """A sandbox that is down afterwards."""
    asked = nodes if isinstance(nodes, str) else json.dumps(nodes)
    options = manager.UpOptions(speed=SPEED, seed=1, nodes=asked)
    try:
        yield manager.up(home / "sandbox", options=options)
    finally:
        manager.down(home / "sandbox")


def start(home: Path, runs: int) -> list[Row]:
    """Until it answers: as long as `wizard sandbox up` and a profile's own sandbox wait for it."""
    bare = [sys.executable, "-c", "import aiohttp.web"]

    def up() -> float:
        with tempfile.TemporaryDirectory(dir=home) as folder:
            began = time.perf_counter()
            with running(Path(folder)):
                return time.perf_counter() - began

    reference = "python -c 'import aiohttp.web'"
    return [paired("sandbox, until it answers", reference, 1.5, up, partial(process, bare), max(runs, 15))]


def helm(home: Path, runs: int) -> list[Row]:
    """The chart that `helm create` makes: a Deployment, a Service and a service account."""
    program = os.environ["WIZARD_HELM"]
    process([program, "create", str(home / "small")])
    with ControlPlane.start(home / "controlplane") as plane, running(home) as sandbox:
        on_sandbox = partial(_install, program, home, sandbox.kubeconfig, itertools.count())
        on_plane = partial(_install, program, home, plane.kubeconfig("admin"), itertools.count())
        return [
            paired(
                f"helm upgrade --install --wait of a small chart, sandbox at speed {SPEED:g}",
                "the same on the real control plane",
                1.5,
                on_sandbox,
                on_plane,
                max(runs, 9),
            )
        ]


def _install(program: str, home: Path, kubeconfig: Path, numbers: Iterator[int]) -> float:
    env = {**os.environ, "HOME": str(home), "KUBECONFIG": str(kubeconfig)}
    name = f"small-{next(numbers)}"
    took = process([program, "upgrade", "--install", "--wait", name, str(home / "small")], env)
    process([program, "uninstall", "--wait", name], env)  # or the node is full after a few
    return took
