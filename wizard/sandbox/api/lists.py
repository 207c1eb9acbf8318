"""Lists: selectors, pages with continue tokens, resourceVersion semantics."""

from __future__ import annotations

import base64
import json
from typing import Any

from wizard.sandbox.api.request import Call
from wizard.sandbox.kinds import Resource
from wizard.sandbox.selectors import Test, field_test, label_test
from wizard.sandbox.status import StatusError, bad_request, cause, invalid
from wizard.sandbox.store import Store

Obj = dict[str, Any]

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)


class Page:
    """Part of a list, and the metadata that goes with it."""

    def __init__(self, items: list[Obj], version: int, rest: int, token: str) -> None:
        self.items = items
        self.meta: Obj = {"resourceVersion": str(version)}
        if token:
            self.meta["continue"] = token
            if rest >= 0:
                self.meta["remainingItemCount"] = rest


def test_of(call: Call, resource: Resource) -> Test | None:
    """The call's selectors as one test; None if it has none. Raises StatusError 400."""
    labels, fields = call.query.get("labelSelector", ""), call.query.get("fieldSelector", "")
    if call.name:
        fields = f"metadata.name={call.name}"
    if not labels and not fields:
        return None
    of_labels = label_test(labels)
    extra: tuple[str, ...] = ()
    if resource.crd is not None:
        extra = tuple(each["jsonPath"][1:] for each in resource.crd.get("selectableFields") or ())
    of_fields = field_test(fields, resource.plural, extra)
    return lambda obj: of_labels(obj["metadata"].get("labels") or {}) and of_fields(obj)


def page(store: Store, call: Call, resource: Resource, *, stale: int = 0) -> Page:
    """Raises StatusError: 400, 410, 422, or 504 for a resourceVersion still to come.

    `stale`: an older version from which a client that accepts any is served.
    """
    query = call.query
    limit = number(query.get("limit", ""), "limit")
    token, wanted = query.get("continue", ""), query.get("resourceVersion", "")
    match = query.get("resourceVersionMatch", "")
    version, start = store.resource_version, ""
    counted = not query.get("labelSelector") and not query.get("fieldSelector")
    if token:
        version, start = _read(token)
        if wanted not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
    elif match:
        _check_match(match, wanted)
    if wanted and not token:
        asked = _version(wanted)
        if asked > version:
            raise too_large(asked, version)
        if match == "Exact" or (limit and not match and asked):
            version = asked
        if asked == 0 and stale:
            version = stale
    group, plural = resource.store
    try:
        found = store.list_at(group, plural, call.namespace, version or store.resource_version)
    except StatusError as problem:
        if problem.code != 410 or not token:
            raise
        fresh = StatusError(410, "Expired", _TOO_OLD)
        fresh.metadata = {"continue": _token(-1, start)}
        raise fresh from problem
    version = version or store.resource_version
    test = test_of(call, resource)
    if test is not None:
        found = [each for each in found if test(each)]
    if start:
        found = [each for each in found if _key(each) > start]
    if limit and len(found) > limit:
        rest = len(found) - limit
        found = found[:limit]
        return Page(found, version, rest if counted else -1, _token(version, _key(found[-1])))
    return Page(found, version, 0, "")


def too_large(asked: int, version: int) -> StatusError:
    message = f"Too large resource version: {asked}, current: {version}"
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return StatusError(504, "Timeout", f"Timeout: {message}", details)


def _check_match(match: str, wanted: str) -> None:
    if match not in ("Exact", "NotOlderThan"):
        words = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
        raise _invalid("FieldValueNotSupported", "resourceVersionMatch", words)
    if not wanted:
        words = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise _invalid("FieldValueForbidden", "resourceVersionMatch", words)
    if match == "Exact" and wanted == "0":
        words = 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        raise _invalid("FieldValueForbidden", "resourceVersionMatch", words)


def _invalid(reason: str, field: str, words: str) -> StatusError:
    return invalid("meta.k8s.io", "ListOptions", "", [cause(reason, field, words)])


def _version(text: str) -> int:
    try:
        return int(text)
    except ValueError as problem:
        words = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise invalid("", "", "", [cause("FieldValueInvalid", "resourceVersion", words)]) from problem


def number(text: str, what: str) -> int:
    """An integer of a query; 0 where it is empty. Raises StatusError 400."""
    try:
        return int(text or "0")
    except ValueError as problem:
        raise bad_request(f"{what}: {text} is no number") from problem


def _key(obj: Obj) -> str:
    meta = obj["metadata"]
    # NUL sorts before every character of a name, as the store's tuples do.
    return f"{meta.get('namespace', '')}\x00{meta['name']}"


def _token(version: int, start: str) -> str:
    data = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


def _read(token: str) -> tuple[int, str]:
    try:
        data = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        version, start = int(data["rv"]), str(data["start"])
    except (ValueError, KeyError, TypeError) as problem:
        raise bad_request(f"invalid continue token: continue key is not valid: {problem}") from problem
    return (0 if version < 0 else version), start


version_of = _version
