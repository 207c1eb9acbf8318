"""The Deployment controller (pkg/controller/deployment): its ReplicaSets and their revisions."""

from __future__ import annotations

from wizard.sandbox.controllers import rollout
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.deployment_status import Status
from wizard.sandbox.controllers.podcontrol import owner_is
from wizard.sandbox.controllers.rollout import DESIRED, MAXIMUM, REVISION
from wizard.sandbox.controllers.shapes import (
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    Obj,
    annotations_of,
    controller_of,
    labels_of,
    owner_reference,
    selects,
    template_hash,
)
from wizard.sandbox.store import copied

_HISTORY = "deployment.kubernetes.io/revision-history"
_HASH = "pod-template-hash"
_NOT_COPIED = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    _HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
)


class Deployments:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._status = Status(cluster)
        self._queue = cluster.queue("deployment", self._sync)
        cluster.on(DEPLOYMENTS, lambda event, obj: self._queue.add_object(obj))
        cluster.on(REPLICA_SETS, self._replica_set)
        cluster.on(PODS, self._pod)

    def _replica_set(self, event: str, obj: Obj) -> None:
        owner = controller_of(obj)
        if owner is not None and owner["kind"] == "Deployment":
            self._queue.add(obj["metadata"]["namespace"], owner["name"])

    def _pod(self, event: str, pod: Obj) -> None:
        # Only the last pod of an old revision matters, and only to Recreate; its ReplicaSet's status came before it.
        if event == "DELETED" and (name := owner_is(pod, "ReplicaSet")):
            found = self._cluster.get(REPLICA_SETS, pod["metadata"]["namespace"], name)
            if found is not None:
                self._replica_set(event, found)

    def _sync(self, ns: str, name: str) -> float | None:
        wanted = self._cluster.get(DEPLOYMENTS, ns, name)
        if wanted is None:
            return None
        sets = self._claimed(wanted)
        new = _find_new(wanted, sets)
        old = [each for each in sets if each is not new]
        if "deletionTimestamp" in wanted["metadata"]:
            return self._status.report(wanted, old, new)
        paused = bool(wanted["spec"].get("paused"))
        if paused or rollout.was_scaled(wanted, sets):
            if not paused:
                new = self._renewed(wanted, old, new)
            rollout.scale(self, wanted, old, new)
        elif wanted["spec"].get("strategy", {}).get("type") == "Recreate":
            if rollout.scale_to_nothing(self, wanted, old) or self._old_pods_run(old):
                return self._status.report(wanted, *self._current(wanted))
            new = self._renewed(wanted, old, new)
            rollout.scale_to(self, wanted, new, wanted["spec"].get("replicas", 1))
        else:
            new = self._renewed(wanted, old, new)
            _ = rollout.grow(self, wanted, old, new) or rollout.shrink(self, wanted, old, new)
        wanted = self._cluster.get(DEPLOYMENTS, ns, name)
        if wanted is None:
            return None
        old, new = self._current(wanted)
        if not paused and rollout.is_complete(wanted, old, new):
            self._forget(wanted, old)
        return self._status.report(wanted, old, new)

    def _current(self, wanted: Obj) -> tuple[list[Obj], Obj | None]:
        sets = self._cluster.owned(REPLICA_SETS, wanted["metadata"]["uid"])
        new = _find_new(wanted, sets)
        return [each for each in sets if each is not new], new

    def _claimed(self, wanted: Obj) -> list[Obj]:
        ns = wanted["metadata"]["namespace"]
        for each in self._cluster.orphans(REPLICA_SETS, ns):
            if selects(wanted["spec"].get("selector"), labels_of(each)) and "deletionTimestamp" not in each["metadata"]:
                self._cluster.edit(
                    REPLICA_SETS,
                    each,
                    lambda obj: (
                        obj["metadata"].setdefault("ownerReferences", []).append(owner_reference(DEPLOYMENTS, wanted))
                    ),
                )
        return self._cluster.owned(REPLICA_SETS, wanted["metadata"]["uid"])

    def _old_pods_run(self, old: list[Obj]) -> bool:
        return any(
            (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
            for each in old
            for pod in self._cluster.owned(PODS, each["metadata"]["uid"])
        )

    def _renewed(self, wanted: Obj, old: list[Obj], new: Obj | None) -> Obj:
        """The ReplicaSet of the current template, made or brought up to date, with the revision it now is."""
        revision = str(max([_revision(each) for each in old], default=0) + 1)
        if new is not None:
            if _revision(new) >= int(revision):
                revision = annotations_of(new)[REVISION]
            found = self._cluster.edit(REPLICA_SETS, new, lambda obj: _annotate(obj, wanted, revision)) or new
        else:
            found = self._cluster.create(REPLICA_SETS, self._made(wanted, old, revision))
            self._status.progress(
                wanted, "NewReplicaSetCreated", f'Created new replica set "{found["metadata"]["name"]}"'
            )
            count = found["spec"]["replicas"]
            if count > 0:
                self.tell(wanted, f"Scaled up replica set {found['metadata']['name']} from 0 to {count}")
        self._cluster.edit(
            DEPLOYMENTS, wanted, lambda obj: obj["metadata"].setdefault("annotations", {}).update({REVISION: revision})
        )
        return found

    def _made(self, wanted: Obj, old: list[Obj], revision: str) -> Obj:
        template = copied(wanted["spec"]["template"])
        name = template_hash(wanted["spec"]["template"])
        labels = {**labels_of(template), _HASH: name}
        template["metadata"]["labels"] = labels
        selector = copied(wanted["spec"].get("selector") or {})
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), _HASH: name}
        made: Obj = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{wanted['metadata']['name']}-{name}",
                "namespace": wanted["metadata"]["namespace"],
                "labels": labels,
                "annotations": {},
                "ownerReferences": [owner_reference(DEPLOYMENTS, wanted)],
            },
            "spec": {
                "replicas": rollout.new_size(wanted, old, None),
                "selector": selector,
                "template": template,
            },
        }
        if wanted["spec"].get("minReadySeconds"):
            made["spec"]["minReadySeconds"] = wanted["spec"]["minReadySeconds"]
        _annotate(made, wanted, revision)
        return made

    def resize(self, wanted: Obj, found: Obj, size: int) -> bool:
        """Scales one ReplicaSet, and says so. False if it has that size."""
        before = found["spec"].get("replicas", 1)

        def write(obj: Obj) -> None:
            obj["spec"]["replicas"] = size
            rollout.note_size(obj, wanted)

        self._cluster.edit(REPLICA_SETS, found, write)
        if before == size:
            return False
        way = "up" if size > before else "down"
        self.tell(wanted, f"Scaled {way} replica set {found['metadata']['name']} from {before} to {size}")
        return True

    def tell(self, wanted: Obj, message: str) -> None:
        self._cluster.events.record(
            DEPLOYMENTS, wanted, "Normal", "ScalingReplicaSet", message, source="deployment-controller"
        )

    def _forget(self, wanted: Obj, old: list[Obj]) -> None:
        """Removes revisions beyond revisionHistoryLimit."""
        limit = wanted["spec"].get("revisionHistoryLimit", 10)
        idle = [
            each
            for each in old
            if not each["spec"].get("replicas", 1)
            and not (each.get("status") or {}).get("replicas")
            and "deletionTimestamp" not in each["metadata"]
        ]
        for each in sorted(idle, key=_revision)[: max(0, len(idle) - limit)]:
            self._cluster.delete(REPLICA_SETS, each)


