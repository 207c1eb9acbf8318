"""The cells of the built-in kinds, in the order of data/kinds.json's columns (printers/internalversion)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wizard.sandbox.api.tables import Printer, age, duration, seconds

Obj = dict[str, Any]
_NONE = "<none>"


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def _age(obj: Obj, now: float) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _selector(selector: Obj | None) -> str:
    """metav1.FormatLabelSelector."""
    if not selector:
        return _NONE
    parts = [f"{key}={value}" for key, value in sorted(selector.get("matchLabels", {}).items())]
    for each in selector.get("matchExpressions", ()):
        values = ",".join(each.get("values", ()))
        parts.append(
            {
                "In": f"{each['key']} in ({values})",
                "NotIn": f"{each['key']} notin ({values})",
                "Exists": each["key"],
                "DoesNotExist": f"!{each['key']}",
            }[each["operator"]]
        )
    return ",".join(parts) or _NONE


def _labels(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or _NONE


def _containers(spec: Obj) -> tuple[str, str]:
    found = spec.get("containers") or []
    return ",".join(each["name"] for each in found), ",".join(each.get("image", "") for each in found)


def _join(items: Iterable[Any]) -> str:
    return ",".join(str(each) for each in items) or _NONE


def pod_status(pod: Obj) -> tuple[str, int, int, int, str]:
    """STATUS of `kubectl get pods`: reason, ready, total, restarts, when last restarted."""
    spec, status = pod["spec"], pod.get("status", {})
    reason = status.get("reason") or status.get("phase", "Unknown")
    for each in status.get("conditions", ()):
        if each["type"] == "PodScheduled" and each.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    sidecars = {each["name"] for each in spec.get("initContainers", ()) if each.get("restartPolicy") == "Always"}
    total, ready, restarts, last = len(spec.get("containers") or ()) + len(sidecars), 0, 0, ""
    initializing = False
    inits = spec.get("initContainers", ())
    for index, each in enumerate(status.get("initContainerStatuses", ())):
        restarts += each.get("restartCount", 0)
        state = each.get("state", {})
        ended = state.get("terminated")
        if ended and ended.get("exitCode") == 0:
            continue
        if each["name"] in sidecars and each.get("started"):
            ready += int(each.get("ready", False))
            continue
        waiting = state.get("waiting", {}).get("reason", "")
        if ended:
            reason = "Init:" + (ended.get("reason") or f"ExitCode:{ended.get('exitCode')}")
        elif waiting and waiting != "PodInitializing":
            reason = f"Init:{waiting}"
        else:
            reason = f"Init:{index}/{len(inits)}"
        initializing = True
        break
    if not initializing:
        restarts = sum(
            each.get("restartCount", 0) for each in status.get("initContainerStatuses", ()) if each["name"] in sidecars
        )
        running = False
        for each in reversed(status.get("containerStatuses", ())):
            restarts += each.get("restartCount", 0)
            last = max(last, each.get("lastState", {}).get("terminated", {}).get("finishedAt") or "")
            state = each.get("state", {})
            if waiting := state.get("waiting", {}).get("reason"):
                reason = waiting
            elif ended := state.get("terminated"):
                code = f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode')}"
                reason = ended.get("reason") or code
            elif each.get("ready") and state.get("running"):
                running = True
                ready += 1
        if reason == "Completed" and running:
            is_ready = any(
                each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ())
            )
            reason = "Running" if is_ready else "NotReady"
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return reason, ready, total, restarts, last


def _pod(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    reason, ready, total, restarts, last = pod_status(obj)
    ago = f" ({duration(now - seconds(last))} ago)" if restarts and last else ""
    gates = spec.get("readinessGates") or ()
    met = {each["type"] for each in status.get("conditions", ()) if each["status"] == "True"}
    gated = f"{sum(each['conditionType'] in met for each in gates)}/{len(gates)}" if gates else _NONE
    ips = status.get("podIPs") or [{"ip": status.get("podIP") or _NONE}]
    return [
        _name(obj), f"{ready}/{total}", reason, f"{restarts}{ago}", _age(obj, now), ips[0]["ip"],
        spec.get("nodeName") or _NONE, status.get("nominatedNodeName") or _NONE, gated,
    ]  # fmt: skip


def _workload(obj: Obj) -> list[str]:
    names, images = _containers(obj["spec"]["template"]["spec"])
    return [names, images, _selector(obj["spec"].get("selector"))]


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [_name(obj), ready, *counts, _age(obj, now), *_workload(obj)]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    counts = [obj["spec"].get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [_name(obj), *counts, _age(obj, now), *_workload(obj)]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    ready = f"{obj.get('status', {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"
    return [_name(obj), ready, _age(obj, now), *_workload(obj)[:2]]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    counts = [
        status.get(each, 0)
        for each in (
            "desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled",
            "numberAvailable",
        )
    ]  # fmt: skip
    where = _labels(obj["spec"]["template"]["spec"].get("nodeSelector"))
    return [_name(obj), *counts, where, _age(obj, now), *_workload(obj)]


def _job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    true = {each["type"] for each in status.get("conditions", ()) if each["status"] == "True"}
    if "Complete" in true:
        word = "Complete"
    elif "Failed" in true:
        word = "Failed"
    elif obj["metadata"].get("deletionTimestamp"):
        word = "Terminating"
    elif "Suspended" in true:
        word = "Suspended"
    elif "FailureTarget" in true:
        word = "FailureTarget"
    elif "SuccessCriteriaMet" in true:
        word = "SuccessCriteriaMet"
    else:
        word = "Running"
    done = status.get("succeeded", 0)
    if "completions" in spec:
        completions = f"{done}/{spec['completions']}"
    else:
        parallel = spec.get("parallelism", 0)
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    took = ""
    if started := status.get("startTime"):
        ended = status.get("completionTime")
        took = duration((seconds(ended) if ended else now) - seconds(started))
    return [_name(obj), word, completions, took, _age(obj, now), *_workload(obj)]


def _cron_job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    last = status.get("lastScheduleTime")
    names, images = _containers(spec["jobTemplate"]["spec"]["template"]["spec"])
    selector = _selector(spec["jobTemplate"]["spec"].get("selector"))
    suspended = "True" if spec.get("suspend") else "False"
    return [
        _name(obj), spec["schedule"], spec.get("timeZone") or _NONE, suspended,
        len(status.get("active", ())), age(last, now) if last else _NONE, _age(obj, now), names, images,
        selector,
    ]  # fmt: skip


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    kind = spec.get("type", "ClusterIP")
    internal = (spec.get("clusterIPs") or [spec.get("clusterIP") or _NONE])[0]
    external = _join(spec.get("externalIPs", ()))
    if kind == "ExternalName":
        external, internal = spec.get("externalName", ""), _NONE
    elif kind == "LoadBalancer":
        found = [
            each.get("ip") or each.get("hostname", "")
            for each in obj.get("status", {}).get("loadBalancer", {}).get("ingress", ())
        ]
        external = ",".join([*found, *spec.get("externalIPs", ())]) or "<pending>"
    ports = [
        f"{each['port']}:{each['nodePort']}/{each.get('protocol', 'TCP')}"
        if each.get("nodePort")
        else f"{each['port']}/{each.get('protocol', 'TCP')}"
        for each in spec.get("ports", ())
    ]
    return [_name(obj), kind, internal, external, _join(ports), _age(obj, now), _labels(spec.get("selector"))]


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    hosts = [each["host"] for each in spec.get("rules", ()) if each.get("host")]
    found = obj.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    address = ",".join(each.get("ip") or each.get("hostname", "") for each in found)
    return [
        _name(obj), spec.get("ingressClassName") or _NONE, ",".join(hosts) or "*", address,
        "80, 443" if spec.get("tls") else "80", _age(obj, now),
    ]  # fmt: skip


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    bound = bool(spec.get("volumeName"))
    word = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    modes = ",".join(_MODES[each] for each in status.get("accessModes", ())) if bound else ""
    capacity = status.get("capacity", {}).get("storage", "0") if bound else ""
    return [
        _name(obj), word, spec.get("volumeName", ""), capacity, modes, spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>", _age(obj, now),
        spec.get("volumeMode") or "<unset>",
    ]  # fmt: skip


def _volume(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ref = spec.get("claimRef")
    claim = f"{ref.get('namespace', '')}/{ref.get('name', '')}" if ref else ""
    word = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    modes = ",".join(_MODES[each] for each in spec.get("accessModes", ()))
    return [
        _name(obj), spec.get("capacity", {}).get("storage", ""), modes,
        spec.get("persistentVolumeReclaimPolicy", ""), word, claim, spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>", status.get("reason", ""), _age(obj, now),
        spec.get("volumeMode") or "<unset>",
    ]  # fmt: skip


def _node(obj: Obj, now: float) -> list[Any]:
    status, labels = obj.get("status", {}), obj["metadata"].get("labels", {})
    ready = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), None)
    word = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    if obj["spec"].get("unschedulable"):
        word += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = {key.removeprefix(prefix) for key in labels if key.startswith(prefix) and key != prefix}
    if role := labels.get("kubernetes.io/role"):
        roles.add(role)
    info = status.get("nodeInfo", {})
    addresses = {each["type"]: each["address"] for each in reversed(status.get("addresses", ()))}
    return [
        _name(obj), word, ",".join(sorted(roles)) or _NONE, _age(obj, now), info.get("kubeletVersion", ""),
        addresses.get("InternalIP", _NONE), addresses.get("ExternalIP", _NONE),
        info.get("osImage") or "<unknown>", info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]  # fmt: skip


def _event(obj: Obj, now: float) -> list[Any]:
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or first
    series = obj.get("series")
    count = (series or {}).get("count") or obj.get("count") or 1
    ago, since = (age(each, now) if each else "<unknown>" for each in (last, first))
    if series:
        ago = f"{age(series.get('lastObservedTime'), now)} (x{count} over {since})"
    elif count > 1:
        ago = f"{ago} (x{count} over {since})"
    about, source = obj.get("involvedObject", {}), obj.get("source", {})
    target = f"{about.get('kind', '').lower()}/{about.get('name', '')}"
    who = source.get("component") or obj.get("reportingComponent") or ""
    where = f"{who}, {source['host']}" if source.get("host") else who
    return [
        ago, obj.get("type", ""), obj.get("reason", ""), target, about.get("fieldPath", ""), where,
        obj.get("message", "").strip(), since, count, _name(obj),
    ]  # fmt: skip


def _quota(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    request: list[str] = []
    limit: list[str] = []
    for name in sorted(status.get("hard", {})):
        words = f"{name}: {status.get('used', {}).get(name, '0')}/{status['hard'][name]}"
        (limit if name.startswith("limits") else request).append(words)
    return [_name(obj), ", ".join(request), ", ".join(limit), _age(obj, now)]


def _hpa(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ref = spec["scaleTargetRef"]
    current = status.get("currentMetrics") or []
    words = []
    for index, each in enumerate(spec.get("metrics", ())):
        source = each.get("resource") or each.get("containerResource") or {}
        target = source.get("target", {})
        have: Obj = next(
            (
                found.get("resource", {}).get("current", {})
                for found in current[index : index + 1]
                if found.get("type") == each["type"]
            ),
            {},
        )
        if "averageUtilization" in target:
            now_at = have.get("averageUtilization")
            at = "<unknown>" if now_at is None else f"{now_at}%"
            words.append(f"{source.get('name')}: {at}/{target['averageUtilization']}%")
        else:
            wanted = target.get("averageValue") or target.get("value") or "<unknown>"
            at = have.get("averageValue") or have.get("value") or "<unknown>"
            words.append(f"{source.get('name', each['type'].lower())}: {at}/{wanted}")
    return [
        _name(obj), f"{ref['kind']}/{ref['name']}", ", ".join(words) or _NONE,
        str(spec.get("minReplicas", "<unset>")), spec["maxReplicas"], status.get("currentReplicas", 0),
        _age(obj, now),
    ]  # fmt: skip


def _budget(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    bounds = [str(spec.get(each, "N/A")) for each in ("minAvailable", "maxUnavailable")]
    return [_name(obj), *bounds, obj.get("status", {}).get("disruptionsAllowed", 0), _age(obj, now)]


def _binding(obj: Obj, now: float) -> list[Any]:
    ref = obj["roleRef"]
    by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for each in obj.get("subjects", ()):
        name = each["name"]
        if each["kind"] == "ServiceAccount":
            name = f"{each.get('namespace', '')}/{name}"
        by_kind.setdefault(each["kind"], []).append(name)
    told = [", ".join(by_kind[each]) for each in ("User", "Group", "ServiceAccount")]
    return [_name(obj), f"{ref['kind']}/{ref['name']}", _age(obj, now), *told]


def _endpoint_slice(obj: Obj, now: float) -> list[Any]:
    ports = [each.get("port") or "*" for each in obj.get("ports") or ()]
    addresses = [ip for each in obj.get("endpoints") or () for ip in each.get("addresses", ())]
    return [_name(obj), obj["addressType"], _few(ports, "<unset>"), _few(addresses, "<unset>"), _age(obj, now)]


def _few(items: list[Any], empty: str) -> str:
    """The first three, and how many more there are."""
    shown = ",".join(str(each) for each in items[:3])
    return f"{shown} + {len(items) - 3} more..." if len(items) > 3 else shown or empty


def _endpoints(obj: Obj, now: float) -> list[Any]:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports", ())
        for address in subset.get("addresses", ())
    ]
    return [_name(obj), _few(found, _NONE), _age(obj, now)]


def _storage_class(obj: Obj, now: float) -> list[Any]:
    name = _name(obj)
    if obj["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true":
        name += " (default)"
    return [
        name, obj["provisioner"], obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"), obj.get("allowVolumeExpansion", False), _age(obj, now),
    ]  # fmt: skip


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    parameters = obj["spec"].get("parameters")
    told = f"{parameters['kind']}.{parameters.get('apiGroup', '')}/{parameters['name']}" if parameters else _NONE
    return [_name(obj), obj["spec"].get("controller", ""), told, _age(obj, now)]


def _crd(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    names = spec["names"]
    return [
        _name(obj), spec["scope"], ",".join(each["name"] for each in spec["versions"]),
        obj["metadata"].get("creationTimestamp"), spec["group"], names["kind"],
        ",".join(names.get("shortNames", ())),
        next((e["status"] for e in (obj.get("status", {}).get("conditions") or ()) if e["type"] == "Established"),
             "Unknown"),
    ]  # fmt: skip


def _api_service(obj: Obj, now: float) -> list[Any]:
    service = obj["spec"].get("service")
    where = f"{service['namespace']}/{service['name']}" if service else "Local"
    found = next((each for each in obj.get("status", {}).get("conditions", ()) if each["type"] == "Available"), None)
    word = "Unknown"
    if found:
        word = found["status"]
        if word != "True":
            word += f" ({found.get('reason', '')})"
    return [_name(obj), where, word, _age(obj, now)]


def _revision(obj: Obj, now: float) -> list[Any]:
    owner = next((each for each in obj["metadata"].get("ownerReferences", ()) if each.get("controller")), None)
    who = _NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        who = (
            f"{owner['kind'].lower()}.{group}/{owner['name']}" if group else f"{owner['kind'].lower()}/{owner['name']}"
        )
    return [_name(obj), who, obj.get("revision", 0), _age(obj, now)]


def _webhooks(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), len(obj.get("webhooks") or ()), _age(obj, now)]


PRINTERS: dict[str, Printer] = {
    "core.Pod": _pod,
    "core.ConfigMap": lambda o, t: [_name(o), len(o.get("data", {})) + len(o.get("binaryData", {})), _age(o, t)],
    "core.Secret": lambda o, t: [_name(o), o.get("type", ""), len(o.get("data", {})), _age(o, t)],
    "core.ServiceAccount": lambda o, t: [_name(o), _age(o, t)],
    "core.Namespace": lambda o, t: [_name(o), o.get("status", {}).get("phase", ""), _age(o, t)],
    "core.Service": _service,
    "core.Endpoints": _endpoints,
    "core.Event": _event,
    "events.Event": _event,
    "core.LimitRange": lambda o, t: [_name(o), o["metadata"].get("creationTimestamp")],
    "core.ResourceQuota": _quota,
    "core.Node": _node,
    "core.PersistentVolumeClaim": _claim,
    "core.PersistentVolume": _volume,
    "apps.Deployment": _deployment,
    "apps.ReplicaSet": _replica_set,
    "apps.StatefulSet": _stateful_set,
    "apps.DaemonSet": _daemon_set,
    "apps.ControllerRevision": _revision,
    "batch.Job": _job,
    "batch.CronJob": _cron_job,
    "autoscaling.HorizontalPodAutoscaler": _hpa,
    "networking.Ingress": _ingress,
    "networking.IngressClass": _ingress_class,
    "networking.NetworkPolicy": lambda o, t: [_name(o), _selector(o["spec"].get("podSelector")), _age(o, t)],
    "policy.PodDisruptionBudget": _budget,
    "rbac.Role": lambda o, t: [_name(o), o["metadata"].get("creationTimestamp")],
    "rbac.ClusterRole": lambda o, t: [_name(o), o["metadata"].get("creationTimestamp")],
    "rbac.RoleBinding": _binding,
    "rbac.ClusterRoleBinding": _binding,
    "storage.StorageClass": _storage_class,
    "storage.CSINode": lambda o, t: [_name(o), len(o["spec"].get("drivers") or ()), _age(o, t)],
    "scheduling.PriorityClass": lambda o, t: [
        _name(o), o.get("value", 0), bool(o.get("globalDefault")), _age(o, t), o.get("preemptionPolicy", ""),
    ],
    "coordination.Lease": lambda o, t: [_name(o), o["spec"].get("holderIdentity", ""), _age(o, t)],
    "discovery.EndpointSlice": _endpoint_slice,
    "node.RuntimeClass": lambda o, t: [_name(o), o.get("handler", ""), _age(o, t)],
    "apiextensions.CustomResourceDefinition": _crd,
    "apiregistration.APIService": _api_service,
    "admissionregistration.ValidatingWebhookConfiguration": _webhooks,
    "admissionregistration.MutatingWebhookConfiguration": _webhooks,
}  # fmt: skip
