"""`make bench`: measures each budget against its reference in turn, prints ratios, writes JSON.

Ratios, because machines differ and drift: A and B run alternately, and the median of the pairs'
ratios is what counts. Nothing here fails a build; docs/benchmarks.md keeps what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import pods, sandbox, screens
from tests.bench.deployments import Bench
from tests.bench.rows import Row, paired, process, row, table
from tests.controlplane.cluster import ControlPlane


def start_up(home: Path, runs: int) -> list[Row]:
    bare = [sys.executable, "-c", "import click"]
    wizard = str(Path(sys.executable).with_name("wizard"))
    rows: list[Row] = []
    for flag in ("--version", "--help"):
        run = partial(process, [wizard, flag])
        reference = partial(process, bare)
        rows.append(paired(f"wizard {flag}", "python -c 'import click'", 1.3, run, reference, max(runs, 9)))
    return rows


def deployment(home: Path, runs: int) -> list[Row]:
    with ControlPlane.start(home / "deployment") as plane:
        return _deployment(Bench(plane, home), runs)


def _deployment(bench: Bench, runs: int) -> list[Row]:
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
    own = row("the same deployment", "its own critical path", 1.25, paths[1:])
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


GROUPS: dict[str, Callable[[Path, int], list[Row]]] = {
    "start": start_up,
    "deployment": deployment,
    "sandbox-start": sandbox.start,
    "sandbox-helm": sandbox.helm,
    "sandbox-pods": pods.many,
    "frame": screens.frame,
    "panes": screens.many,
    "logs": screens.logs,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--runs", type=int, default=3, help="pairs of each comparison, at least")
    parser.add_argument("--only", action="append", choices=GROUPS, help="these rows; may be given several times")
    given = parser.parse_args()
    # What is installed has its bytecode; a process that may not write it would compile at every start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows: list[Row] = []
    for name in given.only or GROUPS:
        with tempfile.TemporaryDirectory(prefix="wizard-bench-") as folder:
            rows += GROUPS[name](Path(folder), given.runs)
    print(table(rows))
    facts: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "load": statistics.mean(os.getloadavg()[:2]),
        "rows": list(map(asdict, rows)),
    }
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(facts, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
