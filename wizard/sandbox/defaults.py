"""Defaulting (pkg/apis/*/v1/defaults.go): what the API server fills in before anyone sees an object.

Constants stand in one table by struct; what depends on other fields has a function. Both are run for
every struct of that type wherever it is nested, outer structs first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from wizard.sandbox.schema import LIST, MAP, STRUCT, Node
from wizard.sandbox.store import copied

Obj = dict[str, Any]

_WEBHOOK = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}
_CONSTANTS: dict[str, Obj] = {
    "core.Probe": {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
    "core.SecretVolumeSource": {"defaultMode": 420},
    "core.ConfigMapVolumeSource": {"defaultMode": 420},
    "core.DownwardAPIVolumeSource": {"defaultMode": 420},
    "core.ProjectedVolumeSource": {"defaultMode": 420},
    "core.ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "core.HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "core.GRPCAction": {"service": ""},
    "core.ObjectFieldSelector": {"apiVersion": "v1"},
    "core.HostPathVolumeSource": {"type": ""},
    "core.Secret": {"type": "Opaque"},
    "core.NamespaceStatus": {"phase": "Active"},
    "core.PersistentVolumeClaimSpec": {"volumeMode": "Filesystem"},
    "core.PersistentVolumeClaimStatus": {"phase": "Pending"},
    "core.PersistentVolumeSpec": {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"},
    "core.PersistentVolumeStatus": {"phase": "Pending"},
    "core.EndpointPort": {"protocol": "TCP"},
    "core.PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "schedulerName": "default-scheduler",
    },
    "core.Container": {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"},
    "apps.ReplicaSetSpec": {"replicas": 1},
    "apps.StatefulSetSpec": {
        "podManagementPolicy": "OrderedReady",
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "replicas": 1,
        "revisionHistoryLimit": 10,
    },
    "apps.StatefulSetPersistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    "apps.DeploymentSpec": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
    "apps.DaemonSetSpec": {"revisionHistoryLimit": 10},
    "batch.CronJobSpec": {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    },
    "batch.PodFailurePolicyOnPodConditionsPattern": {"status": "True"},
    "networking.NetworkPolicyPort": {"protocol": "TCP"},
    "discovery.EndpointPort": {"name": "", "protocol": "TCP"},
    "storage.StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    "storage.CSIDriverSpec": {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "volumeLifecycleModes": ["Persistent"],
        "requiresRepublish": False,
        "seLinuxMount": False,
    },
    "scheduling.PriorityClass": {"preemptionPolicy": "PreemptLowerPriority"},
    "rbac.RoleRef": {"apiGroup": "rbac.authorization.k8s.io"},
    "autoscaling.HorizontalPodAutoscalerSpec": {
        "minReplicas": 1,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ],
    },
    "admissionregistration.ValidatingWebhook": _WEBHOOK,
    "admissionregistration.MutatingWebhook": {**_WEBHOOK, "reinvocationPolicy": "Never"},
    "admissionregistration.RuleWithOperations": {"scope": "*"},
    "admissionregistration.ServiceReference": {"port": 443},
    "admissionregistration.ValidatingAdmissionPolicySpec": {"failurePolicy": "Fail"},
    "admissionregistration.MatchResources": {
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
    },
    "apiextensions.CustomResourceDefinitionSpec": {"conversion": {"strategy": "None"}},
    "apiextensions.ServiceReference": {"port": 443},
}


def image_tag(image: str) -> str:
    """`latest` where the reference names neither tag nor digest."""
    rest = image.rpartition("/")[2]
    if "@" in rest:
        return ""
    return rest.partition(":")[2] or "latest"


def _container(obj: Obj) -> None:
    policy = "Always" if image_tag(obj.get("image", "")) == "latest" else "IfNotPresent"
    obj.setdefault("imagePullPolicy", policy)


def _pod(obj: Obj) -> None:
    spec = obj["spec"]
    spec.setdefault("enableServiceLinks", True)
    for container in [*(spec.get("containers") or ()), *spec.get("initContainers", ())]:
        resources = container.get("resources", {})
        if limits := resources.get("limits"):
            resources["requests"] = {**limits, **resources.get("requests", {})}
        if spec.get("hostNetwork"):
            for port in container.get("ports", ()):
                port.setdefault("hostPort", port["containerPort"])


def _pod_spec(obj: Obj) -> None:
    name = obj.get("serviceAccountName") or obj.get("serviceAccount")
    if name:
        obj["serviceAccountName"] = obj["serviceAccount"] = name


def _pod_status(obj: Obj) -> None:
    if obj.get("podIP") and not obj.get("podIPs"):
        obj["podIPs"] = [{"ip": obj["podIP"]}]


def _volume(obj: Obj) -> None:
    if len(obj) == 1:
        obj["emptyDir"] = {}


def _service_spec(obj: Obj) -> None:
    affinity = obj.setdefault("sessionAffinity", "None")
    if affinity == "None":
        obj.pop("sessionAffinityConfig", None)
    else:
        client = obj.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        client.setdefault("timeoutSeconds", 10800)
    kind = obj.setdefault("type", "ClusterIP")
    for port in obj.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort", 0) in (0, ""):
            port["targetPort"] = port["port"]
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and obj.get("externalIPs")):
        obj.setdefault("externalTrafficPolicy", "Cluster")
    if kind != "ExternalName":
        obj.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        obj.setdefault("allocateLoadBalancerNodePorts", True)


def _namespace(obj: Obj) -> None:
    if name := obj["metadata"].get("name"):
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _service(obj: Obj) -> None:
    for each in obj.get("status", {}).get("loadBalancer", {}).get("ingress", ()):
        if obj["spec"].get("type") == "LoadBalancer" and each.get("ip"):
            each.setdefault("ipMode", "VIP")


def _node_status(obj: Obj) -> None:
    if "allocatable" not in obj and "capacity" in obj:
        obj["allocatable"] = dict(obj["capacity"])


def _limit_range_item(obj: Obj) -> None:
    if obj.get("type") == "Container":
        obj["default"] = {**obj.get("max", {}), **obj.get("default", {})}
        requests = {**obj.get("min", {}), **obj["default"], **obj.get("defaultRequest", {})}
        obj["defaultRequest"] = requests
        for key in ("default", "defaultRequest"):
            if not obj[key]:
                del obj[key]


def _daemon_set(obj: Obj) -> None:
    annotations = obj["metadata"].setdefault("annotations", {})
    annotations.setdefault("deprecated.daemonset.template.generation", "1")


def _deployment_strategy(obj: Obj) -> None:
    if obj.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = obj.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _daemon_set_strategy(obj: Obj) -> None:
    if obj.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = obj.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _stateful_set_strategy(obj: Obj) -> None:
    if "type" not in obj:
        obj["type"] = "RollingUpdate"
        obj.setdefault("rollingUpdate", {})
    if obj["type"] == "RollingUpdate" and "rollingUpdate" in obj:
        obj["rollingUpdate"].setdefault("partition", 0)
        obj["rollingUpdate"].setdefault("maxUnavailable", 1)


def _stateful_set(obj: Obj) -> None:
    for claim in obj["spec"].get("volumeClaimTemplates", ()):
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")


_JOB: Obj = {"parallelism": 1, "completionMode": "NonIndexed", "suspend": False, "manualSelector": False}


def _job_spec(obj: Obj) -> None:
    """Of a Job only: the spec inside a CronJob stays as it was written."""
    if "completions" not in obj and "parallelism" not in obj:
        obj["completions"] = 1
    for key, value in _JOB.items():
        obj.setdefault(key, value)
    obj.setdefault("backoffLimit", 2147483647 if "backoffLimitPerIndex" in obj else 6)
    failed = "Failed" if "podFailurePolicy" in obj else "TerminatingOrFailed"
    obj.setdefault("podReplacementPolicy", failed)


def _job(obj: Obj) -> None:
    _job_spec(obj["spec"])
    _labels_of_template(obj)


def _labels_of_template(obj: Obj) -> None:
    labels = obj["spec"].get("template", {}).get("metadata", {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def _network_policy(obj: Obj) -> None:
    spec = obj["spec"]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _subject(obj: Obj) -> None:
    if obj.get("kind") in ("User", "Group"):
        obj.setdefault("apiGroup", "rbac.authorization.k8s.io")


def _hpa_behavior(obj: Obj) -> None:
    def rule(kind: str, value: int) -> Obj:
        return {"type": kind, "value": value, "periodSeconds": 15}

    up, down = obj.setdefault("scaleUp", {}), obj.setdefault("scaleDown", {})
    up.setdefault("stabilizationWindowSeconds", 0)
    for rules, policies in ((up, [rule("Pods", 4), rule("Percent", 100)]), (down, [rule("Percent", 100)])):
        rules.setdefault("selectPolicy", "Max")
        rules.setdefault("policies", policies)


def _crd(obj: Obj) -> None:
    names = obj["spec"]["names"]
    if kind := names.get("kind"):
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", kind + "List")
    if not obj["status"].get("storedVersions"):
        versions = obj["spec"].get("versions") or ()
        obj["status"]["storedVersions"] = [each["name"] for each in versions if each.get("storage")]


_FUNCTIONS: dict[str, Callable[[Obj], None]] = {
    "core.Container": _container,
    "core.EphemeralContainer": _container,
    "core.Pod": _pod,
    "core.PodSpec": _pod_spec,
    "core.PodStatus": _pod_status,
    "core.Volume": _volume,
    "core.Service": _service,
    "core.ServiceSpec": _service_spec,
    "core.Namespace": _namespace,
    "core.NodeStatus": _node_status,
    "core.LimitRangeItem": _limit_range_item,
    "apps.DeploymentStrategy": _deployment_strategy,
    "apps.DaemonSetUpdateStrategy": _daemon_set_strategy,
    "apps.StatefulSetUpdateStrategy": _stateful_set_strategy,
    "apps.DaemonSet": _daemon_set,
    "apps.StatefulSet": _stateful_set,
    "batch.Job": _job,
    "networking.NetworkPolicy": _network_policy,
    "rbac.Subject": _subject,
    "autoscaling.HorizontalPodAutoscalerBehavior": _hpa_behavior,
    "apiextensions.CustomResourceDefinition": _crd,
}


def apply_defaults(node: Node, obj: Obj) -> None:
    """Fills in a decoded object in place."""
    if node.custom:
        _custom(node, obj)
    else:
        _walk(node, obj)


def _walk(node: Node, value: Any) -> None:
    kind = node.kind
    if kind == STRUCT:
        if not isinstance(value, dict):
            return
        function = _FUNCTIONS.get(node.name)
        if function is not None:
            function(value)
        for name, default in _constants(node.name).items():
            if value.get(name) is None or (value[name] == "" and default):
                value[name] = copied(default) if isinstance(default, (dict, list)) else default
        for name, below in _worth(node):
            each = value.get(name)
            if each is not None:
                _walk(below, each)
    elif kind == LIST and node.elem is not None:
        for each in value or ():
            _walk(node.elem, each)
    elif kind == MAP and node.elem is not None:
        for each in value.values():
            _walk(node.elem, each)


@cache
def _constants(name: str) -> Obj:
    """Of one struct: the table's, and those of +default markers."""
    from wizard.sandbox.schema import struct

    if "." not in name:
        return {}
    marked = {
        field: found.default
        for field, found in struct(name).fields.items()
        if found.default is not None and found.default not in ("", {}, [])
    }
    return {**marked, **_CONSTANTS.get(name, {})}


