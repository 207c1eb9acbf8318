"""What is in a cluster before anyone used it. Nodes and storage belong to the controllers half."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wizard.sandbox.store import Store

Obj = dict[str, Any]
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_PRIORITIES = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
_ROLES = Path(__file__).parent / "data" / "roles.json"
_RBAC = "rbac.authorization.k8s.io"


def fill(store: Store) -> None:
    """Creates namespaces, the API's own Service, priority classes and the default roles."""
    for name in _NAMESPACES:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        store.create("", "namespaces", namespace, manager="kube-apiserver")
    service: Obj = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": "10.96.0.1",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    }
    store.create("", "services", service, manager="kube-apiserver")
    for name, value in _PRIORITIES.items():
        priority = {"metadata": {"name": name}, "value": value}
        head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
        store.create("scheduling.k8s.io", "priorityclasses", {**head, **priority}, manager="kube-apiserver")
    for each in json.loads(_ROLES.read_text()):
        store.create(_RBAC, f"{each['kind'].lower()}s", {"apiVersion": f"{_RBAC}/v1", **each}, manager="kube-apiserver")
