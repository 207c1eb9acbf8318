"""A pod's status as the kubelet writes it (pkg/kubelet/status, kubelet_pods.go: getPhase)."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.sandbox.controllers.kubelet.container import Container
from wizard.sandbox.controllers.shapes import Obj, stamped

_OURS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


def phase_of(pod: Obj, init: Sequence[Container], main: Sequence[Container]) -> str:
    policy = pod["spec"].get("restartPolicy", "Always")
    for each in init:
        if each.sidecar or each.done:
            continue
        if each.exit is not None and policy == "Never":
            return "Failed"
        return "Pending"
    ended = [each for each in main if each.exit is not None and not each.waiting]
    if len(ended) == len(main) and policy != "Always":
        if all(each.exit is not None and each.exit.code == 0 for each in ended):
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    waiting = [each for each in main if each.waiting and each.last is None and each.program is None]
    return "Pending" if waiting else "Running"


def conditions_of(
    pod: Obj, phase: str, sandbox: bool, init: Sequence[Container], main: Sequence[Container], now: float
) -> list[Obj]:
    before = {each["type"]: each for each in (pod.get("status") or {}).get("conditions") or ()}
    unfinished = [each.name for each in init if not (each.started if each.sidecar else each.done)]
    unready = [each.name for each in main if not each.ready]
    gates = pod["spec"].get("readinessGates") or ()
    shut = [g["conditionType"] for g in gates if before.get(g["conditionType"], {}).get("status") != "True"]
    made: list[tuple[str, bool, str, str]] = [("PodReadyToStartContainers", sandbox, "", "")]
    if phase in ("Succeeded", "Failed"):
        reason = "PodCompleted" if phase == "Succeeded" else "PodFailed"
        started = not unfinished
        made = [
            ("PodReadyToStartContainers", False, "", ""),
            ("Initialized", started, reason if phase == "Succeeded" else "", ""),
            ("Ready", False, reason, ""),
            ("ContainersReady", False, reason, ""),
        ]
    else:
        incomplete = f"containers with incomplete status: [{' '.join(unfinished)}]"
        made.append(("Initialized", not unfinished, "ContainersNotInitialized", incomplete))
        message = f"containers with unready status: [{' '.join(unready)}]"
        if not unready and shut:
            gate = f'corresponding condition of pod readiness gate "{shut[0]}" does not exist.'
            made.append(("Ready", False, "ReadinessGatesNotReady", gate))
        else:
            made.append(("Ready", not unready, "ContainersNotReady", message))
        made.append(("ContainersReady", not unready, "ContainersNotReady", message))
    generation = pod["metadata"].get("generation", 1)
    found: list[Obj] = []
    for kind, value, reason, message in made:
        text = "True" if value else "False"
        old = before.get(kind)
        since = old["lastTransitionTime"] if old and old["status"] == text else stamped(now)
        one: Obj = {
            "type": kind,
            "observedGeneration": generation,
            "status": text,
            "lastProbeTime": None,
            "lastTransitionTime": since,
        }
        if reason and (not value or reason == "PodCompleted"):
            one["reason"] = reason
            if message:
                one["message"] = message
        found.append(one)
    return [*found, *(each for kind, each in before.items() if kind not in _OURS)]


def status_of(
    pod: Obj,
    *,
    phase: str,
    sandbox: bool,
    started: float,
    ips: tuple[str, str],
    init: Sequence[Container],
    main: Sequence[Container],
    images: dict[str, float],
    now: float,
) -> Obj:
    """The whole status; what others wrote into it (scheduler, users) stays."""
    node_ip, pod_ip = ips
    old = pod.get("status") or {}
    fresh: Obj = {key: value for key, value in old.items() if key in ("qosClass", "nominatedNodeName", "resize")}
    fresh |= {
        "phase": phase,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "conditions": conditions_of(pod, phase, sandbox, init, main, now),
        "hostIP": node_ip,
        "hostIPs": [{"ip": node_ip}],
        "startTime": old.get("startTime") or stamped(started),
    }
    if sandbox and pod_ip:
        fresh |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    elif old.get("podIP"):
        fresh |= {"podIP": old["podIP"], "podIPs": old["podIPs"]}
    if init:
        fresh["initContainerStatuses"] = [each.status(now, each.image in images) for each in init]
    fresh["containerStatuses"] = [each.status(now, each.image in images) for each in main]
    return fresh
