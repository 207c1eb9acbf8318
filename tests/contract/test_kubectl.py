"""The real kubectl on the sandbox, held against what it printed of a real control plane, or prints now."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest

from .compare import differences, recorded
from .scripts import SCRIPTS
from .shell import Kubectl, Script
from .tools import Missing, kubectl


@pytest.fixture
def binary() -> str:
    try:
        return kubectl()
    except Missing as problem:
        pytest.skip(str(problem))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_kubectl_prints_what_it_prints_of_the_real_cluster(
    script: Script, binary: str, moving: Path, real_kubeconfig: Path | None, tmp_path: Path
) -> None:
    name = f"kubectl_{script.name}"
    expected = recorded(name)
    if real_kubeconfig is not None:
        now = Kubectl(binary, real_kubeconfig, tmp_path / "real").play(script)
        stale = list(differences(name, expected, now, "real, now"))
        assert not stale, "the recording is out of date:\n" + "\n".join(stale)
    found = list(differences(name, expected, Kubectl(binary, moving, tmp_path / "sandbox").play(script), "sandbox"))
    assert not found, "\n" + "\n".join(found)


def _measured(run: Kubectl, pods: int) -> list[list[str]]:
    """The table of `top`, once all of them are in it: a container is measured after it has run for a while."""
    deadline = time.monotonic() + 30
    while True:
        code, told = run("top", "pods", "-l", "app=busy")
        rows = [line.split() for line in told.splitlines()]
        if code == 0 and len(rows) == pods + 1:
            return rows
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


def test_top_shows_what_the_simulated_load_uses(binary: str, moving: Path, tmp_path: Path) -> None:
    """The real control plane of our tests has no metrics-server, so that there is nothing to compare with."""
    run = Kubectl(binary, moving, tmp_path)
    run("create", "deployment", "busy", "--image=sound:1", "--replicas=2")
    try:
        assert run("rollout", "status", "deployment/busy", "--timeout=60s")[0] == 0
        rows = _measured(run, 2)
        assert rows[0] == ["NAME", "CPU(cores)", "MEMORY(bytes)"]
        assert [(cpu, memory) for _, cpu, memory in rows[1:]] == [("3m", "24Mi")] * 2
        nodes = run("top", "nodes")[1].splitlines()
        assert nodes[0].split() == ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
        assert nodes[1].split()[0] == "server"
        assert run("get", "apiservice", "v1beta1.metrics.k8s.io")[0] == 0
    finally:
        run("delete", "deployment", "busy", "--wait=false")


def test_a_followed_log_goes_on_until_its_pod_is_gone(binary: str, kubeconfig: Path, tmp_path: Path) -> None:
    run, name = Kubectl(binary, kubeconfig, tmp_path), f"said-{uuid.uuid4().hex[:6]}"
    run("run", name, "--image=sound:1")
    assert run("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")[0] == 0
    following = run.start("logs", "-f", name)
    assert following.stdout is not None
    for line in following.stdout:
        if line.startswith("still running after"):  # what it says while it is followed, not only what it had said
            break
    assert following.poll() is None
    assert run("delete", "pod", name, "--grace-period=1", "--timeout=60s")[0] == 0
    following.communicate(timeout=60)
    assert following.returncode == 0
