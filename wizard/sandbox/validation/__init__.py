"""Validation (pkg/apis/*/validation): what is refused with 422, and in which words.

Covers what people get wrong in manifests and what controllers and clients rely on being refused; not
every rule of every field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import Cause
from wizard.sandbox.validation import batch, crds, custom, metadata, networking, pods, simple, storage, workloads
from wizard.sandbox.validation.problems import Problems

Obj = dict[str, Any]
Create = Callable[[Obj, Problems], None]
Update = Callable[[Obj, Obj, Problems], None]

_CREATE: dict[str, Create] = {
    "core.ConfigMap": simple.config_map,
    "core.Secret": simple.secret,
    "core.Event": simple.event,
    "core.Pod": pods.pod,
    "core.Service": networking.service,
    "core.ResourceQuota": simple.quota,
    "core.PersistentVolumeClaim": storage.claim,
    "core.PersistentVolume": storage.volume,
    "apps.Deployment": workloads.deployment,
    "apps.ReplicaSet": workloads.replica_set,
    "apps.StatefulSet": workloads.stateful_set,
    "apps.DaemonSet": workloads.daemon_set,
    "batch.Job": batch.job,
    "batch.CronJob": batch.cron_job,
    "networking.Ingress": networking.ingress,
    "networking.NetworkPolicy": networking.network_policy,
    "policy.PodDisruptionBudget": simple.budget,
    "autoscaling.HorizontalPodAutoscaler": simple.autoscaler,
    "coordination.Lease": simple.lease,
    "rbac.Role": simple.role,
    "rbac.ClusterRole": simple.role,
    "rbac.RoleBinding": simple.binding,
    "rbac.ClusterRoleBinding": simple.binding,
    "apiextensions.CustomResourceDefinition": crds.definition,
}
_UPDATE: dict[str, Update] = {
    "core.ConfigMap": simple.immutable_data,
    "core.Secret": simple.secret_update,
    "core.Pod": pods.pod_update,
    "core.Service": networking.service_update,
    "core.PersistentVolumeClaim": storage.claim_update,
    "apps.Deployment": workloads.selector_update,
    "apps.ReplicaSet": workloads.selector_update,
    "apps.DaemonSet": workloads.selector_update,
    "apps.StatefulSet": workloads.stateful_set_update,
    "batch.Job": batch.job_update,
    "rbac.RoleBinding": simple.binding_update,
    "rbac.ClusterRoleBinding": simple.binding_update,
    "apiextensions.CustomResourceDefinition": crds.definition_update,
}
_LABEL_NAMES = {"core.Namespace", "core.Service"}
"""Kinds whose names are labels, not subdomains."""
_PATH_NAMES = {"rbac.Role", "rbac.ClusterRole", "rbac.RoleBinding", "rbac.ClusterRoleBinding"}


def validate_create(resource: Resource, obj: Obj) -> list[Cause]:
    """What is wrong with a new object; empty if nothing is."""
    found = Problems()
    style = "label" if resource.type in _LABEL_NAMES else "path" if resource.type in _PATH_NAMES else ""
    metadata.validate(obj["metadata"], found, style, core=_core(resource))
    _validate(resource, obj, found)
    return found.causes


def validate_update(resource: Resource, new: Obj, old: Obj, subresource: str) -> list[Cause]:
    found = Problems()
    metadata.validate_update(new["metadata"], old["metadata"], found, core=_core(resource))
    if subresource == "status":
        if resource.crd is not None:
            custom.validate(resource, new, found)
        return found.causes
    if _spec(new) != _spec(old):
        _validate(resource, new, found)
    update = _UPDATE.get(resource.type)
    if update is not None:
        update(new, old, found)
    return found.causes


def _core(resource: Resource) -> bool:
    return resource.crd is None and not resource.type.startswith("api")


def _validate(resource: Resource, obj: Obj, found: Problems) -> None:
    if resource.crd is not None:
        custom.validate(resource, obj, found)
        return
    check = _CREATE.get(resource.type)
    if check is not None:
        check(obj, found)


def _spec(obj: Obj) -> Obj:
    """All but metadata and status: an update that leaves it alone need not be checked again."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}
