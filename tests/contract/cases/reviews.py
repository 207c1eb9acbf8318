"""Reviews, namespaces, leases, events, RBAC objects and the garbage collector."""

from __future__ import annotations

from typing import Any

from ..play import MERGE, Case, Saved, Step
from .configmaps import MAPS, config_map

_AUTH = "/apis/authorization.k8s.io/v1"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases"
EVENTS = "/api/v1/namespaces/{ns}/events"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}"


def _owned(name: str, owner: str, **reference: Any) -> Any:
    def body(saved: Saved) -> Any:
        uid = saved[owner]["metadata"]["uid"]
        owners = [{"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": uid, **reference}]
        return config_map(metadata={"name": name, "ownerReferences": owners})

    return body


CASES = [
    Case(
        "reviews",
        [
            Step(
                "may i",
                "POST",
                f"{_AUTH}/selfsubjectaccessreviews",
                {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}},
                quiet=True,
            ),
            Step("may i, of nothing", "POST", f"{_AUTH}/selfsubjectaccessreviews", {"spec": {}}),
            Step(
                "token",
                "POST",
                "/apis/authentication.k8s.io/v1/tokenreviews",
                {"spec": {"token": "nonsense"}},
                quiet=True,
            ),
            Step(
                "a lease",
                "POST",
                LEASES,
                {
                    "metadata": {"name": "lock"},
                    "spec": {
                        "holderIdentity": "me",
                        "leaseDurationSeconds": 15,
                        "acquireTime": "2026-01-01T00:00:00.000000Z",
                    },
                },
            ),
            Step(
                "put a lease without a version",
                "PUT",
                f"{LEASES}/lock",
                {"metadata": {"name": "lock"}, "spec": {"holderIdentity": "you"}},
            ),
            Step("a lease by put", "PUT", f"{LEASES}/new", {"metadata": {"name": "new"}, "spec": {}}),
            Step("bad lease", "POST", LEASES, {"metadata": {"name": "bad"}, "spec": {"leaseDurationSeconds": 0}}),
            Step(
                "an event",
                "POST",
                EVENTS,
                {
                    "metadata": {"name": "e"},
                    "involvedObject": {"kind": "Pod", "namespace": "{ns}", "name": "p"},
                    "reason": "R",
                    "message": "m",
                    "type": "Normal",
                    "firstTimestamp": "2026-01-01T00:00:00Z",
                },
            ),
            Step(
                "an event elsewhere",
                "POST",
                EVENTS,
                {"metadata": {"name": "f"}, "involvedObject": {"kind": "Pod", "namespace": "other", "name": "p"}},
            ),
            Step("events of a pod", "GET", f"{EVENTS}?fieldSelector=involvedObject.name=p"),
            Step("the same event", "GET", "/apis/events.k8s.io/v1/namespaces/{ns}/events/e"),
            Step(
                "role",
                "POST",
                f"{RBAC}/roles",
                {"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
            ),
            Step(
                "role without verbs",
                "POST",
                f"{RBAC}/roles",
                {"metadata": {"name": "bad"}, "rules": [{"apiGroups": [""], "resources": ["pods"]}]},
            ),
            Step("empty role", "POST", f"{RBAC}/roles", {"metadata": {"name": "none"}}),
            Step(
                "binding",
                "POST",
                f"{RBAC}/rolebindings",
                {
                    "metadata": {"name": "b"},
                    "roleRef": {"kind": "Role", "name": "r"},
                    "subjects": [
                        {"kind": "User", "name": "u"},
                        {"kind": "ServiceAccount", "name": "s", "namespace": "{ns}"},
                    ],
                },
            ),
            Step("another role", "PATCH", f"{RBAC}/rolebindings/b", {"roleRef": {"name": "x"}}, MERGE),
            Step("account", "POST", "/api/v1/namespaces/{ns}/serviceaccounts", {"metadata": {"name": "s"}}),
            Step("namespace label", "GET", "/api/v1/namespaces/{ns}"),
            Step("bad namespace", "POST", "/api/v1/namespaces", {"metadata": {"name": "Bad_Name"}}),
            Step("namespace with a dot", "POST", "/api/v1/namespaces", {"metadata": {"name": "a.b"}}),
        ],
    ),
    Case(
        "garbage",
        [
            Step("owner", "POST", MAPS, config_map("owner"), save="owner", quiet=True),
            Step("owned", "POST", MAPS, _owned("owned", "owner")),
            Step("delete in the background", "DELETE", f"{MAPS}/owner"),
            Step("collected", "GET", f"{MAPS}/owned", until=lambda answer: answer.status == 404),
            Step("owner 2", "POST", MAPS, config_map("owner2"), save="owner2", quiet=True),
            Step("owned 2", "POST", MAPS, _owned("owned2", "owner2"), quiet=True),
            Step("orphan", "DELETE", f"{MAPS}/owner2", {"propagationPolicy": "Orphan"}),
            Step("owner 2 gone", "GET", f"{MAPS}/owner2", until=lambda answer: answer.status == 404),
            Step("orphaned", "GET", f"{MAPS}/owned2"),
            Step("owner 3", "POST", MAPS, config_map("owner3"), save="owner3", quiet=True),
            Step(
                "owned 3",
                "POST",
                MAPS,
                lambda saved: {**_owned("owned3", "owner3", blockOwnerDeletion=True)(saved)},
                quiet=True,
            ),
            Step("held", "PATCH", f"{MAPS}/owned3", {"metadata": {"finalizers": ["a.b/c"]}}, MERGE, quiet=True),
            Step("foreground", "DELETE", f"{MAPS}/owner3", {"propagationPolicy": "Foreground"}),
            Step(
                "dependent is going",
                "GET",
                f"{MAPS}/owned3",
                until=lambda answer: "deletionTimestamp" in answer.body.get("metadata", {}),
            ),
            Step("owner waits", "GET", f"{MAPS}/owner3"),
            Step("let go", "PATCH", f"{MAPS}/owned3", {"metadata": {"finalizers": None}}, MERGE, quiet=True),
            Step("owner goes", "GET", f"{MAPS}/owner3", until=lambda answer: answer.status == 404),
            Step("bad policy", "DELETE", f"{MAPS}/owned2", {"propagationPolicy": "Sideways"}),
            Step(
                "incomplete reference",
                "POST",
                MAPS,
                config_map(metadata={"name": "bad", "ownerReferences": [{"kind": "X", "name": "y"}]}),
            ),
            Step(
                "two controllers",
                "POST",
                MAPS,
                config_map(
                    metadata={
                        "name": "bad",
                        "ownerReferences": [
                            {
                                "apiVersion": "v1",
                                "kind": "X",
                                "name": n,
                                "controller": True,
                                "uid": "00000000-0000-4000-8000-00000000000" + n,
                            }
                            for n in "12"
                        ],
                    }
                ),
            ),
        ],
    ),
]
