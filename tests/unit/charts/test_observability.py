"""What holds between the charts that watch the platform, and what single ones promise."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.unit.charts.conftest import FULL, OBSERVABILITY, Helm, HelmFailed
from tests.unit.charts.objects import Manifest, environment, of_kind, one, pod_templates


def template_of(helm: Helm, chart: str) -> Manifest:
    ((_, template),) = pod_templates(helm.template(chart))
    return template


def ports_open_to(helm: Helm, chart: str, labels: dict[str, str]) -> set[int]:
    """Numbers of the container ports of `chart` that its policy opens to pods of its namespace with these labels."""
    objects = helm.template(chart)
    ((_, template),) = pod_templates(objects)
    numbers = {
        port["name"]: port["containerPort"]
        for container in template["spec"]["containers"]
        for port in container["ports"]
    }
    found: set[int] = set()
    for rule in one(objects, "NetworkPolicy")["spec"]["ingress"] or ():
        for peer in rule["from"]:
            if "namespaceSelector" not in peer and labels.items() >= peer["podSelector"]["matchLabels"].items():
                found |= {numbers[port["port"]] for port in rule["ports"]}
    return found


@pytest.mark.parametrize("chart", OBSERVABILITY)
def test_prometheus_may_read_what_each_offers(helm: Helm, chart: str) -> None:
    """The annotation names the port, the port exists, and the policy lets Prometheus in."""
    template = template_of(helm, chart)
    notes = template["metadata"]["annotations"]
    assert notes["prometheus.io/scrape"] == "true"
    port = int(notes["prometheus.io/port"])
    assert port in {p["containerPort"] for c in template["spec"]["containers"] for p in c["ports"]}
    if chart == "prometheus":
        return  # reads itself, within its own pod's network
    labels = template_of(helm, "prometheus")["metadata"]["labels"]
    assert port in ports_open_to(helm, chart, labels)


@pytest.mark.parametrize(
    ("client", "server", "port"),
    [
        ("grafana", "prometheus", 9090),
        ("grafana", "alertmanager", 9093),
        ("grafana", "loki", 3100),
        ("alloy", "loki", 3100),
        ("prometheus", "alertmanager", 9093),
    ],
)
def test_who_talks_to_whom_is_let_in_and_out(helm: Helm, client: str, server: str, port: int) -> None:
    assert port in ports_open_to(helm, server, template_of(helm, client)["metadata"]["labels"])
    labels = template_of(helm, server)["metadata"]["labels"]
    egress = one(helm.template(client), "NetworkPolicy")["spec"]["egress"]
    assert any(
        labels.items() >= peer.get("podSelector", {}).get("matchLabels", {}).items()
        and (not rule.get("ports") or port in {each["port"] for each in rule["ports"]})
        for rule in egress
        for peer in rule.get("to", ())
    )


@pytest.mark.parametrize("chart", ["loki", "node-exporter"])
def test_who_calls_nobody_may_call_nobody(helm: Helm, chart: str) -> None:
    assert not one(helm.template(chart), "NetworkPolicy")["spec"]["egress"]


def test_a_changed_configuration_is_a_new_pod(helm: Helm) -> None:
    for chart, pair in (
        ("prometheus", "scrape.interval=10s"),
        ("prometheus", "rules.a.groups[0].name=a"),
        ("alertmanager", "config.route.receiver=other"),
        ("loki", "retention.time=48h"),
        ("alloy", "namespaces={chat}"),
        ("grafana", "dashboards.a=\\{\\}"),
    ):
        before = template_of(helm, chart)["metadata"]["annotations"]["checksum/config"]
        ((_, after),) = pod_templates(helm.template(chart, sets=(pair,)))
        assert after["metadata"]["annotations"]["checksum/config"] != before, pair


def test_node_exporter_mounts_nothing_of_the_node(helm: Helm) -> None:
    template = template_of(helm, "node-exporter")
    spec = template["spec"]
    assert not any(spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC"))
    assert [set(volume) - {"name"} for volume in spec["volumes"]] == [{"emptyDir"}]
    args = spec["containers"][0]["args"]
    (excluded,) = [arg.split("=", 1)[1] for arg in args if "mount-points-exclude" in arg]
    # /node is the emptyDir; the rest is what kubelet and container runtime mount into every container.
    assert not re.search(excluded, "/node")
    for mount in ("/etc/hosts", "/dev/termination-log", "/proc", "/sys/fs/cgroup", "/run/secrets", "/var/run/secrets"):
        assert re.search(excluded, mount)
    assert spec["tolerations"] == [{"operator": "Exists"}], "on each node, whatever it is tainted with"


def test_the_shipper_reads_by_the_api_and_mounts_nothing_of_the_node(helm: Helm) -> None:
    objects = helm.template("alloy")
    ((_, template),) = pod_templates(objects)
    assert {kind for v in template["spec"]["volumes"] for kind in set(v) - {"name"}} == {"emptyDir", "configMap"}
    config = one(objects, "ConfigMap")["data"]["config.alloy"]
    assert "loki.source.kubernetes" in config and "loki.source.file" not in config
    assert config.count("{") == config.count("}")
    named = set(re.findall(r'target_label  = "(\w+)"', config))
    assert named == {"namespace", "pod", "container", "node_name", "app", "instance"}
    rules = {r for rule in one(objects, "ClusterRole")["rules"] for r in rule["resources"]}
    assert rules == {"pods", "pods/log"}
    limited = one(helm.template("alloy", FULL["alloy"]), "ConfigMap")["data"]["config.alloy"]
    assert 'names = ["chat"]' in limited and '"cluster" = "chat",' in limited


def test_loki_keeps_what_it_is_told_to(helm: Helm) -> None:
    config: Any = yaml.safe_load(
        one(helm.template("loki", {"retention": {"time": "72h"}}), "ConfigMap")["data"]["loki.yaml"]
    )
    assert config["limits_config"]["retention_period"] == "72h"
    # Retention does nothing without its compactor.
    assert config["compactor"]["retention_enabled"] is True
    assert config["compactor"]["delete_request_store"] == "filesystem"
    assert config["auth_enabled"] is False and config["analytics"]["reporting_enabled"] is False
    mounted = {m["mountPath"] for m in template_of(helm, "loki")["spec"]["containers"][0]["volumeMounts"]}
    paths = [config["common"]["path_prefix"], config["compactor"]["working_directory"]]
    paths += config["common"]["storage"]["filesystem"].values()
    assert all(any(path == mount or path.startswith(f"{mount}/") for mount in mounted) for path in paths)


@pytest.mark.parametrize("bad", ["72", "3d", "-1h"])
def test_loki_refuses_a_retention_that_it_would_not_take(helm: Helm, bad: str) -> None:
    with pytest.raises(HelmFailed, match="schema"):
        helm.template("loki", sets=(f"retention.time={bad}",))


def test_grafana_holds_no_secret_and_calls_nobody(helm: Helm) -> None:
    objects = helm.template("grafana", FULL["grafana"])
    ((_, template),) = pod_templates(objects)
    env = environment(template["spec"]["containers"][0])
    assert env["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana/admin-password"
    assert env["GF_SECURITY_SECRET_KEY__FILE"] == "/run/secrets/grafana/secret-key"
    assert env["GF_ANALYTICS_REPORTING_ENABLED"] == "false" and env["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert env["GF_SECURITY_COOKIE_SECURE"] == "true", "it is served by https"
    for rule in one(objects, "NetworkPolicy")["spec"]["egress"][:-1]:  # the last is the test's own
        assert rule.get("to"), "no way out of the cluster"
    with pytest.raises(HelmFailed, match=r"admin\.existingSecret"):
        helm.template("grafana", {})
    for refused in ("env.GF_SECURITY_ADMIN_PASSWORD=x", "datasources[0].secureJsonData.password=x"):
        with pytest.raises(HelmFailed, match="schema"):
            helm.template("grafana", sets=(refused,))


def test_grafana_shows_the_dashboards_that_it_is_given(helm: Helm) -> None:
    objects = helm.template("grafana", FULL["grafana"])
    files = {name for config in of_kind(objects, "ConfigMap") for name in config["data"]}
    assert files == {"datasources.yaml", "dashboards.yaml", "platform.json"}
    env = environment(next(pod_templates(objects))[1]["spec"]["containers"][0])
    assert env["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].endswith("/platform.json")
