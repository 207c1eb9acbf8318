"""Deployment, ReplicaSet, StatefulSet and DaemonSet: what clients see of them, as recorded on Kubernetes 1.37.2."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.sandbox.moving_cluster import Sandbox, condition, is_ready, service, simulated, template, workload
from wizard.sandbox.controllers.shapes import (
    CLAIMS,
    DAEMON_SETS,
    DEPLOYMENTS,
    NODES,
    PODS,
    REPLICA_SETS,
    REVISIONS,
    SERVICES,
    SLICES,
    STATEFUL_SETS,
    Obj,
)
from wizard.sandbox.status import forbidden


def available(box: Sandbox, name: str, count: int) -> bool:
    status = box.status(DEPLOYMENTS, name)
    return bool(status.get("availableReplicas", 0) == count == status.get("updatedReplicas", 0)) and (
        status.get("replicas") == count
    )


def set_image(image: str) -> Callable[[Obj], None]:
    def edit(obj: Obj) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = image

    return edit


def refuse_pods(box: Sandbox, beyond: int) -> None:
    """The quota plugin's answer, whether or not the API half under test has that plugin."""
    policy = box.store.policy
    assert policy is not None
    creating = policy.creating

    def refusing(group: str, plural: str, obj: Obj, manager: str) -> None:
        creating(group, plural, obj, manager)
        if plural == "pods" and len(box.pods()) >= beyond:
            why = f"exceeded quota: q, requested: pods=1, used: pods={beyond}, limited: pods={beyond}"
            raise forbidden("", "pods", obj["metadata"]["name"], why)

    policy.creating = refusing  # type: ignore[method-assign]


@simulated()
async def test_a_deployment_becomes_available(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 2))
    await box.until(lambda: available(box, "web", 2))
    found = box.get(DEPLOYMENTS, "web")
    assert found["status"]["observedGeneration"] == 1
    assert condition(found, "Available")["reason"] == "MinimumReplicasAvailable"
    progressing = condition(found, "Progressing")
    (name,) = box.names(REPLICA_SETS)
    assert progressing["reason"] == "NewReplicaSetAvailable"
    assert progressing["message"] == f'ReplicaSet "{name}" has successfully progressed.'
    owner = box.get(REPLICA_SETS, name)
    digest = owner["metadata"]["labels"]["pod-template-hash"]
    assert name == f"web-{digest}"
    assert owner["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": digest}
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert owner["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] == "2"
    assert owner["metadata"]["annotations"]["deployment.kubernetes.io/max-replicas"] == "3"
    assert box.events("web") == [("ScalingReplicaSet", f"Scaled up replica set {name} from 0 to 2")]
    assert all(pod["metadata"]["name"].startswith(f"{name}-") for pod in box.pods())


@simulated()
async def test_a_rolling_update_keeps_its_limits_and_its_history(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 4, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}))  # noqa: E501  # fmt: skip
    await box.until(lambda: available(box, "web", 4))
    box.edit(DEPLOYMENTS, "web", set_image("sound:2"))
    seen: list[tuple[int, int]] = []

    def done() -> bool:
        active = [pod for pod in box.pods() if "deletionTimestamp" not in pod["metadata"]]
        seen.append((len(active), sum(map(is_ready, active))))
        return available(box, "web", 4) and len(box.pods()) == 4

    await box.until(done)
    assert max(total for total, _ in seen) <= 5
    assert min(ready for _, ready in seen) >= 3
    assert {pod["spec"]["containers"][0]["image"] for pod in box.pods()} == {"sound:2"}
    assert box.get(DEPLOYMENTS, "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    sizes = {box.get(REPLICA_SETS, name)["spec"]["replicas"] for name in box.names(REPLICA_SETS)}
    assert sizes == {0, 4}

    box.edit(DEPLOYMENTS, "web", set_image("sound:1"))  # kubectl rollout undo
    await box.until(lambda: len(box.pods()) == 4 and available(box, "web", 4))
    assert len(box.names(REPLICA_SETS)) == 2
    old = next(
        box.get(REPLICA_SETS, name)
        for name in box.names(REPLICA_SETS)
        if box.get(REPLICA_SETS, name)["spec"]["replicas"] == 4
    )
    assert old["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert old["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


@simulated()
async def test_history_is_cut_and_scaling_leaves_it_alone(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 1, revisionHistoryLimit=1))
    for number in range(1, 5):
        box.edit(DEPLOYMENTS, "web", set_image(f"sound:{number}"))
        await box.until(lambda: available(box, "web", 1))
        await box.clock.advance(5)
    assert len(box.names(REPLICA_SETS)) == 2
    box.edit(DEPLOYMENTS, "web", lambda obj: obj["spec"].update({"replicas": 3}))
    await box.until(lambda: available(box, "web", 3))
    assert len(box.names(REPLICA_SETS)) == 2


@simulated()
async def test_recreate_never_has_both(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "db", workload("db", 2, strategy={"type": "Recreate"}))
    await box.until(lambda: available(box, "db", 2))
    box.edit(DEPLOYMENTS, "db", set_image("sound:2"))
    both: list[set[str]] = []

    def done() -> bool:
        both.append({pod["spec"]["containers"][0]["image"] for pod in box.pods()})
        return available(box, "db", 2) and both[-1] == {"sound:2"}

    await box.until(done)
    assert all(len(images) < 2 for images in both)


@simulated()
async def test_a_rollout_that_gets_nowhere_exceeds_its_deadline(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 1, "does-not-exist:1", progressDeadlineSeconds=30))
    await box.until(lambda: condition(box.get(DEPLOYMENTS, "web"), "Progressing")["status"] == "False", 120)
    found = condition(box.get(DEPLOYMENTS, "web"), "Progressing")
    (name,) = box.names(REPLICA_SETS)
    assert (found["reason"], found["message"]) == (
        "ProgressDeadlineExceeded",
        f'ReplicaSet "{name}" has timed out progressing.',
    )


