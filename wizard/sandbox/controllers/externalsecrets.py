"""External Secrets Operator: copies values of the simulated Secrets Manager into Secrets."""

from __future__ import annotations

import base64
import json

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import (
    SECRETS,
    Obj,
    Resource,
    condition,
    duration,
    owner_reference,
)
from wizard.sandbox.controllers.world import World
from wizard.sandbox.store import copied

EXTERNAL_SECRETS: Resource = ("external-secrets.io", "externalsecrets")
STORES: tuple[Resource, ...] = (("external-secrets.io", "secretstores"), ("external-secrets.io", "clustersecretstores"))
_SOURCE = "external-secrets"


class _Failed(Exception):
    """What the provider said."""


class ExternalSecrets:
    def __init__(self, cluster: Cluster, world: World) -> None:
        self._cluster = cluster
        self._world = world
        self._queue = cluster.queue("external-secrets", self._sync)
        self._stores = {
            resource: cluster.queue(f"external-secrets-{resource[1]}", self._validator(resource)) for resource in STORES
        }
        cluster.on(EXTERNAL_SECRETS, lambda event, obj: self._queue.add_object(obj))
        for resource, queue in self._stores.items():
            cluster.on(resource, lambda event, obj, queue=queue: queue.add_object(obj, 0.5))  # type: ignore[misc]

    def _validator(self, resource: Resource):  # type: ignore[no-untyped-def]
        def validate(ns: str, name: str) -> None:
            store = self._cluster.get(resource, ns, name)
            if store is None:
                return
            status = {
                "capabilities": "ReadWrite",
                "conditions": self._conditions(store, "True", "Valid", "store validated"),
            }
            self._cluster.set_status(resource, store, status, _SOURCE)
            for each in self._cluster.objects(EXTERNAL_SECRETS):
                self._queue.add_object(each)

        return validate

    def _sync(self, ns: str, name: str) -> float | None:
        wanted = self._cluster.get(EXTERNAL_SECRETS, ns, name)
        if wanted is None or "deletionTimestamp" in wanted["metadata"]:
            return None
        interval = duration(wanted["spec"].get("refreshInterval", "1h")) or None
        reference = wanted["spec"].get("secretStoreRef") or {}
        resource = STORES[1] if reference.get("kind") == "ClusterSecretStore" else STORES[0]
        home = "" if resource == STORES[1] else ns
        store = self._cluster.get(resource, home, reference.get("name", ""))
        status = copied(wanted.get("status") or {})
        try:
            if store is None:
                kind = reference.get("kind", "SecretStore")
                raise _Failed(f'could not get {kind} "{reference.get("name")}", {kind} not found')
            if not (found := condition(store, "Ready")) or found["status"] != "True":
                return 2.0
            data = self._read(wanted)
        except _Failed as problem:
            message = f"error processing spec.data: {problem}"
            self._cluster.events.record(EXTERNAL_SECRETS, wanted, "Warning", "UpdateFailed", message, source=_SOURCE)
            words = "could not get secret data from provider"
            status["conditions"] = self._conditions(wanted, "False", "SecretSyncedError", words)
            self._cluster.set_status(EXTERNAL_SECRETS, wanted, status, _SOURCE)
            return 15.0
        self._write(wanted, data)
        status["conditions"] = self._conditions(wanted, "True", "SecretSynced", "secret synced")
        status["refreshTime"] = self._cluster.stamp()
        status["binding"] = {"name": (wanted["spec"].get("target") or {}).get("name") or name}
        status["syncedResourceVersion"] = f"{wanted['metadata'].get('generation', 1)}-simulated"
        if status.get("refreshTime") != (wanted.get("status") or {}).get("refreshTime"):
            self._cluster.set_status(EXTERNAL_SECRETS, wanted, status, _SOURCE)
        return interval

    def _read(self, wanted: Obj) -> dict[str, str]:
        data: dict[str, str] = {}
        for source in wanted["spec"].get("dataFrom") or ():
            if "extract" in source:
                whole = json.loads(self._value(source["extract"]["key"]))
                data |= {str(key): str(value) for key, value in whole.items()}
        for each in wanted["spec"].get("data") or ():
            reference = each["remoteRef"]
            value = self._value(reference["key"])
            if reference.get("property"):
                found = json.loads(value).get(reference["property"])
                if found is None:
                    raise _Failed(f"key {reference['property']} does not exist in secret {reference['key']}")
                value = str(found)
            data[each["secretKey"]] = value
        return data

    def _value(self, key: str) -> str:
        found = self._world.secrets_manager.get(key)
        if found is None:
            raise _Failed(f"(key: {key}), err: Secret does not exist")
        return found

    def _write(self, wanted: Obj, data: dict[str, str]) -> None:
        target = wanted["spec"].get("target") or {}
        ns, name = wanted["metadata"]["namespace"], target.get("name") or wanted["metadata"]["name"]
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        found = self._cluster.get(SECRETS, ns, name)
        if found is not None:
            self._cluster.edit(SECRETS, found, lambda obj: obj.setdefault("data", {}).update(encoded), _SOURCE)
            return
        template = target.get("template") or {}
        meta: Obj = {"name": name, "namespace": ns, **copied(template.get("metadata") or {})}
        meta.setdefault("labels", {})["reconcile.external-secrets.io/managed"] = "true"
        if target.get("creationPolicy", "Owner") == "Owner":
            owner = owner_reference(EXTERNAL_SECRETS, wanted)
            meta["ownerReferences"] = [{**owner, "apiVersion": wanted["apiVersion"], "kind": "ExternalSecret"}]
        body = {"apiVersion": "v1", "kind": "Secret", "type": template.get("type", "Opaque"), "metadata": meta}
        self._cluster.create(SECRETS, {**body, "data": encoded}, _SOURCE)
        self._cluster.events.record(EXTERNAL_SECRETS, wanted, "Normal", "Created", "secret created", source=_SOURCE)

    def _conditions(self, obj: Obj, value: str, reason: str, message: str) -> list[Obj]:
        old = condition(obj, "Ready")
        since = old["lastTransitionTime"] if old and old["status"] == value else self._cluster.stamp()
        return [{"type": "Ready", "status": value, "reason": reason, "message": message, "lastTransitionTime": since}]
