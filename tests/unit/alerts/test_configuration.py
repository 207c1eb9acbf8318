"""What the charts render, loaded by a real Prometheus and a real Alertmanager (Debian's), on loopback."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.alerts.conftest import RECEIVERS, Obj, check, profile, tool
from tests.unit.planning.conftest import plan_of, render
from wizard.domain.profile import Profile, profile_from_data
from wizard.planning.desired import Component

__all__ = ["render"]
Render = Callable[[Component], list[Obj]]
METRICS = """\
container_memory_working_set_bytes{namespace="chat",pod="ollama-1",container="ollama",id="/x"} 900
container_spec_memory_limit_bytes{namespace="chat",pod="ollama-1",container="ollama",id="/x"} 1000
"""


def rendered(render: Render, given: Profile, name: str) -> dict[str, str]:
    """All keys of the ConfigMaps of a component."""
    found: dict[str, str] = {}
    for obj in render(plan_of(given).component(name)):
        if obj["kind"] == "ConfigMap":
            found |= obj["data"]
    return found


def prometheus_files(render: Render, given: Profile, folder: Path, targets: list[str] | None = None) -> Path:
    """Writes prometheus.yml and its rules, with paths in `folder`. Debian builds its Prometheus without Kubernetes'
    service discovery: in its place stand fixed targets, so that relabelling and all the rest is checked."""
    data = rendered(render, given, "prometheus")
    rules, account = folder / "rules", folder / "account"
    rules.mkdir(parents=True)
    account.mkdir()
    (account / "token").write_text("token")
    (account / "ca.crt").write_text("")
    text = data.pop("prometheus.yml").replace("/etc/prometheus/rules", str(rules))
    config = yaml.safe_load(text.replace("/var/run/secrets/kubernetes.io/serviceaccount", str(account)))
    for job in config["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs")
        job.get("tls_config", {}).pop("ca_file", None)
        job["static_configs"] = [{"targets": targets or []}]
        if targets:
            for key in ("relabel_configs", "scheme", "authorization", "tls_config"):
                job.pop(key, None)
    for name, content in data.items():
        (rules / name).write_text(content)
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    return file


def test_prometheus_takes_its_configuration(render: Render, tmp_path: Path) -> None:
    file = prometheus_files(render, profile(), tmp_path)
    said = check(tool("promtool"), "check", "config", str(file))
    assert "SUCCESS" in said and "7 rule files found" in said


def test_each_job_finds_its_targets_by_kubernetes(render: Render) -> None:
    config = yaml.safe_load(rendered(render, profile(), "prometheus")["prometheus.yml"])
    roles = {job["job_name"]: job["kubernetes_sd_configs"][0] for job in config["scrape_configs"]}
    assert set(roles) == {"pods", "kube-state-metrics", "cadvisor", "kubelet", "traefik", "cert-manager"}
    assert all(
        sd["role"] == "node" if name in ("cadvisor", "kubelet") else sd["namespaces"]["names"]
        for name, sd in roles.items()
    )


def test_kubelets_are_verified_where_their_certificates_are_signed(render: Render) -> None:
    for kind, unsigned in (("k3s", False), ("cluster", True)):
        target: Obj = {"kind": kind, **({"k3s": {"host": "a.example.com"}} if kind == "k3s" else {})}
        given = profile_from_data({"name": "p", "target": target, "models": ["qwen3:0.6b"]})
        config = yaml.safe_load(rendered(render, given, "prometheus")["prometheus.yml"])
        verified = {
            job["job_name"]: job["tls_config"]["insecure_skip_verify"]
            for job in config["scrape_configs"]
            if "tls_config" in job
        }
        assert verified == {"cadvisor": unsigned, "kubelet": unsigned}


def alertmanager_file(render: Render, given: Profile, folder: Path, **replaced: Any) -> Path:
    """Debian's Alertmanager is older than webhook's `url_file`: the address stands in the file itself."""
    config = yaml.safe_load(rendered(render, given, "alertmanager")["alertmanager.yml"])
    for receiver in config["receivers"]:
        for webhook in receiver.get("webhook_configs", ()):
            webhook["url"] = replaced.get("url", "http://127.0.0.1:9/")
            assert webhook.pop("url_file") == "/run/secrets/alertmanager/hook-url"
    config["route"] |= replaced.get("route", {})
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config))
    return file


def test_alertmanager_takes_its_configuration(render: Render, tmp_path: Path) -> None:
    said = check(tool("amtool"), "check-config", str(alertmanager_file(render, profile(receivers=RECEIVERS), tmp_path)))
    assert "5 receivers" in said and "6 inhibit rules" in said
    assert "1 receivers" in check(tool("amtool"), "check-config", str(alertmanager_file(render, profile(), tmp_path)))


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        ("none", "nobody"),
        ("info", "hook"),
        ("warning", "ops,mail,hook"),
        ("critical", "ops,mail,hook,on-call"),
    ],
)
def test_each_receiver_is_told_of_what_is_severe_enough(
    severity: str, told: str, render: Render, tmp_path: Path
) -> None:
    file = alertmanager_file(render, profile(receivers=RECEIVERS), tmp_path)
    said = check(tool("amtool"), "config", "routes", "test", f"--config.file={file}", f"severity={severity}")
    assert said.splitlines()[0] == told


def test_no_secret_is_in_it(render: Render) -> None:
    text = rendered(render, profile(receivers=RECEIVERS), "alertmanager")["alertmanager.yml"]
    for name in ("slack-webhook", "smtp-password", "hook-url", "pagerduty-key"):
        assert f": /run/secrets/alertmanager/{name}\n" in text
    given = plan_of(profile(receivers=RECEIVERS))
    (secret,) = [obj for obj in given.secret_objects if obj.name == "alertmanager-receivers"]
    assert secret.keys == ("hook-url", "pagerduty-key", "slack-webhook", "smtp-password")
    assert not any(ref.generated for ref in given.secrets if ref.kubernetes_secret == secret.name)
    policy = given.component("alertmanager").values["networkPolicy"]
    assert policy["receiverPorts"] == [443, 587] and policy["extraEgress"]
    assert "alertmanager-receivers" not in {obj.name for obj in plan_of(profile()).secret_objects}


class _Both(http.server.BaseHTTPRequestHandler):
    """The pods' metrics for who reads, a webhook for who writes."""

    told: list[Obj]

    def do_GET(self) -> None:
        self._answer(METRICS.encode() if self.path == "/metrics/cadvisor" else b"")

    def do_POST(self) -> None:
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(*argv: str) -> Iterator[None]:
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
    except AssertionError as problem:
        process.terminate()
        raise AssertionError(f"{problem}\n{process.communicate(timeout=20)[0][-3000:]}") from problem
    finally:
        process.terminate()
        process.communicate(timeout=20)


