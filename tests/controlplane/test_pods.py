"""What answers in the pods' stead: the programs on their addresses, and the kubelets' logs."""

from __future__ import annotations

import socket
import ssl
import time

import pytest

from .cluster import ControlPlane
from .kubelet import FATAL_LINE
from .testing import apps, create, job, pod, ready, service, until

pytestmark = pytest.mark.controlplane


def _proxy(namespace: str, name: str, path: str) -> str:
    return f"/api/v1/namespaces/{namespace}/services/{name}:http/proxy{path}"


def test_the_service_proxy_reaches_open_webui(pod_network: ControlPlane, namespace: str) -> None:
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    create(pod_network, deployments, apps("webui", ports=[{"containerPort": 8080}]))
    create(pod_network, f"/api/v1/namespaces/{namespace}/services", service("webui", 8080, "webui"))
    health = _proxy(namespace, "webui", "/health")
    pod_network.wait_for("open webui", lambda: pod_network.request("GET", health) == (200, {"status": True}))
    assert pod_network.request("GET", _proxy(namespace, "webui", "/nowhere"))[0] == 404

    # No pod, no answer.
    found = pod_network.request("GET", f"/api/v1/namespaces/{namespace}/pods")[1]["items"][0]
    scale = {"spec": {"replicas": 0}}
    pod_network.request("PATCH", f"{deployments}/webui", scale, "application/merge-patch+json")
    pod_network.wait_for("no answer", lambda: pod_network.request("GET", health)[0] == 503)

    def refused() -> bool:
        with socket.socket() as client:
            return client.connect_ex((found["status"]["podIP"], 8080)) != 0

    pod_network.wait_for("the pod's address to refuse", refused)


def test_a_pod_that_is_not_ready_answers_503(pod_network: ControlPlane, namespace: str) -> None:
    body = pod("slow", annotations={"wizard.test/never-ready": "true"}, ports=[{"containerPort": 11434}])
    create(pod_network, f"/api/v1/namespaces/{namespace}/pods", body)
    path = f"/api/v1/namespaces/{namespace}/pods/slow:11434/proxy/api/version"
    pod_network.wait_for("the program", lambda: pod_network.request("GET", path) == (503, {"text": "not ready\n"}))


def test_ollama_has_the_models_that_jobs_pulled(pod_network: ControlPlane, namespace: str) -> None:
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    create(pod_network, deployments, apps("ollama", ports=[{"containerPort": 11434}]))
    create(pod_network, f"/api/v1/namespaces/{namespace}/services", service("ollama", 11434, "ollama"))
    root = _proxy(namespace, "ollama", "/")
    pod_network.wait_for("ollama", lambda: pod_network.request("GET", root) == (200, {"text": "Ollama is running"}))

    def models() -> set[str]:
        listed = pod_network.request("GET", _proxy(namespace, "ollama", "/api/tags"))[1]["models"]
        return {each["name"] for each in listed}

    assert models() == set()
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    failing = {"wizard.test/job-fails": "true"}
    create(pod_network, jobs, job("bad", {"wizard.dev/models": "never:1b"}, failing))
    create(pod_network, jobs, job("pull", {"wizard.dev/models": "qwen3:0.6b, llama3.2:1b"}))
    pod_network.wait_for("the models", lambda: models() == {"qwen3:0.6b", "llama3.2:1b"})
    # A model is a file on a volume: it outlives the Job.
    pod_network.request("DELETE", f"{jobs}/pull?propagationPolicy=Background")
    delete = _proxy(namespace, "ollama", "/api/delete")
    assert pod_network.request("DELETE", delete, {"model": "llama3.2:1b"})[0] == 200
    assert models() == {"qwen3:0.6b"}


def test_postgresql_accepts_connections(pod_network: ControlPlane, namespace: str) -> None:
    create(pod_network, f"/api/v1/namespaces/{namespace}/pods", pod("db", ports=[{"containerPort": 5432}]))
    address = until(pod_network, namespace, "db", ready)["status"]["podIP"]

    def accepts() -> bool:
        with socket.socket() as client:
            return client.connect_ex((address, 5432)) == 0

    pod_network.wait_for("a connection", accepts)


def test_logs_of_a_running_pod(controlplane: ControlPlane, namespace: str) -> None:
    lines = {"wizard.test/logs": "one line of the test\nand \x1b[31manother"}
    create(controlplane, f"/api/v1/namespaces/{namespace}/pods", pod("web", annotations=lines))
    until(controlplane, namespace, "web", ready)
    path = f"/api/v1/namespaces/{namespace}/pods/web/log"

    def text(query: str = "") -> list[str]:
        return str(controlplane.api.raw("GET", f"{path}{query}")[1].decode()).splitlines()

    controlplane.wait_for("the log", lambda: len(text()) > 4)
    whole = text()
    assert whole[0] == "starting sound:1 in pod web"
    assert whole[2:4] == ["one line of the test", "and \x1b[31manother"]
    assert len(text("?tailLines=2")) == 2
    assert text("?timestamps=true")[0].endswith("Z starting sound:1 in pod web")
    assert controlplane.request("GET", f"{path}?previous=true")[0] == 400


def test_a_followed_log_goes_on_until_the_pod_is_gone(controlplane: ControlPlane, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    create(controlplane, pods, pod("web"))
    until(controlplane, namespace, "web", ready)
    context = ssl.create_default_context(cafile=str(controlplane.layout.pki.ca))
    address = ("127.0.0.1", controlplane.layout.ports.api)
    with (
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
    ):
        client.sendall(
            f"GET {pods}/web/log?follow=true HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {controlplane.api.token}\r\n\r\n".encode()
        )
        seen = b""
        started = time.monotonic()
        while b"still running after 3 s" not in seen:
            seen += client.recv(4096)
        assert 1 < time.monotonic() - started < 5
        controlplane.request("DELETE", f"{pods}/web?gracePeriodSeconds=0")
        while not seen.endswith(b"0\r\n\r\n"):
            chunk = client.recv(4096)
            assert chunk, "the connection broke off in mid-stream"
            seen += chunk


def test_logs_of_pods_that_failed(controlplane: ControlPlane, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    create(controlplane, pods, pod("crash", "crash-loop:1"))
    create(controlplane, pods, pod("bad", "does-not-exist:1"))

    def last_words(query: str) -> bool:
        return FATAL_LINE in controlplane.request("GET", f"{pods}/crash/log{query}")[1].get("text", "")

    controlplane.wait_for("the last words", lambda: last_words(""))
    controlplane.wait_for("the last words, later", lambda: last_words("?previous=true"))
    controlplane.wait_for(
        "the refusal",
        lambda: (
            "trying and failing to pull image" in controlplane.request("GET", f"{pods}/bad/log")[1].get("message", "")
        ),
    )
