"""DefaultStorageClass and DefaultIngressClass."""

from __future__ import annotations

from wizard.sandbox.kinds import Resource
from wizard.sandbox.store import Obj, Store


class DefaultClasses:
    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        if old is not None:
            return
        if resource.type == "core.PersistentVolumeClaim":
            annotated = "volume.beta.kubernetes.io/storage-class" in obj["metadata"].get("annotations", {})
            if "storageClassName" not in obj["spec"] and not annotated:
                self._set(obj["spec"], "storageClassName", "storage.k8s.io", "storageclasses", "storageclass")
        elif resource.type == "networking.Ingress":
            annotated = "kubernetes.io/ingress.class" in obj["metadata"].get("annotations", {})
            if "ingressClassName" not in obj["spec"] and not annotated:
                self._set(obj["spec"], "ingressClassName", "networking.k8s.io", "ingressclasses", "ingressclass")

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        pass

    def _set(self, spec: Obj, field: str, group: str, plural: str, prefix: str) -> None:
        marks = (f"{prefix}.kubernetes.io/is-default-class", f"{prefix}.beta.kubernetes.io/is-default-class")
        found = [
            each
            for each in self._store.list(group, plural)
            if any(each["metadata"].get("annotations", {}).get(mark) == "true" for mark in marks)
        ]
        if found:
            # The newest of several defaults wins, and the name decides between twins.
            best = sorted(found, key=lambda each: each["metadata"]["name"])
            best.sort(key=lambda each: str(each["metadata"]["creationTimestamp"]), reverse=True)
            spec[field] = best[0]["metadata"]["name"]
