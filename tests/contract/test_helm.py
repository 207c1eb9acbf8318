"""The real helm on both clusters: a chart that is not ours, with hooks, a CRD and one of everything else."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wizard.sandbox import manager

from .client import Client
from .conftest import WANTED

CHART = Path(__file__).parent / "charts" / "mixed"
RELEASE = "mixed"


class Helm:
    """helm, pointed at one cluster and one namespace, with homes of its own."""

    def __init__(self, binary: str, kubeconfig: Path, home: Path) -> None:
        self._binary = binary
        self.namespace = f"helm-{uuid.uuid4().hex[:6]}"
        self.client = Client(kubeconfig)
        homes = {f"HELM_{each}_HOME": str(home / each.lower()) for each in ("CACHE", "CONFIG", "DATA")}
        self._env = {**os.environ, "KUBECONFIG": str(kubeconfig), **homes}

    def __call__(self, *args: str, fails: bool = False) -> str:
        done = subprocess.run(
            [self._binary, *args, "--namespace", self.namespace], env=self._env, capture_output=True, text=True
        )
        assert (done.returncode != 0) is fails, f"helm {args}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def get(self, path: str) -> Any:
        answer = self.client.request("GET", path.replace("{ns}", self.namespace))
        return answer.body if answer.status == 200 else None


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox with its controllers, twenty times as fast as the world."""
    state = tmp_path_factory.mktemp("moving")
    yield manager.up(state, options=manager.UpOptions(speed=20, seed=1)).kubeconfig
    manager.down(state)


@pytest.fixture(params=["sandbox", "real"])
def helm(request: pytest.FixtureRequest, moving: Path, tmp_path: Path) -> Iterator[Helm]:
    binary = os.environ.get("WIZARD_HELM") or shutil.which("helm") or shutil.which("helm", path="/tmp/helm-dev")
    if binary is None:
        pytest.skip("no helm: set WIZARD_HELM or put one on PATH")
    kubeconfig = moving
    if request.param == "real":
        if not WANTED:
            pytest.skip("no real API server to ask: WIZARD_CONTRACT=controlplane")
        kubeconfig = Path(WANTED)
        if WANTED == "controlplane":
            kubeconfig = request.getfixturevalue("controlplane").layout.kubeconfig
    found = Helm(binary, kubeconfig, tmp_path)
    yield found
    found.client.request("DELETE", f"/api/v1/namespaces/{found.namespace}")


WEB = "/apis/apps/v1/namespaces/{ns}/deployments/mixed"
WIDGET = "/apis/mixed.wizard.dev/v1/namespaces/{ns}/widgets/mixed"
MAPS = "/api/v1/namespaces/{ns}/configmaps"


def _image(helm: Helm) -> str:
    return str(helm.get(WEB)["spec"]["template"]["spec"]["containers"][0]["image"])


def test_install_upgrade_roll_back_uninstall(helm: Helm) -> None:
    wait = ("--wait", "--timeout", "60s")
    helm("upgrade", "--install", RELEASE, str(CHART), "--create-namespace", *wait)
    assert helm.get(WEB)["status"]["readyReplicas"] == 2
    assert helm.get(WIDGET)["spec"] == {"size": 1, "colour": "red"}
    assert helm.get("/apis/batch/v1/namespaces/{ns}/jobs/mixed-before") is None

    helm("upgrade", RELEASE, str(CHART), "--set", "replicas=3,image=sound:2,size=2", *wait)
    assert (helm.get(WEB)["status"]["readyReplicas"], _image(helm)) == (3, "sound:2")
    assert helm.get(WIDGET)["spec"]["size"] == 2
    assert helm.get(f"{MAPS}/mixed-after")["data"] == {"revision": "2"}
    assert helm.get(WIDGET)["metadata"]["generation"] == 2

    helm("rollback", RELEASE, "1", *wait)
    assert (helm.get(WEB)["spec"]["replicas"], _image(helm)) == (2, "sound:1")
    assert [line.split()[0] for line in helm("history", RELEASE).splitlines()[1:]] == ["1", "2", "3"]
    secrets = helm.get("/api/v1/namespaces/{ns}/secrets?labelSelector=owner=helm")["items"]
    assert sorted(each["metadata"]["labels"]["status"] for each in secrets) == [
        "deployed", "superseded", "superseded",
    ]  # fmt: skip

    helm("uninstall", RELEASE, *wait)
    assert helm.get(WEB) is None and helm.get(WIDGET) is None
    assert helm.get("/apis/apps/v1/namespaces/{ns}/replicasets")["items"] == []
    assert helm.get("/api/v1/namespaces/{ns}/secrets?labelSelector=owner=helm")["items"] == []
    assert helm.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.mixed.wizard.dev")


def test_what_the_schema_refuses_fails_the_upgrade(helm: Helm) -> None:
    helm("upgrade", "--install", RELEASE, str(CHART), "--create-namespace")
    told = helm("upgrade", RELEASE, str(CHART), "--set", "size=0", fails=True)
    assert "spec.size in body should be greater than or equal to 1" in told
    assert helm.get(WIDGET)["spec"]["size"] == 1


def test_a_field_of_another_manager_is_a_conflict(helm: Helm) -> None:
    helm("upgrade", "--install", RELEASE, str(CHART), "--create-namespace")
    path = WEB.replace("{ns}", helm.namespace)
    mine = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "mixed"}, "spec": {"replicas": 1}}
    apply = "application/apply-patch+yaml"
    assert helm.client.request("PATCH", f"{path}?fieldManager=me&force=true", mine, content=apply).status == 200
    told = helm("upgrade", RELEASE, str(CHART), "--set", "replicas=3", fails=True)
    assert 'conflict with "me": .spec.replicas' in told
    helm("upgrade", RELEASE, str(CHART), "--set", "replicas=3", "--force-conflicts")
    assert helm.get(WEB)["spec"]["replicas"] == 3
