"""What is measured, how it is compared, and how it is shown."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    reference: str
    budget: float | None
    """The ratio that must not be exceeded; None where there is no promise, only a figure."""
    ratio: float
    """Median of the pairs' ratios."""
    seconds: float
    """Median of what was measured."""
    reference_seconds: float
    runs: int

    @property
    def kept(self) -> bool:
        return self.budget is None or self.ratio <= self.budget


def process(argv: Sequence[str], env: dict[str, str] | None = None) -> float:
    """Wall seconds of a whole process; raises CalledProcessError where it fails."""
    began = time.perf_counter()
    subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return time.perf_counter() - began


def paired(
    what: str, reference: str, budget: float | None, a: Callable[[], float], b: Callable[[], float], runs: int
) -> Row:
    """One uncounted pair first, then `runs` pairs."""
    a(), b()
    return row(what, reference, budget, [(a(), b()) for _ in range(runs)])


def row(what: str, reference: str, budget: float | None, pairs: Sequence[tuple[float, float]]) -> Row:
    """Of pairs measured already."""
    return Row(
        what,
        reference,
        budget,
        round(statistics.median(x / y for x, y in pairs), 3),
        round(statistics.median(x for x, _ in pairs), 3),
        round(statistics.median(y for _, y in pairs), 3),
        len(pairs),
    )


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | against | budget | ratio | seconds | against, s | runs |", "|---|---|---|---|---|---|---|"]
    for each in rows:
        ratio = f"{each.ratio:.2f}" + ("" if each.kept else " **over**")
        budget = "none" if each.budget is None else str(each.budget)
        lines.append(
            f"| {each.what} | {each.reference} | {budget} | {ratio} | {each.seconds:.3g} "
            f"| {each.reference_seconds:.3g} | {each.runs} |"
        )
    return "\n".join(lines)
