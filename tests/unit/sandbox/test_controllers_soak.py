"""Random work on everything at once: nothing of ours raises, and what is left agrees with itself."""

from __future__ import annotations

import random

import pytest

from tests.unit.sandbox.moving_cluster import NS, Sandbox, is_ready, pod_spec, service, simulated, workload
from wizard.sandbox.controllers.shapes import (
    BUDGETS,
    CLAIMS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    PODS,
    SERVICES,
    STATEFUL_SETS,
    VOLUMES,
    Obj,
)
from wizard.sandbox.scenarios import scenario
from wizard.sandbox.status import StatusError

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
IMAGES = ("sound:1", "sound:2", "crash-loop:1", "does-not-exist:1", "oom-killed:1", "docker.io/ollama/ollama:0.32")


def some_object(box: Sandbox, dice: random.Random, name: str) -> None:
    image = dice.choice(IMAGES)
    app = workload(name, dice.randint(0, 4), image, resources={"requests": {"cpu": dice.choice(("10m", "2"))}})
    job = {"backoffLimit": 1, "completions": dice.randint(1, 3), "template": {"spec": pod_spec(image, restartPolicy="Never")}}  # noqa: E501  # fmt: skip
    choices = {
        DEPLOYMENTS: app,
        STATEFUL_SETS: {
            **app,
            "serviceName": name,
            "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": CLAIM}],
        },
        DAEMON_SETS: {key: app[key] for key in ("selector", "template")},
        JOBS: job,
        PODS: pod_spec(image, volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": name}}]),
        CLAIMS: CLAIM,
        SERVICES: service(name, 80),
        BUDGETS: {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
    }
    resource = dice.choice(list(choices))
    box.create(resource, name, choices[resource])


def change(dice: random.Random, obj: Obj) -> None:
    if "replicas" in obj["spec"] and dice.random() < 0.5:
        obj["spec"]["replicas"] = dice.randint(0, 5)
    elif "template" in obj["spec"]:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = dice.choice(IMAGES)


@pytest.mark.parametrize("seed", range(2))
def test_random_work(seed: int) -> None:
    @simulated("4")
    async def run(box: Sandbox) -> None:
        dice = random.Random(seed)
        kinds = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, PODS, CLAIMS, SERVICES, BUDGETS)
        for number in range(150):
            there = [(kind, name) for kind in kinds for name in box.names(kind)]
            try:
                if there and dice.random() < 0.3:
                    kind, name = dice.choice(there)
                    box.store.delete(*kind, NS, name, grace=dice.choice((None, 0)))
                elif there and dice.random() < 0.5:
                    kind, name = dice.choice([each for each in there if each[0] in kinds[:3]] or there)
                    box.store.mutate(*kind, NS, name, lambda obj: change(dice, obj))
                else:
                    some_object(box, dice, f"x{dice.randint(0, 25)}")
            except StatusError as refusal:
                assert refusal.code in (403, 409, 422), refusal
            if number % 40 == 0:
                box.moving.scenario(dice.choice(scenario.names()))
            elif number % 40 == 30:
                box.moving.reset()
            await box.clock.advance(dice.random() * 10)
        box.moving.reset()
        await box.clock.advance(900)
        assert not box.moving.cluster.bugs
        for found in box.store.list(*DEPLOYMENTS):
            mine = [
                pod for pod in box.pods(app=found["metadata"]["name"]) if is_ready(pod) and owned(pod, "ReplicaSet")
            ]
            assert found["status"].get("readyReplicas", 0) == len(mine), found["metadata"]["name"]
        uids = {pod["metadata"]["uid"] for pod in box.store.list(*PODS)}
        assert set(box.moving.kubelet.workers) <= uids

        for kind in kinds:
            for name in box.names(kind):
                try:
                    box.store.delete(*kind, NS, name)
                except StatusError as refusal:
                    assert refusal.code == 404
        await box.clock.advance(900)
        for kind in (PODS, CLAIMS):
            for name in box.names(kind):  # a StatefulSet's claims stay
                if kind == CLAIMS:
                    box.store.delete(*kind, NS, name)
        await box.clock.advance(120)
        assert box.names(PODS) == box.names(CLAIMS) == [] and not box.store.list(*VOLUMES)
        assert not box.moving.kubelet.workers
        scheduler = box.moving.scheduler
        assert scheduler.idle(), "the scheduler still counts pods that are gone"

    run()


def owned(pod: Obj, kind: str) -> bool:
    return any(each["kind"] == kind for each in pod["metadata"].get("ownerReferences") or ())
