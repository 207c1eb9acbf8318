"""etcd and the watch cache: objects by key, one rising resourceVersion, and who hears of a change.

Everything is synchronous and belongs to one event loop, so no write can come between a read and the
write that follows it. A stored object is never edited again: a change stores another one. References
may therefore be handed out freely, and the history that watches replay costs no copies.
"""

from __future__ import annotations

import builtins
import random
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from wizard.sandbox.clock import SimClock, stamp
from wizard.sandbox.history import Change, Cursor, History
from wizard.sandbox.status import StatusError, already_exists, bad_request, conflict, not_found

__all__ = ["Change", "Cursor", "Key", "Obj", "Policy", "StatusError", "Store", "copied"]

Obj = dict[str, Any]
Key = tuple[str, str, str, str]
"""group, plural, namespace (empty if it has none), name."""
Listener = Callable[[str, tuple[str, str], Obj], None]
"""fn(event type, (group, plural), object); the type is ADDED, MODIFIED or DELETED."""

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""What apimachinery's generateName draws from: no vowels, so that no word comes out."""


class Policy(Protocol):
    """What the API server does to every write, whoever makes it: defaults, admission, ownership."""

    def creating(self, group: str, plural: str, obj: Obj, manager: str) -> None:
        """Edits `obj` before it is stored. Raises StatusError to refuse it."""

    def updating(self, group: str, plural: str, old: Obj, new: Obj, subresource: str, manager: str) -> None:
        """Edits `new` before it is stored. Raises StatusError to refuse it."""

    def has_generation(self, group: str, plural: str) -> bool:
        """Whether objects of this resource carry metadata.generation."""

    def moves_generation(self, group: str, plural: str, old: Obj, new: Obj, subresource: str) -> bool:
        """Whether a change outside of the spec counts as one of what is desired."""

    def deletion_finalizers(self, group: str, plural: str, obj: Obj) -> builtins.list[str]:
        """Finalizers that an object gets when its deletion begins."""

    def graceful(self, group: str, plural: str, obj: Obj, grace: int | None) -> int:
        """How many seconds a deletion has to wait; 0 deletes at once."""


