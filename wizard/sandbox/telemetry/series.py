"""Time series in memory: what the simulated Prometheus has scraped."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping

from wizard.sandbox.telemetry.promql import Selector

NAME = "__name__"
Labels = tuple[tuple[str, str], ...]
"""Sorted pairs, the name among them."""
Sample = tuple[float, float]
KEPT = 2 * 3600.0
"""Seconds of history: what dashboards and rules look at."""


class _Series:
    __slots__ = ("times", "values")

    def __init__(self) -> None:
        self.times = array("d")
        self.values = array("d")

    def add(self, when: float, value: float) -> None:
        self.times.append(when)
        self.values.append(value)
        if len(self.times) > 64 and self.times[0] < when - 1.5 * KEPT:
            cut = bisect_left(self.times, when - KEPT)
            del self.times[:cut], self.values[:cut]


class Database:
    """Series by metric name, then by labels."""

    def __init__(self) -> None:
        self._metrics: dict[str, dict[Labels, _Series]] = {}

    def add(self, name: str, labels: Mapping[str, str], value: float, when: float) -> None:
        key = tuple(sorted((NAME, name) if k == NAME else (k, v) for k, v in {**labels, NAME: name}.items()))
        found = self._metrics.setdefault(name, {})
        series = found.get(key)
        if series is None:
            series = found[key] = _Series()
        series.add(when, value)

    def prune(self, now: float) -> None:
        """Forgets series that ended long ago: pods come and go."""
        for name, found in list(self._metrics.items()):
            for key in [key for key, series in found.items() if series.times[-1] < now - KEPT]:
                del found[key]
            if not found:
                del self._metrics[name]

    def select(self, selector: Selector, start: float, end: float) -> Iterator[tuple[Labels, list[Sample]]]:
        """Series that fit, with their samples of the time (start, end]."""
        names = [selector.name] if selector.name else list(self._metrics)
        for name in names:
            for key, series in self._metrics.get(name, {}).items():
                if selector.matchers:
                    labels = dict(key)
                    if not all(matcher.fits(labels) for matcher in selector.matchers):
                        continue
                low, high = bisect_right(series.times, start), bisect_right(series.times, end)
                if low < high:
                    yield key, list(zip(series.times[low:high], series.values[low:high], strict=True))

    def names(self) -> list[str]:
        return sorted(self._metrics)

    def series(self) -> Iterator[Labels]:
        for found in self._metrics.values():
            yield from found

    def __len__(self) -> int:
        return sum(map(len, self._metrics.values()))
