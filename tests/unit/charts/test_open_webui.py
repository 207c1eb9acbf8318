"""What only the open-webui chart does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.charts.conftest import CHARTS, FULL, MINIMAL, Helm, HelmFailed
from tests.unit.charts.objects import environment, of_kind, one

SCRIPT = CHARTS / "open-webui" / "files" / "wait_for_database.py"


def _env(helm: Helm, values: dict[str, Any] | None = None, *sets: str) -> dict[str, Any]:
    spec = one(helm.template("open-webui", values, sets=sets), "Deployment")["spec"]["template"]["spec"]
    return environment(spec["containers"][0])


@pytest.mark.parametrize("missing", ["database", "secretKey"])
def test_secrets_must_be_named(helm: Helm, missing: str) -> None:
    values = {key: value for key, value in MINIMAL["open-webui"].items() if key != missing}
    with pytest.raises(HelmFailed, match=rf"{missing}\.existingSecret: name a Secret"):
        helm.template("open-webui", values)


def test_secrets_are_referred_to(helm: Helm) -> None:
    env = _env(helm, FULL["open-webui"])
    for name, secret, key in (
        ("DATABASE_URL", "open-webui-database", "DATABASE_URL"),
        ("WEBUI_SECRET_KEY", "open-webui-key", "WEBUI_SECRET_KEY"),
        ("WEBUI_ADMIN_EMAIL", "open-webui-admin", "WEBUI_ADMIN_EMAIL"),
        ("WEBUI_ADMIN_PASSWORD", "open-webui-admin", "WEBUI_ADMIN_PASSWORD"),
        ("REDIS_URL", "open-webui-redis", "REDIS_URL"),
        ("OPENAI_API_KEYS", "openai", "keys"),
    ):
        assert env[name] == {"secretKeyRef": {"name": secret, "key": key}}


@pytest.mark.parametrize(
    "name",
    [
        "WEBUI_SECRET_KEY",
        "OPENAI_API_KEY",
        "DATABASE_URL",
        "X_PASSWORD",
        "SOME_TOKEN",
        "ENABLE_SIGNUP",
        "9X",
        "A-B",
    ],
)
def test_the_environment_map_takes_no_secret_and_nothing_set_elsewhere(helm: Helm, name: str) -> None:
    with pytest.raises(HelmFailed, match="schema"):
        _env(helm, MINIMAL["open-webui"] | {"env": {name: "x"}})


def test_environment_values_are_strings(helm: Helm) -> None:
    with pytest.raises(HelmFailed, match="schema"):
        _env(helm, MINIMAL["open-webui"] | {"env": {"SOME_SWITCH": True}})
    assert _env(helm, MINIMAL["open-webui"] | {"env": {"SOME_SWITCH": 'a "b" $(C)'}})["SOME_SWITCH"] == 'a "b" $(C)'


def test_typed_values(helm: Helm) -> None:
    env = _env(helm)
    assert env["ENABLE_SIGNUP"] == "False"
    assert env["OLLAMA_BASE_URLS"] == "http://ollama:11434"
    assert env["ENABLE_OLLAMA_API"] == "True"
    assert env["RAG_EMBEDDING_ENGINE"] == "ollama"
    assert "WEBUI_URL" not in env and "CORS_ALLOW_ORIGIN" not in env
    full = _env(helm, FULL["open-webui"])
    assert full["OLLAMA_BASE_URLS"] == "http://ollama:11434;https://gpu.example.com"
    assert full["WEBUI_URL"] == full["CORS_ALLOW_ORIGIN"] == "https://chat.example.com"
    assert full["WEBUI_SESSION_COOKIE_SECURE"] == full["WEBUI_AUTH_COOKIE_SECURE"] == "True"
    assert full["WEBSOCKET_MANAGER"] == "redis"
    none = _env(helm, MINIMAL["open-webui"] | {"ollama": {"urls": []}})
    assert none["ENABLE_OLLAMA_API"] == "False"
    assert not {"OLLAMA_BASE_URLS", "RAG_EMBEDDING_ENGINE"} & set(none)


@pytest.mark.parametrize(
    "url", ["chat.example.com", "https://chat.example.com/path", "javascript:alert(1)", "https://a b"]
)
def test_an_address_has_no_path(helm: Helm, url: str) -> None:
    with pytest.raises(HelmFailed, match="schema"):
        _env(helm, MINIMAL["open-webui"] | {"url": url})


def test_what_must_be_writable_is(helm: Helm) -> None:
    """Found by running 0.11.4 as nobody: it writes its data directory and STATIC_DIR, and nothing else."""
    spec = one(helm.template("open-webui"), "Deployment")["spec"]["template"]["spec"]
    container = spec["containers"][0]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"/app/backend/data", "/run/open-webui", "/tmp"}
    assert environment(container)["STATIC_DIR"].startswith("/run/open-webui/")
    assert environment(container)["HOME"] == "/tmp"


def test_the_init_container_pulls_no_other_image(helm: Helm) -> None:
    """Or the kubelet would pull the large image only after the database is up."""
    spec = one(helm.template("open-webui"), "Deployment")["spec"]["template"]["spec"]
    (wait,) = spec["initContainers"]
    assert wait["image"] == spec["containers"][0]["image"]
    off = one(helm.template("open-webui", sets=("waitForDatabase.enabled=false",)), "Deployment")
    assert "initContainers" not in off["spec"]["template"]["spec"]


def test_the_ingress(helm: Helm) -> None:
    assert not of_kind(helm.template("open-webui"), "Ingress")
    ingress = one(helm.template("open-webui", FULL["open-webui"]), "Ingress")
    assert ingress["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert ingress["spec"]["ingressClassName"] == "traefik"
    assert ingress["spec"]["tls"] == [{"hosts": ["chat.example.com"], "secretName": "open-webui-tls"}]
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == "chat.example.com"
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "open-webui", "port": {"name": "http"}}
    plain = one(
        helm.template(
            "open-webui", sets=("ingress.enabled=true", "ingress.host=a.example", "ingress.tls.secretName=x")
        ),
        "Ingress",
    )
    assert "tls" not in plain["spec"]
    with pytest.raises(HelmFailed, match=r"ingress\.host"):
        helm.template("open-webui", sets=("ingress.enabled=true",))


def test_the_volume_decides_the_strategy(helm: Helm) -> None:
    assert one(helm.template("open-webui"), "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    for values in (FULL["open-webui"], MINIMAL["open-webui"] | {"persistence": {"enabled": False}}):
        strategy = one(helm.template("open-webui", values), "Deployment")["spec"]["strategy"]
        assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_the_autoscaler_owns_the_number_of_pods(helm: Helm) -> None:
    objects = helm.template("open-webui", FULL["open-webui"])
    assert "replicas" not in one(objects, "Deployment")["spec"]
    assert one(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "open-webui"


@pytest.mark.parametrize("lacking", ["redis", "persistence"])
def test_several_pods_need_redis_and_a_shared_volume(helm: Helm, lacking: str) -> None:
    values = {key: value for key, value in FULL["open-webui"].items() if key != lacking}
    with pytest.raises(HelmFailed, match=r"several replicas need redis\.existingSecret"):
        helm.template("open-webui", values)


def test_the_network_is_opened_for_what_is_used(helm: Helm) -> None:
    def ports(*sets: str) -> list[set[int]]:
        policy = one(helm.template("open-webui", sets=sets), "NetworkPolicy")
        return [{port["port"] for port in rule["ports"]} for rule in policy["spec"]["egress"]]

    assert ports() == [{53}, {5432}, {11434}]
    assert ports("networkPolicy.allowInternet=true")[-1] == {443}
    assert ports("database.port=6432", "ollama.urls={http://a,https://b,http://c:8000,http://d:8000}")[1:] == [
        {6432},
        {80, 443, 8000},
    ]
    managed = one(
        helm.template("open-webui", MINIMAL["open-webui"] | {"networkPolicy": {"databasePeers": []}}),
        "NetworkPolicy",
    )
    assert managed["spec"]["egress"][1] == {"ports": [{"port": 5432, "protocol": "TCP"}]}
    ingress = one(helm.template("open-webui"), "NetworkPolicy")["spec"]["ingress"]
    assert ingress[0]["from"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "traefik"}


FAKE_PSYCOPG = """
import os, pathlib
class Error(Exception): pass
class OperationalError(Error): pass
class _Connection:
    def close(self): pass
