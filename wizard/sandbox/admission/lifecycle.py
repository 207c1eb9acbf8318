"""NamespaceLifecycle: nothing is created in a namespace that is not there or is going."""

from __future__ import annotations

from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import forbidden, not_found
from wizard.sandbox.store import Obj, Store


class NamespaceLifecycle:
    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        if old is not None or not resource.namespaced:
            return
        name = obj["metadata"].get("namespace", "")
        namespace = self._store.get("", "namespaces", "", name)
        if namespace is None:
            raise not_found("", "namespaces", name)
        if namespace["metadata"].get("deletionTimestamp"):
            # The controllers half writes events about what is ending; the real server refuses them too.
            why = f"unable to create new content in namespace {name} because it is being terminated"
            problem = forbidden(resource.group, resource.plural, obj["metadata"]["name"], why)
            message = f"namespace {name} is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
            problem.details = {**(problem.details or {}), "causes": [cause]}
            raise problem

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        pass
