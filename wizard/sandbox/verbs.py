"""Create, update, patch, apply and delete (apiserver's endpoints/handlers), without the HTTP around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wizard.sandbox import patches
from wizard.sandbox.convert import Converter, DecodeError
from wizard.sandbox.envelope import (
    NAMELESS,
    check_applied,
    check_envelope,
    last_applied,
    must_be_specified,
    not_patched,
    not_typed,
    selected,
)
from wizard.sandbox.kinds import Resource
from wizard.sandbox.ownership import LAST_APPLIED, applied, encoded
from wizard.sandbox.registry import Registry, cannot_handle
from wizard.sandbox.status import (
    StatusError,
    bad_request,
    conflict,
    invalid,
    not_found,
    required,
    unsupported,
    wrong,
)
from wizard.sandbox.store import Obj, copied
from wizard.sandbox.typecheck import problems
from wizard.sandbox.typed import TypedError
from wizard.sandbox.versions import to_request, to_storage

PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}


class Verbs:
    """Writes of one cluster, as a client with these options makes them."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._store = registry, registry.store

    def create(
        self,
        resource: Resource,
        namespace: str,
        body: Obj,
        *,
        manager: str,
        dry_run: bool,
        validation: str,
        warn: Callable[[str], None],
    ) -> Obj:
        """Raises StatusError."""
        check_envelope(self._registry.kinds, resource, namespace, body)
        obj = self._decoded(resource, body, validation, warn)
        return self._create(resource, obj, manager=manager, dry_run=dry_run)

    def update(
        self,
        resource: Resource,
        subresource: str,
        namespace: str,
        name: str,
        body: Obj,
        *,
        manager: str,
        dry_run: bool,
        validation: str,
        warn: Callable[[str], None],
    ) -> tuple[Obj, bool]:
        """The object, and whether it was created (a Lease or an Event may be, by PUT)."""
        check_envelope(self._registry.kinds, resource, namespace, body)
        told = body.get("metadata", {}).get("name", "")
        if told != name:
            if not told:
                raise bad_request(NAMELESS.format(name))
            raise bad_request(f"the name of the object ({told}) does not match the name on the URL ({name})")
        new = self._decoded(resource, body, validation, warn)
        if self._get(resource, namespace, name) is None:
            version = new.get("metadata", {}).get("resourceVersion")
            if resource.plural in _CREATE_ON_UPDATE and not subresource and not version:
                return self._create(resource, new, manager=manager, dry_run=dry_run), True
            raise not_found(resource.group, resource.plural, name)
        if resource.conditional and not new["metadata"].get("resourceVersion"):
            raise must_be_specified(resource, name)
        return self._write(
            resource, subresource, namespace, name, lambda old: new, manager=manager, dry_run=dry_run
        ), False

    def patch(
        self,
        resource: Resource,
        subresource: str,
        namespace: str,
        name: str,
        style: str,
        body: Any,
        *,
        manager: str,
        dry_run: bool,
        validation: str,
        warn: Callable[[str], None],
    ) -> Obj:
        """A JSON, merge or strategic merge patch."""
        if style == "strategic" and resource.crd is not None:
            raise StatusError(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            )
        if style != "json" and not isinstance(body, dict):
            raise bad_request("error decoding patch: the body is no object")

        def build(old: Obj) -> Obj:
            new: Obj
            if style == "json":
                new = patches.json_patch(old, body)
            elif style == "merge":
                new = patches.merge_patch(old, body)
            else:
                new = patches.strategic(old, body, resource.node)
            try:
                found = self._decoded(resource, new, validation, warn)
            except StatusError as problem:
                raise not_patched(new, problem.message) from problem
            told = found.get("metadata", {}).get("name", "")
            if not told:
                raise bad_request(NAMELESS.format(name))
            if told != name:
                raise bad_request(f"the name of the object ({told}) does not match the name on the URL ({name})")
            return found

        if self._get(resource, namespace, name) is None:
            raise not_found(resource.group, resource.plural, name)
        return self._write(resource, subresource, namespace, name, build, manager=manager, dry_run=dry_run)

    def apply(
        self,
        resource: Resource,
        subresource: str,
        namespace: str,
        name: str,
        body: Obj,
        *,
        manager: str,
        force: bool,
        dry_run: bool,
    ) -> tuple[Obj, bool]:
        """Server-side apply: the object, and whether it was created."""
        if not manager:
            raise StatusError(
                422,
                "Invalid",
                'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
                {
                    "group": "meta.k8s.io",
                    "kind": "PatchOptions",
                    "causes": [
                        {
                            "reason": "FieldValueRequired",
                            "message": "Required value: is required for apply patch",
                            "field": "fieldManager",
                        }
                    ],
                },
            )
        check_applied(resource, namespace, name, body)
        registry = self._registry
        writer = registry.writer(resource, manager, subresource)
        stored = self._get(resource, namespace, name)
        live = to_request(resource, stored) if stored is not None else None
        if live is None and subresource:
            raise not_found(resource.group, resource.plural, name)
        if found := problems(resource.node, body):
            raise not_typed(resource, body, name, found)
        wanted_uid = body.get("metadata", {}).get("uid")
        if wanted_uid and (live is None or wanted_uid != live["metadata"]["uid"]):
            raise invalid(
                resource.group, resource.kind, name, [wrong("metadata.uid", wanted_uid, "field is immutable")]
            )
        version = body.get("metadata", {}).get("resourceVersion")
        if version and live is not None and version != live["metadata"]["resourceVersion"]:
            raise conflict(resource.group, resource.plural, name)
        try:
            new, owners = applied(resource.node, live, registry.zero(resource), body, writer, force=force)
        except TypedError as problem:
            raise not_typed(resource, body, name, [str(problem)]) from problem
        if new is None:
            assert live is not None or body is not None
            new = {key: value for key, value in (live or registry.zero(resource)).items()}
        new = copied(new)
        meta = new.setdefault("metadata", {})
        meta["managedFields"] = encoded(owners)
        if manager == "kubectl" and LAST_APPLIED in (meta.get("annotations") or {}):
            meta["annotations"][LAST_APPLIED] = last_applied(body)
        with registry.writing(writer, applied=True):
            if live is None:
                meta["name"] = name
                if resource.namespaced:
                    meta["namespace"] = namespace
                group, plural = resource.store
                made = self._store.create(group, plural, to_storage(resource, new), dry_run=dry_run)
                return to_request(resource, made), True
            return self._write(
                resource, subresource, namespace, name, lambda old: new, manager=manager, dry_run=dry_run
            ), False

    def delete(self, resource: Resource, namespace: str, name: str, options: Obj, *, dry_run: bool) -> Obj:
        """The object as it was left: gone, or marked. Raises StatusError."""
        group, plural = resource.store
        found = self._get(resource, namespace, name)
        if found is None:
            raise not_found(resource.group, resource.plural, name)
        preconditions = options.get("preconditions") or {}
        version = preconditions.get("resourceVersion")
        if version and version != found["metadata"]["resourceVersion"]:
            why = (
                f"Precondition failed: ResourceVersion in precondition: {version}, "
                f"ResourceVersion in object meta: {found['metadata']['resourceVersion']}"
            )
            raise conflict(resource.group, resource.plural, name, why)
        policy = options.get("propagationPolicy") or ""
        if policy and policy not in _POLICIES:
            problem = unsupported("propagationPolicy", policy, [*_POLICIES, "nil"])
            raise invalid("meta.k8s.io", "DeleteOptions", "", [problem])
        uid = preconditions.get("uid", "")
        if uid and uid != found["metadata"]["uid"]:
            why = (
                f"the UID in the precondition ({uid}) does not match the UID in record "
                f"({found['metadata']['uid']}). The object might have been deleted and then recreated"
            )
            problem_ = conflict("", resource.kind, name, why)
            raise problem_
        if options.get("orphanDependents") is not None and not policy:
            policy = "Orphan" if options["orphanDependents"] else "Background"
        if not policy:
            held = found["metadata"].get("finalizers", ())
            policy = (
                "Orphan"
                if "orphan" in held or (group, plural) == ("batch", "jobs")
                else "Foreground"
                if "foregroundDeletion" in held
                else "Background"
            )
        left = self._store.delete(
            group,
            plural,
            namespace,
            name,
            propagation=policy,
            grace=options.get("gracePeriodSeconds"),
            uid=preconditions.get("uid", ""),
            dry_run=dry_run,
        )
        return to_request(resource, left)

    # ----------------------------------------------------------------------------------------------

    def _get(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        return self._store.get(*resource.store, namespace, name)

    def _create(self, resource: Resource, obj: Obj, *, manager: str, dry_run: bool) -> Obj:
        group, plural = resource.store
        meta = obj["metadata"]
        if not meta.get("name") and not meta.get("generateName"):
            problem = required("metadata.name", "name or generateName is required")
            raise invalid(resource.group, resource.kind, "", [problem])
        with self._registry.writing(self._registry.writer(resource, manager, "")):
            return to_request(resource, self._store.create(group, plural, to_storage(resource, obj), dry_run=dry_run))

    def _write(
        self,
        resource: Resource,
        subresource: str,
        namespace: str,
        name: str,
        build: Callable[[Obj], Obj],
        *,
        manager: str,
        dry_run: bool,
    ) -> Obj:
        def edit(target: Obj) -> None:
            old = to_request(resource, target)
            new = build(old)
            version = new.get("metadata", {}).get("resourceVersion")
            if version and version != old["metadata"]["resourceVersion"]:
                raise conflict(resource.group, resource.plural, name)
            new = to_storage(resource, selected(resource, subresource, old, new))
            target.clear()
            target.update(copied(new))

        registry = self._registry
        group, plural = resource.store
        writer = registry.writer(resource, manager, subresource)
        with registry.writing(writer, applied=registry.applying):
            found = self._store.mutate(group, plural, namespace, name, edit, subresource=subresource, dry_run=dry_run)
        if found is None:
            raise not_found(resource.group, resource.plural, name)
        return to_request(resource, found)

    def _decoded(self, resource: Resource, body: Obj, validation: str, warn: Callable[[str], None]) -> Obj:
        converter = Converter()
        try:
            found = converter.convert(resource.node, body)
        except DecodeError as problem:
            raise cannot_handle(resource, str(problem)) from problem
        found["apiVersion"], found["kind"] = resource.api_version, resource.kind
        if body.get("metadata", {}).get("managedFields") == []:
            found["metadata"]["managedFields"] = [{}]  # an empty list asks to forget the owners, none does not
        if converter.unknown and validation == "Strict":
            raise cannot_handle(resource, "strict decoding error: " + ", ".join(converter.unknown))
        if validation not in ("Ignore", "Strict"):
            for each in converter.unknown:
                warn(each)
        return found


_POLICIES = ("Foreground", "Background", "Orphan")
_CREATE_ON_UPDATE = {"leases", "events", "endpoints", "endpointslices", "limitranges"}
