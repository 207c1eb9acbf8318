"""All charts together, on the server they are made for: 3 vCPU and 4 GiB, k3s included."""

from __future__ import annotations

from tests.unit.charts.conftest import MINIMAL, NAMES, OBSERVABILITY, PLATFORM, Helm
from tests.unit.charts.objects import environment, of_kind, one, pod_templates, quantity

GIB = 2**30
# k3s' own resource profiling says 1,428 to 1,596 MB for a server with a workload; see docs/.
K3S = 1.5 * GIB


def test_default_requests_leave_room(helm: Helm) -> None:
    cores = memory = 0.0
    watching = 0.0
    for chart in NAMES:
        values = MINIMAL[chart] | ({"models": ["llama3.2:1b"]} if chart == "ollama" else {})
        for _, template in pod_templates(helm.template(chart, values)):
            for container in template["spec"]["containers"]:
                cores += quantity(container["resources"]["requests"]["cpu"])
                memory += quantity(container["resources"]["requests"]["memory"])
                if chart in OBSERVABILITY:
                    watching += quantity(container["resources"]["requests"]["memory"])
    assert memory + K3S <= 4 * GIB
    assert watching <= 0.5 * GIB
    assert set(NAMES) == {*PLATFORM, *OBSERVABILITY}
    assert cores <= 1.0


def test_the_charts_let_each_other_in(helm: Helm) -> None:
    web = helm.template("open-webui")
    labels = one(web, "Deployment")["spec"]["template"]["metadata"]["labels"]
    egress = one(web, "NetworkPolicy")["spec"]["egress"]
    for chart, kind in (("postgresql", "StatefulSet"), ("ollama", "Deployment")):
        objects = helm.template(chart)
        peer = one(objects, "NetworkPolicy")["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
        assert labels.items() >= peer.items(), chart
        target = one(objects, kind)["spec"]["template"]
        port = target["spec"]["containers"][0]["ports"][0]["containerPort"]
        to = [
            p["podSelector"]["matchLabels"]
            for r in egress
            if {"port": port, "protocol": "TCP"} in r["ports"]
            for p in r["to"]
        ]
        assert any(target["metadata"]["labels"].items() >= wanted.items() for wanted in to), chart
        assert {s["spec"]["ports"][0]["port"] for s in of_kind(objects, "Service")} == {port}


def test_open_webui_uses_no_more_connections_than_postgresql_has(helm: Helm) -> None:
    env = environment(one(helm.template("open-webui"), "Deployment")["spec"]["template"]["spec"]["containers"][0])
    most = 2 * (int(env["DATABASE_POOL_SIZE"]) + int(env["DATABASE_POOL_MAX_OVERFLOW"]))
    args = one(helm.template("postgresql"), "StatefulSet")["spec"]["template"]["spec"]["containers"][0]["args"]
    allowed = next(int(arg.removeprefix("max_connections=")) for arg in args if arg.startswith("max_connections="))
    assert most <= allowed - 10