@simulated()
async def test_a_pod_that_the_quota_refuses(box: Sandbox) -> None:
    refuse_pods(box, beyond=1)
    box.create(DEPLOYMENTS, "qu", workload("qu", 3))
    await box.clock.advance(20)
    (name,) = box.names(REPLICA_SETS)
    failure = condition(box.get(REPLICA_SETS, name), "ReplicaFailure")
    assert failure["reason"] == "FailedCreate"
    assert "is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1" in failure["message"]
    assert condition(box.get(DEPLOYMENTS, "qu"), "ReplicaFailure")["message"] == failure["message"]
    assert condition(box.get(DEPLOYMENTS, "qu"), "Available")["status"] == "False"
    assert any(message.startswith("Error creating: pods") for _, message in box.events(name))
    assert any(message.startswith("(combined from similar events)") for _, message in box.events(name))
    assert len(box.pods()) == 1


@simulated()
async def test_a_deleted_pod_is_replaced_and_a_paused_deployment_waits(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 2))
    await box.until(lambda: available(box, "web", 2))
    victim = box.pods()[0]["metadata"]["name"]
    box.store.delete("", "pods", "t", victim)
    await box.until(lambda: victim not in box.names(PODS) and available(box, "web", 2))
    box.edit(DEPLOYMENTS, "web", lambda obj: obj["spec"].update({"paused": True}))
    box.edit(DEPLOYMENTS, "web", set_image("sound:2"))
    await box.clock.advance(30)
    assert {pod["spec"]["containers"][0]["image"] for pod in box.pods()} == {"sound:1"}
    assert condition(box.get(DEPLOYMENTS, "web"), "Progressing")["reason"] == "DeploymentPaused"


