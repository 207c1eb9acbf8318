"""ControllerRevisions: the history of a StatefulSet's or DaemonSet's template (pkg/controller/history)."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import (
    REVISIONS,
    Obj,
    Resource,
    annotations_of,
    labels_of,
    owner_reference,
    template_hash,
)
from wizard.sandbox.store import copied

LABEL = "controller-revision-hash"


def current(
    cluster: Cluster, resource: Resource, owner: Obj, *, hash_label: str, annotations: dict[str, str] | None = None
) -> tuple[Obj, list[Obj]]:
    """The revision of the owner's template, made where there is none, and all revisions, oldest first."""
    known = sorted(cluster.owned(REVISIONS, owner["metadata"]["uid"]), key=lambda each: int(each["revision"]))
    data = {"spec": {"template": {**copied(owner["spec"]["template"]), "$patch": "replace"}}}
    newest = int(known[-1]["revision"]) if known else 0
    same = next((each for each in known if each["data"] == data), None)
    if same is not None:
        if int(same["revision"]) < newest:  # a rollback: the old revision becomes the newest again

            def renumber(obj: Obj) -> None:
                obj["revision"] = newest + 1

            same = cluster.edit(REVISIONS, same, renumber) or same
        return same, sorted([e for e in known if e["metadata"]["uid"] != same["metadata"]["uid"]] + [same], key=_number)
    name = template_hash(owner["spec"]["template"])
    made = cluster.create(
        REVISIONS,
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{owner['metadata']['name']}-{name}",
                "namespace": owner["metadata"]["namespace"],
                "labels": {**labels_of(owner["spec"]["template"]), hash_label: name},
                "annotations": {**annotations_of(owner), **(annotations or {})},
                "ownerReferences": [owner_reference(resource, owner)],
            },
            "data": data,
            "revision": newest + 1,
        },
    )
    return made, [*known, made]


def truncate(cluster: Cluster, owner: Obj, revisions: list[Obj], live: set[str]) -> None:
    """Removes the oldest revisions beyond revisionHistoryLimit that no pod has."""
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    idle = [each for each in revisions if each["metadata"]["name"] not in live]
    for each in idle[: max(0, len(idle) - limit)]:
        cluster.delete(REVISIONS, each)


def _number(revision: Obj) -> int:
    return int(revision["revision"])
