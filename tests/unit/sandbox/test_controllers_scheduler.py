"""The scheduler's choices, and its words for why there is none (recorded on Kubernetes 1.37.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.moving_cluster import Sandbox, condition, pod_spec, simulated
from wizard.sandbox.controllers.options import nodes_of
from wizard.sandbox.controllers.scheduler.filters import tolerates
from wizard.sandbox.controllers.shapes import CLAIMS, NODES, PODS, Obj, quantity, requests_of


def asking(**requests: str) -> Obj:
    return pod_spec(resources={"requests": requests})


def spread_over(key: str, **more: Any) -> list[Obj]:
    selector = {"matchLabels": {"app": "a"}}
    return [{"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector, **more}]


def anti(key: str = "kubernetes.io/hostname") -> Obj:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": "a"}}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


PREEMPTION = " preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."

CASES: dict[str, tuple[Obj, str]] = {
    "too big": (
        asking(cpu="7", memory="64Gi"),
        f"0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.{PREEMPTION}",
    ),
    "no such extended resource": (
        pod_spec(resources={"limits": {"nvidia.com/gpu": "1"}}),
        f"0/1 nodes are available: 1 Insufficient nvidia.com/gpu.{PREEMPTION}",
    ),
    "selector": (
        pod_spec(nodeSelector={"disk": "ssd"}),
        f"0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.{PREEMPTION}",
    ),
    "spread without the label": (
        pod_spec(topologySpreadConstraints=spread_over("zone")),
        "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints "
        f"(missing required label).{PREEMPTION}",
    ),
    "nobody to be near": (
        pod_spec(
            affinity={
                "podAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": {"nothing": "here"}},
                        }
                    ]
                }
            }
        ),
        f"0/1 nodes are available: 1 node(s) didn't match pod affinity rules.{PREEMPTION}",
    ),
    "no claim": (
        pod_spec(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "nope"}}]),
        '0/1 nodes are available: persistentvolumeclaim "nope" not found. not found',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_words(case: str) -> None:
    spec, message = CASES[case]

    @simulated()
    async def run(box: Sandbox) -> None:
        box.create(PODS, "p", spec, metadata={"labels": {"app": "a"}})
        await box.clock.advance(2)
        found = condition(box.get(PODS, "p"), "PodScheduled")
        assert (found["status"], found["reason"], found["message"]) == ("False", "Unschedulable", message)
        assert box.events("p")[0] == ("FailedScheduling", message)

    run()


@simulated()
async def test_an_untolerated_taint_and_its_end(box: Sandbox) -> None:
    taint = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
    box.edit(NODES, "server", lambda node: node["spec"].update({"taints": taint}), ns="")
    box.create(PODS, "p", pod_spec())
    box.create(PODS, "q", pod_spec(tolerations=[{"key": "k", "operator": "Exists"}]))
    await box.until_ready("q")
    message = condition(box.get(PODS, "p"), "PodScheduled")["message"]
    assert message == f"0/1 nodes are available: 1 node(s) had untolerated taint(s).{PREEMPTION}"
    box.edit(NODES, "server", lambda node: node["spec"].pop("taints"), ns="")
    await box.until_ready("p")


@simulated()
async def test_a_full_node_takes_the_next_pod_when_one_goes(box: Sandbox) -> None:
    box.create(PODS, "one", asking(memory="3Gi"))
    await box.until_ready("one")
    box.create(PODS, "two", asking(memory="3Gi"))
    await box.clock.advance(2)
    message = condition(box.get(PODS, "two"), "PodScheduled")["message"]
    assert message == (
        "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: "
        "1 No preemption victims found for incoming pod."
    )
    box.store.delete("", "pods", "t", "one")
    await box.until_ready("two")


@simulated("3")
async def test_pods_that_repel_each_other_take_a_node_each(box: Sandbox) -> None:
    for name in "abc":
        box.create(PODS, name, pod_spec(affinity=anti()), metadata={"labels": {"app": "a"}})
    await box.until(lambda: all(pod["spec"].get("nodeName") for pod in box.pods()))
    assert len({pod["spec"]["nodeName"] for pod in box.pods()}) == 3
    box.create(PODS, "d", pod_spec(affinity=anti()), metadata={"labels": {"app": "a"}})
    await box.clock.advance(2)
    assert "3 node(s) didn't match pod anti-affinity rules" in condition(box.get(PODS, "d"), "PodScheduled")["message"]


@simulated([{"name": f"n{n}", "labels": {"zone": f"z{n % 2}"}} for n in range(4)])
async def test_spread_over_zones(box: Sandbox) -> None:
    for number in range(6):
        spec = pod_spec(topologySpreadConstraints=spread_over("zone"))
        box.create(PODS, f"p{number}", spec, metadata={"labels": {"app": "a"}})
    await box.until(lambda: all(pod["spec"].get("nodeName") for pod in box.pods()))
    zones = [int(pod["spec"]["nodeName"][1:]) % 2 for pod in box.pods()]
    assert zones.count(0) == zones.count(1) == 3


@simulated("2")
async def test_a_local_volume_holds_its_pod_on_the_node(box: Sandbox) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    box.create(CLAIMS, "data", claim)
    await box.clock.advance(2)
    assert ("WaitForFirstConsumer", "waiting for first consumer to be created before binding") in box.events("data")
    uses = pod_spec(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])
    box.create(PODS, "first", uses)
    await box.until_ready("first")
    where = box.get(PODS, "first")["spec"]["nodeName"]
    box.store.delete("", "pods", "t", "first")
    await box.until(lambda: not box.pods())
    box.edit(NODES, where, lambda node: node["spec"].update({"unschedulable": True}), ns="")
    box.create(PODS, "second", uses)
    await box.clock.advance(2)
    message = condition(box.get(PODS, "second"), "PodScheduled")["message"]
    assert message.startswith(
        "0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, "
        "1 node(s) were unschedulable."
    )


@simulated("aws")
async def test_gpus_are_for_those_who_tolerate_their_nodes(box: Sandbox) -> None:
    spec = pod_spec(
        resources={"limits": {"nvidia.com/gpu": "8"}}, tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists"}]
    )
    box.create(PODS, "llm", spec)
    await box.until_ready("llm")
    assert box.get(PODS, "llm")["spec"]["nodeName"] == "ip-10-0-3-10"
    box.create(PODS, "more", spec)
    await box.clock.advance(2)
    assert "4 Insufficient nvidia.com/gpu" in condition(box.get(PODS, "more"), "PodScheduled")["message"]


@pytest.mark.parametrize(
    ("toleration", "taint", "expected"),
    [
        ({"operator": "Exists"}, {"key": "a", "effect": "NoSchedule"}, True),
        ({"key": "a", "operator": "Exists"}, {"key": "a", "value": "x", "effect": "NoExecute"}, True),
        ({"key": "a", "value": "x"}, {"key": "a", "value": "x", "effect": "NoSchedule"}, True),
        ({"key": "a", "value": "y"}, {"key": "a", "value": "x", "effect": "NoSchedule"}, False),
        ({"key": "a", "operator": "Exists", "effect": "NoExecute"}, {"key": "a", "effect": "NoSchedule"}, False),
    ],
)
def test_tolerations(toleration: Obj, taint: Obj, expected: bool) -> None:
    assert tolerates([toleration], taint) is expected


def test_what_a_pod_asks_for() -> None:
    def one(cpu: str, **more: str) -> Obj:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    spec = {
        "containers": [one("100m"), one("200m"), {"resources": {"limits": {"cpu": "50m"}}}],
        "initContainers": [one("500m"), one("1", restartPolicy="Always"), one("100m")],
    }
    assert requests_of({"spec": spec}) == {"cpu": pytest.approx(1.35)}


@pytest.mark.parametrize(
    ("text", "value"), [("100m", 0.1), ("1Gi", 2**30), ("1.5", 1.5), ("2k", 2000), ("1e3", 1000), ("", 0), (None, 0)]
)
def test_quantities(text: object, value: float) -> None:
    assert quantity(text) == pytest.approx(value)


def test_which_nodes_can_be_asked_for() -> None:
    assert [each.name for each in nodes_of("3")] == ["server", "agent-1", "agent-2"]
    assert nodes_of("k3s-4gb")[0].memory == "4Gi"
    assert nodes_of('[{"name": "x", "cpu": "8"}]')[0].cpu == "8"
    with pytest.raises(ValueError):
        nodes_of("nonsense")
