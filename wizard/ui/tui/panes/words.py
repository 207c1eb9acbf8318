"""Numbers as narrow columns show them."""

from __future__ import annotations

import time
from typing import Any

NONE = "-"


read = time.time
"""The clock; pictures and tests put one here that stands still."""


def now() -> float:
    """Seconds since the epoch."""
    return read()


def span(seconds: float) -> str:
    """At most two units, as kubectl writes ages: `42s`, `3m10s`, `5h`, `12d`."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 8:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days, hours = divmod(hours, 24)
    if days < 8:
        return f"{days}d{hours}h" if hours else f"{days}d"
    return f"{days}d"


def age(at: float | None) -> str:
    return NONE if not at else span(now() - at)


def clock(at: float) -> str:
    """The time of day; with the day where it is not today's."""
    try:
        local = time.localtime(at)
    except (OverflowError, ValueError, OSError):  # a time from a cluster may be anything
        return NONE
    today = time.localtime(now())
    return time.strftime("%H:%M:%S" if local[:3] == today[:3] else "%b %d %H:%M", local)


def amount(value: int | None) -> str:
    """Bytes: `950M`, `1.5G`; powers of 1024."""
    if value is None:
        return NONE
    for unit, scale in (("T", 2**40), ("G", 2**30), ("M", 2**20), ("K", 2**10)):
        if value >= scale:
            scaled = value / scale
            return f"{scaled:.1f}{unit}" if scaled < 10 and round(scaled, 1) % 1 else f"{scaled:.0f}{unit}"
    return str(value)


def cores(millicores: int | None) -> str:
    """Processors: `250m`, `1.5`, `16`."""
    if millicores is None:
        return NONE
    return f"{millicores}m" if millicores < 1000 else f"{millicores / 1000:.1f}".removesuffix(".0")


def share(part: int | None, whole: int | None) -> int | None:
    """Per cent of a request or limit; None where one of them is not known."""
    return None if part is None or not whole else round(100 * part / whole)


def percent(value: int | None) -> str:
    return NONE if value is None else str(min(value, 9999))


def full(value: int | None, warn: int = 80, bad: int = 95) -> str:
    """The tone of a share: of its limit, so that what will be killed or throttled is seen before it is."""
    if value is None:
        return "muted"
    return "bad" if value >= bad else "warn" if value >= warn else ""


def negative(value: Any) -> Any:
    """A number to sort by the other way round; None stays last."""
    return None if value is None else -value
