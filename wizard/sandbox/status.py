"""The errors of the API server: the Status object and the words clients match on (apimachinery's api/errors)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Cause = dict[str, str]
"""`{"reason": ..., "message": ..., "field": ...}`, as in a Status' details."""


class StatusError(Exception):
    """A refusal: what the API server would answer, as an exception. `body()` is the Status to send."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details = details
        self.metadata: dict[str, Any] = {}
        """Of the Status; a list that came too late says there how to go on."""

    def body(self) -> dict[str, Any]:
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


def qualified(group: str, plural: str) -> str:
    """`deployments.apps`, or `pods`: how messages name a resource."""
    return f"{plural}.{group}" if group else plural


def details(group: str, kind: str, name: str, causes: Sequence[Cause] = ()) -> dict[str, Any]:
    """The details of a Status. `kind` is the resource (`pods`) save in Invalid, where it is the kind."""
    found: dict[str, Any] = {}
    if name:
        found["name"] = name
    if group:
        found["group"] = group
    if kind:
        found["kind"] = kind
    if causes:
        found["causes"] = list(causes)
    return found


def not_found(group: str, plural: str, name: str) -> StatusError:
    message = f'{qualified(group, plural)} "{name}" not found'
    return StatusError(404, "NotFound", message, details(group, plural, name))


def already_exists(group: str, plural: str, name: str) -> StatusError:
    message = f'{qualified(group, plural)} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, details(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str = "") -> StatusError:
    why = why or ("the object has been modified; please apply your changes to the latest version and try again")
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return StatusError(409, "Conflict", message, details(group, plural, name))


def invalid(group: str, kind: str, name: str, problems: Sequence[Cause]) -> StatusError:
    """422 with causes. The message lists `field: message`, in brackets when there are several."""
    told = list(dict.fromkeys(f"{each['field']}: {each['message']}" for each in problems))
    words = told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"
    title = f"{kind}.{group}" if group else kind
    return StatusError(422, "Invalid", f'{title} "{name}" is invalid: {words}', details(group, kind, name, problems))


def unknown_resource() -> StatusError:
    """The answer where a group is served, but not that resource."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def not_allowed() -> StatusError:
    words = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", words, {})


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def forbidden(group: str, plural: str, name: str, why: str) -> StatusError:
    message = f'{qualified(group, plural)} "{name}" is forbidden: {why}'
    return StatusError(403, "Forbidden", message, details(group, plural, name))


def expired(message: str = "The resourceVersion for the provided watch is too old.") -> StatusError:
    return StatusError(410, "Expired", message)


def cause(kind: str, field: str, message: str) -> Cause:
    """`kind` is apimachinery's field error type, such as FieldValueRequired."""
    return {"reason": kind, "message": message, "field": field}


def required(field: str, detail: str = "") -> Cause:
    return cause("FieldValueRequired", field, "Required value" + (f": {detail}" if detail else ""))


def wrong(field: str, value: object, detail: str) -> Cause:
    return cause("FieldValueInvalid", field, f"Invalid value: {shown(value)}: {detail}")


def unsupported(field: str, value: object, choices: Sequence[str]) -> Cause:
    told = ", ".join(f'"{each}"' for each in choices)
    return cause("FieldValueNotSupported", field, f"Unsupported value: {shown(value)}: supported values: {told}")


def duplicate(field: str, value: object) -> Cause:
    return cause("FieldValueDuplicate", field, f"Duplicate value: {shown(value)}")


def shown(value: object) -> str:
    """A value the way field errors print it: strings quoted, the rest as compact JSON."""
    import json

    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
