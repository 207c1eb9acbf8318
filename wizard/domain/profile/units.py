"""Turns the sizes, processors and durations of a profile into numbers."""

from __future__ import annotations

import re
from decimal import Decimal

_SIZES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}


def size_bytes(size: str) -> int:
    """`5Gi` in bytes. Takes what the profile's `Size` type lets through; ValueError otherwise."""
    match = re.fullmatch(r"([0-9.]+)([A-Za-z]{1,2})", size)
    if match is None or match[2] not in _SIZES:
        raise ValueError(f"not a size: {size!r}")
    return int(Decimal(match[1]) * _SIZES[match[2]])


def cpu_millis(cpu: str) -> int:
    """`500m` or `0.5` in thousandths of a core. ValueError for anything else."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(m?)", cpu)
    if match is None:
        raise ValueError(f"not a number of processors: {cpu!r}")
    return int(Decimal(match[1]) * (1 if match[2] else 1000))


def duration_seconds(duration: str) -> int:
    """`1h30m` in seconds; a year has 365 days, as in Prometheus. ValueError for anything else."""
    parts = re.findall(r"([0-9]+)([smhdwy])", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"not a duration: {duration!r}")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)
