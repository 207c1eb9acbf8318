"""The precedence table of rollouts: objects as the API server gives them -> phase, words, troubles.

Counts that are zero are left out of the objects where Kubernetes' own types leave them out of the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.kube_objects import (
    Obj,
    condition,
    container,
    daemon,
    deployment,
    event,
    full,
    job,
    obj,
    pod,
    scheduled,
    stateful,
    waiting,
)
from wizard.domain.rollout import Phase, Trouble, workload

READY, PROGRESSING, FAILED = Phase.READY, Phase.PROGRESSING, Phase.FAILED

QUOTA = 'pods "web-x" is forbidden: exceeded quota: small, requested: requests.memory=1Gi'
PSS = 'pods "web-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
LATE = 'ReplicaSet "web-1" has timed out progressing.'


@dataclass(frozen=True)
class Row:
    id: str
    obj: Obj
    phase: Phase
    message: str
    codes: tuple[str, ...] = ()
    pods: tuple[Obj, ...] = ()
    events: tuple[Obj, ...] = ()


CRASHING = pod(containers=[waiting("CrashLoopBackOff", "back-off 40s", last={"exitCode": 1})])
STARTING = pod(phase="Pending", containers=[waiting("ContainerCreating")])
OLD = stateful(1)
ROWS = [
    # Deployment
    Row("d/ready", deployment(**full(2)), READY, "2 of 2 pods ready"),
    Row("d/replicas default to 1", obj("Deployment", {}, full(1)), READY, "1 of 1 pods ready"),
    Row(
        "d/new, no status at all",
        obj("Deployment", {}, {"observedGeneration": 0}, generation=1),
        PROGRESSING,
        "its controller has not seen it yet",
    ),
    Row(
        "d/generation not observed beats counts",
        obj("Deployment", {"replicas": 2}, full(2), generation=3),
        PROGRESSING,
        "its controller has not seen it yet",
    ),
    Row(
        "d/generation not observed beats an old deadline",
        obj(
            "Deployment",
            {"replicas": 1},
            {"conditions": [condition("Progressing", "False", "ProgressDeadlineExceeded", LATE)]},
            generation=3,
        ),
        PROGRESSING,
        "its controller has not seen it yet",
    ),
    Row("d/none yet", deployment(1, unavailableReplicas=1), PROGRESSING, "0 of 1 pods ready, 0 updated"),
    Row("d/being updated", deployment(**full(2, updatedReplicas=1)), PROGRESSING, "2 of 2 pods ready, 1 updated"),
    Row("d/surge leftovers", deployment(**full(2, replicas=3)), PROGRESSING, "2 of 2 pods ready, 2 updated"),
    Row(
        "d/old ones left beside too few new",
        deployment(**full(2, updatedReplicas=1, replicas=3)),
        PROGRESSING,
        "2 of 2 pods ready, 1 updated",
    ),
    Row("d/not ready", deployment(**full(2, readyReplicas=1, availableReplicas=1)), PROGRESSING, "1 of 2 pods ready"),
    # minReadySeconds: ready, not yet available; a zero is not in the JSON.
    Row("d/ready, one not available", deployment(**full(2, availableReplicas=1)), PROGRESSING, "2 of 2 pods ready"),
    Row(
        "d/ready, none available",
        deployment(1, replicas=1, updatedReplicas=1, readyReplicas=1),
        PROGRESSING,
        "1 of 1 pods ready",
    ),
    Row("d/scaled to 0", deployment(0), READY, "0 of 0 pods ready"),
    Row("d/scaled to 0, pods still there", deployment(0, **full(2)), PROGRESSING, "2 of 0 pods ready, 2 updated"),
    Row("d/scaled down, one too many", deployment(1, **full(2)), PROGRESSING, "2 of 1 pods ready, 2 updated"),
    Row(
        "d/deadline",
        deployment(
            1,
            replicas=1,
            updatedReplicas=1,
            conditions=[
                condition("Available", "False"),
                condition("Progressing", "False", "ProgressDeadlineExceeded", LATE),
            ],
        ),
        FAILED,
        LATE,
    ),
    Row(
        "d/deadline keeps its pods' troubles",
        deployment(
            1,
            replicas=1,
            updatedReplicas=1,
            conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded", "")],
        ),
        FAILED,
        "deadline exceeded",
        ("crash-loop",),
        (CRASHING,),
    ),
    Row(
        "d/progressing for another reason",
        deployment(
            1, replicas=1, updatedReplicas=1, conditions=[condition("Progressing", "True", "ReplicaSetUpdated")]
        ),
        PROGRESSING,
        "0 of 1 pods ready",
    ),
    Row(
        "d/paused half-way",
        deployment(2, spec={"paused": True}, **full(2, updatedReplicas=0)),
        PROGRESSING,
        "2 of 2 pods ready, 0 updated",
        ("rollout-paused",),
    ),
    Row("d/paused, but complete", deployment(2, spec={"paused": True}, **full(2)), READY, "2 of 2 pods ready"),
    Row(
        "d/quota",
        deployment(1, conditions=[condition("ReplicaFailure", "True", "FailedCreate", QUOTA)]),
        PROGRESSING,
        "0 of 1 pods ready, 0 updated",
        ("quota-exceeded",),
    ),
    Row(
        "d/pod security",
        deployment(1, conditions=[condition("ReplicaFailure", "True", "FailedCreate", PSS)]),
        PROGRESSING,
        "0 of 1 pods ready, 0 updated",
        ("pod-security",),
    ),
    Row(
        "d/webhook",
        deployment(1, conditions=[condition("ReplicaFailure", "True", "FailedCreate", "denied the request")]),
        PROGRESSING,
        "0 of 1 pods ready, 0 updated",
        ("pod-refused",),
    ),
    Row(
        "d/refused once, no longer",
        deployment(
            1, replicas=1, updatedReplicas=1, conditions=[condition("ReplicaFailure", "False", "FailedCreate", QUOTA)]
        ),
        PROGRESSING,
        "0 of 1 pods ready",
    ),
    Row(
        "d/refused beside a starting one",
        deployment(
            2, replicas=1, updatedReplicas=1, conditions=[condition("ReplicaFailure", "True", "FailedCreate", QUOTA)]
        ),
        PROGRESSING,
        "0 of 2 pods ready, 1 updated",
        ("not-ready", "quota-exceeded"),
        (STARTING,),
    ),
    Row("d/ready hides what once was", deployment(1, **full(1)), READY, "1 of 1 pods ready", (), (CRASHING,)),
    Row(
        "d/terminating",
        obj("Deployment", {"replicas": 1}, full(1), deletionTimestamp="2026-11-23T20:00:00Z"),
        PROGRESSING,
        "it is being deleted",
    ),
    Row(
        "d/an evicted pod beside its replacement",
        deployment(1, replicas=1, updatedReplicas=1),
        PROGRESSING,
        "0 of 1 pods ready",
        ("pod-failed", "not-ready"),
        (pod("web-a", phase="Failed", reason="Evicted"), STARTING),
    ),
    # StatefulSet
    Row("s/ready", stateful(**full(2)), READY, "2 of 2 pods ready"),
    Row(
        "s/ready, before availableReplicas existed",
        stateful(1, replicas=1, updatedReplicas=1, readyReplicas=1),
        READY,
        "1 of 1 pods ready",
    ),
    Row("s/ready, not available", stateful(**full(2, availableReplicas=0)), PROGRESSING, "2 of 2 pods ready"),
    Row(
        "s/generation",
        obj("StatefulSet", {"replicas": 1}, full(1), generation=3),
        PROGRESSING,
        "its controller has not seen it yet",
    ),
    Row("s/scaled to 0", stateful(0, availableReplicas=0, replicas=0), READY, "0 of 0 pods ready"),
    Row("s/scaled to 0, one pod left", stateful(0, **full(1)), PROGRESSING, "1 of 0 pods ready, 1 updated"),
    Row(
        "s/updating",
        stateful(**full(2, updatedReplicas=1, updateRevision="web-2")),
        PROGRESSING,
        "2 of 2 pods ready, 1 updated",
    ),
    Row(
        "s/updated, not said to be done",
        stateful(**full(2, updateRevision="web-2")),
        PROGRESSING,
        "2 of 2 pods ready, rolling out",
    ),
    Row(
        "s/rolled back while a pod of the bad revision is stuck",
        stateful(**full(2, updatedReplicas=1, readyReplicas=1)),
        PROGRESSING,
        "1 of 2 pods ready, 1 updated",
        ("crash-loop",),
        (CRASHING,),
    ),
    Row(
        "s/partition reached: the revisions stay apart",
        stateful(
            3,
            strategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}},
            **full(3, updatedReplicas=1, updateRevision="web-2"),
        ),
        READY,
        "3 of 3 pods ready",
    ),
    Row(
        "s/partition not reached",
        stateful(
            3,
            strategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
            **full(3, updatedReplicas=1, updateRevision="web-2"),
        ),
        PROGRESSING,
        "3 of 3 pods ready, 1 updated",
    ),
    Row(
        "s/partition above the replicas",
        stateful(
            2,
            strategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 9}},
            **full(2, updatedReplicas=0, updateRevision="web-2"),
        ),
        READY,
        "2 of 2 pods ready",
    ),
    Row(
        "s/partition reached, a pod not ready",
        stateful(
            3,
            strategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}},
            **full(3, updatedReplicas=1, readyReplicas=2, updateRevision="web-2"),
        ),
        PROGRESSING,
        "2 of 3 pods ready",
    ),
    Row(
        "s/partition 0 is none, as the API server defaults it",
        stateful(
            2,
            strategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            **full(2, updatedReplicas=1, updateRevision="web-2"),
        ),
        PROGRESSING,
        "2 of 2 pods ready, 1 updated",
    ),
    Row(
        "s/OnDelete waits for nobody's deleting",
        stateful(2, strategy={"type": "OnDelete"}, **full(2, updatedReplicas=0, updateRevision="web-2")),
        READY,
        "2 of 2 pods ready",
    ),
    Row(
        "s/OnDelete still must be ready",
        stateful(2, strategy={"type": "OnDelete"}, **full(2, updatedReplicas=0, readyReplicas=1)),
        PROGRESSING,
        "1 of 2 pods ready",
    ),
    Row(
        "s/refused: events alone say it",
        OLD,
        PROGRESSING,
        "0 of 1 pods ready, 0 updated",
        ("quota-exceeded",),
        (),
        (event("FailedCreate", QUOTA, OLD),),
    ),
    Row(
        "s/the newest refusal counts, in whatever order they come",
        OLD,
        PROGRESSING,
        "0 of 1 pods ready, 0 updated",
        ("pod-security",),
        (),
        (event("FailedCreate", PSS, OLD, at="2026-11-23T21:00:00Z"), event("FailedCreate", QUOTA, OLD)),
    ),
    Row(
        "s/another one's refusal",
        OLD,
        PROGRESSING,
        "0 of 1 pods ready, 0 updated",
        (),
        (),
        (event("FailedCreate", QUOTA, deployment()),),
    ),
    Row(
        "s/a refusal of before",
        stateful(1, replicas=1, updatedReplicas=1),
        PROGRESSING,
        "0 of 1 pods ready",
        (),
        (),
        (event("FailedCreate", QUOTA, OLD),),
    ),
    # DaemonSet
    Row("n/ready", daemon(**scheduled(3)), READY, "3 of 3 pods ready"),
    Row("n/no node for it", daemon(**scheduled(0)), READY, "0 of 0 pods ready"),
    Row(
        "n/generation",
        obj("DaemonSet", {}, scheduled(1), generation=3),
        PROGRESSING,
        "its controller has not seen it yet",
    ),
    Row(
        "n/not on all nodes",
        daemon(**scheduled(3, currentNumberScheduled=2, updatedNumberScheduled=2, numberReady=2)),
        PROGRESSING,
        "2 of 3 pods ready, 2 updated",
    ),
    Row("n/updating", daemon(**scheduled(3, updatedNumberScheduled=1)), PROGRESSING, "3 of 3 pods ready, 1 updated"),
    Row("n/not ready", daemon(**scheduled(3, numberReady=2)), PROGRESSING, "2 of 3 pods ready"),
    Row("n/ready, not available", daemon(**scheduled(3, numberAvailable=1)), PROGRESSING, "3 of 3 pods ready"),
    Row(
        "n/ready, none available",
        daemon(desiredNumberScheduled=1, currentNumberScheduled=1, updatedNumberScheduled=1, numberReady=1),
        PROGRESSING,
        "1 of 1 pods ready",
    ),
    Row(
        "n/OnDelete", daemon(strategy="OnDelete", **scheduled(3, updatedNumberScheduled=0)), READY, "3 of 3 pods ready"
    ),
    Row(
        "n/OnDelete, not ready",
        daemon(strategy="OnDelete", **scheduled(3, updatedNumberScheduled=0, numberReady=2)),
        PROGRESSING,
        "2 of 3 pods ready",
    ),
    Row(
        "n/refused",
        daemon(desiredNumberScheduled=2),
        PROGRESSING,
        "0 of 2 pods ready, 0 updated",
        ("pod-security",),
        (),
        (event("FailedCreate", PSS, daemon()),),
    ),
    Row(
        "n/a refusal of before",
        daemon(**scheduled(2, numberReady=1)),
        PROGRESSING,
        "1 of 2 pods ready",
        (),
        (),
        (event("FailedCreate", PSS, daemon()),),
    ),
    # Job
    Row("j/running", job(active=1), PROGRESSING, "running"),
    Row("j/not started", job(), PROGRESSING, "running"),
    Row(
        "j/trying again",
        job(active=1, failed=2),
        PROGRESSING,
        "running, 2 failed",
        ("pod-failed",),
        (pod("pull-a", phase="Failed", containers=[container(terminated={"exitCode": 1})]),),
    ),
    Row(
        "j/complete",
        job(succeeded=1, conditions=[condition("SuccessCriteriaMet"), condition("Complete")]),
        READY,
        "complete",
    ),
    Row(
        "j/complete after failures",
        job(succeeded=1, failed=3, conditions=[condition("Complete")]),
        READY,
        "complete",
        (),
        (pod("pull-a", phase="Failed"),),
    ),
    Row(
        "j/a condition that does not hold",
        job(
            active=1,
            conditions=[condition("Complete", "False"), condition("Failed", "False"), condition("Suspended", "False")],
        ),
        PROGRESSING,
        "running",
    ),
    Row("j/about to fail", job(conditions=[condition("FailureTarget")]), PROGRESSING, "running"),
    Row(
        "j/failed",
        job(
            failed=5,
            conditions=[
                condition("FailureTarget"),
                condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit"),
            ],
        ),
        FAILED,
        "Job has reached the specified backoff limit",
        ("pod-failed", "job-failed"),
        (pod(phase="Failed"),),
    ),
    Row(
        "j/suspended",
        job(spec={"suspend": True}, conditions=[condition("Suspended", "True", "JobSuspended")]),
        PROGRESSING,
        "suspended",
        ("job-suspended",),
    ),
    Row("j/refused", job(), PROGRESSING, "running", ("quota-exceeded",), (), (event("FailedCreate", QUOTA, job()),)),
    Row(
        "j/a refusal of before",
        job(active=1, ready=1),
        PROGRESSING,
        "running",
        (),
        (),
        (event("FailedCreate", QUOTA, job()),),
    ),
    Row(
        "j/terminating",
        obj("Job", {}, {}, deletionTimestamp="2026-11-23T20:00:00Z"),
        PROGRESSING,
        "it is being deleted",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_precedence(row: Row) -> None:
    rollout = workload(row.obj, row.pods, row.events)
    assert (rollout.phase, rollout.message) == (row.phase, row.message)
    assert tuple(trouble.code for trouble in rollout.troubles) == row.codes


def test_a_failed_job_is_fatal_and_says_why() -> None:
    failed = condition("Failed", "True", "DeadlineExceeded", "Job was active longer than specified deadline")
    (trouble,) = workload(job(conditions=[failed])).troubles
    assert (trouble.resource, trouble.reason, trouble.fatal) == ("job chat/web", "DeadlineExceeded", True)
    assert trouble.message == "Job was active longer than specified deadline"


def test_events_of_objects_without_a_uid_are_matched_by_name() -> None:
    """A fake or a very old event source leaves it out."""
    about = event("FailedCreate", QUOTA, OLD)
    del about["involvedObject"]["uid"]
    assert [t.code for t in workload(OLD, (), (about,)).troubles] == ["quota-exceeded"]
    about["involvedObject"]["name"] = "another"
    assert workload(OLD, (), (about,)).troubles == ()


def test_troubles_of_a_workload_name_it() -> None:
    (paused,) = workload(deployment(2, spec={"paused": True}, **full(2, updatedReplicas=0))).troubles
    assert paused == Trouble(
        "rollout-paused",
        "deployment chat/web",
        "Paused",
        "its rollout is paused: no pod is replaced",
        "somebody paused it: `kubectl rollout resume`",
        True,
    )


counts = st.integers(min_value=0, max_value=3)
statuses = st.fixed_dictionaries(
    {},
    optional={
        name: counts
        for name in (
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "updatedNumberScheduled",
            "numberReady",
            "numberAvailable",
        )
    }
    | {
        "currentRevision": st.sampled_from(["a", "b"]),
        "updateRevision": st.sampled_from(["a", "b"]),
        "conditions": st.lists(
            st.builds(
                condition,
                st.sampled_from(["Progressing", "Available", "ReplicaFailure", "Complete", "Failed", "Suspended"]),
                st.sampled_from(["True", "False", "Unknown"]),
                st.sampled_from(["", "ProgressDeadlineExceeded"]),
            ),
            max_size=3,
        ),
    },
)


@given(st.sampled_from(["Deployment", "StatefulSet", "DaemonSet"]), counts, statuses)
def test_ready_only_with_all_pods_ready_and_seen(kind: str, replicas: int, status: Obj) -> None:
    """Whatever a controller writes: no exception, and never ready with fewer pods than asked for."""
    made = {"kind": kind, "metadata": {"name": "x", "generation": 2, "uid": "u"}, "spec": {"replicas": replicas}}
    rollout = workload({**made, "status": status})
    if rollout.phase is Phase.READY:
        daemonic = kind == "DaemonSet"
        want = status.get("desiredNumberScheduled", 0) if daemonic else replicas
        assert status.get("numberReady" if daemonic else "readyReplicas", 0) >= want
        assert status.get("updatedNumberScheduled" if daemonic else "updatedReplicas", 0) >= want
        assert status["observedGeneration"] >= 2
        assert rollout.troubles == ()
