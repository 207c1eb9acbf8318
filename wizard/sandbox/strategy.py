"""Create strategies (pkg/registry/*/strategy.go): what each kind gets that its author does not write.

Fields that a client may not set on creation are cleared, and those that the server allocates filled in:
cluster IPs and node ports, Job selectors, phases, protection finalizers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from wizard.sandbox.quantity import value
from wizard.sandbox.status import StatusError, cause, invalid, wrong
from wizard.sandbox.store import Store

Obj = dict[str, Any]

SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/16")
_NODE_PORTS = range(30000, 32768)
_KEEP_STATUS = {("", "nodes"), ("", "events"), ("storage.k8s.io", "csinodes"), ("apps", "controllerrevisions")}
"""Created together with a status by those who own it."""


class Strategies:
    """The strategies of one cluster; remembers what is allocated by looking at what is stored."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next_ip = 10
        self._create: dict[tuple[str, str], Callable[[Obj], None]] = {
            ("", "namespaces"): _namespace,
            ("", "pods"): _pod,
            ("", "services"): self.service,
            ("", "persistentvolumeclaims"): _claim,
            ("", "persistentvolumes"): _volume,
            ("batch", "jobs"): _job,
            ("policy", "poddisruptionbudgets"): _budget,
            ("networking.k8s.io", "ingresses"): _ingress,
        }

    def create(self, group: str, plural: str, obj: Obj, *, has_status: bool, custom: bool) -> None:
        """Prepares a new object in place."""
        if has_status and (group, plural) not in _KEEP_STATUS:
            if custom:
                obj.pop("status", None)
            else:
                obj["status"] = {}
        special = self._create.get((group, plural))
        if special is not None:
            special(obj)

    def service(self, obj: Obj, old: Obj | None = None) -> None:
        """Allocates what a Service lacks. Raises StatusError for an address that is taken or outside."""
        spec = obj["spec"]
        kind = spec.get("type", "ClusterIP")
        if old is None:
            obj["status"] = {"loadBalancer": {}}
        if kind == "ExternalName":
            for each in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                spec.pop(each, None)
            return
        wanted = spec.get("clusterIP") or (spec.get("clusterIPs") or [""])[0]
        before = (old or {}).get("spec", {})
        if not wanted:
            wanted = before.get("clusterIP") or self._free_ip()
        elif wanted != "None" and wanted != before.get("clusterIP"):
            self._check_ip(obj["metadata"]["name"], wanted)
        spec["clusterIP"] = wanted
        spec["clusterIPs"] = [wanted]
        narrowed = old is not None and kind == "ClusterIP" and before.get("type") != kind
        if narrowed and spec.get("externalTrafficPolicy") == before.get("externalTrafficPolicy"):
            spec.pop("externalTrafficPolicy", None)  # it went with the type that needed it
        # Headless and without a selector: somebody else writes its addresses, of whatever family.
        bare = wanted == "None" and not spec.get("selector")
        families, policy = (["IPv4", "IPv6"], "RequireDualStack") if bare else (["IPv4"], "SingleStack")
        spec.setdefault("ipFamilies", before.get("ipFamilies", families))
        spec.setdefault("ipFamilyPolicy", before.get("ipFamilyPolicy", policy))
        if kind in ("NodePort", "LoadBalancer") and spec.get("allocateLoadBalancerNodePorts", True):
            known = {each["port"]: each.get("nodePort", 0) for each in before.get("ports", ())}
            for port in spec.get("ports", ()):
                if not port.get("nodePort"):
                    port["nodePort"] = known.get(port["port"]) or self._free_port(spec)
        else:
            for port in spec.get("ports", ()):
                port.pop("nodePort", None)

    def _services(self) -> list[Obj]:
        return self._store.list("", "services")

    def _free_ip(self) -> str:
        taken = {each["spec"].get("clusterIP") for each in self._services()}
        while True:
            self._next_ip += 1
            found = str(SERVICE_NETWORK[self._next_ip % (SERVICE_NETWORK.num_addresses - 2) or 1])
            if found not in taken:
                return found

    def _check_ip(self, name: str, wanted: str) -> None:
        problem = ""
        try:
            if ipaddress.ip_address(wanted) not in SERVICE_NETWORK:
                problem = f"failed to allocate IP {wanted}: the provided network does not match the current range"
        except ValueError:
            words = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            raise invalid("", "Service", name, [wrong("spec.clusterIPs[0]", wanted, words)]) from None
        if any(each["spec"].get("clusterIP") == wanted for each in self._services()):
            problem = f"failed to allocate IP {wanted}: provided IP is already allocated"
        if problem:
            field = "spec.clusterIPs"
            words = f'Invalid value: ["{wanted}"]: {problem}'
            raise invalid("", "Service", name, [cause("FieldValueInvalid", field, words)])

    def _free_port(self, spec: Obj) -> int:
        taken = {port.get("nodePort") for each in self._services() for port in each["spec"].get("ports", ())}
        taken |= {port.get("nodePort") for port in spec.get("ports", ())}
        for port in _NODE_PORTS:
            if port not in taken:
                return port
        raise StatusError(500, "InternalError", "failed to allocate a nodePort: range is full")


def _namespace(obj: Obj) -> None:
    obj["status"] = {"phase": "Active"}
    finalizers = obj["spec"].setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def qos_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort, of a pod spec."""
    containers = [*(spec.get("containers") or ()), *spec.get("initContainers", ())]
    asked = guaranteed = False
    exact = True
    for container in containers:
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        asked = asked or any(each in ("cpu", "memory") for each in (*requests, *limits))
        for name in ("cpu", "memory"):
            if name not in limits or value(requests.get(name, limits[name])) != value(limits[name]):
                exact = False
        guaranteed = True
    if not asked:
        return "BestEffort"
    return "Guaranteed" if exact and guaranteed else "Burstable"


def _pod(obj: Obj) -> None:
    obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}


def _claim(obj: Obj) -> None:
    obj["status"] = {"phase": "Pending"}
    _protect(obj, "kubernetes.io/pvc-protection")


def _volume(obj: Obj) -> None:
    obj["status"] = {"phase": "Pending"}
    _protect(obj, "kubernetes.io/pv-protection")


def _protect(obj: Obj, finalizer: str) -> None:
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def _job(obj: Obj) -> None:
    spec, meta = obj["spec"], obj["metadata"]
    if spec.get("manualSelector"):
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("batch.kubernetes.io/", ""):
        labels[f"{prefix}controller-uid"] = meta["uid"]
        labels[f"{prefix}job-name"] = meta["name"]
    selector = spec.get("selector") or {}
    selector.setdefault("matchLabels", {})["batch.kubernetes.io/controller-uid"] = meta["uid"]
    spec["selector"] = selector
    if not meta.get("labels"):
        meta["labels"] = dict(labels)


def _budget(obj: Obj) -> None:
    obj["status"] = {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}


def _ingress(obj: Obj) -> None:
    obj["status"] = {"loadBalancer": {}}
