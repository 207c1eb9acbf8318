"""The DaemonSet controller (pkg/controller/daemon): one pod on each node that may have it."""

from __future__ import annotations

from wizard.sandbox.controllers import revisions
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import PodControl, available_in, is_ready, owner_is, pod_from
from wizard.sandbox.controllers.scheduler import filters
from wizard.sandbox.controllers.shapes import (
    DAEMON_SETS,
    NODES,
    PODS,
    Obj,
    amount,
    annotations_of,
    labels_of,
)
from wizard.sandbox.status import StatusError

_GENERATION = "deprecated.daemonset.template.generation"
_CONDITIONS = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")


def _tolerations(host_network: bool) -> list[Obj]:
    """What every daemon's pod puts up with (AddOrUpdateDaemonPodTolerations)."""
    prefix = "node.kubernetes.io/"
    lost = [{"key": prefix + key, "operator": "Exists", "effect": "NoExecute"} for key in ("not-ready", "unreachable")]
    more = (*_CONDITIONS, *(("network-unavailable",) if host_network else ()))
    return [*lost, *({"key": prefix + key, "operator": "Exists", "effect": "NoSchedule"} for key in more)]


class DaemonSets:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pods = PodControl(cluster, DAEMON_SETS, "daemonset-controller")
        self._queue = cluster.queue("daemonset", self._sync)
        self._nodes: dict[str, object] = {}
        cluster.on(DAEMON_SETS, lambda event, obj: self._queue.add_object(obj))
        cluster.on(PODS, self._pod)
        cluster.on(NODES, self._node)

    def _pod(self, event: str, pod: Obj) -> None:
        if name := owner_is(pod, "DaemonSet"):
            self._queue.add(pod["metadata"]["namespace"], name)

    def _node(self, event: str, node: Obj) -> None:
        # Heartbeats change nodes all the time; only labels and taints decide who belongs there.
        shape = None if event == "DELETED" else (labels_of(node), node["spec"].get("taints"))
        if self._nodes.get(node["metadata"]["name"]) == shape and event == "MODIFIED":
            return
        self._nodes[node["metadata"]["name"]] = shape
        for each in self._cluster.objects(DAEMON_SETS):
            self._queue.add_object(each)

    def _sync(self, ns: str, name: str) -> float | None:
        wanted = self._cluster.get(DAEMON_SETS, ns, name)
        if wanted is None:
            return None
        generation = annotations_of(wanted).get(_GENERATION) or str(wanted["metadata"].get("generation", 1))
        note = {_GENERATION: generation}
        update, history = revisions.current(
            self._cluster, DAEMON_SETS, wanted, hash_label=revisions.LABEL, annotations=note
        )
        mark = labels_of(update)[revisions.LABEL]
        problem: StatusError | None = None
        if "deletionTimestamp" not in wanted["metadata"]:
            problem = self._manage(wanted, mark, generation)
            self._roll(wanted, mark)
        again = self._report(wanted, mark)
        live = {f"{name}-{labels_of(pod).get(revisions.LABEL, '')}" for pod in self._mine(wanted)}
        revisions.truncate(self._cluster, wanted, history, live | {update["metadata"]["name"]})
        if problem is not None:
            raise problem
        return again

    def _mine(self, wanted: Obj) -> list[Obj]:
        return self._cluster.owned(PODS, wanted["metadata"]["uid"])

    def _belongs(self, wanted: Obj, node: Obj) -> tuple[bool, bool]:
        """Whether the node should run the pod, and whether a pod there may go on."""
        spec = dict(wanted["spec"]["template"]["spec"])
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *_tolerations(bool(spec.get("hostNetwork")))]
        if not filters.node_matches(spec, node):
            return False, False
        taints = node["spec"].get("taints") or ()
        bad = [taint for taint in taints if not filters.tolerates(spec["tolerations"], taint)]
        should = not any(taint["effect"] in ("NoSchedule", "NoExecute") for taint in bad)
        return should, not any(taint["effect"] == "NoExecute" for taint in bad)

    def _by_node(self, wanted: Obj) -> dict[str, list[Obj]]:
        found: dict[str, list[Obj]] = {}
        for pod in self._mine(wanted):
            found.setdefault(_target(pod), []).append(pod)
        return found

    def _manage(self, wanted: Obj, mark: str, generation: str) -> StatusError | None:
        there = self._by_node(wanted)
        missing: list[str] = []
        nodes = {node["metadata"]["name"]: node for node in self._cluster.objects(NODES)}
        for name, node in nodes.items():
            should, may_stay = self._belongs(wanted, node)
            pods = [pod for pod in there.get(name, ()) if "deletionTimestamp" not in pod["metadata"]]
            failed = [pod for pod in pods if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")]
            for pod in failed:
                message = f"Found failed daemon pod {pod['metadata']['namespace']}/{pod['metadata']['name']} on node "
                self._pods.event(wanted, "Warning", "FailedDaemonPod", f"{message}{name}, will try to kill it")
                self._pods.delete(wanted, pod)
            healthy = [pod for pod in pods if pod not in failed]
            if should and not there.get(name):
                missing.append(name)
            elif not may_stay:
                for pod in healthy:
                    self._pods.delete(wanted, pod)
            for pod in healthy[1:] if should else ():
                self._pods.delete(wanted, pod)
        for name in there.keys() - nodes.keys():
            for pod in there[name]:
                if "deletionTimestamp" not in pod["metadata"]:
                    self._pods.delete(wanted, pod)

        def make(number: int) -> Obj:
            return self._pod_for(wanted, missing[number], mark, generation)

        return self._pods.create_many(wanted, len(missing), make)

    def _pod_for(self, wanted: Obj, node: str, mark: str, generation: str) -> Obj:
        labels = {revisions.LABEL: mark, "pod-template-generation": generation}
        prefix = f"{wanted['metadata']['name']}-"
        pod = pod_from(wanted["spec"]["template"], DAEMON_SETS, wanted, generateName=prefix, labels=labels)
        spec = pod["spec"]
        fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
        affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
        required = affinity.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {})
        terms = required.get("nodeSelectorTerms") or [{}]
        required["nodeSelectorTerms"] = [{**term, "matchFields": fields} for term in terms]
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *_tolerations(bool(spec.get("hostNetwork")))]
        return pod

    def _roll(self, wanted: Obj, mark: str) -> None:
        strategy = wanted["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        by_node = self._by_node(wanted)
        total = len(by_node)
        limit = max(1, amount((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), total, up=True))
        min_ready = wanted["spec"].get("minReadySeconds", 0)
        unavailable, old_ready = 0, []
        for name in sorted(by_node):
            pods = by_node[name]
            going = all("deletionTimestamp" in pod["metadata"] for pod in pods)
            available = any(available_in(pod, min_ready, self._cluster.clock) == 0 for pod in pods)
            old = [
                pod
                for pod in pods
                if labels_of(pod).get(revisions.LABEL) != mark and "deletionTimestamp" not in pod["metadata"]
            ]
            if going or not available:
                unavailable += 1
                for pod in old:  # it serves nobody: replaced at once
                    self._pods.delete(wanted, pod)
            else:
                old_ready += old
        for pod in old_ready[: max(0, limit - unavailable)]:
            self._pods.delete(wanted, pod)

    def _report(self, wanted: Obj, mark: str) -> float | None:
        by_node = self._by_node(wanted)
        min_ready = wanted["spec"].get("minReadySeconds", 0)
        desired = scheduled = misplaced = ready = available = updated = 0
        waits: list[float] = []
        for node in self._cluster.objects(NODES):
            should, _ = self._belongs(wanted, node)
            pods = [p for p in by_node.get(node["metadata"]["name"], ()) if "deletionTimestamp" not in p["metadata"]]
            if not should:
                misplaced += bool(pods)
                continue
            desired += 1
            if not pods:
                continue
            scheduled += 1
            pod = pods[0]
            ready += is_ready(pod)
            wait = available_in(pod, min_ready, self._cluster.clock)
            available += wait == 0
            waits += [wait] if wait else []
            updated += labels_of(pod).get(revisions.LABEL) == mark
        status: Obj = {
            "currentNumberScheduled": scheduled,
            "numberMisscheduled": misplaced,
            "desiredNumberScheduled": desired,
            "numberReady": ready,
            "observedGeneration": wanted["metadata"].get("generation", 1),
        }
        more = {
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "numberUnavailable": desired - available,
        }
        status |= {name: count for name, count in more.items() if count}
        self._cluster.set_status(DAEMON_SETS, wanted, status)
        return min(waits) if waits else None


def _target(pod: Obj) -> str:
    """The node that a daemon's pod is for, before and after the scheduler bound it."""
    if bound := pod["spec"].get("nodeName"):
        return str(bound)
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            return str(field["values"][0])
    return ""