def connect(url, connect_timeout):
    log = pathlib.Path(os.environ["LOG"]); log.open("a").write(url + "\\n")
    answers = os.environ["ANSWERS"].split("|")
    answer = answers[min(len(log.read_text().splitlines()), len(answers)) - 1]
    if answer: raise OperationalError(answer)
    return _Connection()
"""


def _wait(tmp_path: Path, answers: str, *, url: str, timeout: str = "10") -> subprocess.CompletedProcess[str]:
    (tmp_path / "psycopg.py").write_text(FAKE_PSYCOPG)
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.read_text()],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(tmp_path),
            "LOG": str(tmp_path / "log"),
            "ANSWERS": answers,
            "DATABASE_URL": url,
            "WAIT_TIMEOUT_SECONDS": timeout,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_waiting_ends_when_the_database_answers(tmp_path: Path, scheme: str) -> None:
    starting = 'connection to server at "pg" failed: FATAL:  the database system is starting up'
    done = _wait(tmp_path, f"{starting}|{starting}|", url=f"{scheme}://u:pw@pg/db")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "database: not ready: the database system is starting up",
        "database: ready",
    ]
    assert set((tmp_path / "log").read_text().splitlines()) == {"postgresql://u:pw@pg/db"}


def test_waiting_ends_some_time_and_shows_no_part_of_the_address(tmp_path: Path) -> None:
    done = _wait(tmp_path, "failed to resolve host 'w0rd@pg'", url="postgresql://u:pass@w0rd@pg/db", timeout="0")
    assert done.returncode == 1
    assert "w0rd" not in done.stdout + done.stderr
    assert "gave up" in done.stderr
