"""Subresources that are objects of their own: scale, eviction, binding, token requests."""

from __future__ import annotations

from wizard.sandbox.api.tables import look
from wizard.sandbox.fieldsets import FieldSet, difference, intersection
from wizard.sandbox.kinds import Resource
from wizard.sandbox.ownership import Owner, decoded, encoded
from wizard.sandbox.registry import Registry
from wizard.sandbox.selectors import selects
from wizard.sandbox.status import StatusError, bad_request, conflict, not_found
from wizard.sandbox.store import Obj, Store


def scale_of(resource: Resource, obj: Obj) -> Obj:
    """The Scale of a Deployment, StatefulSet, ReplicaSet or of a custom resource that has one."""
    spec_path, status_path, selector = _paths(resource)
    meta = obj["metadata"]
    status: Obj = {"replicas": look(obj, status_path) or 0}
    if resource.crd is None:
        labels = (obj["spec"].get("selector") or {}).get("matchLabels", {})
        status["selector"] = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    elif selector and (found := look(obj, selector)):
        status["selector"] = found
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": look(obj, spec_path)} if look(obj, spec_path) else {},
        "status": status,
    }


def set_scale(registry: Registry, resource: Resource, obj: Obj, scale: Obj, manager: str, dry_run: bool) -> Obj:
    """Writes the replicas of a Scale into the object; returns the new Scale. Raises StatusError."""
    meta = obj["metadata"]
    version = scale.get("metadata", {}).get("resourceVersion")
    if version and version != meta["resourceVersion"]:
        raise conflict(resource.group, resource.plural, meta["name"])
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        from wizard.sandbox.status import invalid, wrong

        words = "must be greater than or equal to 0"
        raise invalid("autoscaling", "Scale", meta["name"], [wrong("spec.replicas", replicas, words)])
    spec_path = _paths(resource)[0].strip(".").split(".")
    before = look(obj, _paths(resource)[0]) or 0
    owners = _scale_owners(registry, resource, obj, before, replicas, manager)

    def edit(target: Obj) -> None:
        if owners is not None:
            target["metadata"]["managedFields"] = owners
        for part in spec_path[:-1]:
            target = target.setdefault(part, {})
        target[spec_path[-1]] = replicas

    group, plural = resource.store
    with registry.writing(registry.writer(resource, manager, "scale"), applied=owners is not None):
        found = registry.store.mutate(
            group, plural, meta.get("namespace", ""), meta["name"], edit, subresource="scale", dry_run=dry_run
        )
    if found is None:
        raise not_found(resource.group, resource.plural, meta["name"])
    return scale_of(resource, found)


def _scale_owners(
    registry: Registry, resource: Resource, obj: Obj, before: int, replicas: int, manager: str
) -> list[Obj] | None:
    """managedFields after scaling (managedfields' ScaleHandler): the replicas change hands. A Scale of
    none has no field that anybody could own, and once nobody owns it, nobody gets to again."""
    owners = decoded(obj["metadata"].get("managedFields", []))
    path: FieldSet = {}
    for part in reversed(_paths(resource)[0].strip(".").split(".")):
        path = {f"f:{part}": path}
    if before == replicas or not any(intersection(each.fields, path) for each in owners.values()):
        return encoded(owners)
    left = {}
    for ident, owner in owners.items():
        fields = difference(owner.fields, path)
        if fields:
            left[ident] = Owner(owner.version, fields, owner.time)
    if replicas:
        ident = registry.writer(resource, manager, "scale").ident("Update")
        left[ident] = Owner(resource.api_version, path, owners[ident].time if ident in owners else "")
    return encoded(left)


def _paths(resource: Resource) -> tuple[str, str, str]:
    if resource.crd is None:
        return ".spec.replicas", ".status.replicas", ""
    told = resource.crd["subresources"]["scale"]
    return told["specReplicasPath"], told["statusReplicasPath"], told.get("labelSelectorPath", "")


def evict(store: Store, namespace: str, name: str, body: Obj, *, dry_run: bool) -> Obj:
    """Deletes a pod if its disruption budgets allow. Raises StatusError 429 where they do not."""
    pod = store.get("", "pods", namespace, name)
    if pod is None:
        raise not_found("", "pods", name)
    labels = pod["metadata"].get("labels", {})
    if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed", "Pending"):
        for budget in store.list("policy", "poddisruptionbudgets", namespace):
            if selects(budget["spec"].get("selector"), labels):
                _spend(store, budget, dry_run=dry_run)
    options = body.get("deleteOptions") or {}
    store.delete("", "pods", namespace, name, grace=options.get("gracePeriodSeconds"), dry_run=dry_run)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _spend(store: Store, budget: Obj, *, dry_run: bool) -> None:
    status, meta = budget.get("status", {}), budget["metadata"]
    if status.get("disruptionsAllowed", 0) < 1:
        needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        words = f"The disruption budget {meta['name']} needs {needs} healthy pods and has {has} currently"
        cause = {"reason": "DisruptionBudget", "message": words}
        raise StatusError(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            {"causes": [cause]},
        )

    def spend(target: Obj) -> None:
        target["status"]["disruptionsAllowed"] -= 1

    if not dry_run:
        ns, name = meta["namespace"], meta["name"]
        store.mutate("policy", "poddisruptionbudgets", ns, name, spend, subresource="status")


def bind(store: Store, namespace: str, name: str, body: Obj) -> Obj:
    """Binds a pod to a node, as a scheduler's POST does."""
    node = (body.get("target") or {}).get("name", "")
    if not node:
        raise bad_request("target.name: Required value")

    def edit(pod: Obj) -> None:
        if pod["spec"].get("nodeName"):
            raise conflict("", "pods/binding", name, f"pod {name} is already assigned to node")
        pod["spec"]["nodeName"] = node

    if store.mutate("", "pods", namespace, name, edit, manager="kube-scheduler") is None:
        raise not_found("", "pods", name)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
