"""Kubernetes' ways of writing numbers: time stamps, ages, quantities. What cannot be read is None or 0."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_AGE = re.compile(r"(\d+)([ydhms])")
_SECONDS = {"y": 365 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_QUANTITY = re.compile(r"([+-]?[0-9.]+)(?:([eE][+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkKMGTPE]))?")
_UNITS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def epoch(stamp: object) -> float | None:
    """Seconds since the epoch of an RFC 3339 time."""
    if not isinstance(stamp, str) or not stamp:
        return None
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def rfc3339(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(text: str) -> float | None:
    """Seconds of `2d3h`, as the API server's tables write ages."""
    parts = _AGE.findall(text)
    return float(sum(int(number) * _SECONDS[unit] for number, unit in parts)) if parts else None


def quantity(text: object) -> float | None:
    """Of `250m`, `1.5Gi`, `1e3`."""
    if isinstance(text, int | float):
        return float(text)
    match = _QUANTITY.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    number, exponent, unit = match.groups()
    try:
        return float(number + (exponent or "")) * _UNITS.get(unit or "", 1.0)
    except ValueError:
        return None


def millicores(text: object) -> int | None:
    found = quantity(text)
    return None if found is None else round(found * 1000)


def size(text: object) -> int | None:
    """Bytes."""
    found = quantity(text)
    return None if found is None else round(found)
