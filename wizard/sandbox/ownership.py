"""managedFields: who owns which field, and server-side apply (apimachinery's util/managedfields).

Two operations, as there: `updated` works out what any other write changed, and `applied` merges a
configuration, taking away what its manager no longer mentions and refusing what others own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from wizard.sandbox.fieldsets import (
    FieldSet,
    difference,
    intersection,
    paths,
    recursive_difference,
    union,
    with_named_fields,
)
from wizard.sandbox.schema import Node
from wizard.sandbox.status import StatusError
from wizard.sandbox.typed import compare, field_set, merge, remove

Obj = dict[str, Any]
Ident = tuple[str, str, str, str]
"""manager, operation, apiVersion (empty for Apply), subresource."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_STRIPPED: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        **{
            f"f:{name}": {}
            for name in (
                "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
                "managedFields", "resourceVersion",
            )
        },
    },
}  # fmt: skip
"""Fields that nobody owns."""


@dataclass(slots=True)
class Owner:
    """One manager's fields, with the version they are written in."""

    version: str
    fields: FieldSet
    time: str = ""


Owners = dict[Ident, Owner]


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and through what."""

    manager: str
    version: str
    """The apiVersion of the request."""
    now: str
    subresource: str = ""
    ignored: FieldSet = field(default_factory=dict)
    """Fields that this endpoint resets: nobody gets to own them through it."""
    only: str = ""
    """The one field that can be owned through it (a custom resource's `f:status`)."""

    def ident(self, operation: str) -> Ident:
        version = "" if operation == "Apply" else self.version
        return (self.manager or "unknown", operation, version, self.subresource)

    def owned(self, fields: FieldSet) -> FieldSet:
        if self.only:
            fields = {key: below for key, below in fields.items() if key == self.only}
        return recursive_difference(fields, self.ignored) if self.ignored else fields


def decoded(entries: list[Obj]) -> Owners:
    found: Owners = {}
    for entry in entries:
        version = entry.get("apiVersion", "")
        operation = entry.get("operation", "Update")
        ident = (
            entry.get("manager", ""),
            operation,
            "" if operation == "Apply" else version,
            entry.get("subresource", ""),
        )
        found[ident] = Owner(version, entry.get("fieldsV1", {}), entry.get("time") or "")
    return found


def encoded(owners: Owners) -> list[Obj]:
    """In the order of the API server: Apply before Update, then by time, then by name."""
    out: list[Obj] = []
    for (manager, operation, _, subresource), owner in sorted(
        owners.items(), key=lambda item: (item[0][1], item[1].time, item[0][0], item[1].version, item[0][3])
    ):
        entry: Obj = {
            "manager": manager,
            "operation": operation,
            "apiVersion": owner.version,
            "time": owner.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": owner.fields,
        }
        if not owner.time:
            del entry["time"]
        if subresource:
            entry["subresource"] = subresource
        out.append(entry)
    return out


def keep_times(old: Obj, new: Obj) -> None:
    """Gives `new` the managedFields of `old` where nothing but their times differs: no write at all."""
    before, after = (each["metadata"].get("managedFields") or [] for each in (old, new))
    if before != after and _timeless(before) == _timeless(after) and _bare(old) == _bare(new):
        new["metadata"]["managedFields"] = before


def _timeless(entries: list[Obj]) -> list[Obj]:
    return sorted(({**each, "time": ""} for each in entries), key=lambda each: json.dumps(each, sort_keys=True))


def starting_point(live: Obj, new: Obj, *, subresource: bool) -> Owners:
    """The owners that a write starts from: clients may edit managedFields, and `[{}]` clears them."""
    told = new.get("metadata", {}).get("managedFields")
    if not subresource and told is not None:
        if told in ([], [{}]):
            return {}
        if told:
            return decoded(told)
    return decoded(live.get("metadata", {}).get("managedFields", []))


def updated(node: Node, live: Obj, new: Obj, owners: Owners, writer: Writer, *, creating: bool) -> Owners:
    """The owners after `live` (the kind's zero value, when creating) became `new`."""
    if not owners and not creating:
        return {}
    return _update(node, live, new, owners, writer)


def _update(node: Node, live: Obj, new: Obj, owners: Owners, writer: Writer) -> Owners:
    change = compare(node, _bare(live), _bare(new))
    added, modified, removed = (writer.owned(each) for each in (change.added, change.modified, change.removed))
    touched = union(modified, added)
    out: Owners = {}
    for ident, owner in owners.items():
        fields = difference(difference(owner.fields, touched), removed)
        if fields:
            out[ident] = Owner(owner.version, fields, owner.time)
    mine = difference(writer.owned(touched), _STRIPPED)
    if mine:
        ident = writer.ident("Update")
        before = out.get(ident)
        out[ident] = Owner(writer.version, union(mine, before.fields) if before else mine, writer.now)
    return out


def applied(
    node: Node, live: Obj | None, zero: Obj, config: Obj, writer: Writer, *, force: bool
) -> tuple[Obj | None, Owners]:
    """The live object (None: there is none) with `config` applied, not yet decoded and defaulted; None
    for the object where nothing changes. Raises StatusError 409 with one cause for each conflict.
    """
    owners = decoded(live.get("metadata", {}).get("managedFields", [])) if live else {}
    if live is not None and not owners:
        # An object from before apply: what is there belongs to a manager of this name.
        first = Writer("before-first-apply", writer.version, writer.now, ignored=writer.ignored)
        owners = _update(node, zero, live, {}, first)
    base = _bare(live) if live is not None else zero
    try:
        return _apply(node, base, config, owners, writer, force=force)
    except _Conflicts as problem:
        found = problem.found
        if writer.manager == "kubectl" and live is not None:
            found = _without_last_applied(node, live, found, writer.version)
            if not found:
                return _apply(node, base, config, owners, writer, force=True)
        raise _conflict(found, owners) from problem


class _Conflicts(Exception):
    def __init__(self, found: dict[Ident, FieldSet]) -> None:
        super().__init__("conflicts")
        self.found = found


def _apply(
    node: Node, live: Obj, config: Obj, owners: Owners, writer: Writer, *, force: bool
) -> tuple[Obj | None, Owners]:
    ident = writer.ident("Apply")
    last = owners.get(ident)
    mine = difference(writer.owned(field_set(node, config)), _STRIPPED)
    merged = merge(node, live, config)
    others = {each: owner for each, owner in owners.items() if each != ident}
    if last is not None and last.fields:
        merged = _pruned(node, merged, last.fields, [mine, *(each.fields for each in others.values())])
    change = compare(node, live, merged)
    touched = writer.owned(union(change.modified, change.added))
    removed = writer.owned(change.removed)
    conflicts = {each: intersection(owner.fields, touched) for each, owner in others.items()}
    conflicts = {each: found for each, found in conflicts.items() if found}
    if conflicts and not force:
        raise _Conflicts(conflicts)
    out: Owners = {}
    for each, owner in others.items():
        fields = difference(difference(owner.fields, conflicts.get(each, {})), removed)
        if fields:
            out[each] = Owner(owner.version, fields, owner.time)
    same = merged == live
    if mine:
        # Only a change of the object itself moves the time; taking up fields as they are does not even
        # set one.
        time = (last.time if last is not None else "") if same else writer.now
        out[ident] = Owner(writer.version, mine, time)
    return (None if same else merged), out


def _pruned(node: Node, merged: Obj, last: FieldSet, owned: list[FieldSet]) -> Obj:
    """Takes out what was applied last time and is owned by nobody now."""
    named_last = with_named_fields(last, node)
    pruned = remove(node, merged, named_last) or {}
    everything: FieldSet = {}
    for each in owned:
        everything = union(everything, each)
    merged_set = with_named_fields(field_set(node, merged), node)
    keep = union(with_named_fields(field_set(node, pruned), node), with_named_fields(everything, node))
    pruned = remove(node, merged, difference(merged_set, keep)) or {}
    pruned_set = with_named_fields(field_set(node, pruned), node)
    gone = intersection(difference(merged_set, pruned_set), named_last)
    found: Obj = remove(node, merged, gone) or {}
    return found


def _without_last_applied(
    node: Node, live: Obj, conflicts: dict[Ident, FieldSet], version: str
) -> dict[Ident, FieldSet]:
    """kubectl may take over what kubectl's client-side apply wrote, if it is still as it wrote it."""
    text = live.get("metadata", {}).get("annotations", {}).get(LAST_APPLIED)
    try:
        wrote = json.loads(text) if text else {}
    except ValueError:
        wrote = {}
    if wrote.get("apiVersion") != version:
        return conflicts
    change = compare(node, wrote, live)
    allowed = field_set(node, wrote)
    for each in (change.modified, change.added, change.removed):
        allowed = difference(allowed, each)
    left = {ident: difference(found, allowed) for ident, found in conflicts.items()}
    return {ident: found for ident, found in left.items() if found}


def _conflict(conflicts: dict[Ident, FieldSet], owners: Owners) -> StatusError:
    told = [(_named(ident), path) for ident, found in sorted(conflicts.items()) for path in paths(found)]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": path} for who, path in told
    ]
    if len(told) == 1:
        message = f"Apply failed with 1 conflict: conflict with {told[0][0]}: {told[0][1]}"
    else:
        lines: list[str] = []
        for who in dict.fromkeys(who for who, _ in told):
            lines.append(f"conflicts with {who}:")
            lines.extend(f"- {path}" for other, path in told if other == who)
        message = f"Apply failed with {len(told)} conflicts: " + "\n".join(lines)
    return StatusError(409, "Conflict", message, {"causes": causes})


def _named(ident: Ident) -> str:
    manager, operation, version, subresource = ident
    words = json.dumps(manager)
    if subresource:
        words += f" with subresource {json.dumps(subresource)}"
    return f"{words} using {version}" if operation == "Update" else words


def _bare(obj: Obj) -> Obj:
    """Without managedFields, which do not own themselves."""
    if "managedFields" not in obj.get("metadata", {}):
        return obj
    meta = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": meta}
