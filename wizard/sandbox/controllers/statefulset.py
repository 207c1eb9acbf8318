"""The StatefulSet controller (pkg/controller/statefulset): pods with numbers, claims and an order."""

from __future__ import annotations

from wizard.sandbox.controllers import revisions
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import PodControl, available_in, is_ready, owner_is, pod_from
from wizard.sandbox.controllers.shapes import (
    CLAIMS,
    PODS,
    STATEFUL_SETS,
    Obj,
    labels_of,
    owner_reference,
)
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import copied

_POD_NAME = "statefulset.kubernetes.io/pod-name"
_INDEX = "apps.kubernetes.io/pod-index"
_HASH = "controller.kubernetes.io/hash"


class StatefulSets:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pods = PodControl(cluster, STATEFUL_SETS, "statefulset-controller")
        self._queue = cluster.queue("statefulset", self._sync)
        cluster.on(STATEFUL_SETS, lambda event, obj: self._queue.add_object(obj))
        cluster.on(PODS, self._pod)

    def _pod(self, event: str, pod: Obj) -> None:
        if name := owner_is(pod, "StatefulSet"):
            self._queue.add(pod["metadata"]["namespace"], name)

    def _sync(self, ns: str, name: str) -> float | None:
        wanted = self._cluster.get(STATEFUL_SETS, ns, name)
        if wanted is None:
            return None
        self._pods.claimed(wanted)
        update, history = revisions.current(self._cluster, STATEFUL_SETS, wanted, hash_label=_HASH)
        status = wanted.get("status") or {}
        current_name = status.get("currentRevision") or update["metadata"]["name"]
        current = next((each for each in history if each["metadata"]["name"] == current_name), update)
        problem: StatusError | None = None
        if "deletionTimestamp" not in wanted["metadata"]:
            try:
                self._manage(wanted, current, update)
            except StatusError as refusal:
                problem = refusal
        again = self._report(wanted, current, update)
        live = {labels_of(pod).get(revisions.LABEL, "") for pod in self._mine(wanted)}
        if not live - {update["metadata"]["name"]}:
            revisions.truncate(self._cluster, wanted, history, live | {current_name, update["metadata"]["name"]})
        if problem is not None:
            raise problem
        return again

    def _mine(self, wanted: Obj) -> list[Obj]:
        return self._cluster.owned(PODS, wanted["metadata"]["uid"])

    def _manage(self, wanted: Obj, current: Obj, update: Obj) -> None:
        spec = wanted["spec"]
        start = (spec.get("ordinals") or {}).get("start", 0)
        numbers = range(start, start + spec.get("replicas", 1))
        together = spec.get("podManagementPolicy") == "Parallel"
        by_number = {_number(pod): pod for pod in self._mine(wanted)}
        for number in numbers:
            pod = by_number.get(number)
            if pod is not None and (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
                if "deletionTimestamp" not in pod["metadata"]:
                    self._delete(wanted, pod)
                return  # made anew once it is gone
            if pod is None:
                self._create(wanted, number, self._revision_for(wanted, number, current, update))
                if not together:
                    return
                continue
            if not together and ("deletionTimestamp" in pod["metadata"] or not self._is_available(wanted, pod)):
                return  # one after the other
            self._claims(wanted, number)
        for number in sorted((each for each in by_number if each not in numbers), reverse=True):
            pod = by_number[number]
            if "deletionTimestamp" in pod["metadata"]:
                if not together:
                    return
                continue
            self._delete(wanted, pod)
            if not together:
                return
        self._update(wanted, update, by_number, list(numbers))

    def _update(self, wanted: Obj, update: Obj, by_number: dict[int, Obj], numbers: list[int]) -> None:
        strategy = wanted["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        rolling = strategy.get("rollingUpdate") or {}
        partition = rolling.get("partition", 0)
        for number in reversed([each for each in numbers if each >= partition]):
            pod = by_number.get(number)
            if pod is None:
                return
            if labels_of(pod).get(revisions.LABEL) != update["metadata"]["name"]:
                if "deletionTimestamp" not in pod["metadata"]:
                    self._delete(wanted, pod)
                return
            if not self._is_available(wanted, pod):
                return

    def _is_available(self, wanted: Obj, pod: Obj) -> bool:
        return available_in(pod, wanted["spec"].get("minReadySeconds", 0), self._cluster.clock) == 0

    def _revision_for(self, wanted: Obj, number: int, current: Obj, update: Obj) -> Obj:
        """Below the partition a pod comes back as it was."""
        strategy = wanted["spec"].get("updateStrategy") or {}
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        start = (wanted["spec"].get("ordinals") or {}).get("start", 0)
        return current if strategy.get("type") != "OnDelete" and number < start + partition else update

    def _create(self, wanted: Obj, number: int, revision: Obj) -> None:
        name = f"{wanted['metadata']['name']}-{number}"
        self._claims(wanted, number)
        template = revision["data"]["spec"]["template"]
        labels = {_POD_NAME: name, _INDEX: str(number), revisions.LABEL: revision["metadata"]["name"]}
        pod = pod_from(
            {key: value for key, value in template.items() if key != "$patch"},
            STATEFUL_SETS,
            wanted,
            name=name,
            generateName=f"{wanted['metadata']['name']}-",
            labels=labels,
        )
        pod["spec"]["hostname"] = name
        if wanted["spec"].get("serviceName"):
            pod["spec"]["subdomain"] = wanted["spec"]["serviceName"]
        claims = {each["metadata"]["name"] for each in wanted["spec"].get("volumeClaimTemplates") or ()}
        volumes = [each for each in pod["spec"].get("volumes") or () if each["name"] not in claims]
        volumes += [{"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{name}"}} for each in sorted(claims)]
        if volumes:
            pod["spec"]["volumes"] = volumes
        about = f"Pod {name} in StatefulSet {wanted['metadata']['name']}"
        try:
            self._cluster.create(PODS, pod)
        except StatusError as refusal:
            if refusal.reason != "AlreadyExists":
                message = f"Create {about} failed error: {refusal.message}"
                self._pods.event(wanted, "Warning", "FailedCreate", message)
            raise
        self._pods.event(wanted, "Normal", "SuccessfulCreate", f"Create {about} successful")

    def _claims(self, wanted: Obj, number: int) -> None:
        pod = f"{wanted['metadata']['name']}-{number}"
        ns = wanted["metadata"]["namespace"]
        retention = wanted["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
        for template in wanted["spec"].get("volumeClaimTemplates") or ():
            name = f"{template['metadata']['name']}-{pod}"
            if self._cluster.get(CLAIMS, ns, name) is not None:
                continue
            meta = copied(template["metadata"])
            meta |= {"name": name, "namespace": ns}
            selector = (wanted["spec"].get("selector") or {}).get("matchLabels") or {}
            meta["labels"] = {**(meta.get("labels") or {}), **selector}
            if retention.get("whenDeleted") == "Delete":
                meta["ownerReferences"] = [owner_reference(STATEFUL_SETS, wanted)]
            claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta}
            claim["spec"] = copied(template["spec"])
            about = f"Claim {name} Pod {pod} in StatefulSet {wanted['metadata']['name']}"
            try:
                self._cluster.create(CLAIMS, claim)
            except StatusError as refusal:
                message = f"Create {about} failed error: {refusal.message}"
                self._pods.event(wanted, "Warning", "FailedCreate", message)
                raise
            self._pods.event(wanted, "Normal", "SuccessfulCreate", f"Create {about} success")

    def _delete(self, wanted: Obj, pod: Obj) -> None:
        if self._cluster.delete(PODS, pod):
            about = f"Pod {pod['metadata']['name']} in StatefulSet {wanted['metadata']['name']}"
            self._pods.event(wanted, "Normal", "SuccessfulDelete", f"Delete {about} successful")

    def _report(self, wanted: Obj, current: Obj, update: Obj) -> float | None:
        pods = self._mine(wanted)
        old_name, new_name = current["metadata"]["name"], update["metadata"]["name"]
        min_ready = wanted["spec"].get("minReadySeconds", 0)
        live = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        waits = [available_in(pod, min_ready, self._cluster.clock) for pod in live]

        def at(name: str) -> int:
            return sum(labels_of(pod).get(revisions.LABEL) == name for pod in live)

        ready = sum(is_ready(pod) for pod in pods)
        counts = {"readyReplicas": ready, "currentReplicas": at(old_name), "updatedReplicas": at(new_name)}
        strategy = (wanted["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
        if strategy == "RollingUpdate" and counts["updatedReplicas"] == len(pods) == ready:
            # completeRollingUpdate: what was the update is the current revision now
            old_name, counts["currentReplicas"] = new_name, counts["updatedReplicas"]
        status: Obj = {
            "observedGeneration": wanted["metadata"].get("generation", 1),
            "replicas": len(pods),
            **{name: count for name, count in counts.items() if count},
            "availableReplicas": sum(wait == 0 for wait in waits),
            "currentRevision": old_name,
            "updateRevision": new_name,
            "collisionCount": 0,
        }
        self._cluster.set_status(STATEFUL_SETS, wanted, status)
        later = [wait for wait in waits if wait]
        return min(later) if later else None


def _number(pod: Obj) -> int:
    end = pod["metadata"]["name"].rpartition("-")[2]
    return int(end) if end.isdigit() else -1
