"""Would this traffic pass?"""

from __future__ import annotations

from typing import Any

import pytest

from wizard.sandbox.clock import VirtualClock
from wizard.sandbox.netpol import allowed
from wizard.sandbox.store import Store

Obj = dict[str, Any]


@pytest.fixture
def store() -> Store:
    store = Store(VirtualClock())
    for name, team in (("a", "red"), ("b", "blue")):
        store.create("", "namespaces", {"kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}})
    return store


def pod(ns: str, app: str, ip: str = "10.42.0.9") -> Obj:
    ports = [{"containerPort": 80, "name": "http"}]
    return {
        "metadata": {"name": app, "namespace": ns, "labels": {"app": app}},
        "spec": {"containers": [{"name": "main", "ports": ports}]},
        "status": {"podIP": ip},
    }


def policy(store: Store, ns: str, **spec: Any) -> None:
    types = [each for each, key in (("Ingress", "ingress"), ("Egress", "egress")) if key in spec]
    body = {"podSelector": {}, "policyTypes": types or ["Ingress"], **spec}
    meta = {"generateName": "p-", "namespace": ns}
    store.create("networking.k8s.io", "networkpolicies", {"kind": "NetworkPolicy", "metadata": meta, "spec": body})


WEB, DB = pod("a", "web", "10.42.0.1"), pod("a", "db", "10.42.0.2")
OTHER = pod("b", "web", "10.42.1.1")


def test_without_policies_everything_passes(store: Store) -> None:
    assert allowed(store, OTHER, DB, 5432)


def test_a_selected_pod_is_closed_to_what_no_policy_names(store: Store) -> None:
    policy(store, "a", podSelector={"matchLabels": {"app": "db"}})
    assert not allowed(store, WEB, DB, 5432)
    assert allowed(store, DB, WEB, 80)


def test_policies_add_up(store: Store) -> None:
    policy(store, "a")
    policy(store, "a", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])
    assert allowed(store, WEB, DB, 5432)
    # A pod selector alone means the policy's own namespace.
    assert not allowed(store, OTHER, DB, 5432)


def test_namespaces_by_label(store: Store) -> None:
    policy(store, "a", ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "blue"}}}]}])
    assert allowed(store, OTHER, DB, 5432)
    assert not allowed(store, WEB, DB, 5432)


def test_both_selectors_of_a_peer_have_to_match(store: Store) -> None:
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "db"}}}
    policy(store, "a", ingress=[{"from": [peer]}])
    assert not allowed(store, OTHER, WEB, 80)
    assert allowed(store, DB, WEB, 80)


@pytest.mark.parametrize(
    ("port", "passes"),
    [
        ({"port": 80}, True),
        ({"port": 81}, False),
        ({"port": "http"}, True),
        ({"port": "https"}, False),
        ({"port": 70, "endPort": 90}, True),
        ({"protocol": "UDP"}, False),
        ({}, True),
    ],
)
def test_ports(store: Store, port: Obj, passes: bool) -> None:
    policy(store, "a", ingress=[{"ports": [port]}])
    assert allowed(store, OTHER, WEB, 80) is passes


def test_blocks_and_their_exceptions(store: Store) -> None:
    block = {"cidr": "10.42.0.0/16", "except": ["10.42.1.0/24"]}
    policy(store, "a", ingress=[{"from": [{"ipBlock": block}]}])
    assert allowed(store, WEB, DB, 1)
    assert not allowed(store, OTHER, DB, 1)


def test_egress_counts_as_much_as_ingress(store: Store) -> None:
    policy(store, "b", egress=[{"to": [{"podSelector": {}}]}])
    assert not allowed(store, OTHER, WEB, 80)
    assert allowed(store, WEB, OTHER, 80)
