"""Field errors, in apimachinery's words (util/validation/field)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from wizard.sandbox.status import Cause, cause, duplicate, required, unsupported, wrong

LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"  # noqa: E501
SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"  # noqa: E501
SERVICE = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"  # noqa: E501
NAME_PART = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"  # noqa: E501
LABEL_VALUE = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"  # noqa: E501
CONFIG_KEY = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"  # noqa: E501
PERCENT = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"  # noqa: E501
PORT = "must be between 1 and 65535, inclusive"
NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_NAME_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


class Problems:
    """Collects field errors in order."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def required(self, field: str, detail: str = "") -> None:
        self.causes.append(required(field, detail))

    def invalid(self, field: str, value: Any, detail: str) -> None:
        self.causes.append(wrong(field, value, detail))

    def unsupported(self, field: str, value: Any, choices: Iterable[str]) -> None:
        self.causes.append(unsupported(field, value, list(choices)))

    def forbidden(self, field: str, detail: str) -> None:
        self.causes.append(cause("FieldValueForbidden", field, f"Forbidden: {detail}"))

    def duplicate(self, field: str, value: Any) -> None:
        self.causes.append(duplicate(field, value))

    def not_found(self, field: str, value: str) -> None:
        self.causes.append(cause("FieldValueNotFound", field, f'Not found: "{value}"'))

    def too_long(self, field: str, limit: int) -> None:
        words = f"Too long: may not be more than {limit} bytes"
        self.causes.append(cause("FieldValueTooLong", field, words))

    def too_many(self, field: str, count: int, limit: int) -> None:
        words = f"Too many: {count}: must have at most {limit} items"
        self.causes.append(cause("FieldValueTooMany", field, words))

    def not_negative(self, field: str, value: Any) -> None:
        if isinstance(value, int) and value < 0:
            self.invalid(field, value, NOT_NEGATIVE)

    def one_of(self, field: str, value: str | None, choices: Iterable[str], *, needed: bool = False) -> None:
        if not value:
            if needed:
                self.required(field)
        elif value not in choices:
            self.unsupported(field, value, choices)

    def immutable(self, field: str, new: Any, old: Any) -> None:
        if new != old:
            self.invalid(field, new, IMMUTABLE)


def label_problems(text: str) -> list[str]:
    """Of an RFC 1123 label, such as a container's name."""
    found = [f"must be no more than 63 bytes"] if len(text) > 63 else []  # noqa: F541
    return found if _LABEL.fullmatch(text) else [*found, LABEL]


def subdomain_problems(text: str) -> list[str]:
    found = ["must be no more than 253 characters"] if len(text) > 253 else []
    return found if _SUBDOMAIN.fullmatch(text) else [*found, SUBDOMAIN]


def service_problems(text: str) -> list[str]:
    found = ["must be no more than 63 bytes"] if len(text) > 63 else []
    return found if _SERVICE.fullmatch(text) else [*found, SERVICE]


def qualified_problems(text: str) -> list[str]:
    """Of a label's or an annotation's key: `prefix/name`."""
    found: list[str] = []
    prefix, slash, name = text.rpartition("/")
    if slash:
        if not prefix:
            found.append("prefix part must be non-empty")
        else:
            found += [f"prefix part {each}" for each in subdomain_problems(prefix)]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > 63:
        found.append("name part must be no more than 63 bytes")
    if not _NAME_PART.fullmatch(name):
        found.append(NAME_PART)
    return found


def label_value_problems(text: str) -> list[str]:
    found = ["must be no more than 63 bytes"] if len(text) > 63 else []
    return found if _LABEL_VALUE.fullmatch(text) else [*found, LABEL_VALUE]