def until(what: str, look: Callable[[], Any], seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.1)


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


def test_memory_that_is_high_is_told_to_the_receiver(render: Render, tmp_path: Path) -> None:
    """All the way: metrics, the rule with its wait, Alertmanager, the webhook."""
    prometheus, alertmanager = tool("prometheus"), tool("prometheus-alertmanager")
    handler = type("Handler", (_Both,), {"told": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"127.0.0.1:{server.server_address[1]}"
    ask, send = free_port(), free_port()
    given = profile(
        receivers=[{"name": "hook", "kind": "webhook", "secret": "hook-url"}],
        metrics={"interval": "1s"},
        ollamaMemoryAlert={"percent": 80, "for": "3s"},
    )
    config = prometheus_files(render, given, tmp_path / "prometheus", [here])
    config.write_text(config.read_text().replace("alertmanager:9093", f"127.0.0.1:{send}"))
    route = {"group_wait": "0s", "group_interval": "1s"}
    receivers = alertmanager_file(render, given, tmp_path, url=f"http://{here}/", route=route)
    commands = (
        (alertmanager, f"--config.file={receivers}", f"--storage.path={tmp_path}/am", "--cluster.listen-address=",
         f"--web.listen-address=127.0.0.1:{send}"),
        (prometheus, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/tsdb",
         f"--web.listen-address=127.0.0.1:{ask}"),
    )  # fmt: skip
    try:
        with running(*commands[0]), running(*commands[1]):
            rules = until("rules", lambda: get(f"http://127.0.0.1:{ask}/api/v1/rules")["data"]["groups"])
            assert len([rule for group in rules for rule in group["rules"]]) == 26

            def pending() -> Any:
                alerts = get(f"http://127.0.0.1:{ask}/api/v1/alerts")["data"]["alerts"]
                return [alert for alert in alerts if alert["labels"]["alertname"] == "OllamaMemoryHigh"]

            assert until("pending", pending)[0]["state"] == "pending", "not before its time"
            (told,) = until("the webhook", lambda: handler.told[:1])  # type: ignore[attr-defined]
            rules = get(f"http://127.0.0.1:{ask}/api/v1/rules")["data"]["groups"]
            assert {rule["health"] for group in rules for rule in group["rules"]} == {"ok"}
    finally:
        server.shutdown()
        server.server_close()
    assert told["receiver"] == "hook" and told["commonLabels"]["alertname"] == "OllamaMemoryHigh"
    assert told["commonLabels"]["cluster"] == "prod"
    assert "90%" in told["commonAnnotations"]["description"]
