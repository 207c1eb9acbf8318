"""What surrounds an object in a request: its version, kind, name and namespace, and what an endpoint may change."""

from __future__ import annotations

import json

from wizard.sandbox.convert import Converter, DecodeError
from wizard.sandbox.kinds import Kinds, Resource
from wizard.sandbox.ownership import LAST_APPLIED
from wizard.sandbox.registry import cannot_handle
from wizard.sandbox.status import StatusError, bad_request, cause, invalid, wrong
from wizard.sandbox.store import Obj, copied

_SCHEME = '"pkg/runtime/scheme.go:111"'
NAMELESS = "the name of the object ({} based on URL) was undeterminable: name must be provided"


def check_envelope(kinds: Kinds, resource: Resource, namespace: str, body: Obj) -> None:
    """Version, kind and namespace of a body that creates or replaces. Raises StatusError 400."""
    version, kind = body.get("apiVersion"), body.get("kind")
    if version and version != resource.api_version:
        if kinds.of_kind(version, kind or "") is None:
            why = f'no kind "{kind}" is registered for version "{version}" in scheme {_SCHEME}'
            raise cannot_handle(resource, why)
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    if kind and kind != resource.kind:
        why = f"converting ({kind}) to ({resource.kind}): unknown conversion"
        other = kinds.of_kind(resource.api_version, kind)
        try:
            if other is not None:
                Converter().convert(other.node, body)
        except DecodeError as problem:
            why = str(problem)
        raise bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')
    meta = body.setdefault("metadata", {})
    if not isinstance(meta, dict):
        raise bad_request("metadata is no object")
    if resource.namespaced:
        told = meta.get("namespace") or namespace
        if told != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        meta["namespace"] = namespace
    else:
        meta.pop("namespace", None)


def check_applied(resource: Resource, namespace: str, name: str, body: Obj) -> None:
    """The same of an applied configuration. Raises StatusError 400."""
    version, kind = body.get("apiVersion"), body.get("kind")
    if kind != resource.kind or version != resource.api_version:
        shown = version if version and "/" in version else f"/{version or ''}"
        raise bad_request(f"invalid object type: {shown}, Kind={kind or ''}")
    meta = body.setdefault("metadata", {})
    if meta.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    told = meta.get("name", name)
    if told != name:
        raise bad_request(f"the name of the object ({told}) does not match the name on the URL ({name})")
    if resource.namespaced and meta.get("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def selected(resource: Resource, subresource: str, old: Obj, new: Obj) -> Obj:
    """What a write through this endpoint may change, the rest as it was."""
    if subresource == "status":
        if resource.crd is not None:
            kept = dict(old)
            kept.pop("status", None)
            meta = dict(old["metadata"])
            if "managedFields" in new["metadata"]:
                meta["managedFields"] = new["metadata"]["managedFields"]
            kept["metadata"] = meta
            return {**kept, **({"status": new["status"]} if "status" in new else {})}
        kept = {key: value for key, value in old.items() if key not in ("metadata", "status")}
        meta = dict(new["metadata"])
        for name in ("labels", "ownerReferences"):
            meta.pop(name, None)
            if name in old["metadata"]:
                meta[name] = old["metadata"][name]
        return {**kept, "metadata": meta, "status": new.get("status", {})}
    if resource.has_status:
        new = dict(new)
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    if subresource == "finalize":
        spec = {**old.get("spec", {}), "finalizers": new.get("spec", {}).get("finalizers", [])}
        return {**old, "spec": spec}
    return new


def not_patched(new: Obj, why: str) -> StatusError:
    """A patch whose result does not decode: 422, with all of the result in it."""
    text = json.dumps(new, separators=(",", ":"), ensure_ascii=False)
    why = why.partition(": ")[2]
    return invalid("", "", "", [wrong("patch", text, why)])


def not_typed(resource: Resource, body: Obj, name: str, found: list[str]) -> StatusError:
    told = found[0] if len(found) == 1 else "errors:\n" + "\n".join(f"  {each}" for each in found)
    group_version = resource.api_version if resource.group else f"/{resource.version}"
    namespace = body.get("metadata", {}).get("namespace", "")
    what = f"{namespace}/{name}; {group_version}, Kind={resource.kind}"
    return StatusError(500, "", f"failed to create typed patch object ({what}): {told}")


def must_be_specified(resource: Resource, name: str) -> StatusError:
    words = "Invalid value: 0: must be specified for an update"
    problem = cause("FieldValueInvalid", "metadata.resourceVersion", words)
    return invalid(resource.group, resource.plural, name, [problem])


def last_applied(body: Obj) -> str:
    body = copied(body)
    (body.get("metadata", {}).get("annotations") or {}).pop(LAST_APPLIED, None)
    return json.dumps(body, separators=(",", ":"), sort_keys=True) + "\n"
