"""Two transcripts side by side."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .accepted import ACCEPTED

RECORDED = Path(__file__).parent / "recorded"
Transcript = dict[str, Any]


def recorded(name: str) -> Transcript:
    """What the real server answered to that case. Raises FileNotFoundError if it was never asked."""
    found: Transcript = json.loads((RECORDED / f"{name}.json").read_text())
    return found


def record(name: str, transcript: Transcript) -> None:
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{name}.json").write_text(json.dumps(transcript, indent=1, sort_keys=True) + "\n")


def differences(name: str, real: Transcript, other: Transcript, told: str) -> Iterator[str]:
    """What of `other` (called `told`) is not as real, in words to read; nothing of what is accepted."""
    for title, expected in real.items():
        found = other.get(title)
        if found is None:
            yield f"{name}: no answer to {title!r}"
            continue
        reason = ACCEPTED.get((name, title))
        if reason and found != expected and found["status"] == expected["status"]:
            continue
        if found != expected:
            yield f"{name}, {title}:\n{_diff(expected, found, told)}"
        elif reason and told == "sandbox":
            yield f"{name}, {title}: accepted as different ({reason}), but it no longer is"
    for title in other:
        if title not in real:
            yield f"{name}: {title!r} was never recorded (python -m tests.contract record KUBECONFIG)"


def _diff(expected: Any, found: Any, told: str) -> str:
    before, after = (json.dumps(each, indent=1, sort_keys=True).splitlines() for each in (expected, found))
    return "\n".join(difflib.unified_diff(before, after, "real", told, n=3, lineterm=""))
