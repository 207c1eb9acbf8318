"""Every scenario: its file is sound, and what it promises can be seen."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.moving_cluster import Sandbox, condition, is_ready, simulated, workload
from tests.unit.sandbox.platform_cluster import all_ready, ollama, open_webui, pod_of, postgresql
from wizard.sandbox.controllers.shapes import DEPLOYMENTS, JOBS, NODES
from wizard.sandbox.scenarios import scenario

LIVE = ["crash-loop", "disk-full", "image-missing", "lost-node", "ollama-memory", "out-of-memory", "slow-node"]
FAULTS = ["api-dropped", "api-errors", "api-slow", "api-throttled", "api-watches-end"]


def test_all_are_known() -> None:
    assert scenario.names() == sorted([*LIVE, *FAULTS])


@pytest.mark.parametrize("name", scenario.names())
def test_each_has_a_title_a_lesson_and_effects(name: str) -> None:
    found = scenario.load(name)
    assert found.title and len(found.lesson) > 40 and found.steps
    assert not found.title.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{name: x, title: t, lesson: l}",
        "{name: other, title: t, lesson: l, effects: []}",
        "{name: x, title: t, lesson: l, effects: [{kind: magic}]}",
        "{name: x, title: t, lesson: l, effects: [{kind: crash, speed: 3}]}",
        "{name: x, title: t, lesson: l, effects: [{kind: crash, target: {colour: red}}]}",
    ],
)
def test_files_that_are_no_scenarios(text: str) -> None:
    with pytest.raises(scenario.BadScenario):
        scenario.parse(text, "x")


@simulated()
async def test_an_unknown_one(box: Sandbox) -> None:
    with pytest.raises(KeyError):
        box.moving.scenario("../../etc/passwd")


@simulated()
async def test_faults_of_the_api_are_set_and_cleared(box: Sandbox) -> None:
    box.moving.scenario("api-throttled")
    box.moving.scenario("api-watches-end")
    faults = box.moving.faults()
    assert (faults.too_many, faults.watch_seconds, faults.stale) == (0.3, 2.0, True)
    assert {each["name"] for each in box.moving.scenarios() if each["running"]} == {"api-throttled", "api-watches-end"}
    box.moving.reset()
    assert (faults.too_many, faults.watch_seconds, faults.stale) == (0.0, 0.0, False)


async def platform(box: Sandbox) -> None:
    postgresql(box)
    open_webui(box)
    await box.until(lambda: all_ready(box, "open-webui"))


@simulated()
async def test_crash_loop(box: Sandbox) -> None:
    await platform(box)
    box.moving.scenario("crash-loop")

    def looping() -> bool:
        (found,) = pod_of(box, "open-webui")["status"]["containerStatuses"]
        return bool((found["state"].get("waiting") or {}).get("reason") == "CrashLoopBackOff")

    await box.until(looping, 120)
    name = pod_of(box, "open-webui")["metadata"]["name"]
    last = await box.log(name, "open-webui", previous=True)
    assert last[-1] == "ValueError: invalid literal for int() with base 10: 'ten'"
    box.moving.reset()
    await box.until(lambda: is_ready(pod_of(box, "open-webui")))


@simulated()
async def test_image_missing(box: Sandbox) -> None:
    await platform(box)
    box.moving.scenario("image-missing")

    def missing() -> bool:
        pod = pod_of(box, "open-webui")
        statuses = pod.get("status", {}).get("initContainerStatuses") or []
        return any((each["state"].get("waiting") or {}).get("reason") == "ImagePullBackOff" for each in statuses)

    await box.until(missing, 120)
    box.moving.reset()
    await box.until(lambda: all_ready(box, "open-webui"))


@simulated([{"name": "big", "cpu": "8", "memory": "16Gi"}])
async def test_out_of_memory(box: Sandbox) -> None:
    ollama(box)
    await box.until(lambda: box.status(JOBS, "pull").get("succeeded"))
    box.moving.scenario("out-of-memory")

    def killed() -> bool:
        (found,) = pod_of(box, "ollama")["status"]["containerStatuses"]
        return bool((found["lastState"].get("terminated") or {}).get("reason") == "OOMKilled")

    await box.until(killed, 180)


@simulated("2")
async def test_disk_full(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 2))
    await box.until(lambda: len([pod for pod in box.pods() if is_ready(pod)]) == 2)
    box.moving.scenario("disk-full")
    await box.until(lambda: condition(box.get(NODES, "agent-1", ""), "DiskPressure")["status"] == "True", 200)
    await box.until(lambda: any(pod["status"].get("reason") == "Evicted" for pod in box.pods()), 60)
    (evicted,) = [pod for pod in box.pods() if pod["status"].get("reason") == "Evicted"]
    assert evicted["status"]["phase"] == "Failed"
    assert evicted["status"]["message"].startswith("The node was low on resource: ephemeral-storage.")
    taints = box.get(NODES, "agent-1", "")["spec"]["taints"]
    assert ("node.kubernetes.io/disk-pressure", "NoSchedule") in [(each["key"], each["effect"]) for each in taints]
    await box.until(lambda: box.status(DEPLOYMENTS, "web").get("availableReplicas") == 2)


@simulated("2")
async def test_slow_node(box: Sandbox) -> None:
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5, "failureThreshold": 1}
    box.create(DEPLOYMENTS, "web", workload("web", 2, readinessProbe=probe))
    await box.until(lambda: len([pod for pod in box.pods() if is_ready(pod)]) == 2)
    box.moving.scenario("slow-node")
    unready: set[str] = set()

    def seen() -> bool:
        unready.update(pod["spec"]["nodeName"] for pod in box.pods() if not is_ready(pod))
        return len(unready) > 0 and box.clock.now() > started + 120

    started = box.clock.now()
    await box.until(seen)
    assert unready == {"agent-1"}


@simulated("2")
async def test_lost_node(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 2))
    await box.until(lambda: len([pod for pod in box.pods() if is_ready(pod)]) == 2)
    box.moving.scenario("lost-node")
    await box.until(lambda: condition(box.get(NODES, "agent-1", ""), "Ready")["status"] == "Unknown", 120)
    await box.until(lambda: box.status(DEPLOYMENTS, "web").get("availableReplicas") == 2, 600)
