"""Let's Encrypt as cert-manager meets it: HTTP-01 challenges that succeed, or say why they do not."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import INGRESSES, Obj, Resource, owner_reference

CERTIFICATES: Resource = ("cert-manager.io", "certificates")
CHALLENGES: Resource = ("acme.cert-manager.io", "challenges")
_CRDS: Resource = ("apiextensions.k8s.io", "customresourcedefinitions")
FAILING = ("does-not-resolve", "http01-fails", ".invalid")
"""Parts of a host name that the simulated Let's Encrypt cannot reach."""


def owner(certificate: Obj) -> Obj:
    made = owner_reference(CERTIFICATES, certificate)
    return {**made, "apiVersion": "cert-manager.io/v1", "kind": "Certificate"}


def http01(cluster: Cluster, certificate: Obj, hosts: list[str], issuer: Obj) -> str:
    """Why the challenge cannot be answered from outside; empty if it can. DNS-01 always can."""
    solvers = issuer["spec"]["acme"].get("solvers") or ()
    if any("dns01" in each for each in solvers):
        return ""
    ns = certificate["metadata"]["namespace"]
    served = {
        rule.get("host")
        for ingress in cluster.objects(INGRESSES, ns)
        if ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress")
        for rule in ingress["spec"].get("rules") or ()
    }
    for host in hosts:
        url = f"http://{host}/.well-known/acme-challenge/"
        if any(part in host for part in FAILING):
            return (
                f"Waiting for HTTP-01 challenge propagation: failed to perform self check GET request '{url}': "
                f'Get "{url}": dial tcp: lookup {host} on 10.43.0.10:53: no such host'
            )
        if host not in served:
            return "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'"
    return ""


def note_challenges(cluster: Cluster, certificate: Obj, hosts: list[str], problem: str) -> None:
    """One Challenge a host while it is not solved; only where the CRD is there to hold it."""
    ns = certificate["metadata"]["namespace"]
    if cluster.get(_CRDS, "", "challenges.acme.cert-manager.io") is None:
        return
    for number, host in enumerate(hosts):
        name = f"{certificate['metadata']['name']}-1-{number}"
        found = cluster.get(CHALLENGES, ns, name)
        if not problem:
            if found is not None:
                cluster.delete(CHALLENGES, found)
            continue
        if found is None:
            found = cluster.create(
                CHALLENGES,
                {
                    "apiVersion": "acme.cert-manager.io/v1",
                    "kind": "Challenge",
                    "metadata": {
                        "name": name,
                        "namespace": ns,
                        "ownerReferences": [owner(certificate)],
                    },
                    "spec": {
                        "dnsName": host,
                        "type": "HTTP-01",
                        "issuerRef": certificate["spec"].get("issuerRef") or {},
                        "authorizationURL": "https://acme.invalid/authz/1",
                        "url": "https://acme.invalid/chall/1",
                        "key": "simulated",
                        "token": "simulated",
                        "solver": {"http01": {"ingress": {}}},
                    },
                },
                "cert-manager",
            )
        status = {"presented": True, "processing": True, "reason": problem, "state": "pending"}
        cluster.set_status(CHALLENGES, found, status, "cert-manager")
