"""kill -9 at random moments: a plain second run ends with the same objects as an undisturbed one."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Deployment, Plane

KILLS = 20
SEED = int(os.environ.get("WIZARD_KILL_SEED", "20261123"))

_KINDS = (
    ("/apis/apps/v1", "deployments"),
    ("/apis/apps/v1", "statefulsets"),
    ("/apis/batch/v1", "jobs"),
    ("/api/v1", "services"),
    ("/api/v1", "serviceaccounts"),
    ("/api/v1", "configmaps"),
    ("/api/v1", "persistentvolumeclaims"),
    ("/api/v1", "secrets"),
    ("/apis/networking.k8s.io/v1", "networkpolicies"),
    ("/apis/networking.k8s.io/v1", "ingresses"),
)
_OWN = {"clusterIP", "clusterIPs", "volumeName", "selector", "template"}
"""Fields that each cluster fills in for itself; a Job's selector and labels hold its uid."""


def objects(deployment: Deployment) -> dict[str, Any]:
    """Everything in the namespace that does not differ from one undisturbed run to the next."""
    found: dict[str, Any] = {}
    for group, plural in _KINDS:
        for obj in deployment.objects(group, plural):
            meta = obj["metadata"]
            if obj.get("type") == "helm.sh/release.v1":
                continue  # their number may differ: a repaired release has one more revision
            spec = obj.get("spec", {})
            own = _OWN if plural == "jobs" else _OWN - {"selector", "template"}
            found[f"{plural}/{meta['name']}"] = {
                "labels": meta.get("labels"),
                "annotations": {
                    key: value
                    for key, value in (meta.get("annotations") or {}).items()
                    if "volume" not in key and key != "deployment.kubernetes.io/revision"
                },
                "spec": {key: value for key, value in spec.items() if key not in own},
                "keys": sorted(obj.get("data", {})),
            }
    text = re.sub(re.escape(deployment.namespace), "NS", repr(sorted(found.items())))
    # What a Secret is made of holds the database's host name, and that the namespace's.
    text = re.sub(r"(wizard\.dev/(?:secrets|made-of)': )'[0-9a-f]{16}'", r"\1'DIGEST'", text)
    return {"text": text, "names": sorted(found)}


def _children(pid: int) -> list[int]:
    """The wizard's helm processes; in sessions of their own, so that killing its group spares them."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _kill(process: subprocess.Popen[str], *, helm_too: bool) -> None:
    for child in _children(process.pid) if helm_too else ():
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.kill()
    process.communicate(timeout=60)


@pytest.fixture(scope="module")
def undisturbed(roomy: Plane, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, dict[str, Any]]:
    """How long a whole deployment takes here, in seconds, and what it leaves."""
    home = tmp_path_factory.mktemp("undisturbed")
    deployment = Deployment(roomy, home, "undisturbed", _profile("undisturbed"))
    deployment.ask("postgresql", ready_after="1s")
    began = time.monotonic()
    deployment.deploy()
    took = time.monotonic() - began
    left = objects(deployment)
    roomy.request("DELETE", "/api/v1/namespaces/undisturbed")
    return took, left


def _profile(name: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": name,
        "namespace": name,
        "target": {"kind": "cluster"},
        "models": ["qwen3:0.6b"],
        "storage": {"models": "2Gi", "openWebui": "1Gi"},
        "database": {"internal": {"storage": "1Gi"}},
        "observability": {"enabled": False},
    }
    return data


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_deployment_is_finished_by_the_next_run(
    roomy: Plane,
    deployments: Callable[..., Deployment],
    undisturbed: tuple[float, dict[str, Any]],
    number: int,
) -> None:
    took, wanted = undisturbed
    dice = random.Random(f"{SEED}/{number}")
    # Past the first half second, in which Python only imports; up to a little after the usual end.
    moment = dice.uniform(0.4, took * 1.05)
    deployment = deployments(roomy)
    deployment.ask("postgresql", ready_after="1s")
    process = deployment.start("--profile", str(deployment.profile), "--yes")
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        _kill(process, helm_too=number % 2 == 0)
    deployment.deploy()
    assert {status for _, status in deployment.revisions().values()} == {"deployed"}
    assert objects(deployment)["names"] == wanted["names"], f"killed after {moment:.2f} s"
    assert objects(deployment)["text"] == wanted["text"], f"killed after {moment:.2f} s"
    assert "nothing to do" in deployment.command("plan").stdout
