"""What a soak counts, and what it found wrong."""

from __future__ import annotations

from collections import Counter

_SHOWN = 40
"""Differences that are kept: one bug brings thousands."""


class Tally:
    """One for a whole run. Everything that must not happen ends in `differences`."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.differences: list[str] = []

    def saw(self, what: str, number: int = 1) -> None:
        self.counts[what] += number

    def differs(self, where: str, why: str) -> None:
        self.counts["differences"] += 1
        if len(self.differences) < _SHOWN:
            self.differences.append(f"{where}: {why}")
