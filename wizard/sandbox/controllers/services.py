"""Where Services lead: EndpointSlices, Endpoints (pkg/controller/endpointslice), load balancers, Ingresses."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import is_ready
from wizard.sandbox.controllers.shapes import (
    ENDPOINTS,
    INGRESSES,
    NODES,
    PODS,
    SERVICES,
    SLICES,
    Obj,
    controller_of,
    is_true,
    labels_of,
    owner_reference,
)
from wizard.sandbox.status import StatusError

_SERVICE = "kubernetes.io/service-name"
_MANAGED = "endpointslice.kubernetes.io/managed-by"
_PER_SLICE = 100
"""maxEndpointsPerSlice."""
_GATHER = 0.05
"""Seconds that changes of pods are gathered, so that 500 pods that start are not 500 looks at 500 pods."""
_CLASSES = ("networking.k8s.io", "ingressclasses")
INGRESS_CLASS = "traefik"
_LOAD_BALANCER_SECONDS, _INGRESS_SECONDS = 2.0, 1.0


def ingress_class() -> Obj:
    """What k3s brings; one of another name is served as well, if somebody installs it."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {
            "name": INGRESS_CLASS,
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        },
        "spec": {"controller": "traefik.io/ingress-controller"},
    }


class Services:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue = cluster.queue("service", self._sync)
        self._balancers = cluster.queue("service-lb", self._balance)
        self._ingresses = cluster.queue("ingress", self._ingress)
        self._by_namespace: dict[str, dict[str, dict[str, str]]] = {}
        """Namespace -> Service -> selector."""
        self._seen: dict[tuple[str, str], object] = {}
        cluster.on(SERVICES, self._service)
        cluster.on(PODS, self._pod)
        cluster.on(SLICES, self._slice)
        cluster.on(INGRESSES, lambda event, obj: self._ingresses.add_object(obj, _INGRESS_SECONDS))
        cluster.on(_CLASSES, lambda event, obj: self._again())

    def _service(self, event: str, service: Obj) -> None:
        home = self._by_namespace.setdefault(service["metadata"]["namespace"], {})
        home.pop(service["metadata"]["name"], None)
        if event != "DELETED" and service["spec"].get("selector"):
            home[service["metadata"]["name"]] = service["spec"]["selector"]
        if not home:
            del self._by_namespace[service["metadata"]["namespace"]]
        self._queue.add_object(service)
        if service["spec"].get("type") == "LoadBalancer":
            self._balancers.add_object(service, _LOAD_BALANCER_SECONDS)

    def _again(self) -> None:
        for each in self._cluster.objects(INGRESSES):
            self._ingresses.add_object(each)

    def _slice(self, event: str, found: Obj) -> None:
        owner = controller_of(found)
        if event == "DELETED" and owner is not None:
            self._queue.add(found["metadata"]["namespace"], owner["name"])

    def _pod(self, event: str, pod: Obj) -> None:
        ns = pod["metadata"]["namespace"]
        key = (ns, pod["metadata"]["name"])
        services = self._by_namespace.get(ns)
        if not services:
            # Nobody looks, so what was seen is no longer what is: a Service to come must not rely on it.
            self._seen.pop(key, None)
            return
        labels = labels_of(pod)
        # What endpoints are made of; most changes of a pod touch none of it.
        status = pod.get("status") or {}
        going = "deletionTimestamp" in pod["metadata"]
        shape = (labels, status.get("podIP"), is_ready(pod), _phase(pod), going, pod["spec"].get("nodeName"))
        before = self._seen.get(key)
        if event == "DELETED":
            self._seen.pop(key, None)
        elif before == shape:
            return
        else:
            self._seen[key] = shape
        old = before[0] if isinstance(before, tuple) else {}
        for name, selector in services.items():
            if selector.items() <= labels.items() or selector.items() <= old.items():
                self._queue.add(ns, name, _GATHER)

    def _sync(self, ns: str, name: str) -> None:
        service = self._cluster.get(SERVICES, ns, name)
        if service is None or not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            return
        selector = service["spec"]["selector"]
        pods = [
            pod
            for pod in self._cluster.pods(ns)
            if selector.items() <= labels_of(pod).items()
            and (pod.get("status") or {}).get("podIP")
            and _phase(pod) not in ("Succeeded", "Failed")
        ]
        pods.sort(key=lambda pod: pod["metadata"]["name"])
        groups: dict[str, tuple[list[Obj], list[Obj]]] = {}
        for pod in pods:
            ports = _ports(service, pod)
            groups.setdefault(repr(ports), (ports, []))[1].append(pod)
        wanted: list[tuple[list[Obj], list[Obj]]] = []
        tolerant = bool(service["spec"].get("publishNotReadyAddresses"))
        for ports, members in groups.values():
            endpoints = [_endpoint(pod, tolerant) for pod in members]
            wanted += [(ports, endpoints[i : i + _PER_SLICE]) for i in range(0, len(endpoints), _PER_SLICE)]
        if not wanted:
            wanted = [([], [])]
        self._write_slices(service, wanted)
        self._write_endpoints(service, groups, tolerant)

    def _write_slices(self, service: Obj, wanted: list[tuple[list[Obj], list[Obj]]]) -> None:
        there = self._cluster.owned(SLICES, service["metadata"]["uid"])
        there.sort(key=lambda each: each["metadata"]["creationTimestamp"])
        for found, (ports, endpoints) in zip(there, wanted, strict=False):

            def write(obj: Obj, ports: list[Obj] = ports, endpoints: list[Obj] = endpoints) -> None:
                obj["ports"], obj["endpoints"] = ports, endpoints

            self._cluster.edit(SLICES, found, write)
        for found in there[len(wanted) :]:
            self._cluster.delete(SLICES, found)
        for ports, endpoints in wanted[len(there) :]:
            self._cluster.create(
                SLICES,
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "generateName": f"{service['metadata']['name']}-",
                        "namespace": service["metadata"]["namespace"],
                        "labels": {
                            **labels_of(service),
                            _SERVICE: service["metadata"]["name"],
                            _MANAGED: "endpointslice-controller.k8s.io",
                            **({"service.kubernetes.io/headless": ""} if _headless(service) else {}),
                        },
                        "ownerReferences": [owner_reference(SERVICES, service)],
                    },
                    "addressType": "IPv4",
                    "endpoints": endpoints,
                    "ports": ports,
                },
            )

    def _write_endpoints(self, service: Obj, groups: dict[str, tuple[list[Obj], list[Obj]]], tolerant: bool) -> None:
        subsets: list[Obj] = []
        for ports, pods in groups.values():
            subset: Obj = {}
            live = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            ready = [_address(pod) for pod in live if is_ready(pod) or tolerant]
            other = [_address(pod) for pod in live if not (is_ready(pod) or tolerant)]
            if ready:
                subset["addresses"] = ready[:1000]
            if other:
                subset["notReadyAddresses"] = other[:1000]
            if subset:
                subsets.append({**subset, "ports": ports} if ports else subset)
        ns, name = service["metadata"]["namespace"], service["metadata"]["name"]
        found = self._cluster.get(ENDPOINTS, ns, name)
        if found is not None:

            def write(obj: Obj) -> None:
                obj.pop("subsets", None)
                if subsets:
                    obj["subsets"] = subsets

            self._cluster.edit(ENDPOINTS, found, write)
            return
        labels = {**labels_of(service), "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
        body: Obj = {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": name, "namespace": ns, "labels": labels},
        }
        body["metadata"]["ownerReferences"] = [owner_reference(SERVICES, service)]
        if subsets:
            body["subsets"] = subsets
        self._cluster.create(ENDPOINTS, body)

    # From outside ---------------------------------------------------------------------------------

    def addresses(self) -> list[Obj]:
        """Where a load balancer or an Ingress is reached: k3s' ServiceLB listens on every node."""
        found = [
            {"ip": address["address"]}
            for node in self._cluster.objects(NODES)
            if is_true(node, "Ready")
            for address in (node.get("status") or {}).get("addresses") or ()
            if address["type"] == "InternalIP"
        ]
        return found[:3]

    def _balance(self, ns: str, name: str) -> None:
        service = self._cluster.get(SERVICES, ns, name)
        if service is None or service["spec"].get("type") != "LoadBalancer":
            return
        found = [{**each, "ipMode": "VIP"} for each in self.addresses()]
        if found and (service.get("status") or {}).get("loadBalancer") != {"ingress": found}:
            self._cluster.set_status(SERVICES, service, {"loadBalancer": {"ingress": found}})
            message = "Ensured load balancer"
            self._cluster.events.record(
                SERVICES, service, "Normal", "EnsuredLoadBalancer", message, source="service-controller"
            )

    def _ingress(self, ns: str, name: str) -> None:
        ingress = self._cluster.get(INGRESSES, ns, name)
        if ingress is None or "deletionTimestamp" in ingress["metadata"]:
            return
        wanted = ingress["spec"].get("ingressClassName")
        if wanted and self._cluster.get(_CLASSES, "", wanted) is None:
            return  # no controller feels responsible, and none says so
        self._cluster.set_status(INGRESSES, ingress, {"loadBalancer": {"ingress": self.addresses()}}, "traefik")


def _phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _headless(service: Obj) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def target_port(pod: Obj, port: Obj) -> int:
    """The container's port behind a Service's port; 0 where the pod has none of that name."""
    wanted: Any = port.get("targetPort", port["port"])
    if isinstance(wanted, int) or str(wanted).isdigit():
        return int(wanted)
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or ():
            if each.get("name") == wanted and each.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return int(each["containerPort"])
    return 0


def _ports(service: Obj, pod: Obj) -> list[Obj]:
    found: list[Obj] = []
    for port in service["spec"].get("ports") or ():
        number = target_port(pod, port)
        if number:
            one: Obj = {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}
            if port.get("appProtocol"):
                one["appProtocol"] = port["appProtocol"]
            found.append(one)
    return found


def _reference(pod: Obj) -> Obj:
    meta = pod["metadata"]
    return {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}


def _endpoint(pod: Obj, tolerant: bool) -> Obj:
    going = "deletionTimestamp" in pod["metadata"]
    serving = is_ready(pod)
    made: Obj = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": tolerant or (serving and not going), "serving": serving, "terminating": going},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": _reference(pod),
    }
    if pod["spec"].get("hostname") and pod["spec"].get("subdomain"):
        made["hostname"] = pod["spec"]["hostname"]
    return made


def _address(pod: Obj) -> Obj:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": _reference(pod)}


def endpoints_of(cluster: Cluster, ns: str, name: str, *, ready: bool = True) -> list[tuple[Obj, list[Obj]]]:
    """Pods behind a Service with the ports that lead to them; what the proxy and DNS go by."""
    service = cluster.get(SERVICES, ns, name)
    if service is None:
        raise StatusError(404, "NotFound", f'services "{name}" not found')
    found: list[tuple[Obj, list[Obj]]] = []
    for one in cluster.owned(SLICES, service["metadata"]["uid"]):
        for endpoint in one.get("endpoints") or ():
            if ready and not endpoint["conditions"]["ready"]:
                continue
            pod = cluster.get(PODS, ns, endpoint["targetRef"]["name"])
            if pod is not None:
                found.append((pod, one.get("ports") or []))
    return found
