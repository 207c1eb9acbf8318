"""CustomResourceDefinitions (apiextensions-apiserver): accepted, established, and served from then on."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.clock import stamp
from wizard.sandbox.kinds import Kinds
from wizard.sandbox.registry import CLEANUP, CRDS
from wizard.sandbox.store import Store

Obj = dict[str, Any]
_MANAGER = "kube-apiserver"


class CrdController:
    """Serves what CRDs define. Works inside the write that brought the CRD, so that a client which
    sees Established can use it at once."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._kinds = store, kinds
        self._stop = store.subscribe(self._heard)

    def close(self) -> None:
        self._stop()

    def _heard(self, event: str, resource: tuple[str, str], crd: Obj) -> None:
        if resource != CRDS:
            return
        if event == "DELETED":
            self._kinds.withdraw(crd)
            return
        if event == "ADDED" or self._outdated(crd):
            self._kinds.serve(crd)
        name = crd["metadata"]["name"]
        if crd["metadata"].get("deletionTimestamp"):
            self._store.clock.call_later(0, lambda: self._clean(name))
        elif not crd["status"].get("acceptedNames", {}).get("kind"):
            self._store.clock.call_later(0, lambda: self._establish(name))

    def _outdated(self, crd: Obj) -> bool:
        spec = crd["spec"]
        for version in spec["versions"]:
            known = self._kinds.find(spec["group"], version["name"], spec["names"]["plural"])
            if (known is None) == bool(version.get("served")) or (known is not None and known.crd != version):
                return True
        return False

    def _establish(self, name: str) -> None:
        now = stamp(self._store.clock.now())

        def edit(crd: Obj) -> None:
            names = dict(crd["spec"]["names"])
            crd["status"].update(
                acceptedNames=names,
                conditions=[
                    {
                        "type": "NamesAccepted",
                        "status": "True",
                        "reason": "NoConflicts",
                        "message": "no conflicts found",
                        "lastTransitionTime": now,
                    },
                    {
                        "type": "Established",
                        "status": "True",
                        "reason": "InitialNamesAccepted",
                        "message": "the initial names have been accepted",
                        "lastTransitionTime": now,
                    },
                ],
            )

        self._store.mutate(*CRDS, "", name, edit, subresource="status", manager=_MANAGER)

    def _clean(self, name: str) -> None:
        """Deletes the custom resources of a CRD that is going, and lets it go when they are gone."""
        crd = self._store.get(*CRDS, "", name)
        if crd is None or CLEANUP not in crd["metadata"].get("finalizers", ()):
            return
        stored = (crd["spec"]["group"], crd["spec"]["names"]["plural"])
        left = self._store.list(*stored)
        for each in left:
            meta = each["metadata"]
            if "deletionTimestamp" not in meta:
                self._store.delete(*stored, meta.get("namespace", ""), meta["name"])
        if self._store.list(*stored):
            self._store.clock.call_later(0.5, lambda: self._clean(name))
            return

        def edit(found: Obj) -> None:
            found["metadata"]["finalizers"].remove(CLEANUP)

        self._store.mutate(*CRDS, "", name, edit, manager=_MANAGER)
