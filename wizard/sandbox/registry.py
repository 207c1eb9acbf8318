"""The generic registry (apiserver's registry/generic): what happens to every write, in the order it does.

Decode, default, work out owners, admit, prepare, validate. Requests and controllers go through the same
door, the store's policy, so that a ReplicaSet's pods meet the same quota as a user's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from wizard.sandbox.auth.identity import User
from wizard.sandbox.clock import stamp
from wizard.sandbox.convert import Converter, DecodeError, filled
from wizard.sandbox.defaults import apply_defaults
from wizard.sandbox.fieldsets import FieldSet
from wizard.sandbox.kinds import Kinds, Resource
from wizard.sandbox.ownership import Writer, encoded, keep_times, starting_point, updated
from wizard.sandbox.status import bad_request, conflict, invalid
from wizard.sandbox.store import Obj, Store, copied
from wizard.sandbox.strategy import Strategies
from wizard.sandbox.typed import TypedError
from wizard.sandbox.validation import validate_create, validate_update
from wizard.sandbox.validation.warnings import warnings

CONTROLLER = "kube-controller-manager"
"""Who writes when nobody says."""
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""What a CRD gets on deletion while there are resources of its kind."""
_LABELS_TOO = {"deployments", "replicasets", "statefulsets", "daemonsets"}


class Admission(Protocol):
    """An admission plugin."""

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        """Edits `obj`; `old` is None when it is created. Raises StatusError."""

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        """Raises StatusError to refuse it. Runs after everything else."""


class Registry:
    """The store's policy. `plugins` run in order."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self.store, self.kinds = store, kinds
        self.strategies = Strategies(store)
        self.plugins: list[Admission] = []
        self.warn: Callable[[str], None] = no_warning
        """Where warnings go during a request."""
        self.user: User | None = None
        """Who asked for the request's write; for `requester`."""
        self._writer: Writer | None = None
        self._applied = False
        store.policy = self

    @contextmanager
    def writing(self, writer: Writer, *, applied: bool = False) -> Iterator[None]:
        """Says who makes the writes inside; `applied`: their managedFields are already worked out."""
        before = self._writer, self._applied
        self._writer, self._applied = writer, applied
        try:
            yield
        finally:
            self._writer, self._applied = before

    @property
    def requester(self) -> User | None:
        """Who makes the current write; None where the cluster itself does."""
        return self.user if self._writer is not None else None

    @property
    def applying(self) -> bool:
        """Whether the current write comes with its managedFields worked out."""
        return self._applied

    # The policy of the store ----------------------------------------------------------------------

    def has_generation(self, group: str, plural: str) -> bool:
        resource = self.kinds.stored(group, plural)
        return resource is None or resource.generation

    def moves_generation(self, group: str, plural: str, old: Obj, new: Obj, subresource: str) -> bool:
        # A user's annotations reach the ReplicaSets; the controller's own (its revision) must not count,
        # or each of its writes would be one more generation to observe.
        if (group, plural) != ("apps", "deployments") or subresource or self._writer is None:
            return False
        return bool(old["metadata"].get("annotations") != new["metadata"].get("annotations"))

    def deletion_finalizers(self, group: str, plural: str, obj: Obj) -> list[str]:
        if (group, plural) != CRDS or obj["metadata"].get("deletionTimestamp"):
            return []
        spec = obj["spec"]
        return [CLEANUP] if self.store.list(spec["group"], spec["names"]["plural"]) else []

    def graceful(self, group: str, plural: str, obj: Obj, grace: int | None) -> int:
        if (group, plural) != ("", "pods"):
            return 0
        done = obj.get("status", {}).get("phase") in ("Succeeded", "Failed")
        if done or not obj["spec"].get("nodeName"):
            return 0  # no kubelet has anything to stop
        return int(obj["spec"].get("terminationGracePeriodSeconds", 30)) if grace is None else grace

    def creating(self, group: str, plural: str, obj: Obj, manager: str) -> None:
        resource = self.kinds.stored(group, plural)
        if resource is None:
            return
        writer, applied = self._who(resource, manager, "")
        self._decode(resource, obj)
        if not applied:
            self._own(resource, self.zero(resource), obj, writer, creating=True)
        for plugin in self.plugins:
            plugin.mutate(resource, obj, None)
        self.strategies.create(group, plural, obj, has_status=resource.has_status, custom=resource.crd is not None)
        problems = validate_create(resource, obj)
        if problems:
            raise invalid(group, resource.kind, obj["metadata"]["name"], problems)
        for plugin in self.plugins:
            plugin.validate(resource, obj, None)
        for each in warnings(resource, obj):
            self.warn(each)

    def updating(self, group: str, plural: str, old: Obj, new: Obj, subresource: str, manager: str) -> None:
        resource = self.kinds.stored(group, plural)
        if resource is None:
            return
        writer, applied = self._who(resource, manager, subresource)
        told = {key for key in _DELETION if key in new.get("metadata", {})}
        _keep_system_fields(resource, old, new)
        self._decode(resource, new)
        if not applied:
            # A replacement that does not repeat the deletion's fields has, for its owner, removed them;
            # that they are put back is none of the owner's doing.
            kept = {key: new["metadata"].pop(key) for key in _DELETION if key in new["metadata"] and key not in told}
            self._own(resource, old, new, writer, creating=False)
            new["metadata"].update(kept)
        if subresource != "status":
            for plugin in self.plugins:
                plugin.mutate(resource, new, old)
            if (group, plural) == ("", "services"):
                self.strategies.service(new, old)
        keep_times(old, new)
        problems = validate_update(resource, new, old, subresource)
        if problems:
            raise invalid(group, resource.kind, new["metadata"]["name"], problems)
        if subresource != "status":
            for plugin in self.plugins:
                plugin.validate(resource, new, old)
            if new.get("spec") != old.get("spec") or self.moves_generation(group, plural, old, new, subresource):
                for each in warnings(resource, new):
                    self.warn(each)

    # ----------------------------------------------------------------------------------------------

    def zero(self, resource: Resource) -> Obj:
        """What an object is compared with when there was none: the kind's zero value, as Go writes it."""
        head: Obj = {"apiVersion": resource.api_version, "kind": resource.kind}
        if resource.crd is not None:
            return head
        return {**head, **filled(resource.node)}

    def writer(self, resource: Resource, manager: str, subresource: str) -> Writer:
        ignored: FieldSet = {}
        only = ""
        if subresource == "status":
            ignored = {"f:spec": {}}
            if resource.crd is not None:
                only = "f:status"
            elif resource.plural in _LABELS_TOO:
                ignored["f:metadata"] = {"f:labels": {}}
        elif resource.has_status:
            ignored = {"f:status": {}}
        now = stamp(self.store.clock.now())
        return Writer(manager, resource.api_version, now, subresource, ignored, only)

    def claim(self, resource: Resource, obj: Obj, manager: str, subresource: str = "") -> None:
        """Decodes, and gives managedFields to, what is answered but never stored: reviews and their like."""
        self._decode(resource, obj)
        self._own(resource, self.zero(resource), obj, self.writer(resource, manager, subresource), creating=True)

    def _who(self, resource: Resource, manager: str, subresource: str) -> tuple[Writer, bool]:
        if self._writer is not None:
            return self._writer, self._applied
        return self.writer(resource, manager or CONTROLLER, subresource), False

    def _own(self, resource: Resource, old: Obj, new: Obj, writer: Writer, *, creating: bool) -> None:
        """Works out managedFields; an object whose lists have no keys is validated, but has no owners."""
        before = {} if creating else old
        owners = starting_point(before, new, subresource=bool(writer.subresource))
        try:
            owners = updated(resource.node, old, new, owners, writer, creating=creating)
        except TypedError:
            owners = starting_point(before, {}, subresource=True)
        _set_owners(new, encoded(owners))

    def _decode(self, resource: Resource, obj: Obj) -> None:
        """Decodes and defaults in place."""
        try:
            found = Converter().convert(resource.node, obj)
        except DecodeError as problem:
            raise cannot_handle(resource, str(problem)) from problem
        found["apiVersion"], found["kind"] = resource.api_version, resource.kind
        if found.get("stringData"):
            _string_data(found)
        apply_defaults(resource.node, found)
        obj.clear()
        obj.update(found)


