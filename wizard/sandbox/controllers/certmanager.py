"""cert-manager: issuers that get ready, certificates that take a while, and HTTP-01 that fails like it does."""

from __future__ import annotations

import base64
from datetime import timedelta

from wizard.sandbox.clock import stamp
from wizard.sandbox.controllers import acme
from wizard.sandbox.controllers.acme import CERTIFICATES
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.selfsigned import self_signed
from wizard.sandbox.controllers.shapes import (
    INGRESSES,
    SECRETS,
    Obj,
    Resource,
    annotations_of,
    condition,
    owner_reference,
)
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import copied

REQUESTS: Resource = ("cert-manager.io", "certificaterequests")
ISSUERS: Resource = ("cert-manager.io", "issuers")
CLUSTER_ISSUERS: Resource = ("cert-manager.io", "clusterissuers")
_CRDS: Resource = ("apiextensions.k8s.io", "customresourcedefinitions")
_SECONDS = 8.0
_GIVES_UP = 300.0
_TRIES_AGAIN = 3600.0
_DAYS = 90


class CertManager:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._certificates = cluster.queue("cert-manager", self._certificate)
        self._issuers = {
            resource: cluster.queue(f"cert-manager-{resource[1]}", self._issuer_sync(resource))
            for resource in (ISSUERS, CLUSTER_ISSUERS)
        }
        self._shim = cluster.queue("ingress-shim", self._ingress)
        self._began: dict[str, float] = {}
        for resource, queue in self._issuers.items():
            cluster.on(resource, lambda event, obj, queue=queue: self._issuer_changed(queue, obj))  # type: ignore[misc]
        cluster.on(CERTIFICATES, self._changed)
        cluster.on(INGRESSES, self._ingress_changed)
        cluster.on(SECRETS, self._secret)

    def _issuer_changed(self, queue: object, obj: Obj) -> None:
        queue.add_object(obj, 1.0)  # type: ignore[attr-defined]
        for each in self._cluster.objects(CERTIFICATES):
            self._certificates.add_object(each)

    def _changed(self, event: str, obj: Obj) -> None:
        if event == "DELETED":
            self._began.pop(obj["metadata"]["uid"], None)
        else:
            self._certificates.add_object(obj)

    def _ingress_changed(self, event: str, obj: Obj) -> None:
        if event != "DELETED":
            self._shim.add_object(obj, 0.5)
        for each in self._cluster.objects(CERTIFICATES, obj["metadata"]["namespace"]):
            self._certificates.add_object(each)

    def _secret(self, event: str, obj: Obj) -> None:
        if event == "DELETED" and obj.get("type") == "kubernetes.io/tls":
            for each in self._cluster.objects(CERTIFICATES, obj["metadata"]["namespace"]):
                self._certificates.add_object(each)

    def _tell(self, certificate: Obj, kind: str, reason: str, message: str) -> None:
        source = "cert-manager-certificates-issuing"
        self._cluster.events.record(CERTIFICATES, certificate, kind, reason, message, source=source)

    # Issuers ----------------------------------------------------------------------------------------

    def _issuer_sync(self, resource: Resource):  # type: ignore[no-untyped-def]
        def sync(ns: str, name: str) -> None:
            issuer = self._cluster.get(resource, ns, name)
            if issuer is None:
                return
            acme = issuer["spec"].get("acme")
            reason, message = "IsReady", ""
            if acme:
                reason, message = "ACMEAccountRegistered", "The ACME account was registered with the ACME server"
            elif "ca" in issuer["spec"]:
                reason, message = "KeyPairVerified", "Signing CA verified"
            status: Obj = {"conditions": self._with(issuer, "Ready", "True", reason, message)}
            if acme:
                uri = f"{str(acme.get('server', '')).rpartition('/directory')[0]}/acme/acct/1"
                status["acme"] = {"uri": uri, "lastRegisteredEmail": acme.get("email", "")}
            self._cluster.set_status(resource, issuer, status, "cert-manager")

        return sync

    def _issuer_of(self, certificate: Obj) -> Obj | None:
        reference = certificate["spec"].get("issuerRef") or {}
        if reference.get("kind") == "ClusterIssuer":
            return self._cluster.get(CLUSTER_ISSUERS, "", reference.get("name", ""))
        return self._cluster.get(ISSUERS, certificate["metadata"]["namespace"], reference.get("name", ""))

    # Certificates -----------------------------------------------------------------------------------

    def _certificate(self, ns: str, name: str) -> float | None:
        certificate = self._cluster.get(CERTIFICATES, ns, name)
        if certificate is None or "deletionTimestamp" in certificate["metadata"]:
            return None
        spec, now = certificate["spec"], self._cluster.now
        secret = self._cluster.get(SECRETS, ns, spec.get("secretName", ""))
        hosts = [str(each) for each in spec.get("dnsNames") or ([spec["commonName"]] if spec.get("commonName") else [])]
        if secret is not None and annotations_of(secret).get("cert-manager.io/alt-names") == ",".join(hosts):
            self._finish(certificate, secret)
            return None
        given_up = condition(certificate, "Issuing")
        if given_up is not None and given_up["reason"] == "Failed":
            wait = seconds_of(given_up["lastTransitionTime"]) + _TRIES_AGAIN - now
            if wait > 0:
                return wait
        began = self._began.get(certificate["metadata"]["uid"])
        if began is None:
            began = self._began[certificate["metadata"]["uid"]] = now
            message = "Issuing certificate as Secret does not exist"
            self._tell(certificate, "Normal", "Issuing", message)
            stored = f'Stored new private key in temporary Secret resource "{name}"'
            self._tell(certificate, "Normal", "Generated", stored)
            request = f'Created new CertificateRequest resource "{name}-1"'
            self._tell(certificate, "Normal", "Requested", request)
            self._request(certificate)
        issuer = self._issuer_of(certificate)
        missing = "Issuing certificate as Secret does not exist"
        self._conditions(certificate, ("False", "DoesNotExist", missing), ("True", "DoesNotExist", missing))
        if issuer is None or not (found := condition(issuer, "Ready")) or found["status"] != "True":
            return 5.0
        if "acme" in issuer["spec"]:
            problem = acme.http01(self._cluster, certificate, hosts, issuer)
            acme.note_challenges(self._cluster, certificate, hosts, problem)
            if problem:
                if now - began > _GIVES_UP:
                    words = (
                        "The certificate request has failed to complete and will be retried: Failed to wait for order "
                        f'resource "{name}-1" to become ready: order is in "invalid" state: {problem}'
                    )
                    self._conditions(certificate, ("False", "DoesNotExist", missing), ("False", "Failed", words))
                    self._tell(certificate, "Warning", "Failed", words)
                    self._began.pop(certificate["metadata"]["uid"], None)
                    return _TRIES_AGAIN
                return 10.0
        wait = (_SECONDS if "acme" in issuer["spec"] else 1.0) - (now - began)
        if wait > 0:
            return wait
        self._issue(certificate, hosts, issuer)
        return 0.0

    def _request(self, certificate: Obj) -> None:
        if self._cluster.get(_CRDS, "", "certificaterequests.cert-manager.io") is None:
            return
        meta = certificate["metadata"]
        body: Obj = {
            "apiVersion": "cert-manager.io/v1",
            "kind": "CertificateRequest",
            "metadata": {
                "name": f"{meta['name']}-1",
                "namespace": meta["namespace"],
                "annotations": {"cert-manager.io/certificate-name": meta["name"]},
                "ownerReferences": [acme.owner(certificate)],
            },
            "spec": {"issuerRef": certificate["spec"].get("issuerRef") or {}, "request": ""},
        }
        try:
            self._cluster.create(REQUESTS, body, "cert-manager")
        except StatusError as refusal:
            if refusal.reason != "AlreadyExists":
                raise

    def _issue(self, certificate: Obj, hosts: list[str], issuer: Obj) -> None:
        spec, meta = certificate["spec"], certificate["metadata"]
        lifetime = timedelta(days=_DAYS) if "acme" in issuer["spec"] else timedelta(days=365)
        cert, key = self_signed(hosts, self._cluster.now, lifetime)
        data = {"tls.crt": _encoded(cert), "tls.key": _encoded(key)}
        if "acme" not in issuer["spec"]:
            data["ca.crt"] = _encoded(cert)
        reference = spec.get("issuerRef") or {}
        body: Obj = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {
                "name": spec["secretName"],
                "namespace": meta["namespace"],
                "labels": {"controller.cert-manager.io/fao": "true"},
                "annotations": {
                    "cert-manager.io/alt-names": ",".join(hosts),
                    "cert-manager.io/certificate-name": meta["name"],
                    "cert-manager.io/common-name": hosts[0] if hosts else "",
                    "cert-manager.io/issuer-group": "cert-manager.io",
                    "cert-manager.io/issuer-kind": reference.get("kind", "Issuer"),
                    "cert-manager.io/issuer-name": reference.get("name", ""),
                },
            },
            "data": data,
        }
        old = self._cluster.get(SECRETS, meta["namespace"], spec["secretName"])
        if old is None:
            self._cluster.create(SECRETS, body, "cert-manager")
        else:

            def renew(obj: Obj) -> None:
                obj["data"] = data
                obj["metadata"].setdefault("annotations", {}).update(body["metadata"]["annotations"])

            self._cluster.edit(SECRETS, old, renew, "cert-manager")
        self._tell(certificate, "Normal", "Issuing", "The certificate has been successfully issued")

    def _finish(self, certificate: Obj, secret: Obj) -> None:
        if (old := condition(certificate, "Ready")) is not None and old["status"] == "True":
            return
        self._began.pop(certificate["metadata"]["uid"], None)
        now = self._cluster.now
        until = now + _DAYS * 86400
        message = "Certificate is up to date and has not expired"
        status = copied(certificate.get("status") or {})
        status |= {
            "conditions": self._with(certificate, "Ready", "True", "Ready", message),
            "notBefore": stamp(now),
            "notAfter": stamp(until),
            "renewalTime": stamp(now + _DAYS * 86400 * 2 / 3),
            "revision": status.get("revision", 0) + 1,
        }
        status["conditions"] = [each for each in status["conditions"] if each["type"] != "Issuing"]
        self._cluster.set_status(CERTIFICATES, certificate, status, "cert-manager")

    def _conditions(self, certificate: Obj, ready: tuple[str, str, str], issuing: tuple[str, str, str]) -> None:
        found = self._with(certificate, "Ready", *ready)
        both = self._with({"metadata": certificate["metadata"], "status": {"conditions": found}}, "Issuing", *issuing)
        status = {**copied(certificate.get("status") or {}), "conditions": both}
        self._cluster.set_status(CERTIFICATES, certificate, status, "cert-manager")

    def _with(self, obj: Obj, kind: str, value: str, reason: str, message: str) -> list[Obj]:
        old = condition(obj, kind)
        since = old["lastTransitionTime"] if old and old["status"] == value else self._cluster.stamp()
        fresh = {
            "type": kind,
            "status": value,
            "reason": reason,
            "message": message,
            "lastTransitionTime": since,
            "observedGeneration": obj["metadata"].get("generation", 1),
        }
        others = [each for each in (obj.get("status") or {}).get("conditions") or () if each["type"] != kind]
        return [*others, fresh]

    # The shim ---------------------------------------------------------------------------------------

    def _ingress(self, ns: str, name: str) -> None:
        """An Ingress with the annotation gets a Certificate of the name of its Secret."""
        ingress = self._cluster.get(INGRESSES, ns, name)
        if ingress is None or "deletionTimestamp" in ingress["metadata"]:
            return
        notes = annotations_of(ingress)
        issuer = notes.get("cert-manager.io/cluster-issuer") or notes.get("cert-manager.io/issuer")
        if not issuer or self._cluster.get(_CRDS, "", "certificates.cert-manager.io") is None:
            return
        kind = "ClusterIssuer" if "cert-manager.io/cluster-issuer" in notes else "Issuer"
        for entry in ingress["spec"].get("tls") or ():
            secret = entry.get("secretName")
            if not secret:
                continue
            spec = {
                "dnsNames": list(entry.get("hosts") or ()),
                "secretName": secret,
                "issuerRef": {"name": issuer, "kind": kind, "group": "cert-manager.io"},
                "usages": ["digital signature", "key encipherment"],
            }
            found = self._cluster.get(CERTIFICATES, ns, secret)
            if found is None:
                self._cluster.create(
                    CERTIFICATES,
                    {
                        "apiVersion": "cert-manager.io/v1",
                        "kind": "Certificate",
                        "metadata": {
                            "name": secret,
                            "namespace": ns,
                            "ownerReferences": [owner_reference(INGRESSES, ingress)],
                        },
                        "spec": spec,
                    },
                    "cert-manager",
                )
                message = f'Successfully created Certificate "{secret}"'
                self._cluster.events.record(
                    INGRESSES, ingress, "Normal", "CreateCertificate", message, source="cert-manager-ingress-shim"
                )
            elif {key: found["spec"].get(key) for key in spec} != spec:
                self._cluster.edit(CERTIFICATES, found, lambda obj, spec=spec: obj["spec"].update(spec), "cert-manager")  # type: ignore[misc]


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()