@simulated()
async def test_a_service_leads_to_ready_pods_only(box: Sandbox) -> None:
    box.create(SERVICES, "web", service("web", 80, 8080))
    box.create(DEPLOYMENTS, "web", workload("web", 2, ports=[{"containerPort": 8080}], annotations={"wizard.test/ready-after": "5s"}))  # noqa: E501  # fmt: skip
    await box.clock.advance(4)

    def endpoints() -> list[Obj]:
        return [each for one in box.store.list(*SLICES, "t") for each in one.get("endpoints") or ()]

    assert [each["conditions"]["ready"] for each in endpoints()] == [False, False]
    await box.until(lambda: available(box, "web", 2))
    await box.clock.advance(1)
    assert [each["conditions"]["ready"] for each in endpoints()] == [True, True]
    assert endpoints()[0]["targetRef"]["kind"] == "Pod"
    (one,) = box.store.list(*SLICES, "t")
    assert one["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert one["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert len(box.get(("", "endpoints"), "web")["subsets"][0]["addresses"]) == 2


@simulated()
async def test_a_statefulset_starts_in_order_with_its_claims(box: Sandbox) -> None:
    claims = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]  # noqa: E501  # fmt: skip
    notes = {"wizard.test/ready-after": "3s"}
    spec = workload("db", 3, serviceName="db", volumeClaimTemplates=claims, annotations=notes)
    box.create(STATEFUL_SETS, "db", spec)
    order: list[int] = []

    def done() -> bool:
        order.append(sum(not is_ready(pod) for pod in box.pods()))
        return box.status(STATEFUL_SETS, "db").get("availableReplicas") == 3

    await box.until(done)
    assert max(order) == 1
    assert box.names(PODS) == ["db-0", "db-1", "db-2"]
    assert box.names(CLAIMS) == ["data-db-0", "data-db-1", "data-db-2"]
    assert box.status(CLAIMS, "data-db-1")["phase"] == "Bound"
    pod = box.get(PODS, "db-1")
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")
    assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "1"
    status = box.status(STATEFUL_SETS, "db")
    assert status["currentRevision"] == status["updateRevision"] == box.names(REVISIONS)[0]
    assert box.events("db")[:2] == [
        ("SuccessfulCreate", "Create Claim data-db-0 Pod db-0 in StatefulSet db success"),
        ("SuccessfulCreate", "Create Pod db-0 in StatefulSet db successful"),
    ]


@simulated()
async def test_a_statefulset_updates_from_the_end_and_scales_down(box: Sandbox) -> None:
    box.create(STATEFUL_SETS, "db", workload("db", 2, serviceName="db"))
    await box.until(lambda: box.status(STATEFUL_SETS, "db").get("availableReplicas") == 2)
    before = box.status(STATEFUL_SETS, "db")["currentRevision"]
    box.edit(STATEFUL_SETS, "db", set_image("sound:2"))
    await box.until(lambda: box.status(STATEFUL_SETS, "db").get("updateRevision") != before)
    await box.until(lambda: box.get(PODS, "db-1")["spec"]["containers"][0]["image"] == "sound:2" if "db-1" in box.names(PODS) else False)  # noqa: E501  # fmt: skip
    assert box.get(PODS, "db-0")["spec"]["containers"][0]["image"] == "sound:1"
    assert box.status(STATEFUL_SETS, "db")["currentRevision"] == before

    def rolled() -> bool:
        status = box.status(STATEFUL_SETS, "db")
        return bool(status["currentRevision"] == status["updateRevision"] and status.get("availableReplicas") == 2)

    await box.until(rolled)
    box.edit(STATEFUL_SETS, "db", lambda obj: obj["spec"].update({"replicas": 1}))
    await box.until(lambda: box.names(PODS) == ["db-0"])


@simulated()
async def test_parallel_pods_start_together(box: Sandbox) -> None:
    notes = {"wizard.test/ready-after": "30s"}
    spec = workload("p", 3, serviceName="p", podManagementPolicy="Parallel", annotations=notes)
    box.create(STATEFUL_SETS, "p", spec)
    await box.clock.advance(5)
    assert len(box.pods()) == 3


@simulated("3")
async def test_a_daemonset_is_on_every_node_that_will_have_it(box: Sandbox) -> None:
    taint = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
    box.edit(NODES, "agent-2", lambda node: node["spec"].update({"taints": taint}), ns="")
    spec = {"selector": {"matchLabels": {"app": "a"}}, "template": template("a")}
    box.create(DAEMON_SETS, "a", spec)
    await box.until(lambda: box.status(DAEMON_SETS, "a").get("numberAvailable") == 2)
    assert {pod["spec"]["nodeName"] for pod in box.pods()} == {"server", "agent-1"}
    assert box.status(DAEMON_SETS, "a")["desiredNumberScheduled"] == 2
    box.edit(NODES, "agent-2", lambda node: node["spec"].pop("taints"), ns="")
    await box.until(lambda: box.status(DAEMON_SETS, "a").get("numberAvailable") == 3)
    box.edit(DAEMON_SETS, "a", set_image("sound:2"))
    await box.until(lambda: box.status(DAEMON_SETS, "a").get("updatedNumberScheduled") == 3)
    await box.until(lambda: box.status(DAEMON_SETS, "a").get("numberAvailable") == 3)
    assert {pod["spec"]["containers"][0]["image"] for pod in box.pods()} == {"sound:2"}
