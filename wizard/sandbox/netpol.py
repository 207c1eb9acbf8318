"""NetworkPolicies, evaluated: would this traffic pass? Nothing enforces them here; tests and demos ask."""

from __future__ import annotations

import ipaddress
from typing import Any

from wizard.sandbox.selectors import selects
from wizard.sandbox.store import Store

Obj = dict[str, Any]
_POLICIES = ("networking.k8s.io", "networkpolicies")


def allowed(store: Store, source: Obj, target: Obj, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection from one pod to a port of another passes every policy of both namespaces.

    A pod that no policy selects for a direction is open in that direction; one that is selected lets
    through what any of those policies names.
    """
    out = _policies(store, source, "Egress")
    into = _policies(store, target, "Ingress")
    return _passes(store, out, "egress", "to", target, target, port, protocol) and _passes(
        store, into, "ingress", "from", source, target, port, protocol
    )


def _policies(store: Store, pod: Obj, direction: str) -> list[Obj]:
    labels = pod["metadata"].get("labels", {})
    return [
        each
        for each in store.list(*_POLICIES, pod["metadata"]["namespace"])
        if direction in each["spec"].get("policyTypes", ("Ingress",))
        and selects(each["spec"].get("podSelector") or {}, labels)
    ]


def _passes(
    store: Store, policies: list[Obj], rules: str, peers: str, peer: Obj, target: Obj, port: int, protocol: str
) -> bool:
    if not policies:
        return True
    for policy in policies:
        for rule in policy["spec"].get(rules) or ():
            rule = rule or {}
            named = rule.get(peers)
            if named and not any(_matches(store, each, peer, policy) for each in named):
                continue
            ports = rule.get("ports")
            if ports and not any(_port(each, target, port, protocol) for each in ports):
                continue
            return True
    return False


def _matches(store: Store, wanted: Obj, pod: Obj, policy: Obj) -> bool:
    block = wanted.get("ipBlock")
    if block is not None:
        return _in_block(block, pod.get("status", {}).get("podIP", ""))
    namespace = pod["metadata"]["namespace"]
    if "namespaceSelector" in wanted:
        found = store.get("", "namespaces", "", namespace)
        labels = (found or {"metadata": {}})["metadata"].get("labels", {})
        if not selects(wanted["namespaceSelector"], labels):
            return False
    elif namespace != policy["metadata"]["namespace"]:
        return False
    return "podSelector" not in wanted or selects(wanted["podSelector"], pod["metadata"].get("labels", {}))


def _in_block(block: Obj, address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False  # a pod without an address yet
    if ip not in ipaddress.ip_network(block["cidr"], strict=False):
        return False
    return not any(ip in ipaddress.ip_network(each, strict=False) for each in block.get("except", ()))


def _port(wanted: Obj, target: Obj, port: int, protocol: str) -> bool:
    if wanted.get("protocol", "TCP") != protocol:
        return False
    number: int | str | None = wanted.get("port")
    if number is None:
        return True
    if isinstance(number, str):
        return any(
            each.get("name") == number and each["containerPort"] == port
            for container in target["spec"].get("containers") or ()
            for each in container.get("ports", ())
            if each.get("protocol", "TCP") == protocol
        )
    last: int = wanted.get("endPort", number)
    return number <= port <= last
