"""The real helm, 4 and 3, on both clusters: charts that are not ours, through their whole life."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import tools
from .client import Client

CHARTS = Path(__file__).parent / "charts"
MIXED, CLUSTER = str(CHARTS / "mixed"), str(CHARTS / "cluster")
RELEASE = "mixed"
WAIT = ("--wait", "--timeout", "60s")


class Helm:
    """helm, pointed at one cluster and one namespace, with homes of its own."""

    def __init__(self, major: str, kubeconfig: Path, home: Path) -> None:
        try:
            self.major, self._binary = major, tools.helm(major)
        except tools.Missing as problem:
            pytest.skip(str(problem))
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

    def names(self, path: str) -> list[str]:
        """Of what a list has that is not on its way out."""
        items = self.get(path)["items"]
        return sorted(each["metadata"]["name"] for each in items if "deletionTimestamp" not in each["metadata"])

    def history(self, release: str) -> list[str]:
        """`1 superseded`, oldest first, from the labels of helm's Secrets."""
        found = self.get(f"/api/v1/namespaces/{{ns}}/secrets?labelSelector=owner=helm,name={release}")["items"]
        labels = sorted(
            (int(each["metadata"]["labels"]["version"]), each["metadata"]["labels"]["status"]) for each in found
        )
        return [f"{version} {status}" for version, status in labels]


def _helm(major: str, kubeconfig: Path, home: Path) -> Iterator[Helm]:
    found = Helm(major, kubeconfig, home)
    yield found
    found.client.request("DELETE", f"/api/v1/namespaces/{found.namespace}")


@pytest.fixture(params=["4", "3"])
def helm(request: pytest.FixtureRequest, kubeconfig: Path, tmp_path: Path) -> Iterator[Helm]:
    yield from _helm(request.param, kubeconfig, tmp_path)


@pytest.fixture
def helm4(kubeconfig: Path, tmp_path: Path) -> Iterator[Helm]:
    yield from _helm("4", kubeconfig, tmp_path)


APPS = "/apis/apps/v1/namespaces/{ns}"
WEB = f"{APPS}/deployments/mixed"
WIDGET = "/apis/mixed.wizard.dev/v1/namespaces/{ns}/widgets/mixed"
MAPS = "/api/v1/namespaces/{ns}/configmaps"
JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"


def _image(helm: Helm) -> str:
    return str(helm.get(WEB)["spec"]["template"]["spec"]["containers"][0]["image"])


def test_install_upgrade_roll_back_uninstall(helm: Helm) -> None:
    helm("upgrade", "--install", RELEASE, MIXED, "--create-namespace", *WAIT)
    assert helm.get(WEB)["status"]["readyReplicas"] == 2
    assert helm.get(WIDGET)["spec"] == {"size": 1, "colour": "red"}
    assert helm.get(f"{JOBS}/mixed-before") is None

    helm("upgrade", RELEASE, MIXED, "--set", "replicas=3,image=sound:2,size=2", *WAIT)
    assert (helm.get(WEB)["status"]["readyReplicas"], _image(helm)) == (3, "sound:2")
    assert helm.get(WIDGET)["spec"]["size"] == 2
    assert helm.get(f"{MAPS}/mixed-after")["data"] == {"revision": "2"}
    assert helm.get(WIDGET)["metadata"]["generation"] == 2

    helm("rollback", RELEASE, "1", *WAIT)
    assert (helm.get(WEB)["spec"]["replicas"], _image(helm)) == (2, "sound:1")
    assert [line.split()[0] for line in helm("history", RELEASE).splitlines()[1:]] == ["1", "2", "3"]
    assert helm.history(RELEASE) == ["1 superseded", "2 superseded", "3 deployed"]

    helm("uninstall", RELEASE, *WAIT)
    assert helm.get(WEB) is None and helm.get(WIDGET) is None
    assert helm.names(f"{APPS}/replicasets") == []
    assert helm.history(RELEASE) == []
    assert helm.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.mixed.wizard.dev")


def test_what_helm_create_makes(helm: Helm, tmp_path: Path) -> None:
    helm("create", str(tmp_path / "fresh"))
    chart, web = str(tmp_path / "fresh"), f"{APPS}/deployments/fresh"
    helm("install", "fresh", chart, "--create-namespace", *WAIT)
    assert helm.get(web)["status"]["readyReplicas"] == 1
    ingress = "ingress.enabled=true,ingress.hosts[0].host=a.example,ingress.hosts[0].paths[0].path=/"
    more = f"{ingress},ingress.hosts[0].paths[0].pathType=Prefix,replicaCount=2,image.tag=1.2.3"
    helm("upgrade", "fresh", chart, "--set", more, *WAIT)
    assert helm.get(web)["status"]["readyReplicas"] == 2
    assert helm.names("/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses") == ["fresh"]
    helm("upgrade", "fresh", chart, "--reuse-values", "--set", "autoscaling.enabled=true")
    assert helm.names("/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers") == ["fresh"]
    helm("rollback", "fresh", "1", *WAIT)
    assert helm.names("/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses") == []
    assert helm.names("/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers") == []
    assert "STATUS: deployed" in helm("status", "fresh")
    assert "kind: Deployment" in helm("get", "manifest", "fresh")
    helm("uninstall", "fresh", *WAIT)
    assert helm.names(f"{APPS}/deployments") == []