class Store:
    """All objects of one simulated cluster. `seed` decides uids and generated names."""

    def __init__(self, clock: SimClock, *, seed: int | None = None) -> None:
        self.clock = clock
        self.policy: Policy | None = None
        self._random = random.Random(seed)
        # By namespace: with a thousand tenants, most questions are about one of them.
        self._resources: dict[tuple[str, str], dict[str, dict[str, Obj]]] = {}
        self._history: dict[tuple[str, str], History] = {}
        self._listeners: builtins.list[Listener] = []
        self._version = 100
        # A fresh etcd is at 1; starting higher keeps "0" and "1" from being versions of real objects.

    @property
    def resource_version(self) -> int:
        """The version of the last change, over all resources."""
        return self._version

    # Reading -------------------------------------------------------------------------------------

    def get(self, group: str, plural: str, ns: str, name: str) -> Obj | None:
        """The live object: read it, never edit it."""
        return self._resources.get((group, plural), {}).get(ns, {}).get(name)

    def list(self, group: str, plural: str, ns: str = "") -> builtins.list[Obj]:
        """Live objects, by namespace and name as etcd has them; of all namespaces without `ns`."""
        spaces = self._resources.get((group, plural), {})
        wanted = [spaces.get(ns, {})] if ns else [spaces[each] for each in sorted(spaces)]
        return [found[name] for found in wanted for name in sorted(found)]

    def list_at(self, group: str, plural: str, ns: str, version: int) -> builtins.list[Obj]:
        """The list as it was at that resourceVersion. Raises StatusError 410 where that is forgotten."""
        if version >= self._version:
            return self.list(group, plural, ns)
        found = {
            (each["metadata"].get("namespace", ""), each["metadata"]["name"]): each for each in self.list(group, plural)
        }
        for change in reversed(self._log(group, plural).since(version)):
            meta = change.obj["metadata"]
            key = (meta.get("namespace", ""), meta["name"])
            if change.old is None:
                found.pop(key, None)
            else:
                found[key] = change.old
        keys = sorted(key for key in found if not ns or key[0] == ns)
        return [found[key] for key in keys]

    def resources(self) -> builtins.list[tuple[str, str]]:
        """Every (group, plural) that has had an object."""
        return [*self._resources]

    # Writing -------------------------------------------------------------------------------------

    def create(self, group: str, plural: str, obj: Obj, *, manager: str = "", dry_run: bool = False) -> Obj:
        """Stores a copy. Sets uid, resourceVersion, creationTimestamp, generation and a generated name.

        Raises StatusError: 409 AlreadyExists, and whatever the policy refuses.
        """
        new: Obj = copied(obj)
        meta = new.setdefault("metadata", {})
        if not meta.get("name"):
            if not meta.get("generateName"):
                raise bad_request("name or generateName is required")
            meta["name"] = meta["generateName"] + self.suffix()
        meta["uid"] = self.new_uid()
        meta["creationTimestamp"] = stamp(self.clock.now())
        for gone in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            meta.pop(gone, None)
        meta.pop("generation", None)
        if self.policy is None or self.policy.has_generation(group, plural):
            meta["generation"] = 1
        if self.policy is not None:
            self.policy.creating(group, plural, new, manager)
        key = (meta.get("namespace", ""), meta["name"])
        if self.get(group, plural, *key) is not None:
            raise already_exists(group, plural, meta["name"])
        if dry_run:
            return new
        return self._put(group, plural, key, new, None)

    def mutate(
        self,
        group: str,
        plural: str,
        ns: str,
        name: str,
        fn: Callable[[Obj], object],
        *,
        subresource: str = "",
        manager: str = "",
        dry_run: bool = False,
    ) -> Obj | None:
        """Lets `fn` edit a copy in place, and stores that if it differs. None if there is no such object.

        Whatever `fn` raises goes to the caller, with nothing stored. An object that is being deleted
        goes away when its last finalizer does.
        """
        old = self.get(group, plural, ns, name)
        if old is None:
            return None
        new: Obj = copied(old)
        fn(new)
        if new == old:
            return old
        if self.policy is not None:
            self.policy.updating(group, plural, old, new, subresource, manager)
        if new == old:
            return old
        if "generation" in old["metadata"]:
            moved = subresource != "status" and _desired(old) != _desired(new)
            if self.policy is not None and not moved:
                moved = self.policy.moves_generation(group, plural, old, new, subresource)
            new["metadata"]["generation"] = old["metadata"]["generation"] + int(moved)
        if dry_run:
            return new
        if _may_go(new):
            self._remove(group, plural, (ns, name), old)  # watchers hear of it as it was last stored
            return new
        return self._put(group, plural, (ns, name), new, old)

    def delete(
        self,
        group: str,
        plural: str,
        ns: str,
        name: str,
        *,
        propagation: str = "Background",
        grace: int | None = None,
        uid: str = "",
        dry_run: bool = False,
    ) -> Obj:
        """Removes the object, or marks it while finalizers or a grace period keep it.

        Returns it as it was left. Raises StatusError: 404, or 409 where `uid` is another object's.
        """
        old = self.get(group, plural, ns, name)
        if old is None:
            raise not_found(group, plural, name)
        if uid and uid != old["metadata"]["uid"]:
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}"
            raise conflict(group, plural, name, why)
        wait = self.policy.graceful(group, plural, old, grace) if self.policy else (grace or 0)
        new: Obj = copied(old)
        meta = new["metadata"]
        finalizers = [each for each in meta.get("finalizers", []) if each not in _PROPAGATION.values()]
        if propagation in _PROPAGATION:
            finalizers.append(_PROPAGATION[propagation])
        if self.policy is not None:
            more = self.policy.deletion_finalizers(group, plural, old)
            finalizers += [each for each in more if each not in finalizers]
        if finalizers:
            meta["finalizers"] = finalizers
        else:
            meta.pop("finalizers", None)
        if "deletionTimestamp" not in meta:
            meta["deletionTimestamp"] = stamp(self.clock.now() + wait)
            meta["deletionGracePeriodSeconds"] = wait
            if "generation" in meta:
                meta["generation"] += 1
        elif wait < meta.get("deletionGracePeriodSeconds", 0):
            # A second delete may shorten the wait, never lengthen it.
            meta["deletionTimestamp"] = stamp(self.clock.now() + wait)
            meta["deletionGracePeriodSeconds"] = wait
        if (group, plural) == ("", "namespaces"):
            new.setdefault("status", {})["phase"] = "Terminating"
        if dry_run:
            return new
        if _may_go(new):
            graceful = (group, plural) == ("", "pods") or "finalizers" in old["metadata"]
            return self._remove(group, plural, (ns, name), new if graceful else old)
        return old if new == old else self._put(group, plural, (ns, name), new, old)

    # Hearing -------------------------------------------------------------------------------------

    def subscribe(self, fn: Listener) -> Callable[[], None]:
        """Calls `fn` after each change, inside the call that made it. Returns the unsubscription."""
        self._listeners.append(fn)
        return lambda: self._listeners.remove(fn)

    def watch(self, group: str, plural: str, since: int) -> Cursor:
        """The changes after that resourceVersion, and those to come. Raises StatusError 410."""
        return self._log(group, plural).cursor(since)

    def compact(self) -> None:
        """Forgets the past: every watch and list at an older resourceVersion now gets 410."""
        for history in self._history.values():
            history.compact(self._version)

    # ---------------------------------------------------------------------------------------------

    def suffix(self, length: int = 5) -> str:
        return "".join(self._random.choices(_ALPHABET, k=length))

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _log(self, group: str, plural: str) -> History:
        found = self._history.get((group, plural))
        if found is None:
            found = self._history[group, plural] = History()
        return found

    def _put(self, group: str, plural: str, key: tuple[str, str], new: Obj, old: Obj | None) -> Obj:
        self._version += 1
        new["metadata"]["resourceVersion"] = str(self._version)
        self._resources.setdefault((group, plural), {}).setdefault(key[0], {})[key[1]] = new
        self._tell(Change(self._version, "MODIFIED" if old else "ADDED", new, old), group, plural)
        return new

    def _remove(self, group: str, plural: str, key: tuple[str, str], last: Obj) -> Obj:
        space = self._resources[group, plural][key[0]]
        old = space.pop(key[1])
        if not space:
            del self._resources[group, plural][key[0]]
        self._version += 1
        # The event of a deletion carries a version of its own, or a watch resumed from it would hear it again.
        gone = {**last, "metadata": {**last["metadata"], "resourceVersion": str(self._version)}}
        self._tell(Change(self._version, "DELETED", gone, old), group, plural)
        return gone

    def _tell(self, change: Change, group: str, plural: str) -> None:
        self._log(group, plural).append(change)
        for listener in tuple(self._listeners):
            listener(change.type, (group, plural), change.obj)


_PROPAGATION = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


def _may_go(obj: Obj) -> bool:
    """Whether an object marked for deletion has nothing left to wait for."""
    meta = obj["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers") or meta.get("deletionGracePeriodSeconds"):
        return False
    return not (obj.get("kind") == "Namespace" and obj.get("spec", {}).get("finalizers"))


def _desired(obj: Obj) -> Obj:
    """What a generation counts changes of: everything but metadata and status."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def copied(value: Any) -> Any:
    """A deep copy of plain JSON data; five times as fast as copy.deepcopy."""
    if isinstance(value, dict):
        return {key: copied(each) if isinstance(each, (dict, list)) else each for key, each in value.items()}
    if isinstance(value, list):
        return [copied(each) if isinstance(each, (dict, list)) else each for each in value]
    return value