def no_warning(text: str) -> None:
    """Nobody is there to be warned."""


def cannot_handle(resource: Resource, why: str) -> Exception:
    """The 400 of a body that does not decode."""
    return bad_request(f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')


def _string_data(obj: Obj) -> None:
    import base64

    data = {**obj.get("data", {})}
    for key, text in obj.pop("stringData").items():
        data[key] = base64.b64encode(text.encode()).decode()
    obj["data"] = data


def _set_owners(obj: Obj, entries: list[Obj]) -> None:
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


_DELETION = ("deletionTimestamp", "deletionGracePeriodSeconds")
_SYSTEM = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink")


def _keep_system_fields(resource: Resource, old: Obj, new: Obj) -> None:
    """Metadata that only the server writes. A uid that is not this object's is a failed precondition."""
    before, meta = old["metadata"], new.setdefault("metadata", {})
    uid = meta.get("uid")
    if uid and uid != before["uid"]:
        where = "/".join(["/registry", resource.plural, before.get("namespace", ""), before["name"]])
        why = (
            f"StorageError: invalid object, Code: 4, Key: {where.replace('//', '/')}, ResourceVersion: 0, "
            "AdditionalErrorMsg: Precondition failed: UID in precondition: "
            f"{uid}, UID in object meta: {before['uid']}"
        )
        raise conflict(resource.group, resource.plural, before["name"], why)
    for name in (*_SYSTEM, "uid", "name", "namespace"):
        if name in before:
            meta[name] = before[name]
        else:
            meta.pop(name, None)
    meta["resourceVersion"] = before["resourceVersion"]


__all__ = ["CONTROLLER", "Admission", "Registry", "cannot_handle", "copied"]
