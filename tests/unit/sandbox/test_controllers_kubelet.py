"""The life of containers: pulls, probes, restarts, ends; and the conventions shared with tests/controlplane."""

from __future__ import annotations

import base64
from itertools import pairwise

import pytest

from tests.unit.sandbox.moving_cluster import (
    Sandbox,
    condition,
    container,
    is_ready,
    pod_spec,
    service,
    simulated,
    workload,
)
from wizard.sandbox.controllers.effects import Effect, Target
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.programs.generic import FATAL_LINE
from wizard.sandbox.controllers.shapes import DEPLOYMENTS, JOBS, NODES, PODS, SECRETS, SERVICES, Obj
from wizard.sandbox.status import StatusError


def state(box: Sandbox, name: str) -> Obj:
    found: Obj = box.status(PODS, name)["containerStatuses"][0]
    return found


def waiting(box: Sandbox, name: str) -> str:
    statuses = box.status(PODS, name).get("containerStatuses") or [{}]
    return str(statuses[0].get("state", {}).get("waiting", {}).get("reason", ""))


@simulated()
async def test_a_pod_runs(box: Sandbox) -> None:
    box.create(PODS, "web", pod_spec())
    await box.until_ready("web")
    status = box.status(PODS, "web")
    assert status["phase"] == "Running"
    assert [each["type"] for each in status["conditions"]] == [
        "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
    ]  # fmt: skip
    assert status["podIP"].startswith("10.42.") and status["hostIP"] == "192.168.56.10"
    assert state(box, "web")["started"] is True
    assert box.reasons("web") == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    box.create(PODS, "again", pod_spec())
    await box.until_ready("again")
    message = 'Container image "sound:1" already present on machine and can be accessed by the pod'
    assert ("Pulled", message) in box.events("again")


@simulated()
async def test_an_image_that_is_not_there(box: Sandbox) -> None:
    box.create(PODS, "bad", pod_spec("does-not-exist:1"))
    await box.until(lambda: waiting(box, "bad") == "ErrImagePull")
    why = (
        'rpc error: code = NotFound desc = failed to pull and unpack image "does-not-exist:1": '
        'failed to resolve reference "does-not-exist:1": not found'
    )
    assert state(box, "bad")["state"]["waiting"]["message"] == why
    await box.until(lambda: waiting(box, "bad") == "ImagePullBackOff", 3)
    message = f'Back-off pulling image "does-not-exist:1": ErrImagePull: {why}'
    assert state(box, "bad")["state"]["waiting"]["message"] == message
    assert box.status(PODS, "bad")["phase"] == "Pending"
    assert {
        ("Pulling", 'Pulling image "does-not-exist:1"'),
        ("Failed", f'Failed to pull image "does-not-exist:1": {why}'),
        ("Failed", "Error: ErrImagePull"),
        ("BackOff", 'Back-off pulling image "does-not-exist:1"'),
        ("Failed", "Error: ImagePullBackOff"),
    } <= set(box.events("bad"))
    with pytest.raises(StatusError, match="trying and failing to pull image"):
        await box.log("bad")


@simulated()
async def test_a_crash_loop_backs_off(box: Sandbox) -> None:
    box.create(PODS, "crash", pod_spec("crash-loop:1"))
    starts: list[float] = []

    def look() -> bool:
        count = (box.status(PODS, "crash").get("containerStatuses") or [{}])[0].get("restartCount", 0)
        if count >= len(starts):
            starts.append(box.clock.now())
        return len(starts) == 5

    await box.until(look)
    gaps = [round(later - earlier) for earlier, later in pairwise(starts[1:])]
    assert gaps == pytest.approx([11, 21, 41], abs=2)
    await box.until(lambda: waiting(box, "crash") == "CrashLoopBackOff")
    found = state(box, "crash")
    assert found["lastState"]["terminated"]["exitCode"] == 1
    assert found["lastState"]["terminated"]["reason"] == "Error"
    uid = box.get(PODS, "crash")["metadata"]["uid"]
    assert found["state"]["waiting"]["message"] == (
        f"back-off 1m20s restarting failed container=main pod=crash_t({uid})"
    )
    assert ("BackOff", f"Back-off restarting failed container main in pod crash_t({uid})") in box.events("crash")
    assert FATAL_LINE in await box.log("crash")
    assert FATAL_LINE in await box.log("crash", previous=True)


