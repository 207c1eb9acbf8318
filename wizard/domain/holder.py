"""Who holds, or wants, the lock of a deployment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    user: str
    host: str
    process: str
    """Names one process of one boot of one machine, for ever: see adapters/process.py."""
    run: str
