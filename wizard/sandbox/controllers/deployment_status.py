"""What a Deployment says of its rollout: pkg/controller/deployment/{sync,progress}.go and their conditions."""

from __future__ import annotations

from wizard.sandbox.controllers import rollout
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.shapes import DEPLOYMENTS, Obj, key_of
from wizard.sandbox.store import copied

_NO_DEADLINE = 2**31 - 1


class Status:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def progress(self, wanted: Obj, reason: str, message: str) -> None:
        """Notes progress at once: the report that follows compares with it."""
        current = self._cluster.get(DEPLOYMENTS, wanted["metadata"]["namespace"], wanted["metadata"]["name"])
        if current is None:
            return
        status = copied(current.get("status") or {})
        status["conditions"] = self._with(status.get("conditions") or [], "Progressing", "True", reason, message, True)
        self._cluster.set_status(DEPLOYMENTS, current, status)

    def _with(
        self, conditions: list[Obj], kind: str, value: str, reason: str, message: str, moved: bool = False
    ) -> list[Obj]:
        """The conditions with this one. As the real one does it: same status and reason means no change."""
        old = next((each for each in conditions if each["type"] == kind), None)
        if old and old["status"] == value and old["reason"] == reason and not moved:
            return conditions
        now = self._cluster.stamp()
        since = old["lastTransitionTime"] if old and old["status"] == value else now
        fresh = {
            "type": kind,
            "status": value,
            "lastUpdateTime": now,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
        return [*(each for each in conditions if each["type"] != kind), fresh]

    def report(self, wanted: Obj, old: list[Obj], new: Obj | None) -> float | None:
        wanted = self._cluster.get(DEPLOYMENTS, *key_of(wanted)) or wanted
        before = wanted.get("status") or {}
        sets = [*old, *([new] if new else [])]
        replicas = wanted["spec"].get("replicas", 1)

        def total(field: str) -> int:
            return sum((each.get("status") or {}).get(field, 0) for each in sets)

        available = total("availableReplicas")
        counts = {
            "replicas": total("replicas"),
            "updatedReplicas": (new.get("status") or {}).get("replicas", 0) if new else 0,
            "readyReplicas": total("readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": max(0, sum(each["spec"].get("replicas", 1) for each in sets) - available),
        }
        status: Obj = {
            "observedGeneration": wanted["metadata"].get("generation", 1),
            **{name: count for name, count in counts.items() if count},
            "terminatingReplicas": total("terminatingReplicas"),
        }
        conditions: list[Obj] = before.get("conditions") or []
        enough = available >= replicas - rollout.max_unavailable(wanted)
        conditions = self._with(
            conditions,
            "Available",
            "True" if enough else "False",
            "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        )
        conditions, again = self._progressing(wanted, new, before, counts, conditions)
        failure = next(
            (
                each
                for one in ([new] if new else old)
                for each in (one.get("status") or {}).get("conditions") or ()
                if each["type"] == "ReplicaFailure"
            ),
            None,
        )
        if failure is not None:
            conditions = self._with(conditions, "ReplicaFailure", "True", failure["reason"], failure["message"])
        else:
            conditions = [each for each in conditions if each["type"] != "ReplicaFailure"]
        status["conditions"] = conditions
        self._cluster.set_status(DEPLOYMENTS, wanted, status)
        return again

    def _progressing(
        self, wanted: Obj, new: Obj | None, before: Obj, counts: dict[str, int], conditions: list[Obj]
    ) -> tuple[list[Obj], float | None]:
        deadline = wanted["spec"].get("progressDeadlineSeconds", 600)
        known = next((each for each in conditions if each["type"] == "Progressing"), None)
        if wanted["spec"].get("paused"):
            return self._with(conditions, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"), None
        if known and known["reason"] == "DeploymentPaused":
            conditions = self._with(
                conditions, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", True
            )
            known = next(each for each in conditions if each["type"] == "Progressing")
        if deadline == _NO_DEADLINE:
            return [each for each in conditions if each["type"] != "Progressing"], None
        what = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{wanted["metadata"]["name"]}"'
        was_done = known is not None and known["reason"] == "NewReplicaSetAvailable"
        complete = (
            counts["updatedReplicas"]
            == counts["replicas"]
            == counts["availableReplicas"]
            == wanted["spec"].get("replicas", 1)
        )
        if counts["replicas"] == counts["updatedReplicas"] and was_done:
            return conditions, None  # complete, and pods that fail later do not undo it
        if complete:
            message = f"{what} has successfully progressed."
            return self._with(conditions, "Progressing", "True", "NewReplicaSetAvailable", message, True), None
        moved = any(
            counts[name] > before.get(name, 0) for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
        ) or counts["replicas"] - counts["updatedReplicas"] < before.get("replicas", 0) - before.get(
            "updatedReplicas", 0
        )
        if moved:
            message = f"{what} is progressing."
            return self._with(conditions, "Progressing", "True", "ReplicaSetUpdated", message, True), deadline
        if known is None or known["reason"] == "ProgressDeadlineExceeded":
            return conditions, None
        left = seconds_of(known["lastUpdateTime"]) + deadline - self._cluster.now
        if left <= 0 and not was_done:
            message = f"{what} has timed out progressing."
            return self._with(conditions, "Progressing", "False", "ProgressDeadlineExceeded", message), None
        return conditions, max(left, 1.0)