_BELOW: dict[Node, list[tuple[str, Node]]] = {}


def _worth(node: Node) -> list[tuple[str, Node]]:
    """The fields below which any default can be: the walk skips all others."""
    found = _BELOW.get(node)
    if found is None:
        found = [
            (name, field.node)
            for name, field in node.fields.items()
            if name != "metadata" and _reaches(_element(field.node), frozenset())
        ]
        _BELOW[node] = found
    return found


def _element(node: Node) -> Node:
    while node.elem is not None:
        node = node.elem
    return node


def _reaches(node: Node, seen: frozenset[str]) -> bool:
    if node.kind != STRUCT or node.name in seen:
        return False
    if node.name in _FUNCTIONS or _constants(node.name):
        return True
    return any(_reaches(_element(each.node), seen | {node.name}) for each in node.fields.values())


def _custom(node: Node, value: Any) -> None:
    """Defaults from a CRD's schema; null counts as unset."""
    if node.kind == STRUCT and isinstance(value, dict):
        for name, field in node.fields.items():
            if field.default is not None and value.get(name) is None:
                value[name] = copied(field.default)
            if name in value and name != "metadata":
                _custom(field.node, value[name])
    elif node.kind in (LIST, MAP) and node.elem is not None:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for each in items:
            _custom(node.elem, each)
