"""The garbage collector, and the protection of volumes that are in use (pkg/controller/garbagecollector)."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.kinds import Kinds
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import Key, Store

Obj = dict[str, Any]
_MANAGER = "kube-controller-manager"
_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
_PVC, _PV = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"


class GarbageCollector:
    """Deletes what has lost all its owners; makes foreground deletion wait, and orphaning let go."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._kinds = store, kinds
        self._alive: dict[str, Key] = {}
        self._dependents: dict[str, set[Key]] = {}
        self._owners: dict[Key, set[str]] = {}
        self._stop = store.subscribe(self._heard)

    def close(self) -> None:
        self._stop()

    def _later(self, fn: Any, *args: Any) -> None:
        # Not inside the write: a cascade would otherwise be one deep recursion of stores and listeners.
        self._store.clock.call_later(0, lambda: fn(*args))

    def _heard(self, event: str, resource: tuple[str, str], obj: Obj) -> None:
        meta = obj["metadata"]
        key: Key = (*resource, meta.get("namespace", ""), meta["name"])
        uid = meta["uid"]
        owners = {each["uid"] for each in meta.get("ownerReferences", ())} if event != "DELETED" else set()
        before = self._owners.get(key, set())
        if owners != before:
            for lost in before - owners:
                self._dependents.get(lost, set()).discard(key)
                if not self._dependents.get(lost):
                    self._dependents.pop(lost, None)
            for new in owners - before:
                self._dependents.setdefault(new, set()).add(key)
            if owners:
                self._owners[key] = owners
            else:
                self._owners.pop(key, None)
        if event == "DELETED":
            self._alive.pop(uid, None)
            for dependent in self._dependents.get(uid, ()):
                self._later(self._check, dependent)
            for owner in before:
                self._later(self._finish_foreground, owner)
        else:
            self._alive[uid] = key
            if event == "ADDED" and owners:
                self._later(self._check, key)
            finalizers = meta.get("finalizers", ())
            if meta.get("deletionTimestamp"):
                if _ORPHAN in finalizers:
                    self._later(self._orphan, uid)
                elif _FOREGROUND in finalizers:
                    self._later(self._start_foreground, uid)
        self._protect(event, resource, meta)

    def _object(self, key: Key) -> Obj | None:
        return self._store.get(*key)

    def _delete(self, key: Key, propagation: str) -> None:
        group, plural, ns, name = key
        try:
            self._store.delete(group, plural, ns, name, propagation=propagation)
        except StatusError as problem:
            if problem.code != 404:
                raise

    def _check(self, key: Key) -> None:
        """Deletes a dependent whose owners are all gone; drops the references of those that are."""
        obj = self._object(key)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return
        references = obj["metadata"].get("ownerReferences", ())
        if not references:
            return
        solid = [each for each in references if each["uid"] in self._alive]
        if not solid:
            self._delete(key, "Background")
        elif len(solid) < len(references):
            self._keep_references(key, {each["uid"] for each in solid})
        elif all(self._waits(each["uid"]) for each in solid):
            self._delete(key, "Foreground" if self._has_dependents(obj) else "Background")

    def _waits(self, uid: str) -> bool:
        """Whether that owner is in foreground deletion."""
        key = self._alive.get(uid)
        owner = self._object(key) if key else None
        return owner is not None and _foreground(owner)

    def _has_dependents(self, obj: Obj) -> bool:
        return bool(self._dependents.get(obj["metadata"]["uid"]))

    def _keep_references(self, key: Key, uids: set[str]) -> None:
        group, plural, ns, name = key

        def edit(obj: Obj) -> None:
            kept = [each for each in obj["metadata"].get("ownerReferences", ()) if each["uid"] in uids]
            if kept:
                obj["metadata"]["ownerReferences"] = kept
            else:
                obj["metadata"].pop("ownerReferences", None)

        self._store.mutate(group, plural, ns, name, edit, manager=_MANAGER)

    def _start_foreground(self, uid: str) -> None:
        for key in sorted(self._dependents.get(uid, ())):
            self._check(key)
        self._finish_foreground(uid)

    def _finish_foreground(self, uid: str) -> None:
        """Lets an owner go when no dependent is left that blocks it."""
        key = self._alive.get(uid)
        owner = self._object(key) if key else None
        if key is None or owner is None or not _foreground(owner):
            return
        for each in self._dependents.get(uid, ()):
            obj = self._object(each)
            for reference in (obj or {"metadata": {}})["metadata"].get("ownerReferences", ()):
                if reference["uid"] == uid and reference.get("blockOwnerDeletion"):
                    return
        self._remove_finalizer(key, _FOREGROUND)

    def _orphan(self, uid: str) -> None:
        key = self._alive.get(uid)
        if key is None:
            return
        for each in sorted(self._dependents.get(uid, ())):
            obj = self._object(each)
            if obj is not None:
                others = {
                    reference["uid"]
                    for reference in obj["metadata"].get("ownerReferences", ())
                    if reference["uid"] != uid
                }
                self._keep_references(each, others)
        self._remove_finalizer(key, _ORPHAN)

    def _remove_finalizer(self, key: Key, finalizer: str) -> None:
        group, plural, ns, name = key

        def edit(obj: Obj) -> None:
            kept = [each for each in obj["metadata"].get("finalizers", ()) if each != finalizer]
            if kept:
                obj["metadata"]["finalizers"] = kept
            else:
                obj["metadata"].pop("finalizers", None)

        self._store.mutate(group, plural, ns, name, edit, manager=_MANAGER)

    # Volumes in use -------------------------------------------------------------------------------

    def _protect(self, event: str, resource: tuple[str, str], meta: Obj) -> None:
        if resource == ("", "persistentvolumeclaims") and meta.get("deletionTimestamp") and event != "DELETED":
            self._later(self._release_claim, meta["namespace"], meta["name"])
        elif resource == ("", "persistentvolumes") and meta.get("deletionTimestamp") and event != "DELETED":
            self._later(self._release_volume, meta["name"])
        elif resource == ("", "persistentvolumeclaims") and event == "DELETED":
            for volume in self._store.list("", "persistentvolumes"):
                if volume["metadata"].get("deletionTimestamp"):
                    self._later(self._release_volume, volume["metadata"]["name"])
        elif resource == ("", "pods") and event == "DELETED":
            for claim in self._store.list("", "persistentvolumeclaims", meta["namespace"]):
                if claim["metadata"].get("deletionTimestamp"):
                    self._later(self._release_claim, meta["namespace"], claim["metadata"]["name"])

    def _release_claim(self, ns: str, name: str) -> None:
        claim = self._store.get("", "persistentvolumeclaims", ns, name)
        if claim is None or _PVC not in claim["metadata"].get("finalizers", ()):
            return
        for pod in self._store.list("", "pods", ns):
            for volume in pod["spec"].get("volumes", ()):
                if volume.get("persistentVolumeClaim", {}).get("claimName") == name:
                    return
        self._remove_finalizer(("", "persistentvolumeclaims", ns, name), _PVC)

    def _release_volume(self, name: str) -> None:
        volume = self._store.get("", "persistentvolumes", "", name)
        if volume is None or _PV not in volume["metadata"].get("finalizers", ()):
            return
        ref = volume["spec"].get("claimRef") or {}
        if self._store.get("", "persistentvolumeclaims", ref.get("namespace", ""), ref.get("name", "")) is None:
            self._remove_finalizer(("", "persistentvolumes", "", name), _PV)


def _foreground(obj: Obj) -> bool:
    meta = obj["metadata"]
    return bool(meta.get("deletionTimestamp")) and _FOREGROUND in meta.get("finalizers", ())
