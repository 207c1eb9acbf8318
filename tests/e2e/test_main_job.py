"""Deploy, nothing to do, one change, plans, secrets, destroy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Deployment, Plane

ALL = {"postgresql", "ollama", "open-webui"}


def test_the_shipped_profile_deploys_and_a_second_run_changes_nothing(
    roomy: Plane, deployments: Callable[..., Deployment]
) -> None:
    deployment = deployments(roomy)
    shipped = ("--profile", "k3s-4gb", "--set", "target.kind=cluster", "--set", "observability.enabled=false")
    mine = (*shipped, "--set", f"name={deployment.name}", "--set", f"namespace={deployment.namespace}")
    deployment.wizard(*mine, "--yes")
    first = deployment.revisions()
    assert first == {name: (1, "deployed") for name in ALL}
    again = deployment.wizard(*mine, "--yes")
    assert deployment.revisions() == first
    assert "started" not in again.stderr, "a run with nothing to do takes no step"
    assert "https://chat.example.com" in again.stdout
    assert deployment.wizard("plan", *mine, "--detailed-exitcode").code == 0


def test_one_changed_value_changes_one_release_and_the_plan_shows_its_diff(deployment: Deployment) -> None:
    deployment.deploy()
    deployment.data["tiers"] = {"standard": {"ollama": {"parallel": 3}}}
    plan = deployment.command("plan", "--detailed-exitcode", code=7)
    assert "~ change  release" in plan.stdout
    assert "-          value: '1'" in plan.stdout
    assert "+          value: '3'" in plan.stdout
    assert plan.stdout.count("~ change") == 1
    deployment.deploy()
    assert deployment.revisions() == {
        "ollama": (2, "deployed"),
        "postgresql": (1, "deployed"),
        "open-webui": (1, "deployed"),
    }


def test_a_new_model_is_pulled_by_a_new_job(deployment: Deployment) -> None:
    deployment.deploy()
    deployment.data["models"] = ["qwen3:0.6b", "nomic-embed-text"]
    deployment.deploy()
    jobs = deployment.objects("/apis/batch/v1", "jobs")
    assert {job["metadata"]["annotations"]["wizard.dev/models"] for job in jobs} == {
        "qwen3:0.6b,nomic-embed-text:latest"
    }
    status, body = deployment.plane.request(
        "GET", f"/api/v1/namespaces/{deployment.namespace}/services/ollama:http/proxy/api/tags"
    )
    assert status == 200
    assert {model["name"] for model in body["models"]} == {"qwen3:0.6b", "nomic-embed-text:latest"}


def test_json_lines_carry_a_schema_version_and_end_with_the_exit_code(deployment: Deployment) -> None:
    events = deployment.deploy("--json").events
    assert {event["v"] for event in events} == {1}
    assert events[0]["event"] == "run-started"
    assert events[-1] | {"at": 0} == {
        "v": 1,
        "at": 0,
        "event": "run-finished",
        "run": events[0]["run"],
        "exit_code": 0,
    }
    assert {e["release"] for e in events if e["event"] == "release-changed"} == ALL


def test_a_saved_plan_is_applied_once_and_refused_when_the_cluster_has_moved(deployment: Deployment) -> None:
    saved = deployment.home / "plan.json"
    saved.write_text(deployment.command("plan", "--json").stdout)
    deployment.wizard("apply", str(saved))
    assert deployment.revisions() == {name: (1, "deployed") for name in ALL}
    stale = deployment.wizard("apply", str(saved), code=3)
    assert "fingerprint" in stale.stderr
    stale.finding("plan-stale")


def test_status_tells_ready_from_not(deployment: Deployment) -> None:
    assert "not installed" in deployment.command("status", code=4).stdout
    deployment.deploy()
    rows = json.loads(deployment.command("status", "--json").stdout)["components"]
    assert {row["name"] for row in rows if row["ready"]} == ALL


def test_no_secret_value_is_written_anywhere(deployment: Deployment, tmp_path: Path) -> None:
    run = deployment.deploy()
    plan = deployment.command("plan", "--json")
    listed = deployment.command("credentials")
    values = deployment.secret_values()
    assert len(values) == 5, "four secrets and the database's URL"
    journals = [path for path in deployment.state.rglob("*.jsonl")]
    assert journals
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in journals)
    releases = deployment.release_texts()
    assert len(releases) == 3
    written = [run.stdout, run.stderr, plan.stdout, plan.stderr, listed.stdout, listed.stderr, *releases]
    written += [path.read_text(errors="replace") for path in deployment.home.rglob("*") if path.is_file()]
    for text in written:
        assert not [value for value in values if value in text]


def test_credentials_show_prints_the_value_the_pods_use(deployment: Deployment) -> None:
    deployment.deploy()
    shown = deployment.command("credentials", "show", "admin-password").stdout.strip()
    assert shown in deployment.secret_values()
    assert len(shown) == 24
    deployment.command("credentials", "show", "nonsense", code=2).finding("no-such-secret")


def test_secrets_of_the_environment_are_used_and_a_differing_one_is_refused(deployment: Deployment) -> None:
    deployment.environment["WIZARD_SECRET_POSTGRESQL_PASSWORD"] = "p@ss/word:from#env"
    run = deployment.deploy()
    assert "p@ss" not in run.stdout + run.stderr
    values = deployment.secret_values()
    assert "p@ss/word:from#env" in values
    url = next(value for value in values if value.startswith("postgresql://"))
    assert "p%40ss%2Fword%3Afrom%23env" in url, "quoted, or the URL would mean another host"
    deployment.environment["WIZARD_SECRET_POSTGRESQL_PASSWORD"] = "another"
    deployment.command("plan", code=3)
    deployment.deploy(code=3).finding("secret-differs")
    assert deployment.secret_values() == values


def test_a_keyring_keeps_what_was_generated(deployment: Deployment) -> None:
    module = deployment.home / "file_keyring.py"
    module.write_text(
        "import json, pathlib\n"
        "from keyring.backend import KeyringBackend\n"
        "FILE = pathlib.Path(__file__).with_name('keyring.json')\n"
        "class Keyring(KeyringBackend):\n"
        "    priority = 9\n"
        "    def _all(self): return json.loads(FILE.read_text()) if FILE.exists() else {}\n"
        "    def get_password(self, service, name): return self._all().get(service + '/' + name)\n"
        "    def set_password(self, service, name, value):\n"
        "        FILE.write_text(json.dumps({**self._all(), service + '/' + name: value}))\n"
    )
    deployment.environment |= {
        "PYTHON_KEYRING_BACKEND": "file_keyring.Keyring",
        "PYTHONPATH": f"{deployment.home}:{Path.cwd()}",
    }
    run = deployment.deploy()
    assert "secrets-only-in-cluster" not in run.stderr
    kept = json.loads((deployment.home / "keyring.json").read_text())
    assert len(kept) == 4
    assert set(kept.values()) <= deployment.secret_values()
    # The cluster's Secrets are gone, the keyring brings the same values back.
    before = deployment.secret_values()
    for secret in ("postgresql-auth", "open-webui-secrets"):
        deployment.plane.request("DELETE", f"/api/v1/namespaces/{deployment.namespace}/secrets/{secret}")
    deployment.deploy()
    assert deployment.secret_values() == before


def test_destroy_keeps_data_and_a_new_deployment_takes_it_up(deployment: Deployment) -> None:
    deployment.deploy()
    secrets = deployment.secret_values()
    claims = {c["metadata"]["name"]: c["metadata"]["uid"] for c in _claims(deployment)}
    assert len(claims) == 3
    deployment.command("destroy", "--yes")
    assert deployment.revisions() == {}
    assert {c["metadata"]["name"]: c["metadata"]["uid"] for c in _claims(deployment)} == claims
    deployment.deploy()
    assert {c["metadata"]["name"]: c["metadata"]["uid"] for c in _claims(deployment)} == claims
    assert deployment.secret_values() == secrets


def _claims(deployment: Deployment) -> list[dict[str, Any]]:
    return deployment.objects("/api/v1", "persistentvolumeclaims")


def test_destroy_with_data_leaves_nothing(deployment: Deployment) -> None:
    deployment.deploy()
    deployment.command("destroy", "--yes", "--delete-data")
    assert deployment.plane.request("GET", f"/api/v1/namespaces/{deployment.namespace}")[0] == 404
    record = f"/api/v1/namespaces/wizard-system/configmaps/{deployment.name}"
    assert deployment.plane.request("GET", record)[0] == 404
    assert "6 to create" in deployment.command("plan").stdout


def test_a_component_that_leaves_the_profile_is_removed(deployment: Deployment) -> None:
    deployment.deploy()
    deployment.data["database"] = {"kind": "external", "external": {"host": "db.example.com"}}
    assert "- remove" in deployment.command("plan").stdout
    deployment.deploy(code=4).finding("secret-missing")
    assert set(deployment.revisions()) == ALL, "nothing is removed before what replaces it is there"
    deployment.environment["WIZARD_SECRET_DATABASE_PASSWORD"] = "external"
    deployment.deploy()
    assert set(deployment.revisions()) == ALL - {"postgresql"}
    assert any(str(c["metadata"]["name"]).startswith("data-postgresql") for c in deployment.objects("/api/v1", "persistentvolumeclaims"))  # fmt: skip  # noqa: E501


def test_readiness_is_waited_for_and_told(deployment: Deployment) -> None:
    deployment.ask("postgresql", ready_after="3s")
    run = deployment.deploy()
    assert "StatefulSet postgresql: 0 of 1 pods ready" in run.stderr
    order = [line.split()[1] for line in run.stderr.splitlines() if " ok in " in line]
    assert order.index("ready:postgresql") < order.index("ready:open-webui")


@pytest.mark.parametrize("action", ["--plan", "plan"])
def test_planning_writes_nothing(deployment: Deployment, action: str) -> None:
    args = ("--profile", str(deployment.profile))
    deployment.wizard(*((*args, action) if action.startswith("-") else (action, *args)))
    assert deployment.plane.request("GET", f"/api/v1/namespaces/{deployment.namespace}")[0] == 404
    assert not deployment.state.exists()
