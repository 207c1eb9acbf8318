"""Services, Ingresses and NetworkPolicies."""

from __future__ import annotations

import ipaddress
from typing import Any

from wizard.sandbox.validation.pods import port_name_problems
from wizard.sandbox.validation.problems import PORT, Problems, label_problems, subdomain_problems

Obj = dict[str, Any]
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def service(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    kind, headless = spec.get("type"), spec.get("clusterIP") == "None"
    ports = spec.get("ports") or []
    if not ports and not headless and kind != "ExternalName":
        found.required("spec.ports")
    if kind == "ExternalName":
        name = spec.get("externalName", "")
        if not name:
            found.required("spec.externalName")
        for problem in subdomain_problems(name.rstrip(".")) if name else ():
            found.invalid("spec.externalName", name, problem)
    _service_ports(ports, found)
    found.one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"), needed=True)
    found.one_of("spec.type", kind, _TYPES, needed=True)


def _service_ports(ports: list[Obj], found: Problems) -> None:
    names: set[str] = set()
    seen: set[tuple[int, str]] = set()
    for index, each in enumerate(ports):
        field = f"spec.ports[{index}]"
        name, number = each.get("name", ""), each.get("port", 0)
        if not name and len(ports) > 1:
            found.required(f"{field}.name")
        if name:
            for problem in label_problems(name):
                found.invalid(f"{field}.name", name, problem)
            if name in names:
                found.duplicate(f"{field}.name", name)
            names.add(name)
        if not 1 <= number <= 65535:
            found.invalid(f"{field}.port", number, PORT)
        found.one_of(f"{field}.protocol", each.get("protocol"), ("SCTP", "TCP", "UDP"), needed=True)
        target = each.get("targetPort")
        if isinstance(target, int) and not 1 <= target <= 65535:
            found.invalid(f"{field}.targetPort", target, PORT)
        elif isinstance(target, str):
            for problem in port_name_problems(target):
                found.invalid(f"{field}.targetPort", target, problem)
    for index, each in enumerate(ports):
        key = (each.get("port", 0), each.get("protocol", "TCP"))
        if key in seen:
            told = {
                "Name": "",
                "Protocol": key[1],
                "AppProtocol": None,
                "Port": key[0],
                "TargetPort": 0,
                "NodePort": 0,
            }
            found.duplicate(f"spec.ports[{index}]", told)
        seen.add(key)


def service_update(new: Obj, old: Obj, found: Problems) -> None:
    before, after = old["spec"], new["spec"]
    if before.get("type") == "ExternalName" or after.get("type") == "ExternalName":
        return
    was, now = before.get("clusterIP"), after.get("clusterIP")
    if was and was != now:
        found.invalid("spec.clusterIPs[0]", [now], "may not change once set")


def ingress(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    rules = spec.get("rules") or []
    if not rules and not spec.get("defaultBackend"):
        found.invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if spec.get("defaultBackend"):
        _backend(spec["defaultBackend"], "spec.defaultBackend", found)
    for index, rule in enumerate(rules):
        field = f"spec.rules[{index}]"
        if host := rule.get("host"):
            for problem in subdomain_problems(host.removeprefix("*.")):
                found.invalid(f"{field}.host", host, problem)
        for number, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            _path(path, f"{field}.http.paths[{number}]", found)


def _path(path: Obj, field: str, found: Problems) -> None:
    kind, text = path.get("pathType"), path.get("path", "")
    if not kind:
        found.required(f"{field}.pathType", "pathType must be specified")
    elif kind not in ("Exact", "ImplementationSpecific", "Prefix"):
        found.unsupported(f"{field}.pathType", kind, ["Exact", "ImplementationSpecific", "Prefix"])
    elif not text.startswith("/") and (kind != "ImplementationSpecific" or text):
        found.invalid(f"{field}.path", text, "must be an absolute path")
    _backend(path.get("backend") or {}, f"{field}.backend", found)


def _backend(backend: Obj, field: str, found: Problems) -> None:
    if not backend.get("service") and not backend.get("resource"):
        found.invalid(field, "", "resource or service backend is required")
        return
    target = backend.get("service")
    if target is not None:
        if not target.get("name"):
            found.required(f"{field}.service.name")
        port = target.get("port") or {}
        if not port.get("name") and not port.get("number"):
            found.required(field, "port name or number is required")


def network_policy(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            field = f"spec.{direction}[{index}]"
            for number, port in enumerate((rule or {}).get("ports") or ()):
                wanted = port.get("port")
                if isinstance(wanted, int) and not 1 <= wanted <= 65535:
                    found.invalid(f"{field}.ports[{number}].port", wanted, PORT)
            for number, peer in enumerate((rule or {}).get(peers) or ()):
                _peer(peer or {}, f"{field}.{peers}[{number}]", found)
    for index, kind in enumerate(spec.get("policyTypes") or ()):
        if kind not in ("Ingress", "Egress"):
            found.unsupported(f"spec.policyTypes[{index}]", kind, ["Ingress", "Egress"])


def _peer(peer: Obj, field: str, found: Problems) -> None:
    if not peer:
        found.required(field, "must specify a peer")
    if "ipBlock" in peer:
        if "podSelector" in peer or "namespaceSelector" in peer:
            found.forbidden(field, "may not specify both ipBlock and another peer")
        cidr = peer["ipBlock"].get("cidr", "")
        if not cidr:
            found.required(f"{field}.ipBlock.cidr")
            return
        try:
            ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            found.invalid(f"{field}.ipBlock.cidr", cidr, _CIDR)
