"""The life of namespaces: what every new one gets, and how one that is deleted empties itself."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.clock import stamp
from wizard.sandbox.kinds import Kinds
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import Store

Obj = dict[str, Any]
_NAMESPACES = ("", "namespaces")
_ROOT_CA = "kube-root-ca.crt"
_MANAGER = "kube-controller-manager"
_PAUSE = 0.2
"""Simulated seconds between two looks at what is left of a terminating namespace."""


class NamespaceController:
    """Also keeps the default service account and the root CA's ConfigMap where somebody deletes them."""

    CA = "-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n"

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._kinds = store, kinds
        self._going: set[str] = set()
        self._stop = store.subscribe(self._heard)

    def close(self) -> None:
        self._stop()

    def _heard(self, event: str, resource: tuple[str, str], obj: Obj) -> None:
        meta = obj["metadata"]
        if resource == _NAMESPACES:
            name = meta["name"]
            if event == "DELETED":
                self._going.discard(name)
            elif not meta.get("deletionTimestamp"):
                if event == "ADDED":
                    self._store.clock.call_later(0, lambda: self._furnish(name))
            elif name not in self._going:
                self._going.add(name)
                self._store.clock.call_later(0, lambda: self._empty(name))
        elif event == "DELETED" and (
            (resource == ("", "serviceaccounts") and meta["name"] == "default")
            or (resource == ("", "configmaps") and meta["name"] == _ROOT_CA)
        ):
            self._store.clock.call_later(0, lambda: self._furnish(meta["namespace"]))

    def _furnish(self, namespace: str) -> None:
        found = self._store.get(*_NAMESPACES, "", namespace)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return
        annotations = {"kubernetes.io/description": _WHAT}
        wanted: list[tuple[str, Obj]] = [
            ("serviceaccounts", {"metadata": {"name": "default", "namespace": namespace}}),
            (
                "configmaps",
                {
                    "metadata": {"name": _ROOT_CA, "namespace": namespace, "annotations": annotations},
                    "data": {"ca.crt": self.CA},
                },
            ),
        ]
        for plural, obj in wanted:
            if self._store.get("", plural, namespace, obj["metadata"]["name"]) is None:
                kind = "ServiceAccount" if plural == "serviceaccounts" else "ConfigMap"
                self._store.create("", plural, {"apiVersion": "v1", "kind": kind, **obj}, manager=_MANAGER)

    def _empty(self, name: str) -> None:
        """Deletes everything in it, pods last to be waited for, and then lets it go."""
        namespace = self._store.get(*_NAMESPACES, "", name)
        if namespace is None:
            return
        left: dict[str, int] = {}
        held: dict[str, int] = {}
        for group, plural in self._store.resources():
            resource = self._kinds.stored(group, plural)
            if resource is None or not resource.namespaced:
                continue
            for each in self._store.list(group, plural, name):
                meta = each["metadata"]
                if "deletionTimestamp" not in meta:
                    try:
                        self._store.delete(group, plural, name, meta["name"])
                    except StatusError as problem:
                        if problem.code != 404:
                            raise
            remaining = self._store.list(group, plural, name)
            if remaining:
                left[f"{plural}.{group}"] = len(remaining)
                for each in remaining:
                    for finalizer in each["metadata"].get("finalizers", ()):
                        held[finalizer] = held.get(finalizer, 0) + 1
        if left:
            self._report(name, left, held)
            self._store.clock.call_later(_PAUSE, lambda: self._empty(name))
            return

        def release(obj: Obj) -> None:
            finalizers = [each for each in obj["spec"].get("finalizers", ()) if each != "kubernetes"]
            obj["spec"] = {"finalizers": finalizers} if finalizers else {}

        self._store.mutate(*_NAMESPACES, "", name, release, subresource="finalize", manager=_MANAGER)

    def _report(self, name: str, left: dict[str, int], held: dict[str, int]) -> None:
        """The conditions in which `kubectl describe` finds what a namespace is waiting for."""
        kinds = ", ".join(f"{each} has {count} resource instances" for each, count in sorted(left.items()))
        waits = ", ".join(f"{each} in {count} resource instances" for each, count in sorted(held.items()))
        reports = [
            (
                "NamespaceDeletionDiscoveryFailure",
                False,
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                False,
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                False,
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            ("NamespaceContentRemaining", True, "SomeResourcesRemain", f"Some resources are remaining: {kinds}"),
            (
                "NamespaceFinalizersRemaining",
                bool(held),
                "SomeFinalizersRemain" if held else "ContentHasNoFinalizers",
                f"Some content in the namespace has finalizers remaining: {waits}"
                if held
                else "All content-preserving finalizers finished",
            ),
        ]
        now = stamp(self._store.clock.now())

        def edit(obj: Obj) -> None:
            known = {each["type"]: each for each in obj["status"].get("conditions", ())}
            conditions = []
            for kind, true, reason, message in reports:
                status = "True" if true else "False"
                before = known.get(kind, {})
                since = before.get("lastTransitionTime", now) if before.get("status") == status else now
                conditions.append(
                    {
                        "type": kind,
                        "status": status,
                        "reason": reason,
                        "message": message,
                        "lastTransitionTime": since,
                    }
                )
            obj["status"]["conditions"] = conditions

        self._store.mutate(*_NAMESPACES, "", name, edit, subresource="status", manager=_MANAGER)


_WHAT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such "
    "as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions "
    "of Kubernetes clusters."
)
