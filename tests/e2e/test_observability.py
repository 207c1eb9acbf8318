"""Monitoring and logs, deployed with the platform and removed again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ON_SANDBOX, Deployment, Plane

PLATFORM = {"postgresql", "ollama", "open-webui"}
WATCHING = {"prometheus", "alertmanager", "grafana", "loki", "alloy", "node-exporter", "kube-state-metrics"}


@pytest.fixture
def observed(roomy: Plane, deployments: Callable[..., Deployment]) -> Deployment:
    return deployments(roomy, observability={"enabled": True})


def _roles(deployment: Deployment) -> set[str]:
    """What the releases have outside of their namespace."""
    path = "/apis/rbac.authorization.k8s.io/v1"
    return {
        item["metadata"]["name"]
        for plural in ("clusterroles", "clusterrolebindings")
        for item in deployment.get(f"{path}/{plural}")["items"]
        if item["metadata"]["name"].endswith(f"-{deployment.namespace}")
    }


def test_it_is_deployed_with_the_platform_and_a_second_run_changes_nothing(observed: Deployment) -> None:
    run = observed.deploy()
    assert observed.revisions() == {name: (1, "deployed") for name in PLATFORM | WATCHING}
    namespace = observed.get(f"/api/v1/namespaces/{observed.namespace}")
    # The API server itself admitted every pod by this level, node-exporter and the log shipper included.
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert _roles(observed) == {f"{n}-{observed.namespace}" for n in ("prometheus", "alloy", "kube-state-metrics")}
    again = observed.deploy()
    assert "started" not in again.stderr, "a run with nothing to do takes no step"
    assert all(revision == 1 for revision, _ in observed.revisions().values())
    rows = json.loads(observed.command("status", "--json").stdout)["components"]
    assert {row["name"] for row in rows if row["ready"]} == PLATFORM | WATCHING
    # The password: shown to the operator, and in no release, log or journal.
    shown = observed.command("credentials", "show", "grafana-admin-password").stdout.strip()
    assert len(shown) == 24 and shown in observed.secret_values()
    written = [run.stdout, run.stderr, again.stdout, again.stderr, *observed.release_texts()]
    written += [path.read_text(errors="replace") for path in observed.home.rglob("*") if path.is_file()]
    assert not [value for value in observed.secret_values() for text in written if value in text]


def test_a_closer_look_finds_it_as_it_was_deployed(observed: Deployment) -> None:
    """Without the record, every object is compared with what a server-side dry run makes of it."""
    observed.deploy()
    record = f"/api/v1/namespaces/wizard-system/configmaps/{observed.name}"
    assert observed.plane.request("DELETE", record)[0] == 200
    plan = observed.command("plan")
    assert "~ change" not in plan.stdout and "differs" not in plan.stdout, plan.stdout
    observed.plane.request("DELETE", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/prometheus-{observed.namespace}")
    found = observed.command("plan").stdout
    assert f"clusterrole prometheus-{observed.namespace} is missing" in found
    observed.deploy()
    assert f"prometheus-{observed.namespace}" in _roles(observed)


def test_switched_off_it_is_removed_and_the_platform_stays(observed: Deployment) -> None:
    observed.deploy()
    observed.data["observability"] = {"enabled": True, "logs": {"backend": "none"}}
    observed.deploy()
    assert set(observed.revisions()) == PLATFORM | WATCHING - {"loki", "alloy"}
    observed.data["observability"] = {"enabled": False}
    observed.deploy()
    assert observed.revisions() == {name: (1, "deployed") for name in PLATFORM}
    assert _roles(observed) == set()


def test_switched_off_and_destroyed_without_a_run_in_between(observed: Deployment) -> None:
    observed.deploy()
    observed.data["observability"] = {"enabled": False}
    observed.command("destroy", "--yes")
    assert observed.revisions() == {} and _roles(observed) == set()


def test_receivers_secrets_are_asked_for_and_kept_out_of_releases(observed: Deployment) -> None:
    receiver = {"name": "ops", "kind": "slack", "secret": "slack-webhook", "channel": "#ops"}
    observed.data["observability"] = {"enabled": True, "receivers": [receiver]}
    observed.deploy(code=4).finding("secret-missing")
    address = "https://hooks.example.com/services/T0/B0/very-secret"
    observed.environment["WIZARD_SECRET_SLACK_WEBHOOK"] = address
    observed.deploy()
    assert address in observed.secret_values()
    assert not [text for text in observed.release_texts() if "very-secret" in text]
    assert any("/run/secrets/alertmanager/slack-webhook" in text for text in observed.release_texts())


@pytest.mark.skipif(not ON_SANDBOX, reason="pods of the real control plane run no programs that know anything")
def test_what_prometheus_alertmanager_and_loki_answer(fresh: Plane, deployments: Callable[..., Deployment]) -> None:
    observed = deployments(fresh, observability={"enabled": True})
    observed.deploy()

    def ask(service: str, path: str) -> Any:
        proxy = f"/api/v1/namespaces/{observed.namespace}/services/{service}:http/proxy"
        return observed.get(proxy + path)

    groups = ask("prometheus", "/api/v1/rules")["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    observed.plane.wait_for("the Watchdog", lambda: _named(observed, "Watchdog"))
    memory = ask("prometheus", "/api/v1/query?query=container_memory_working_set_bytes%7Bcontainer%3D%22ollama%22%7D")
    assert memory["data"]["result"]
    lines = ask("loki", "/loki/api/v1/query_range?query=%7Bapp%3D%22postgresql%22%7D&limit=5")
    assert lines["data"]["result"]
    (found,) = [
        service
        for service in observed.objects("/api/v1", "services")
        if service["metadata"]["labels"].get("app.kubernetes.io/name") == "alertmanager"
        and service["spec"].get("clusterIP") != "None"
    ]
    assert found["metadata"]["name"] == "alertmanager"


def _named(deployment: Deployment, alert: str) -> list[dict[str, Any]]:
    proxy = f"/api/v1/namespaces/{deployment.namespace}/services/alertmanager:http/proxy"
    status, body = deployment.plane.request("GET", f"{proxy}/api/v2/alerts")
    rows: list[dict[str, Any]] = body if status == 200 else []  # type: ignore[assignment]
    return [row for row in rows if row["labels"]["alertname"] == alert]


@pytest.mark.skipif(not ON_SANDBOX, reason="a scenario of the sandbox")
def test_ollamas_memory_raises_the_alert_after_five_simulated_minutes(
    fresh: Plane, deployments: Callable[..., Deployment]
) -> None:
    observed = deployments(fresh, observability={"enabled": True})
    observed.deploy()
    assert not _named(observed, "OllamaMemoryHigh")
    began = time.monotonic()
    assert observed.plane.request("POST", "/sandbox/scenario/ollama-memory")[0] == 200
    observed.plane.wait_for("the alert", lambda: _named(observed, "OllamaMemoryHigh"), 60)
    simulated = (time.monotonic() - began) * getattr(observed.plane, "speed", 1)
    # Memory climbs for 45 s first; readings and the wait of the test add to it.
    assert simulated >= 300
    (alert,) = _named(observed, "OllamaMemoryHigh")
    assert alert["annotations"]["summary"].startswith("Ollama memory above 80 %")
