"""Helm 4's ways: fields of other managers, and releases that an aborted operation left pending."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import time

import pytest
import yaml

from .conftest import Deployment, helm_path


def _scale(deployment: Deployment, replicas: int) -> None:
    path = f"/apis/apps/v1/namespaces/{deployment.namespace}/deployments/ollama/scale?fieldManager=kubectl"
    status, body = deployment.plane.request(
        "PATCH", path, {"spec": {"replicas": replicas}}, "application/merge-patch+json"
    )
    assert status == 200, body


def test_a_scaled_deployment_shows_its_field_and_owner_and_is_taken_back_on_request(deployment: Deployment) -> None:
    deployment.deploy()
    _scale(deployment, 3)
    plan = deployment.command("plan")
    assert "warning: .spec.replicas of deployment" in plan.stdout
    assert "belongs to kubectl" in plan.stdout
    deployment.deploy()
    assert deployment.revisions()["ollama"] == (1, "deployed"), "its owner keeps the field while nothing else changes"
    deployment.data["tiers"] = {"standard": {"ollama": {"parallel": 2}}}
    assert "error: .spec.replicas" in deployment.command("plan", code=3).stdout
    deployment.deploy(code=3).finding("field-conflict")
    assert deployment.revisions()["ollama"] == (1, "deployed"), "nothing ran"
    deployment.deploy("--take-back-conflicts")
    assert deployment.revisions()["ollama"] == (2, "deployed")
    found = deployment.get(f"/apis/apps/v1/namespaces/{deployment.namespace}/deployments/ollama")
    assert found["spec"]["replicas"] == 1


def test_an_autoscaler_s_replicas_are_not_ours(deployment: Deployment) -> None:
    deployment.data["storage"]["modelsAccess"] = "ReadWriteMany"
    deployment.data["tiers"] = {"standard": {"ollama": {"maxReplicas": 3}}}
    deployment.data["components"] = {"ollama": {"values": {"persistence": {"accessModes": ["ReadWriteMany"]}}}}
    deployment.deploy()
    _scale(deployment, 2)
    deployment.data["tiers"]["standard"]["ollama"]["parallel"] = 2
    deployment.deploy()
    found = deployment.get(f"/apis/apps/v1/namespaces/{deployment.namespace}/deployments/ollama")
    assert found["spec"]["replicas"] != 1, "the chart's own number would be 1"


def test_a_deleted_workload_comes_back(deployment: Deployment) -> None:
    deployment.deploy()
    deployment.plane.request("DELETE", f"/apis/apps/v1/namespaces/{deployment.namespace}/deployments/ollama")
    assert "is missing" in deployment.command("plan").stdout
    deployment.deploy()
    assert deployment.get(f"/apis/apps/v1/namespaces/{deployment.namespace}/deployments/ollama")


def test_an_edited_workload_is_found_and_put_right(deployment: Deployment) -> None:
    deployment.deploy()
    path = f"/apis/apps/v1/namespaces/{deployment.namespace}/deployments/ollama?fieldManager=kubectl-edit"
    patch = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}}
    assert deployment.plane.request("PATCH", path, patch, "application/merge-patch+json")[0] == 200
    plan = deployment.command("plan")
    assert "belongs to kubectl-edit" in plan.stdout
    deployment.deploy("--take-back-conflicts")
    found = deployment.get(path.partition("?")[0])
    assert found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 60


def _make_pending(deployment: Deployment, release: str, status: str) -> None:
    """What a SIGKILLed helm leaves: its newest release Secret in a pending state, some time ago."""
    newest = max(
        (
            secret
            for secret in deployment.objects("/api/v1", "secrets")
            if secret["metadata"].get("labels", {}).get("name") == release
        ),
        key=lambda secret: int(secret["metadata"]["labels"]["version"]),
    )
    text = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(newest["data"]["release"]))))
    text["info"]["status"] = status
    text["info"]["last_deployed"] = "2026-01-01T00:00:00Z"
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(text).encode()))).decode()
    labels = {"status": status, "modifiedAt": "1767225600"}
    name = newest["metadata"]["name"]
    code, body = deployment.plane.request(
        "PATCH",
        f"/api/v1/namespaces/{deployment.namespace}/secrets/{name}",
        {"metadata": {"labels": labels}, "data": {"release": packed}},
        "application/merge-patch+json",
    )
    assert code == 200, body


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"])
def test_a_release_left_pending_is_repaired(deployment: Deployment, status: str) -> None:
    deployment.deploy()
    if status in ("pending-upgrade", "pending-rollback"):
        deployment.data["tiers"] = {"standard": {"ollama": {"parallel": 2}}}
        deployment.deploy()
    _make_pending(deployment, "ollama", status)
    plan = deployment.command("plan", "--detailed-exitcode", code=7)
    assert "! repair" in plan.stdout
    assert status in plan.stdout
    deployment.deploy()
    assert deployment.revisions()["ollama"][1] == "deployed"
    assert "nothing to do" in deployment.command("plan").stdout


def test_a_killed_helm_s_release_is_repaired(deployment: Deployment) -> None:
    """The real thing: helm itself is killed while its release is pending."""
    deployment.deploy()
    deployment.ask("ollama", never_ready="true")
    values = json.loads(deployment.helm("get", "values", "ollama", "-n", deployment.namespace, "-o", "json"))
    values["podAnnotations"] = {"wizard.test/never-ready": "true"}
    file = deployment.home / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    chart = str(_chart("ollama"))
    waiting = subprocess.Popen(
        [helm_path(), "upgrade", "ollama", chart, "-n", deployment.namespace, "-f", str(file), "--wait"],
        env=deployment.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 30
    while deployment.revisions()["ollama"][1] != "pending-upgrade":
        assert waiting.poll() is None, f"helm ended by itself: {waiting.communicate()[0]}"
        assert time.monotonic() < deadline, "helm never got to pending-upgrade"
    waiting.kill()
    waiting.communicate(timeout=10)
    deployment.data.pop("components")
    run = deployment.deploy()
    assert "letting it settle" in run.stderr, "a young pending release may still be somebody's work"
    assert deployment.revisions()["ollama"][1] == "deployed"


def _chart(name: str) -> object:
    from wizard.catalog.charts import chart

    return chart(name).path
