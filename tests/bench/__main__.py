"""`make bench`: measures each budget against its reference in turn, prints ratios, writes JSON.

Ratios, because machines differ and drift: A and B run alternately, and the median of the pairs'
ratios is what counts. Nothing here fails a build; docs/benchmarks.md keeps what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.deployments import Bench
from tests.controlplane.cluster import ControlPlane


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    reference: str
    budget: float
    """The ratio that must not be exceeded."""
    ratio: float
    """Median of the pairs' ratios."""
    seconds: float
    """Median of what was measured."""
    reference_seconds: float
    runs: int

    @property
    def kept(self) -> bool:
        return self.ratio <= self.budget


def process(argv: Sequence[str], env: dict[str, str] | None = None) -> float:
    """Wall seconds of a whole process; raises CalledProcessError where it fails."""
    began = time.perf_counter()
    subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return time.perf_counter() - began


def paired(what: str, reference: str, budget: float, a: Callable[[], float], b: Callable[[], float], runs: int) -> Row:
    """One uncounted pair first, then `runs` pairs."""
    a(), b()
    pairs = [(a(), b()) for _ in range(runs)]
    ratio = statistics.median(x / y for x, y in pairs)
    return Row(
        what,
        reference,
        budget,
        round(ratio, 3),
        round(statistics.median(x for x, _ in pairs), 3),
        round(statistics.median(y for _, y in pairs), 3),
        runs,
    )


def start_up(runs: int) -> list[Row]:
    bare = [sys.executable, "-c", "import click"]
    wizard = str(Path(sys.executable).with_name("wizard"))
    rows: list[Row] = []
    for flag in ("--version", "--help"):
        run = partial(process, [wizard, flag])
        rows.append(paired(f"wizard {flag}", "python -c 'import click'", 1.3, run, partial(process, bare), runs))
    return rows


def deployment(plane: ControlPlane, home: Path, runs: int) -> list[Row]:
    bench = Bench(plane, home)
    paths: list[tuple[float, float]] = []

    def wizard() -> float:
        with bench.fresh() as one:
            took, critical = one.wizard()
        paths.append((took, critical))
        return took

    def helm() -> float:
        with bench.fresh() as one:
            return one.helm_one_after_the_other()

    whole = paired(
        "whole lean deployment, pods ready after 4 to 6 s",
        "helm upgrade --install --wait, one after the other",
        0.5,
        wizard,
        helm,
        runs,
    )
    counted = paths[1:]
    own = Row(
        "the same deployment",
        "its own critical path",
        1.25,
        round(statistics.median(took / critical for took, critical in counted), 3),
        round(statistics.median(took for took, _ in counted), 3),
        round(statistics.median(critical for _, critical in counted), 3),
        len(counted),
    )
    # Two deployments: each helm upgrade writes a revision, which the wizard would rightly look into.
    with bench.fresh() as one, bench.fresh() as other:
        one.wizard()
        other.helm_one_after_the_other()
        again = paired(
            "a second run with nothing to change",
            "helm upgrade of the same releases",
            0.25,
            lambda: one.wizard()[0],
            other.helm_again,
            max(runs, 5),
        )
    return [whole, own, again]


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | against | budget | ratio | seconds | against, s | runs |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        ratio = f"{row.ratio:.2f}" + ("" if row.kept else " **over**")
        lines.append(
            f"| {row.what} | {row.reference} | {row.budget} | {ratio} | {row.seconds:.2f} "
            f"| {row.reference_seconds:.2f} | {row.runs} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--runs", type=int, default=3, help="pairs of each comparison")
    given = parser.parse_args()
    rows = start_up(runs=max(given.runs, 9))
    with (
        tempfile.TemporaryDirectory(prefix="wizard-bench-") as folder,
        ControlPlane.start(Path(folder) / "controlplane") as plane,
    ):
        rows += deployment(plane, Path(folder), given.runs)
    print(table(rows))
    facts: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "rows": list(map(asdict, rows)),
    }
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(facts, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
