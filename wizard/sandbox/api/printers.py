"""The cells of the built-in kinds, in the order of data/kinds.json's columns (printers/internalversion)."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.api.cells import (
    NONE,
    age_of,
    first_few,
    joined,
    labels_text,
    name_of,
    selector_text,
)
from wizard.sandbox.api.printers_workloads import WORKLOADS
from wizard.sandbox.api.tables import Printer, age

Obj = dict[str, Any]


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    kind = spec.get("type", "ClusterIP")
    internal = (spec.get("clusterIPs") or [spec.get("clusterIP") or NONE])[0]
    external = joined(spec.get("externalIPs", ()))
    if kind == "ExternalName":
        external, internal = spec.get("externalName", ""), NONE
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
    return [name_of(obj), kind, internal, external, joined(ports), age_of(obj, now), labels_text(spec.get("selector"))]


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    hosts = [each["host"] for each in spec.get("rules", ()) if each.get("host")]
    found = obj.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    address = ",".join(each.get("ip") or each.get("hostname", "") for each in found)
    return [
        name_of(obj), spec.get("ingressClassName") or NONE, ",".join(hosts) or "*", address,
        "80, 443" if spec.get("tls") else "80", age_of(obj, now),
    ]  # fmt: skip


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    bound = bool(spec.get("volumeName"))
    word = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    modes = ",".join(_MODES[each] for each in status.get("accessModes", ())) if bound else ""
    capacity = status.get("capacity", {}).get("storage", "0") if bound else ""
    return [
        name_of(obj), word, spec.get("volumeName", ""), capacity, modes, spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>", age_of(obj, now),
        spec.get("volumeMode") or "<unset>",
    ]  # fmt: skip


def _volume(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ref = spec.get("claimRef")
    claim = f"{ref.get('namespace', '')}/{ref.get('name', '')}" if ref else ""
    word = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    modes = ",".join(_MODES[each] for each in spec.get("accessModes", ()))
    return [
        name_of(obj), spec.get("capacity", {}).get("storage", ""), modes,
        spec.get("persistentVolumeReclaimPolicy", ""), word, claim, spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>", status.get("reason", ""), age_of(obj, now),
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
        name_of(obj), word, ",".join(sorted(roles)) or NONE, age_of(obj, now), info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE), addresses.get("ExternalIP", NONE),
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
        obj.get("message", "").strip(), since, count, name_of(obj),
    ]  # fmt: skip


def _quota(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    request: list[str] = []
    limit: list[str] = []
    for name in sorted(status.get("hard", {})):
        words = f"{name}: {status.get('used', {}).get(name, '0')}/{status['hard'][name]}"
        (limit if name.startswith("limits") else request).append(words)
    return [name_of(obj), ", ".join(request), ", ".join(limit), age_of(obj, now)]


def _binding(obj: Obj, now: float) -> list[Any]:
    ref = obj["roleRef"]
    by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for each in obj.get("subjects", ()):
        name = each["name"]
        if each["kind"] == "ServiceAccount":
            name = f"{each.get('namespace', '')}/{name}"
        by_kind.setdefault(each["kind"], []).append(name)
    told = [", ".join(by_kind[each]) for each in ("User", "Group", "ServiceAccount")]
    return [name_of(obj), f"{ref['kind']}/{ref['name']}", age_of(obj, now), *told]


def _endpoint_slice(obj: Obj, now: float) -> list[Any]:
    ports = [each.get("port") or "*" for each in obj.get("ports") or ()]
    addresses = [ip for each in obj.get("endpoints") or () for ip in each.get("addresses", ())]
    return [
        name_of(obj),
        obj["addressType"],
        first_few(ports, "<unset>"),
        first_few(addresses, "<unset>"),
        age_of(obj, now),
    ]


def _endpoints(obj: Obj, now: float) -> list[Any]:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports", ())
        for address in subset.get("addresses", ())
    ]
    return [name_of(obj), first_few(found, NONE), age_of(obj, now)]


def _storage_class(obj: Obj, now: float) -> list[Any]:
    name = name_of(obj)
    if obj["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true":
        name += " (default)"
    return [
        name, obj["provisioner"], obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"), obj.get("allowVolumeExpansion", False), age_of(obj, now),
    ]  # fmt: skip


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    parameters = obj["spec"].get("parameters")
    told = f"{parameters['kind']}.{parameters.get('apiGroup', '')}/{parameters['name']}" if parameters else NONE
    return [name_of(obj), obj["spec"].get("controller", ""), told, age_of(obj, now)]


def _crd(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    names = spec["names"]
    return [
        name_of(obj), spec["scope"], ",".join(each["name"] for each in spec["versions"]),
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
    return [name_of(obj), where, word, age_of(obj, now)]


def _webhooks(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), len(obj.get("webhooks") or ()), age_of(obj, now)]


PRINTERS: dict[str, Printer] = {
    **WORKLOADS,
    "core.ConfigMap": lambda o, t: [name_of(o), len(o.get("data", {})) + len(o.get("binaryData", {})), age_of(o, t)],
    "core.Secret": lambda o, t: [name_of(o), o.get("type", ""), len(o.get("data", {})), age_of(o, t)],
    "core.ServiceAccount": lambda o, t: [name_of(o), age_of(o, t)],
    "core.Namespace": lambda o, t: [name_of(o), o.get("status", {}).get("phase", ""), age_of(o, t)],
    "core.Service": _service,
    "core.Endpoints": _endpoints,
    "core.Event": _event,
    "events.Event": _event,
    "core.LimitRange": lambda o, t: [name_of(o), o["metadata"].get("creationTimestamp")],
    "core.ResourceQuota": _quota,
    "core.Node": _node,
    "core.PersistentVolumeClaim": _claim,
    "core.PersistentVolume": _volume,
    "networking.Ingress": _ingress,
    "networking.IngressClass": _ingress_class,
    "networking.NetworkPolicy": lambda o, t: [name_of(o), selector_text(o["spec"].get("podSelector")), age_of(o, t)],
    "rbac.Role": lambda o, t: [name_of(o), o["metadata"].get("creationTimestamp")],
    "rbac.ClusterRole": lambda o, t: [name_of(o), o["metadata"].get("creationTimestamp")],
    "rbac.RoleBinding": _binding,
    "rbac.ClusterRoleBinding": _binding,
    "storage.StorageClass": _storage_class,
    "storage.CSINode": lambda o, t: [name_of(o), len(o["spec"].get("drivers") or ()), age_of(o, t)],
    "scheduling.PriorityClass": lambda o, t: [
        name_of(o), o.get("value", 0), bool(o.get("globalDefault")), age_of(o, t), o.get("preemptionPolicy", ""),
    ],
    "coordination.Lease": lambda o, t: [name_of(o), o["spec"].get("holderIdentity", ""), age_of(o, t)],
    "discovery.EndpointSlice": _endpoint_slice,
    "node.RuntimeClass": lambda o, t: [name_of(o), o.get("handler", ""), age_of(o, t)],
    "apiextensions.CustomResourceDefinition": _crd,
    "apiregistration.APIService": _api_service,
    "admissionregistration.ValidatingWebhookConfiguration": _webhooks,
    "admissionregistration.MutatingWebhookConfiguration": _webhooks,
}  # fmt: skip
