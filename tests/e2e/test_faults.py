"""Bad input and faults: each ends with a finding, the right exit code, and nothing lost."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ON_SANDBOX, Deployment, Plane, end

BROKEN = {"open-webui": {"values": {"image": {"tag": "does-not-exist"}}}}


REFUSED = [("unreachable", "cluster-unreachable"), ("wrong-token", "credentials-refused"), ("denied", "forbidden")]


def _kubeconfig(deployment: Deployment, identity: Any) -> Path:
    path = deployment.plane.kubeconfig(identity, deployment.home / f"{identity}.kubeconfig")
    if ON_SANDBOX and identity == "denied":
        # It has no list of tokens to put somebody on: a service account that nothing is granted to is as poor.
        account = "/api/v1/namespaces/default/serviceaccounts/default/token"
        token = deployment.plane.request("POST", account, {"spec": {}})[1]["status"]["token"]
        config = yaml.safe_load(path.read_text())
        config["users"][0]["user"] = {"token": token}
        path.write_text(yaml.safe_dump(config))
    return path


@pytest.mark.parametrize(("identity", "code"), REFUSED)
def test_a_cluster_that_cannot_be_used_is_a_failed_preflight(deployment: Deployment, identity: Any, code: str) -> None:
    deployment.environment["KUBECONFIG"] = str(_kubeconfig(deployment, identity))
    run = deployment.deploy(code=3)
    run.finding(code)
    assert "do:" in run.stderr
    deployment.command("status", code=3)
    deployment.wizard("doctor", "--profile", str(deployment.profile), code=3)


def test_no_such_context_names_those_there_are(deployment: Deployment) -> None:
    deployment.data["target"]["cluster"] = {"context": "nowhere"}
    run = deployment.deploy(code=3)
    run.finding("no-such-context")
    assert "It has:" in run.stderr


def test_a_broken_kubeconfig_is_a_finding(deployment: Deployment) -> None:
    broken = deployment.home / "kubeconfig"
    broken.write_text("apiVersion: v1\nclusters: [}\n")
    deployment.environment["KUBECONFIG"] = str(broken)
    deployment.deploy(code=3).finding("kubeconfig")
    deployment.environment["KUBECONFIG"] = str(deployment.home / "absent")
    deployment.deploy(code=3).finding("kubeconfig")


def test_a_namespace_stuck_in_terminating_stops_before_anything_is_done(deployment: Deployment) -> None:
    path = f"/api/v1/namespaces/{deployment.namespace}"
    body = {"metadata": {"name": deployment.namespace}}
    assert deployment.plane.request("POST", "/api/v1/namespaces", body)[0] == 201
    held = {"metadata": {"name": "held", "finalizers": ["example.com/never"]}}
    assert deployment.plane.request("POST", f"{path}/configmaps", held)[0] == 201
    deployment.plane.request("DELETE", path)
    try:
        deployment.deploy(code=3).finding("namespace-terminating")
        deployment.command("plan", code=3)
    finally:
        patch = {"metadata": {"finalizers": None}}
        deployment.plane.request("PATCH", f"{path}/configmaps/held", patch, "application/merge-patch+json")


def _namespace(deployment: Deployment) -> str:
    path = f"/api/v1/namespaces/{deployment.namespace}"
    body = {"metadata": {"name": deployment.namespace, "labels": {"app.kubernetes.io/managed-by": "wizard"}}}
    assert deployment.plane.request("POST", "/api/v1/namespaces", body)[0] == 201
    return path


def test_an_exceeded_quota_is_named(deployment: Deployment) -> None:
    path = _namespace(deployment)
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"requests.memory": "700Mi"}}}
    assert deployment.plane.request("POST", f"{path}/resourcequotas", quota)[0] == 201
    run = deployment.deploy(code=4)
    line = run.finding("quota-exceeded")
    assert "exceeded quota: small" in run.stderr
    assert "ollama" in line, "Ollama is the one that does not fit"


def test_an_unschedulable_pod_is_named_with_the_scheduler_s_words(deployment: Deployment) -> None:
    deployment.data["components"] = {"ollama": {"resources": {"requests": {"cpu": "400"}, "limits": {"cpu": "400"}}}}
    run = deployment.deploy(code=4)
    run.finding("unschedulable")
    assert "Insufficient cpu" in run.stderr
    assert "ready:open-webui skipped" in run.stderr
    assert "ready:postgresql ok" in run.stderr, "what does not depend on it goes on"


def test_an_image_that_cannot_be_pulled_fails_and_rollback_goes_back(deployment: Deployment) -> None:
    deployment.deploy()
    good = deployment.command("plan", "--json")
    deployment.data["components"] = BROKEN
    run = deployment.deploy("--rollback", code=4)
    run.finding("image-pull-failed")
    assert "does-not-exist" in run.stderr
    assert "revert:open-webui done" in run.stderr
    assert deployment.revisions()["open-webui"] == (3, "deployed")
    assert deployment.revisions()["ollama"] == (1, "deployed"), "only the run's own changes are undone"
    deployment.data.pop("components")
    again = deployment.deploy()
    assert "started" not in again.stderr, "what is there is what the good profile means: nothing to do"
    assert json.loads(good.stdout)["steps"] == []


def test_a_first_deployment_that_fails_is_undone_by_rollback(deployment: Deployment) -> None:
    deployment.data["components"] = BROKEN
    deployment.deploy(code=4)
    assert deployment.revisions()["open-webui"] == (1, "deployed")
    deployment.command("rollback", "--yes")
    assert deployment.revisions() == {}


def test_a_crash_loop_is_explained_with_the_container_s_last_words(deployment: Deployment) -> None:
    deployment.data["components"] = {"open-webui": {"values": {"image": {"tag": "crash-loop"}}}}
    run = deployment.deploy(code=4)
    run.finding("crash-loop")
    assert "exit code 1" in run.stderr
    assert "log: " in run.stderr
    assert "FATAL" in run.stderr


def test_a_readiness_that_never_comes_ends_with_the_deadline(deployment: Deployment) -> None:
    deployment.ask("postgresql", never_ready="true")
    run = deployment.deploy("--deadline", "4", code=4)
    run.finding("deadline")
    assert "0 of 1 pods ready" in run.stderr
    # The pod gets well by itself: the next run only waits for it.
    pods = f"/api/v1/namespaces/{deployment.namespace}/pods/postgresql-0"
    patch = {"metadata": {"annotations": {"wizard.test/never-ready": None}}}
    assert deployment.plane.request("PATCH", pods, patch, "application/merge-patch+json")[0] == 200
    assert deployment.revisions()["postgresql"] == (1, "deployed")
    deployment.deploy()
    assert deployment.revisions()["postgresql"] == (1, "deployed")


def test_hostile_log_lines_do_not_reach_the_terminal_raw(deployment: Deployment) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07[bold red]not markup[/]\x00 caf\u00e9"
    deployment.data["components"] = {
        "open-webui": {"values": {"image": {"tag": "crash-loop"}, "podAnnotations": {"wizard.test/logs": hostile}}}
    }
    run = deployment.deploy(code=4)
    assert "[bold red]not markup[/]" in run.stderr
    assert "\x1b" not in run.stderr
    assert "\x00" not in run.stderr


def test_a_release_of_somebody_else_is_left_alone(deployment: Deployment) -> None:
    _namespace(deployment)
    chart = deployment.home / "other"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: other\nversion: 1.2.3\n")
    (chart / "templates" / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\ndata: {a: b}\n"
    )
    deployment.helm("install", "ollama", str(chart), "-n", deployment.namespace)
    run = deployment.deploy(code=3)
    run.finding("foreign-release")
    assert "other 1.2.3" in run.stderr
    assert deployment.revisions() == {"ollama": (1, "deployed")}


def test_an_object_of_somebody_else_in_the_way_is_found_before_anything_is_done(deployment: Deployment) -> None:
    path = _namespace(deployment)
    service = {"metadata": {"name": "ollama"}, "spec": {"ports": [{"port": 80}]}}
    assert deployment.plane.request("POST", f"{path}/services", service)[0] == 201
    run = deployment.deploy(code=3)
    assert "Service" in run.finding("foreign-object")
    assert deployment.revisions() == {}


def test_a_change_that_the_api_server_refuses_is_found_by_the_plan(deployment: Deployment) -> None:
    deployment.deploy()
    deployment.data["database"]["internal"]["storage"] = "3Gi"
    run = deployment.deploy(code=3)
    assert "statefulset" in run.finding("cannot-apply")
    assert deployment.revisions()["postgresql"] == (1, "deployed")


def test_two_wizards_at_once_one_is_told_who_holds_the_lock(deployment: Deployment) -> None:
    deployment.ask("postgresql", ready_after="6s")
    first = deployment.start("--profile", str(deployment.profile), "--yes", "--json")
    assert first.stdout is not None
    for line in first.stdout:  # the lock is held from before the first event on
        if json.loads(line)["event"] == "run-started":
            break
    second = deployment.deploy(code=5)
    line = second.finding("locked")
    assert "since" in line
    assert " on " in line
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, (out, err)
    deployment.deploy()


def test_ctrl_c_drains_and_the_next_run_goes_on(deployment: Deployment) -> None:
    deployment.ask("postgresql", ready_after="30s")
    run = deployment.start("--profile", str(deployment.profile), "--yes", "--json")
    assert run.stdout is not None
    for line in run.stdout:
        if json.loads(line).get("step") == "ready:postgresql":
            break
    began = time.monotonic()
    out, err = end(run, signal.SIGINT)
    assert run.returncode == 6, (out, err)
    assert time.monotonic() - began < 20, "waiting is given up, only helm is let finish"
    assert {status for _, status in deployment.revisions().values()} == {"deployed"}
    assert '"event": "draining"' in out
    journal = next(deployment.state.rglob("*.jsonl")).read_text()
    assert json.loads(journal.splitlines()[-1])["exit_code"] == 6
    deployment.ask("postgresql")
    deployment.deploy()


def test_a_full_disk_stops_before_the_first_change(deployment: Deployment) -> None:
    state = deployment.state / "runs" / deployment.name
    state.parent.mkdir(parents=True)
    state.write_text("a file where the journal's folder should be")
    deployment.deploy(code=3).finding("journal-unwritable")
    assert deployment.revisions() == {}


def test_an_api_server_that_goes_away_and_comes_back(
    fresh: Plane, deployments: Callable[..., Deployment], tmp_path: Path
) -> None:
    """A client certificate or a token of a cluster that has died: unreachable, with its address."""
    deployment = deployments(fresh)
    deployment.deploy()
    fresh.stop()
    assert "127.0.0.1" in deployment.deploy(code=3).finding("cluster-unreachable")
