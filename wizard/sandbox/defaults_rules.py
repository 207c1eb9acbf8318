"""Defaults that depend on other fields, by struct (pkg/apis/*/v1/defaults.go)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Obj = dict[str, Any]


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


FUNCTIONS: dict[str, Callable[[Obj], None]] = {
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
