"""`python -m tests.soak`: prints figures, and exits 1 where anything differed or grew."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.memory import LIMIT
from tests.soak.run import WARM_UP, Outcome, Settings, soak

_MIB = 2**20


def report(outcome: Outcome) -> str:
    settings, memory = outcome.settings, outcome.memory
    first, last = memory.samples[0], memory.samples[-1]
    lines = [
        f"{settings.seconds:g} s, {settings.clients} clients, {outcome.watchers} watchers, seed {settings.seed}",
        *(f"  {number:>9,}  {what}" for what, number in sorted(outcome.tally.counts.items())),
        f"  {last.changes - first.changes:>9,}  changes in the cluster, controllers' included",
        f"memory: {first.rss / _MIB:.1f} MiB after {first.seconds:.0f} s, {memory.peak / _MIB:.1f} at its highest, "
        f"{last.rss / _MIB:.1f} at the end",
    ]
    if outcome.growth is None:
        lines.append(f"growth: not judged in less than {2 * WARM_UP:g} s")
    else:
        warm = memory.after(WARM_UP)
        lines.append(
            f"growth: {outcome.growth:.1f} bytes a change after {WARM_UP:g} s (limit {LIMIT:g}), over "
            f"{warm[-1].changes - warm[0].changes:,} changes; {warm[0].rss / _MIB:.1f} MiB then"
        )
    lines += [f"DIFFERS {each}" for each in outcome.tally.differences]
    lines.append("every watcher ended as a fresh list" if outcome.passed else "NOT as it should be")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1, help="decides what each client does, not in which order")
    given = parser.parse_args()
    settings = Settings(given.seconds, given.clients, given.seed)
    with tempfile.TemporaryDirectory(prefix="wizard-soak-") as folder:
        state = Path(folder)
        outcome = soak(state, settings, lambda line: print(line, flush=True))
        print(report(outcome))
        log = (state / "sandbox.log").read_text(errors="replace")
    if log:
        print(f"the sandbox's log:\n{log[-4000:]}")
    return 0 if outcome.passed and not log else 1


if __name__ == "__main__":
    sys.exit(main())