@simulated()
async def test_killed_for_memory(box: Sandbox) -> None:
    box.create(PODS, "greedy", pod_spec("oom-killed:1"))
    await box.until(lambda: waiting(box, "greedy") == "CrashLoopBackOff")
    assert state(box, "greedy")["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert state(box, "greedy")["lastState"]["terminated"]["exitCode"] == 137


@simulated()
async def test_the_annotations_on_readiness(box: Sandbox) -> None:
    never = {"wizard.test/never-ready": "true"}
    box.create(PODS, "never", pod_spec(), metadata={"annotations": never})
    box.create(PODS, "later", pod_spec(), metadata={"annotations": {"wizard.test/ready-after": "30s"}})
    await box.until(lambda: box.status(PODS, "later").get("phase") == "Running")
    started = box.clock.now()
    await box.until_ready("later")
    assert box.clock.now() - started == pytest.approx(30, abs=1)
    assert box.status(PODS, "never")["phase"] == "Running"
    assert condition(box.get(PODS, "never"), "Ready")["reason"] == "ContainersNotReady"
    assert ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503") in box.events("never")
    box.edit(PODS, "never", lambda pod: pod["metadata"].pop("annotations"))
    await box.until_ready("never")
    box.edit(PODS, "later", lambda pod: pod["metadata"].update({"annotations": never}))
    await box.until(lambda: not is_ready(box.get(PODS, "later")))


@simulated()
async def test_probes_take_their_time(box: Sandbox) -> None:
    probe = {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 3, "failureThreshold": 30}
    spec = pod_spec(
        "ghcr.io/open-webui/open-webui:1", startupProbe=probe, readinessProbe={**probe, "initialDelaySeconds": 2},
        ports=[{"containerPort": 8080}],
    )  # fmt: skip
    box.create(PODS, "webui", spec)
    await box.until(lambda: box.status(PODS, "webui").get("phase") == "Running")
    started = seconds_of(state(box, "webui")["state"]["running"]["startedAt"])
    await box.until_ready("webui")
    assert 9 <= box.clock.now() - started <= 20
    messages = [message for reason, message in box.events("webui") if reason == "Unhealthy"]
    assert messages and "connect: connection refused" in messages[0]
    assert messages[0].startswith('Startup probe failed: Get "http://10.42.')


@simulated()
async def test_a_startup_probe_that_gives_up(box: Sandbox) -> None:
    probe = {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 1, "failureThreshold": 3}
    box.create(PODS, "webui", pod_spec("open-webui:1", startupProbe=probe))
    await box.until(lambda: state(box, "webui")["restartCount"] > 1 if box.status(PODS, "webui").get("podIP") else 0)
    assert ("Killing", "Container main failed startup probe, will be restarted") in box.events("webui")


@simulated()
async def test_init_containers_come_first(box: Sandbox) -> None:
    spec = pod_spec(initContainers=[container(name="one") | {"name": "one"}, container(name="two") | {"name": "two"}])
    box.create(PODS, "web", spec)
    await box.until(lambda: box.status(PODS, "web").get("podIP"))
    assert waiting(box, "web") == "PodInitializing"
    found = condition(box.get(PODS, "web"), "Initialized")
    assert (found["status"], found["reason"]) == ("False", "ContainersNotInitialized")
    assert found["message"] == "containers with incomplete status: [one two]"
    await box.until_ready("web")
    ended = [each["state"]["terminated"]["reason"] for each in box.status(PODS, "web")["initContainerStatuses"]]
    assert ended == ["Completed", "Completed"]
    box.create(PODS, "stuck", pod_spec(initContainers=[{**container("crash-loop:1"), "name": "one"}]))
    await box.until(lambda: "BackOff" in box.reasons("stuck"))
    assert box.status(PODS, "stuck")["phase"] == "Pending"


@simulated()
async def test_a_secret_that_is_missing(box: Sandbox) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    box.create(PODS, "web", pod_spec(env=env))
    box.create(PODS, "mounts", pod_spec(volumes=[{"name": "v", "secret": {"secretName": "s"}}]))
    await box.until(lambda: waiting(box, "web") == "CreateContainerConfigError")
    assert state(box, "web")["state"]["waiting"]["message"] == 'secret "s" not found'
    assert ("FailedMount", 'MountVolume.SetUp failed for volume "v" : secret "s" not found') in box.events("mounts")
    box.create(SECRETS, "s", data={"other": ""})
    message = "couldn't find key k in Secret t/s"
    await box.until(lambda: state(box, "web")["state"].get("waiting", {}).get("message") == message)
    box.edit(SECRETS, "s", lambda found: found.update({"data": {"k": base64.b64encode(b"x").decode()}}))
    await box.until_ready("web")
    await box.until_ready("mounts")


@simulated()
async def test_graceful_and_forced_ends(box: Sandbox) -> None:
    box.create(PODS, "db", pod_spec("postgres:18"))
    await box.until_ready("db")
    box.store.delete("", "pods", "t", "db")
    assert "deletionTimestamp" in box.get(PODS, "db")["metadata"]
    await box.clock.advance(0.2)
    assert ("Killing", "Stopping container main") in box.events("db")
    await box.until(lambda: not box.pods(), 5)
    box.create(PODS, "db", pod_spec("postgres:18"))
    await box.until_ready("db")
    box.store.delete("", "pods", "t", "db", grace=0)
    assert not box.pods()


@simulated()
async def test_logs(box: Sandbox) -> None:
    lines = {"wizard.test/logs": "one line of the test\nand \x1b[31manother"}
    box.create(PODS, "web", pod_spec(), metadata={"annotations": lines})
    await box.until_ready("web")
    await box.clock.advance(3)
    whole = await box.log("web")
    assert whole[:2] == ["starting sound:1 in pod web", "reading the configuration"]
    assert whole[2:4] == ["one line of the test", "and \x1b[31manother"]
    assert whole[-1].startswith("still running after ")
    assert await box.log("web", tail=2) == whole[-2:]
    assert (await box.log("web", timestamps=True))[0].endswith("Z starting sound:1 in pod web")
    with pytest.raises(StatusError, match='previous terminated container "main" in pod "web" not found'):
        await box.log("web", previous=True)
    with pytest.raises(StatusError, match='pods "nobody" not found'):
        await box.log("nobody")


@simulated()
async def test_a_followed_log_ends_with_its_pod(box: Sandbox) -> None:
    import asyncio

    box.create(PODS, "web", pod_spec())
    await box.until_ready("web")
    seen: list[str] = []

    async def follow() -> None:
        async for line in box.moving.logs("t", "web", "main", follow=True):
            seen.append(line)

    task = asyncio.get_running_loop().create_task(follow())
    await box.clock.advance(5)
    assert "still running after 4 s" in seen
    box.store.delete("", "pods", "t", "web", grace=0)
    await box.clock.advance(2)
    assert task.done()


@simulated()
async def test_the_ports_of_the_tests_conventions(box: Sandbox) -> None:
    box.create(SERVICES, "webui", service("webui", 8080))
    with pytest.raises(StatusError, match="no endpoints available"):
        await box.http("services/webui:http", "/health")
    box.create(DEPLOYMENTS, "webui", workload("webui", ports=[{"containerPort": 8080}]))
    await box.until(lambda: any(map(is_ready, box.pods())))
    await box.clock.advance(1)
    assert await box.http("services/webui:http", "/health") == (200, b'{"status":true}')
    assert (await box.http("services/webui:8080", "/nowhere"))[0] == 404
    notes = {"wizard.test/never-ready": "true"}
    slow = pod_spec(ports=[{"containerPort": 11434}])
    box.create(PODS, "slow", slow, metadata={"annotations": notes})
    await box.until(lambda: box.status(PODS, "slow").get("phase") == "Running")
    await box.clock.advance(1)
    assert await box.http("pods/slow:11434", "/api/version") == (503, b"not ready\n")
    with pytest.raises(StatusError, match="connection refused"):
        await box.http("pods/slow:9999", "/")


@simulated()
async def test_a_job_leaves_models_behind(box: Sandbox) -> None:
    box.create(SERVICES, "ollama", service("ollama", 11434))
    box.create(DEPLOYMENTS, "ollama", workload("ollama", ports=[{"containerPort": 11434}]))
    spec = {"backoffLimit": 0, "template": {"spec": pod_spec(restartPolicy="Never")}}
    box.create(JOBS, "pull", spec, metadata={"annotations": {"wizard.dev/models": "qwen3:0.6b, llama3.2:1b"}})
    await box.until(lambda: box.status(JOBS, "pull").get("succeeded"))
    await box.clock.advance(2)
    status, body = await box.http("services/ollama:http", "/api/tags")
    assert status == 200 and b"qwen3:0.6b" in body and b"llama3.2:1b" in body
    answer = await box.http("services/ollama:http", "/api/delete", "DELETE", b'{"model": "llama3.2:1b"}')
    assert answer[0] == 200
    assert b"llama3.2:1b" not in (await box.http("services/ollama:http", "/api/tags"))[1]


@simulated("2")
async def test_a_lost_node(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 2))
    await box.until(lambda: len(box.pods()) == 2 and all(map(is_ready, box.pods())))
    now = box.clock.now()
    box.moving.world.effects.add(Effect("lost-node", Target(node="agent-1"), now, "lost-node"))
    await box.until(lambda: condition(box.get(NODES, "agent-1", ""), "Ready")["status"] == "Unknown", 120)
    assert 30 <= box.clock.now() - now <= 70
    node = box.get(NODES, "agent-1", "")
    assert condition(node, "Ready")["message"] == "Kubelet stopped posting node status."
    taints = [(each["key"], each["effect"]) for each in node["spec"]["taints"]]
    assert ("node.kubernetes.io/unreachable", "NoExecute") in taints
    lost = [pod for pod in box.pods() if pod["spec"]["nodeName"] == "agent-1"]
    assert lost and not is_ready(lost[0])
    tolerations = [
        {"key": f"node.kubernetes.io/{k}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for k in ("not-ready", "unreachable")
    ]
    if not lost[0]["spec"].get("tolerations"):  # the admission plugin's work
        box.edit(PODS, lost[0]["metadata"]["name"], lambda pod: pod["spec"].update({"tolerations": tolerations}))
    await box.until(lambda: len(box.pods()) == 3, 400)
    assert "deletionTimestamp" in box.get(PODS, lost[0]["metadata"]["name"])["metadata"]
    with pytest.raises(StatusError, match="no route to host"):
        await box.log(lost[0]["metadata"]["name"])
    box.moving.reset()
    await box.until(lambda: len(box.pods()) == 2 and all(map(is_ready, box.pods())))
    assert not box.get(NODES, "agent-1", "")["spec"].get("taints")


@simulated()
async def test_two_thousand_pods_cost_what_two_thousand_pods_must(box: Sandbox) -> None:
    """Counted in writes, for the machine's time says little: each pod costs the same, however many there are."""
    from wizard.sandbox.controllers.nodes import NodeSpec

    for number in range(20):
        box.moving.add_node(NodeSpec(f"n{number}", cpu="64", memory="256Gi"))
    before = box.store.resource_version
    for number in range(4):
        box.create(DEPLOYMENTS, f"d{number}", workload(f"d{number}", 500))
    await box.until(lambda: sum(map(is_ready, box.pods())) == 2000, 30)
    # Made, bound, started, ready, and six events.
    assert (box.store.resource_version - before) / 2000 < 11
    await box.until(lambda: all(box.status(DEPLOYMENTS, f"d{n}").get("readyReplicas") == 500 for n in range(4)))
