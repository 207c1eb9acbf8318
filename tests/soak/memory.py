"""How much memory the sandbox's process has, and whether that grows with the work it did.

What may rightly stay is bounded: the objects there are, 4,000 changes of each resource, 4,096 encoded
objects, events for an hour of the sandbox's clock. All of that is full after the warm-up. A leak is not: it
keeps something for each change. The least that could be kept is an entry in some index, which is 150 to 300
bytes (a tuple of strings, their hash table's slot, a uid); an object is 3,000 and more. So the limit is 100
bytes for each change after the warm-up: less than any leak of one thing a change, and more than what an
allocator that never gives back adds to a process whose load goes up and down. What leaks less often than once
a change is beneath that, and a peak in the warm-up leaves free memory in which a leak can hide for a while;
test_leaks.py counts entries instead of bytes, and finds both.

The slope is the median of the slopes between all pairs of samples (Theil and Sen): a single step, as when a
table doubles, does not move it; steady growth does.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

LIMIT = 100.0
"""Bytes of growth for each change after the warm-up."""
CEILING = 600 * 2**20
"""Bytes that it must stay below at any time, however short the run: twice what a full one was seen to take."""
_MANY = 200
"""Samples of which all pairs are taken."""


@dataclass(frozen=True, slots=True)
class Sample:
    seconds: float
    rss: int
    changes: int
    """The cluster's resourceVersion then: how many changes it has seen."""


@dataclass(slots=True)
class Memory:
    """Samples of one process, and what they say."""

    pid: int
    samples: list[Sample] = field(default_factory=list)

    def take(self, seconds: float, changes: int) -> None:
        self.samples.append(Sample(seconds, resident(self.pid), changes))

    @property
    def peak(self) -> int:
        return max(each.rss for each in self.samples)

    def after(self, warm_up: float) -> list[Sample]:
        return [each for each in self.samples if each.seconds >= warm_up]


def slope(samples: list[Sample]) -> float:
    """Bytes a change. 0 where there is nothing to compare."""
    few = samples[:: max(1, len(samples) // _MANY)]
    slopes = [
        (later.rss - sooner.rss) / (later.changes - sooner.changes)
        for sooner, later in combinations(few, 2)
        if later.changes > sooner.changes
    ]
    return statistics.median(slopes) if slopes else 0.0


def resident(pid: int) -> int:
    """Bytes of memory that a process holds. Raises OSError where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            raise
    # No /proc (macOS): ps tells the same in KiB.
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) * 1024
