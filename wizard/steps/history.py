"""What helm's own history tells of our runs: the description of each revision names run and digest.

Helm's history is the truth that rollback and resume work from; nothing local is needed for either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.ports import Release

_OURS = re.compile(r"^wizard run=(?P<run>\S+) digest=(?P<digest>[0-9a-f]+)")
_ROLLBACK = re.compile(r"^Rollback to (?P<revision>\d+)")


def description(run: str, digest: str) -> str:
    return f"wizard run={run} digest={digest}"


@dataclass(frozen=True, slots=True)
class Origin:
    run: str = ""
    """Empty where another hand made the revision."""
    digest: str = ""


def origin(release: Release, history: Sequence[Release] = ()) -> Origin:
    """Which run and digest a revision comes from; a rollback has the digest of what it rolled back to."""
    if match := _OURS.match(release.description):
        return Origin(match["run"], match["digest"])
    if match := _ROLLBACK.match(release.description):
        for older in history:
            # helm only rolls back to what was before; anything else would be followed in a circle.
            if older.revision == int(match["revision"]) and older.revision < release.revision:
                return Origin("", origin(older, history).digest)
    return Origin()


def last_good(history: Sequence[Release], *, before: int) -> Release | None:
    """The newest revision before `before` that was deployed once; history is oldest first."""
    good = [r for r in history if r.revision < before and r.status in ("deployed", "superseded")]
    return good[-1] if good else None


def last_run(histories: Sequence[Sequence[Release]]) -> str:
    """The newest run that any of these releases' newest revisions comes from; empty where none does."""
    runs = [(h[-1].updated, run) for h in histories if h and (run := origin(h[-1]).run)]
    return max(runs)[1] if runs else ""