def test_members_with_volumes_hooks_and_parts(helm: Helm) -> None:
    helm("install", "db", CLUSTER, "--create-namespace", "--wait-for-jobs", *WAIT)
    assert helm.get(f"{APPS}/statefulsets/db")["status"]["readyReplicas"] == 2
    claims = "/api/v1/namespaces/{ns}/persistentvolumeclaims"
    assert [each["status"]["phase"] for each in helm.get(claims)["items"]] == ["Bound", "Bound"]
    agents = helm.get(f"{APPS}/daemonsets/db-agent")["status"]
    assert agents["numberReady"] == agents["desiredNumberScheduled"] > 0
    assert helm.names(JOBS) == ["db-hook-0", "db-hook-1", "db-load-1"]
    assert helm.names(MAPS) == ["db-side", "kube-root-ca.crt"]
    role = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{helm.namespace}-db"
    assert helm.get(role)
    password = helm.get("/api/v1/namespaces/{ns}/secrets/db-password")["data"]

    helm("upgrade", "db", CLUSTER, "--set", "image=member:2,members=3,side.enabled=false", "--wait-for-jobs", *WAIT)
    members = helm.get(f"{APPS}/statefulsets/db")["status"]
    assert (members["readyReplicas"], members["updatedReplicas"]) == (3, 3)
    assert helm.names(MAPS) == ["kube-root-ca.crt"]
    assert helm.names(JOBS) == ["db-hook-0", "db-hook-1", "db-load-2"]
    assert helm.get("/api/v1/namespaces/{ns}/secrets/db-password")["data"] == password

    told = helm("upgrade", "db", CLUSTER, "--set", "migrated=false", fails=True)
    assert "pre-upgrade hooks failed" in told
    assert helm.get(f"{APPS}/statefulsets/db")["spec"]["replicas"] == 3
    assert helm.history("db") == ["1 superseded", "2 deployed", "3 failed"]

    helm("rollback", "db", "1", *WAIT)
    assert helm.get(f"{APPS}/statefulsets/db")["status"]["readyReplicas"] == 2
    assert "db-hook-2" in helm.names(JOBS)
    assert helm.names(claims) == ["data-db-0", "data-db-1", "data-db-2"], "a StatefulSet keeps its claims"

    told = helm("uninstall", "db", *WAIT)
    assert "db-password" in told, "helm says what it kept"
    assert helm.get(role) is None
    assert helm.get("/api/v1/namespaces/{ns}/secrets/db-password")["data"] == password
    assert helm.names(f"{APPS}/statefulsets") == helm.names(f"{APPS}/daemonsets") == []
    assert "db-hook-3" in helm.names(JOBS), "hooks are nobody's to delete"


def test_a_first_install_that_fails_leaves_nothing_when_it_is_to_be_whole(helm: Helm) -> None:
    whole = "--rollback-on-failure" if helm.major == "4" else "--atomic"
    settings = ("--set", "image=does-not-exist:1,replicas=1", "--timeout", "3s")
    helm("install", RELEASE, MIXED, "--create-namespace", whole, "--no-hooks", *settings, fails=True)
    assert helm.get(WEB) is None
    assert helm.history(RELEASE) == []


def test_what_the_schema_refuses_fails_the_upgrade(helm: Helm) -> None:
    helm("upgrade", "--install", RELEASE, MIXED, "--create-namespace")
    told = helm("upgrade", RELEASE, MIXED, "--set", "size=0", fails=True)
    assert "spec.size in body should be greater than or equal to 1" in told
    assert helm.get(WIDGET)["spec"]["size"] == 1


def test_what_helm_3_made_helm_4_takes_over(kubeconfig: Path, tmp_path: Path) -> None:
    old, new = Helm("3", kubeconfig, tmp_path), Helm("4", kubeconfig, tmp_path)
    new.namespace = old.namespace
    try:
        old("install", RELEASE, MIXED, "--create-namespace", *WAIT)
        new("upgrade", RELEASE, MIXED, "--set", "image=sound:2", *WAIT)
        assert _image(new) == "sound:2"
        managers = {each["manager"] for each in new.get(WEB)["metadata"]["managedFields"]}
        assert "helm" in managers
        old("rollback", RELEASE, "1", *WAIT)
        assert _image(old) == "sound:1"
        new("uninstall", RELEASE, *WAIT)
        assert new.get(WEB) is None
    finally:
        old.client.request("DELETE", f"/api/v1/namespaces/{old.namespace}")


def test_a_field_of_another_manager_is_a_conflict(helm4: Helm) -> None:
    helm = helm4
    helm("upgrade", "--install", RELEASE, MIXED, "--create-namespace")
    path = WEB.replace("{ns}", helm.namespace)
    mine = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "mixed"}, "spec": {"replicas": 1}}
    apply = "application/apply-patch+yaml"
    assert helm.client.request("PATCH", f"{path}?fieldManager=me&force=true", mine, content=apply).status == 200
    told = helm("upgrade", RELEASE, MIXED, "--set", "replicas=3", fails=True)
    assert 'conflict with "me": .spec.replicas' in told
    helm("upgrade", RELEASE, MIXED, "--set", "replicas=3", "--force-conflicts")
    assert helm.get(WEB)["spec"]["replicas"] == 3
