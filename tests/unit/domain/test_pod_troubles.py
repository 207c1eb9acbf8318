"""What keeps one pod from being ready: pods as the kubelet reports them -> code, reason, whether waiting helps."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.unit.domain.kube_objects import (
    Obj,
    condition,
    container,
    event,
    pod,
    waiting,
)
from wizard.domain.rollout import pod_troubles, refused

QUOTA = 'pods "web-x" is forbidden: exceeded quota: small, requested: requests.memory=1Gi'
PSS = 'pods "web-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'


@dataclass(frozen=True)
class PodRow:
    id: str
    pod: Obj
    troubles: tuple[tuple[str, str, bool], ...]
    """(code, reason, fatal)."""
    message: str = ""
    container: str = ""
    previous: bool = False
    events: tuple[Obj, ...] = ()


OOM = {"reason": "OOMKilled", "exitCode": 137}
DONE_INIT = container("init", ready=True, terminated={"reason": "Completed", "exitCode": 0})
UNSCHEDULABLE = condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available: 3 Insufficient memory.")
PODS = [
    PodRow("ready", pod(ready=True, containers=[container(ready=True, running={})]), ()),
    PodRow("ready, killed for memory an hour ago", pod(ready=True, containers=[container(ready=True, last=OOM)]), ()),
    PodRow("succeeded", pod(phase="Succeeded", containers=[container(terminated={"exitCode": 0})]), ()),
    PodRow(
        "terminating, whatever it says",
        pod(containers=[waiting("CrashLoopBackOff")], meta={"deletionTimestamp": "2026-11-23T20:00:00Z"}),
        (),
    ),
    *(
        PodRow(
            reason,
            pod(phase="Pending", containers=[waiting(reason, "the kubelet's words")]),
            ((code, reason, True),),
            "the kubelet's words",
            "web",
        )
        for reason, code in [
            ("ErrImagePull", "image-pull-failed"),
            ("ImagePullBackOff", "image-pull-failed"),
            ("InvalidImageName", "image-pull-failed"),
            ("ErrImageNeverPull", "image-pull-failed"),
            ("ImageInspectError", "image-pull-failed"),
            ("RegistryUnavailable", "image-pull-failed"),
            ("SignatureValidationFailed", "image-pull-failed"),
            ("CreateContainerConfigError", "container-config"),
            ("CreateContainerError", "container-config"),
            ("RunContainerError", "container-config"),
        ]
    ),
    PodRow(
        "waiting without words",
        pod(containers=[waiting("ErrImagePull")]),
        (("image-pull-failed", "ErrImagePull", True),),
        "container web is waiting",
        "web",
    ),
    PodRow(
        "crash loop",
        pod(containers=[waiting("CrashLoopBackOff", "back-off 40s", last={"exitCode": 3})]),
        (("crash-loop", "CrashLoopBackOff", True),),
        "container web ended with exit code 3, back-off 40s",
        "web",
        True,
    ),
    PodRow(
        "crash loop, nothing known of the end",
        pod(containers=[waiting("CrashLoopBackOff", "back-off 10s")]),
        (("crash-loop", "CrashLoopBackOff", True),),
        "back-off 10s",
        "web",
        True,
    ),
    PodRow(
        "killed for memory, and running again",
        pod(containers=[container(last=OOM, running={})]),
        (("out-of-memory", "OOMKilled", True),),
        "container web was killed at its memory limit",
        "web",
        True,
    ),
    PodRow(
        "killed for memory just now",
        pod(containers=[container(terminated=OOM)]),
        (("out-of-memory", "OOMKilled", True),),
        "container web was killed at its memory limit",
        "web",
        False,
    ),
    PodRow(
        "killed for memory again and again: the memory is the cause, not the loop",
        pod(containers=[waiting("CrashLoopBackOff", "back-off", last=OOM)]),
        (("out-of-memory", "OOMKilled", True),),
        "",
        "web",
        True,
    ),
    PodRow(
        "killed for memory as an attempt of a Job, which tries again",
        pod(phase="Failed", containers=[container(terminated=OOM)]),
        (("out-of-memory", "OOMKilled", False),),
        "",
        "web",
    ),
    PodRow(
        "one container recovered, another is starting",
        pod(containers=[container("one", ready=True, last=OOM, running={}), container("two", running={})]),
        (("not-ready", "NotReady", False),),
        "container two is not ready",
        "two",
    ),
    PodRow(
        "unschedulable",
        pod(phase="Pending", conditions=[UNSCHEDULABLE]),
        (("unschedulable", "Unschedulable", True),),
        "0/3 nodes are available: 3 Insufficient memory.",
    ),
    PodRow(
        "scheduled",
        pod(phase="Pending", conditions=[condition("PodScheduled")]),
        (("not-ready", "Pending", False),),
        "waiting to start",
    ),
    PodRow(
        "init container crashes",
        pod(
            phase="Pending",
            containers=[waiting("PodInitializing")],
            inits=[
                container("init", waiting={"reason": "CrashLoopBackOff", "message": "back-off"}, last={"exitCode": 1})
            ],
        ),
        (("crash-loop", "CrashLoopBackOff", True),),
        "container init ended with exit code 1, back-off",
        "init",
        True,
    ),
    PodRow(
        "init container waits",
        pod(phase="Pending", containers=[waiting("PodInitializing")], inits=[container("init", running={})]),
        (("not-ready", "Pending", False),),
        "container init, web is not ready",
        "init",
    ),
    PodRow(
        "init container done",
        pod(containers=[container(running={})], inits=[DONE_INIT]),
        (("not-ready", "NotReady", False),),
        "container web is not ready",
        "web",
    ),
    PodRow(
        "evicted",
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
        (("pod-failed", "Evicted", False),),
        "The node was low on resource: memory.",
    ),
    PodRow(
        "failed: the container that failed has the last words",
        pod(
            phase="Failed",
            containers=[container("side", terminated={"exitCode": 0}), container("main", terminated={"exitCode": 7})],
        ),
        (("pod-failed", "Failed", False),),
        "container main ended with exit code 7",
        "main",
    ),
    PodRow(
        "starting, and an event says why not",
        pod(phase="Pending", containers=[waiting("ContainerCreating")]),
        (("not-ready", "Pending", False),),
        'FailedMount: secret "x" not found',
        "web",
        False,
        (
            event("FailedMount", "an older one", pod(), at="2026-11-23T19:00:00Z"),
            event("FailedMount", 'secret "x" not found', pod()),
            event("Pulled", "not a warning", pod(), at="2026-11-23T22:00:00Z", kind="Normal"),
            event("BackOff", "of another pod", pod("web-1"), at="2026-11-23T22:00:00Z"),
        ),
    ),
    PodRow(
        "an event of an earlier pod of that name",
        pod(phase="Pending", containers=[waiting("ContainerCreating")]),
        (("not-ready", "Pending", False),),
        "container web is not ready",
        "web",
        False,
        (event("FailedMount", "of before", pod(meta={"uid": "another"})),),
    ),
    PodRow(
        "no status yet",
        {"metadata": {"name": "web-0", "namespace": "chat"}},
        (("not-ready", "Pending", False),),
        "waiting to start",
    ),
]


@pytest.mark.parametrize("row", PODS, ids=lambda row: row.id)
def test_pod_troubles(row: PodRow) -> None:
    troubles = pod_troubles(row.pod, row.events)
    assert tuple((t.code, t.reason, t.fatal) for t in troubles) == row.troubles
    for trouble in troubles:
        assert trouble.resource == "pod chat/web-0"
        assert trouble.pod == "web-0"
        assert trouble.hint
    if troubles:
        assert troubles[0].container == row.container
        assert troubles[0].previous is row.previous
        assert not row.message or troubles[0].message == row.message


def test_every_container_in_trouble_is_named() -> None:
    crashing = container("two", waiting={"reason": "CrashLoopBackOff", "message": "back-off"})
    found = pod_troubles(pod(containers=[waiting("ErrImagePull"), crashing]))
    assert [(t.container, t.code) for t in found] == [("web", "image-pull-failed"), ("two", "crash-loop")]


@pytest.mark.parametrize(
    ("message", "code"), [(QUOTA, "quota-exceeded"), (PSS, "pod-security"), ("anything else", "pod-refused")]
)
def test_refusals_are_fatal_and_name_what_refused(message: str, code: str) -> None:
    trouble = refused("deployment chat/web", "FailedCreate", message)
    assert trouble.fatal and trouble.code == code and trouble.message == message
    assert trouble.hint
