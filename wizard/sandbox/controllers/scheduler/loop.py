"""The scheduling loop: a queue by priority, filters, a score, volumes, the binding, and retries when it may help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.sandbox.clock import stamp
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.scheduler import filters
from wizard.sandbox.controllers.scheduler.cache import Cache, NodeInfo
from wizard.sandbox.controllers.shapes import (
    CLAIMS,
    NODES,
    PODS,
    STORAGE_CLASSES,
    VOLUMES,
    Obj,
    annotations_of,
    condition,
    controller_of,
    labels_of,
    selects,
)
from wizard.sandbox.controllers.volumes import SELECTED_NODE, claim_names

NAME = "default-scheduler"
_BACK_OFF, _BACK_OFF_MAX = 1.0, 10.0
_FLUSH = 300.0
"""Seconds after which a pod is tried again although nothing that would help has happened."""
_NOT_FOUND = " not found"
"""1.37 ends the message of a pod that no node was looked at for like this (a plugin's error, twice printed)."""


class Scheduler:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._cache = Cache()
        self._queue = cluster.queue("scheduler", self._sync)
        self._attempts: dict[str, tuple[int, float]] = {}
        """Pods that did not fit, by uid: how often, and when last."""
        self._stuck: dict[tuple[str, str], str] = {}
        """(namespace, name) -> uid of those pods."""
        self._shapes: dict[str, object] = {}
        self._claims_of: dict[tuple[str, str], set[tuple[str, str]]] = {}
        """Claim -> pods that wait for it."""
        cluster.on(NODES, self._node)
        cluster.on(PODS, self._pod)
        cluster.on(CLAIMS, self._claim)
        cluster.on(STORAGE_CLASSES, lambda event, obj: self._retry())

    def idle(self) -> bool:
        """Whether no node holds a pod, and none waits for one."""
        return not self._stuck and not any(info.pods for info in self._cache.nodes.values())

    # What happens in the cluster --------------------------------------------------------------------

    def _node(self, event: str, node: Obj) -> None:
        name = node["metadata"]["name"]
        self._cache.node(node, gone=event == "DELETED")
        spec, status = node["spec"], node.get("status") or {}
        shape = (labels_of(node), spec.get("taints"), spec.get("unschedulable"), status.get("allocatable"))
        if self._shapes.get(name) != shape:  # not for a heartbeat
            if event == "ADDED":
                for pod in self._cluster.objects(PODS):
                    if pod["spec"].get("nodeName") == name and not _finished(pod):
                        self._cache.place(pod, name)
            self._shapes[name] = shape
            self._retry()

    def _pod(self, event: str, pod: Obj) -> None:
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        node = pod["spec"].get("nodeName")
        if event == "DELETED" or _finished(pod):
            self._attempts.pop(pod["metadata"]["uid"], None)
            if self._stuck.get(key) == pod["metadata"]["uid"]:
                del self._stuck[key]
            if self._cache.forget(pod):
                self._retry()
        elif node:
            self._cache.place(pod, node)
            if self._stuck and event == "MODIFIED" and pod["metadata"]["uid"] in self._attempts:
                self._attempts.pop(pod["metadata"]["uid"])
                self._stuck.pop(key, None)
        elif key not in self._stuck or event == "ADDED":
            self._queue.add(*key)

    def _claim(self, event: str, claim: Obj) -> None:
        key = (claim["metadata"]["namespace"], claim["metadata"]["name"])
        for pod in sorted(self._claims_of.pop(key, ())):
            self._queue.add(*pod)

    def _retry(self) -> None:
        """Something changed that may help: those that did not fit are tried again, each after its back-off."""
        now = self._cluster.now
        for key, uid in self._stuck.items():
            count, last = self._attempts.get(uid, (1, now))
            wait = last + min(_BACK_OFF * 2.0 ** (count - 1), _BACK_OFF_MAX) - now
            self._queue.add(*key, max(0.0, wait))

    # One pod ----------------------------------------------------------------------------------------

    def _sync(self, ns: str, name: str) -> float | None:
        pod = self._cluster.get(PODS, ns, name)
        if pod is None or pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"] or _finished(pod):
            return None
        if pod["spec"].get("schedulerName", NAME) != NAME:
            return None
        if pod["spec"].get("schedulingGates"):
            message = "Scheduling is blocked due to non-empty scheduling gates"
            self._unscheduled(pod, "SchedulingGated", message)
            return None
        refusal, volumes, unbound = self._volumes(pod)
        if refusal:
            total = len(self._cache.nodes)
            return self._failed(pod, f"0/{total} nodes are available: {refusal}.{_NOT_FOUND}")
        uid = pod["metadata"]["uid"]
        chosen = self._cache.where(uid)
        if not chosen:
            attempt = filters.Attempt(self._cluster, self._cache, pod, self._cache.requests(pod), volumes)
            fitting: list[NodeInfo] = []
            verdicts: list[filters.Verdict] = []
            for info in self._cache.nodes.values():
                verdict = filters.judge(attempt, info)
                if verdict is None:
                    fitting.append(info)
                else:
                    verdicts.append(verdict)
            if not fitting:
                return self._failed(pod, filters.explain(verdicts, len(self._cache.nodes)))
            best = max(fitting, key=lambda info: (self._score(attempt, info), info.name))
            chosen = best.name
            self._cache.place(pod, chosen)  # assumed
        if unbound:
            self._select(unbound, chosen, (ns, name))
            return None
        self._bind(pod, chosen)
        return None

    def _volumes(self, pod: Obj) -> tuple[str, list[Obj], list[Obj]]:
        """Why no node needs to be looked at, the volumes of bound claims, the claims that wait for a node."""
        ns = pod["metadata"]["namespace"]
        volumes: list[Obj] = []
        unbound: list[Obj] = []
        for name in [*claim_names(pod), *self._ephemeral(pod)]:
            claim = self._cluster.get(CLAIMS, ns, name)
            if claim is None:
                self._wait_for(ns, name, pod)
                return f'persistentvolumeclaim "{name}" not found', [], []
            if "deletionTimestamp" in claim["metadata"]:
                return f'persistentvolumeclaim "{name}" is being deleted', [], []
            volume = claim["spec"].get("volumeName")
            if volume and annotations_of(claim).get("pv.kubernetes.io/bind-completed"):
                found = self._cluster.get(VOLUMES, "", volume)
                volumes += [found] if found else []
                continue
            found = self._cluster.get(STORAGE_CLASSES, "", claim["spec"].get("storageClassName") or "")
            if found is None or found.get("volumeBindingMode") != "WaitForFirstConsumer":
                self._wait_for(ns, name, pod)
                return "pod has unbound immediate PersistentVolumeClaims", [], []
            unbound.append(claim)
        return "", volumes, unbound

    def _ephemeral(self, pod: Obj) -> list[str]:
        return [
            f"{pod['metadata']['name']}-{each['name']}"
            for each in pod["spec"].get("volumes") or ()
            if "ephemeral" in each
        ]

    def _wait_for(self, ns: str, claim: str, pod: Obj) -> None:
        self._claims_of.setdefault((ns, claim), set()).add((ns, pod["metadata"]["name"]))

    def _select(self, claims: list[Obj], node: str, pod: tuple[str, str]) -> None:
        """Tells the provisioner where the volumes are wanted; the pod is bound once they are there."""
        for claim in claims:
            key = (claim["metadata"]["namespace"], claim["metadata"]["name"])
            self._cluster.edit(
                CLAIMS,
                claim,
                lambda obj: obj["metadata"].setdefault("annotations", {}).update({SELECTED_NODE: node}),
                "kube-scheduler",
            )
            self._claims_of.setdefault(key, set()).add(pod)

    def _bind(self, pod: Obj, node: str) -> None:
        def write(new: Obj) -> None:
            new["spec"]["nodeName"] = node
            _set_scheduled(new, "True", "", "", self._cluster.stamp())

        uid = pod["metadata"]["uid"]
        self._attempts.pop(uid, None)
        self._stuck.pop((pod["metadata"]["namespace"], pod["metadata"]["name"]), None)
        bound = self._cluster.store.mutate(
            *PODS,
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            write,
            subresource="binding",
            manager="kube-scheduler",
        )
        if bound is not None:
            where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            message = f"Successfully assigned {where} to {node}"
            self._cluster.events.record(PODS, bound, "Normal", "Scheduled", message, source=NAME, action="Binding")

    def _failed(self, pod: Obj, message: str) -> float:
        meta = pod["metadata"]
        count, _ = self._attempts.get(meta["uid"], (0, 0.0))
        self._attempts[meta["uid"]] = (count + 1, self._cluster.now)
        self._stuck[meta["namespace"], meta["name"]] = meta["uid"]
        self._unscheduled(pod, "Unschedulable", message)
        self._cluster.events.record(PODS, pod, "Warning", "FailedScheduling", message, source=NAME, action="Scheduling")
        return _FLUSH

    def _unscheduled(self, pod: Obj, reason: str, message: str) -> None:
        now = stamp(self._cluster.now)
        self._cluster.store.mutate(
            *PODS,
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            lambda new: _set_scheduled(new, "False", reason, message, now),
            subresource="status",
            manager="kube-scheduler",
        )

    # Which node is best -----------------------------------------------------------------------------

    def _score(self, attempt: filters.Attempt, info: NodeInfo) -> float:
        """LeastAllocated, spread of one owner's pods, and preferences; 0 to some hundreds."""
        free = 0.0
        for name in ("cpu", "memory"):
            have = info.allocatable.get(name, 0.0)
            if have:
                free += 50 * (have - info.requested[name] - attempt.requests.get(name, 0.0)) / have
        owner = controller_of(attempt.pod)
        score = free - (10.0 * info.owners[owner["uid"]] if owner else 0.0) - len(info.pods) / 10
        affinity = attempt.pod["spec"].get("affinity") or {}
        preferred = "preferredDuringSchedulingIgnoredDuringExecution"
        for each in (affinity.get("nodeAffinity") or {}).get(preferred) or ():
            if filters.term_matches(each["preference"], info.node):
                score += each["weight"]
        for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
            for each in (affinity.get(kind) or {}).get(preferred) or ():
                if self._near(attempt, each["podAffinityTerm"], info):
                    score += sign * each["weight"]
        for each in attempt.pod["spec"].get("topologySpreadConstraints") or ():
            if each.get("whenUnsatisfiable") == "ScheduleAnyway":
                key = f"soft:{each['topologyKey']}"
                if key not in attempt.memo:
                    attempt.memo[key] = filters.spread_counts(attempt, each)
                score -= 20.0 * attempt.memo[key].get(labels_of(info.node).get(each["topologyKey"], ""), 0)
        tolerations = attempt.pod["spec"].get("tolerations") or ()
        for taint in info.node["spec"].get("taints") or ():
            if taint["effect"] == "PreferNoSchedule" and not filters.tolerates(tolerations, taint):
                score -= 50
        return score

    def _near(self, attempt: filters.Attempt, term: Mapping[str, Any], info: NodeInfo) -> bool:
        domain = labels_of(info.node).get(term["topologyKey"])
        return any(
            labels_of(other.node).get(term["topologyKey"]) == domain
            and any(
                selects(term.get("labelSelector"), labels_of(pod))
                and pod["metadata"]["namespace"] == attempt.pod["metadata"]["namespace"]
                for pod in other.pods.values()
            )
            for other in self._cache.nodes.values()
        )


def _finished(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _set_scheduled(pod: Obj, value: str, reason: str, message: str, now: str) -> None:
    before = condition(pod, "PodScheduled")
    same = before is not None and before["status"] == value
    fresh: Obj = {
        "type": "PodScheduled",
        "status": value,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "lastProbeTime": None,
        "lastTransitionTime": before["lastTransitionTime"] if before and same else now,
    }
    if reason:
        fresh |= {"reason": reason, "message": message}
    status = pod.setdefault("status", {})
    status["conditions"] = [*(e for e in status.get("conditions") or () if e["type"] != "PodScheduled"), fresh]
