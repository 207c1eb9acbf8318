"""Autoscaling, budgets, volumes, Ingresses, and the platform's operators: cert-manager, External Secrets."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.sandbox.moving_cluster import Sandbox, condition, is_ready, pod_spec, service, simulated, workload
from wizard.sandbox.controllers.acme import CERTIFICATES, CHALLENGES
from wizard.sandbox.controllers.certmanager import CLUSTER_ISSUERS
from wizard.sandbox.controllers.externalsecrets import EXTERNAL_SECRETS, STORES
from wizard.sandbox.controllers.programs.base import Program
from wizard.sandbox.controllers.shapes import (
    AUTOSCALERS,
    BUDGETS,
    CLAIMS,
    DEPLOYMENTS,
    INGRESSES,
    PODS,
    SECRETS,
    SERVICES,
    VOLUMES,
    Obj,
)

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def using(claim: str) -> Obj:
    return pod_spec(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": claim}}])


@simulated([{"name": "big", "cpu": "64", "memory": "64Gi"}])
async def test_an_autoscaler_follows_the_load(box: Sandbox) -> None:
    spec = workload("web", 1, resources={"requests": {"cpu": "100m"}})
    box.create(DEPLOYMENTS, "web", spec)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}  # noqa: E501  # fmt: skip
    body = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4, "metrics": [metric]}
    box.create(AUTOSCALERS, "web", body)
    await box.clock.advance(40)
    assert box.get(DEPLOYMENTS, "web")["spec"]["replicas"] == 1
    used = {"cores": 0.15}

    def uses(self: Program, now: float) -> tuple[float, float]:
        return used["cores"], 1e7

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wizard.sandbox.controllers.programs.generic.Generic.uses", uses, raising=False)
        await box.until(lambda: box.get(DEPLOYMENTS, "web")["spec"]["replicas"] == 3, 60)
        assert ("SuccessfulRescale", "New size: 3; reason: cpu resource utilization (percentage of request) above target") in box.events("web")  # noqa: E501  # fmt: skip
        used["cores"] = 1.0
        await box.until(lambda: box.get(DEPLOYMENTS, "web")["spec"]["replicas"] == 4, 60)
        await box.clock.advance(30)
        assert condition(box.get(AUTOSCALERS, "web"), "ScalingLimited")["reason"] == "TooManyReplicas"
        used["cores"] = 0.001
        began = box.clock.now()
        await box.until(lambda: box.get(DEPLOYMENTS, "web")["spec"]["replicas"] == 1, 900)
        assert box.clock.now() - began > 250  # the stabilization window
    current = box.status(AUTOSCALERS, "web")["currentMetrics"][0]["resource"]["current"]
    assert current["averageUtilization"] == 1


@simulated()
async def test_a_budget_says_what_may_go(box: Sandbox) -> None:
    box.create(DEPLOYMENTS, "web", workload("web", 3))
    box.create(BUDGETS, "web", {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}})
    await box.until(lambda: box.status(BUDGETS, "web").get("disruptionsAllowed") == 1)
    status = box.status(BUDGETS, "web")
    assert (status["currentHealthy"], status["desiredHealthy"], status["expectedPods"]) == (3, 2, 3)
    assert condition(box.get(BUDGETS, "web"), "DisruptionAllowed")["reason"] == "SufficientPods"
    box.edit(PODS, box.names(PODS)[0], lambda pod: pod["metadata"].update({"annotations": {"wizard.test/never-ready": "true"}}))  # noqa: E501  # fmt: skip
    await box.until(lambda: box.status(BUDGETS, "web").get("disruptionsAllowed") == 0)
    assert condition(box.get(BUDGETS, "web"), "DisruptionAllowed")["reason"] == "InsufficientPods"


@simulated()
async def test_a_claim_lives_as_long_as_it_is_used(box: Sandbox) -> None:
    box.create(CLAIMS, "data", CLAIM)
    box.create(PODS, "db", using("data"))
    await box.until_ready("db")
    claim = box.get(CLAIMS, "data")
    assert claim["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    assert claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] == "yes"
    volume = box.get(VOLUMES, claim["spec"]["volumeName"], "")
    assert volume["status"]["phase"] == "Bound" and volume["spec"]["claimRef"]["name"] == "data"
    box.store.delete("", "persistentvolumeclaims", "t", "data")
    await box.clock.advance(30)
    assert "deletionTimestamp" in box.get(CLAIMS, "data")["metadata"]
    box.store.delete("", "pods", "t", "db")
    await box.until(lambda: box.names(CLAIMS) == [])
    await box.until(lambda: not box.store.list("", "persistentvolumes"))


@simulated()
async def test_a_volume_that_was_there_is_taken_and_kept(box: Sandbox) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "5Gi"},
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "manual",
        "hostPath": {"path": "/data"},
    }
    box.create(VOLUMES, "disk", spec, ns="")
    box.create(CLAIMS, "data", {**CLAIM, "storageClassName": "manual"})
    await box.until(lambda: box.status(CLAIMS, "data").get("phase") == "Bound")
    assert box.status(CLAIMS, "data")["capacity"] == {"storage": "5Gi"}
    box.store.delete("", "persistentvolumeclaims", "t", "data")
    await box.until(lambda: box.get(VOLUMES, "disk", "")["status"]["phase"] == "Released")


@simulated()
async def test_a_claim_of_no_class_and_one_that_grows(box: Sandbox) -> None:
    box.create(CLAIMS, "odd", {**CLAIM, "storageClassName": "none"})
    await box.clock.advance(1)
    assert ("ProvisioningFailed", 'storageclass.storage.k8s.io "none" not found') in box.events("odd")
    box.create(CLAIMS, "data", CLAIM)
    box.create(PODS, "db", using("data"))
    await box.until_ready("db")
    box.edit(CLAIMS, "data", lambda claim: claim["spec"]["resources"]["requests"].update({"storage": "3Gi"}))
    await box.until(lambda: box.status(CLAIMS, "data")["capacity"]["storage"] == "3Gi")


@simulated("2")
async def test_load_balancers_and_ingresses_get_addresses(box: Sandbox) -> None:
    box.create(SERVICES, "lb", {**service("web", 80), "type": "LoadBalancer"})
    rule = {"host": "a.b", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}  # noqa: E501  # fmt: skip
    box.create(INGRESSES, "web", {"rules": [rule]})
    box.create(INGRESSES, "odd", {"ingressClassName": "nobody", "rules": [rule]})
    await box.clock.advance(5)
    addresses = [each["ip"] for each in box.status(INGRESSES, "web")["loadBalancer"]["ingress"]]
    assert addresses == ["192.168.56.11", "192.168.56.10"]
    assert [each["ip"] for each in box.status(SERVICES, "lb")["loadBalancer"]["ingress"]] == addresses
    assert not box.status(INGRESSES, "odd").get("loadBalancer")


def crds(box: Sandbox, *names: str) -> None:
    for name in names:
        plural, _, group = name.partition(".")
        kind = plural.rstrip("s").capitalize()
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
        scope = "Cluster" if plural.startswith("cluster") else "Namespaced"
        names_ = {"plural": plural, "singular": plural.rstrip("s"), "kind": kind, "listKind": f"{kind}List"}
        spec = {"group": group, "scope": scope, "names": names_, "versions": [version]}
        box.create(("apiextensions.k8s.io", "customresourcedefinitions"), name, spec, ns="",
                   version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")  # fmt: skip


async def with_certmanager(box: Sandbox, host: str) -> None:
    crds(box, "certificates.cert-manager.io", "clusterissuers.cert-manager.io", "challenges.acme.cert-manager.io")
    await box.clock.advance(1)
    acme = {"server": "https://acme.example/directory", "solvers": [{"http01": {"ingress": {}}}]}
    kinds = {"version": "cert-manager.io/v1", "kind": "Clusterissuer"}
    box.create(CLUSTER_ISSUERS, "letsencrypt", {"acme": acme}, ns="", **kinds)
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}  # noqa: E501  # fmt: skip
    spec = {"tls": [{"hosts": [host], "secretName": "web-tls"}], "rules": [rule]}
    note = {"annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"}}
    box.create(INGRESSES, "web", spec, metadata=note)


@simulated()
async def test_a_certificate_is_issued_after_a_while(box: Sandbox) -> None:
    await with_certmanager(box, "chat.example.org")
    await box.until(lambda: box.names(CERTIFICATES) == ["web-tls"], 5)
    await box.until(lambda: box.status(CERTIFICATES, "web-tls").get("conditions"))
    assert condition(box.get(CERTIFICATES, "web-tls"), "Ready")["status"] == "False"
    began = box.clock.now()
    await box.until(lambda: condition(box.get(CERTIFICATES, "web-tls"), "Ready")["status"] == "True", 60)
    assert box.clock.now() - began > 4
    secret = box.get(SECRETS, "web-tls")
    assert secret["type"] == "kubernetes.io/tls"
    from cryptography import x509

    found = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["chat.example.org"]
    assert 89 <= (found.not_valid_after_utc - found.not_valid_before_utc).days <= 90
    issuer = box.get(CLUSTER_ISSUERS, "letsencrypt", "")
    assert condition(issuer, "Ready")["reason"] == "ACMEAccountRegistered"
    assert "renewalTime" in box.status(CERTIFICATES, "web-tls")


@simulated()
async def test_a_host_that_lets_encrypt_cannot_reach(box: Sandbox) -> None:
    await with_certmanager(box, "chat.does-not-resolve.example.org")
    await box.until(lambda: box.names(CHALLENGES), 60)
    await box.clock.advance(1)
    status = box.status(CHALLENGES, box.names(CHALLENGES)[0])
    assert status["state"] == "pending"
    assert status["reason"].startswith("Waiting for HTTP-01 challenge propagation: failed to perform self check GET")
    await box.until(lambda: condition(box.get(CERTIFICATES, "web-tls"), "Issuing")["status"] == "False", 600)
    assert "Failed to wait for order resource" in condition(box.get(CERTIFICATES, "web-tls"), "Issuing")["message"]


@simulated(secrets={"chat/db": json.dumps({"password": "s3"}), "plain": "text"})
async def test_external_secrets_are_synced(box: Sandbox) -> None:
    crds(box, "externalsecrets.external-secrets.io", "secretstores.external-secrets.io")
    await box.clock.advance(1)
    version = "external-secrets.io/v1"
    box.create(STORES[0], "aws", {"provider": {"aws": {}}}, version=version, kind="SecretStore")
    data = [
        {"secretKey": "password", "remoteRef": {"key": "chat/db", "property": "password"}},
        {"secretKey": "other", "remoteRef": {"key": "plain"}},
    ]
    spec = {"secretStoreRef": {"name": "aws", "kind": "SecretStore"}, "refreshInterval": "1m", "data": data}
    box.create(EXTERNAL_SECRETS, "db", spec, version=version, kind="ExternalSecret")
    missing = {**spec, "data": [{"secretKey": "x", "remoteRef": {"key": "nobody"}}]}
    box.create(EXTERNAL_SECRETS, "bad", missing, version=version, kind="ExternalSecret")
    await box.until(lambda: "db" in box.names(SECRETS), 30)
    found = box.get(SECRETS, "db")["data"]
    assert {key: base64.b64decode(value).decode() for key, value in found.items()} == {
        "password": "s3",
        "other": "text",
    }
    await box.clock.advance(1)
    assert condition(box.get(EXTERNAL_SECRETS, "db"), "Ready")["reason"] == "SecretSynced"
    assert condition(box.get(EXTERNAL_SECRETS, "bad"), "Ready")["reason"] == "SecretSyncedError"
    assert any("Secret does not exist" in message for _, message in box.events("bad"))
    box.moving.world.secrets_manager["plain"] = "changed"
    await box.clock.advance(61)
    assert base64.b64decode(box.get(SECRETS, "db")["data"]["other"]) == b"changed"


@simulated("2")
async def test_the_same_seed_gives_the_same_course(box: Sandbox) -> None:
    async def course(one: Sandbox) -> list[tuple[str, str, str]]:
        one.create(DEPLOYMENTS, "web", workload("web", 5))
        one.create(PODS, "bad", pod_spec("does-not-exist:1"))
        await one.until(lambda: sum(map(is_ready, one.pods())) == 5)
        await one.clock.advance(60)
        found = one.store.list("", "events")
        return [(each["metadata"]["name"], each["reason"], each["message"]) for each in found]

    from tests.unit.sandbox.moving_cluster import sandbox

    first = await course(box)
    async with sandbox("2") as other:
        assert await course(other) == first
