"""Services, Ingresses, NetworkPolicies."""

from __future__ import annotations

from typing import Any

from ..play import MERGE, STRATEGIC, Case, Step

SERVICES = "/api/v1/namespaces/{ns}/services"
NET = "/apis/networking.k8s.io/v1/namespaces/{ns}"


def service(name: str = "web", ports: list[dict[str, Any]] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": "web"}, "ports": ports or [{"port": 80}], **spec},
    }


def ingress(name: str = "web", **spec: Any) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": "a.b", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {"metadata": {"name": name}, "spec": {"rules": [rule], **spec}}


CASES = [
    Case(
        "services",
        [
            Step("cluster ip", "POST", SERVICES, service()),
            Step("headless", "POST", SERVICES, service("headless", clusterIP="None")),
            Step("node port", "POST", SERVICES, service("node", type="NodePort")),
            Step("load balancer", "POST", SERVICES, service("balancer", type="LoadBalancer")),
            Step(
                "external name",
                "POST",
                SERVICES,
                {"metadata": {"name": "ext"}, "spec": {"type": "ExternalName", "externalName": "a.b"}},
            ),
            Step("affinity", "POST", SERVICES, service("affine", sessionAffinity="ClientIP")),
            Step(
                "named ports",
                "POST",
                SERVICES,
                service(
                    "named", [{"name": "a", "port": 1, "targetPort": "x"}, {"name": "b", "port": 1, "protocol": "UDP"}]
                ),
            ),
            Step("no ports", "POST", SERVICES, {"metadata": {"name": "none"}, "spec": {"selector": {"a": "b"}}}),
            Step(
                "headless without ports",
                "POST",
                SERVICES,
                {"metadata": {"name": "bare"}, "spec": {"clusterIP": "None"}},
            ),
            Step("ports without names", "POST", SERVICES, service("broken", [{"port": 1}, {"port": 2}])),
            Step(
                "the same port",
                "POST",
                SERVICES,
                service("broken", [{"name": "a", "port": 1}, {"name": "b", "port": 1}]),
            ),
            Step(
                "the same name",
                "POST",
                SERVICES,
                service("broken", [{"name": "a", "port": 1}, {"name": "a", "port": 2}]),
            ),
            Step("bad port", "POST", SERVICES, service("broken", [{"port": 70000}])),
            Step("bad type", "POST", SERVICES, service("broken", type="Magic")),
            Step("bad name", "POST", SERVICES, service("1web")),
            Step("bad ip", "POST", SERVICES, service("broken", clusterIP="1.2.3")),
            Step("ip out of range", "POST", SERVICES, service("broken", clusterIP="1.2.3.4")),
            Step("external name without one", "POST", SERVICES, service("broken", type="ExternalName")),
            Step("bad affinity", "POST", SERVICES, service("broken", sessionAffinity="Cookie")),
            Step("change the ip", "PATCH", f"{SERVICES}/web", {"spec": {"clusterIP": "10.96.9.9"}}, MERGE),
            Step("clear the ip", "PATCH", f"{SERVICES}/web", {"spec": {"clusterIP": ""}}, MERGE),
            Step(
                "add a port",
                "PATCH",
                f"{SERVICES}/web",
                {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}},
                STRATEGIC,
            ),
            Step("to node port", "PATCH", f"{SERVICES}/web", {"spec": {"type": "NodePort"}}, MERGE),
            Step("back to cluster ip", "PATCH", f"{SERVICES}/web", {"spec": {"type": "ClusterIP"}}, MERGE),
            Step(
                "status",
                "PATCH",
                f"{SERVICES}/balancer/status",
                {"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}},
                MERGE,
            ),
            Step("delete", "DELETE", f"{SERVICES}/web"),
        ],
    ),
    Case(
        "networking",
        [
            Step("ingress", "POST", f"{NET}/ingresses", ingress()),
            Step("no rules", "POST", f"{NET}/ingresses", {"metadata": {"name": "broken"}, "spec": {}}),
            Step(
                "bad path type",
                "POST",
                f"{NET}/ingresses",
                ingress(
                    "broken",
                    rules=[
                        {
                            "http": {
                                "paths": [
                                    {
                                        "path": "/",
                                        "pathType": "Glob",
                                        "backend": {"service": {"name": "a", "port": {"number": 1}}},
                                    }
                                ]
                            }
                        }
                    ],
                ),
            ),
            Step(
                "no path type",
                "POST",
                f"{NET}/ingresses",
                ingress(
                    "broken",
                    rules=[
                        {
                            "http": {
                                "paths": [{"path": "/", "backend": {"service": {"name": "a", "port": {"number": 1}}}}]
                            }
                        }
                    ],
                ),
            ),
            Step(
                "relative path",
                "POST",
                f"{NET}/ingresses",
                ingress(
                    "broken",
                    rules=[
                        {
                            "http": {
                                "paths": [
                                    {
                                        "path": "a",
                                        "pathType": "Exact",
                                        "backend": {"service": {"name": "a", "port": {"number": 1}}},
                                    }
                                ]
                            }
                        }
                    ],
                ),
            ),
            Step(
                "no backend",
                "POST",
                f"{NET}/ingresses",
                ingress("broken", rules=[{"http": {"paths": [{"path": "/", "pathType": "Exact", "backend": {}}]}}]),
            ),
            Step(
                "tls",
                "PATCH",
                f"{NET}/ingresses/web",
                {"spec": {"tls": [{"hosts": ["a.b"], "secretName": "t"}]}},
                MERGE,
            ),
            Step(
                "policy", "POST", f"{NET}/networkpolicies", {"metadata": {"name": "deny"}, "spec": {"podSelector": {}}}
            ),
            Step(
                "policy with egress",
                "POST",
                f"{NET}/networkpolicies",
                {
                    "metadata": {"name": "some"},
                    "spec": {
                        "podSelector": {"matchLabels": {"a": "b"}},
                        "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}],
                        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}],
                    },
                },
            ),
            Step(
                "bad policy type",
                "POST",
                f"{NET}/networkpolicies",
                {"metadata": {"name": "broken"}, "spec": {"podSelector": {}, "policyTypes": ["Sideways"]}},
            ),
            Step(
                "bad cidr",
                "POST",
                f"{NET}/networkpolicies",
                {
                    "metadata": {"name": "broken"},
                    "spec": {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "nowhere"}}]}]},
                },
            ),
            Step(
                "empty peer",
                "POST",
                f"{NET}/networkpolicies",
                {"metadata": {"name": "broken"}, "spec": {"podSelector": {}, "egress": [{"to": [{}]}]}},
            ),
            Step("class", "GET", "/apis/networking.k8s.io/v1/ingressclasses/not-there"),
        ],
    ),
]