def _revision(found: Obj) -> int:
    return int(annotations_of(found).get(REVISION, "0") or 0)


def _find_new(wanted: Obj, sets: list[Obj]) -> Obj | None:
    """The oldest ReplicaSet whose template is the Deployment's, but for the hash."""
    template = wanted["spec"]["template"]
    for each in sorted(sets, key=lambda obj: (obj["metadata"]["creationTimestamp"], obj["metadata"]["name"])):
        theirs = each["spec"]["template"]
        if theirs["spec"] != template["spec"]:
            continue
        labels = {key: value for key, value in labels_of(theirs).items() if key != _HASH}
        if labels == labels_of(template) and annotations_of(theirs) == annotations_of(template):
            return each
    return None


def _annotate(found: Obj, wanted: Obj, revision: str) -> None:
    """Copies the Deployment's annotations, and keeps the revisions that the ReplicaSet had before."""
    mine = found["metadata"].setdefault("annotations", {})
    mine |= {key: value for key, value in annotations_of(wanted).items() if key not in _NOT_COPIED}
    before = mine.get(REVISION)
    if before and before != revision:
        mine[_HISTORY] = ",".join(filter(None, (mine.get(_HISTORY, ""), before)))
    mine[REVISION] = revision
    rollout.note_size(found, wanted)
