"""Findings, plans and states as text. Pure: strings in, lines out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wizard.domain.finding import Finding, Severity
from wizard.domain.plan import Change, Plan
from wizard.domain.text import harmless
from wizard.planning.budget import K3S_MEMORY, SERVER_MEMORY

_MARK = {
    Change.CREATE: "+",
    Change.UPDATE: "~",
    Change.LEAVE: "=",
    Change.REMOVE: "-",
    Change.REPAIR: "!",
    Change.WAIT: "…",
}
_COLOUR = {
    Change.CREATE: "green",
    Change.UPDATE: "yellow",
    Change.REMOVE: "red",
    Change.REPAIR: "magenta",
    Change.WAIT: "cyan",
    Change.LEAVE: "",
}
_SEVERITY = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_CODES = {"red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36, "dim": 2, "bold": 1}


_OURS = re.compile(r"(\x1b\[(?:0|" + "|".join(map(str, _CODES.values())) + r")m)")


class Paint:
    """ANSI colours where they are wanted, nothing where they are not; ASCII marks where LANG=C.

    Whatever is painted is made harmless first.
    """

    def __init__(self, *, colour: bool, unicode: bool = True) -> None:
        self._colour, self._unicode = colour, unicode

    def __call__(self, text: str, style: str = "") -> str:
        text = harmless(text)
        if not self._unicode:
            text = text.replace("…", "...").replace("·", "-").encode("ascii", "replace").decode()
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colour and style else text

    def line(self, text: str) -> str:
        """The last gate before a stream: keeps the colours that are ours, makes harmless what was not painted."""
        parts = _OURS.split(text) if self._colour else [text]
        return "".join(part if index % 2 else self(part) for index, part in enumerate(parts))


def size(number: float) -> str:
    """Bytes as people read them: `1.5 GiB`."""
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= scale:
            return f"{number / scale:.1f} {unit}".replace(".0 ", " ")
    return f"{number:.0f} B"


def finding_lines(finding: Finding, paint: Paint) -> Iterator[str]:
    """`error: summary (where)`, then why and what to do, indented."""
    where = f" ({finding.where})" if str(finding.where) else ""
    head = paint(f"{finding.severity.value}:", _SEVERITY[finding.severity])
    yield f"{head} {paint(finding.summary + where, 'bold')} {paint('[' + finding.code + ']', 'dim')}"
    for line in finding.detail.splitlines():
        yield f"  {paint(line)}"
    if finding.hint:
        yield f"  {paint('do:', 'cyan')} {paint(finding.hint)}"


def plan_lines(plan: Plan, paint: Paint, *, diffs: bool = True) -> Iterator[str]:
    """The whole plan: each thing with its reason, diffs, findings, the sum."""
    mark = " SIMULATED" if plan.simulated else ""
    yield paint(f"{plan.deployment}: namespace {plan.namespace}{mark}", "bold")
    for action in plan.actions:
        style = _COLOUR[action.change]
        mark = paint(_MARK[action.change], style)
        what = paint(f"{action.change.value:<7}", style)
        yield f"{mark} {what} {paint(action.resource)}: {paint('; '.join(action.reasons))}"
        if diffs and action.diff:
            yield from (f"    {_diff_line(line, paint)}" for line in action.diff.splitlines())
    yield ""
    for finding in plan.findings:
        yield from finding_lines(finding, paint)
    yield from budget_lines(plan.budget, paint)
    yield summary(plan)


def _diff_line(line: str, paint: Paint) -> str:
    style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
    return paint(line, style)


def budget_lines(budget: Mapping[str, Any], paint: Paint) -> Iterator[str]:
    total = budget.get("total")
    if not total:
        return
    room = SERVER_MEMORY - K3S_MEMORY
    yield paint(
        f"requests {total['cpuRequest']:g} CPU, {size(total['memoryRequest'])}; limits {size(total['memoryLimit'])}; "
        f"a 4 GiB server has {size(room)} beside k3s",
        "dim",
    )
    for name, part in budget.get("parts", {}).items():
        yield paint(
            f"of it, {name}: requests {part['cpuRequest']:g} CPU, {size(part['memoryRequest'])}; "
            f"limits {size(part['memoryLimit'])}",
            "dim",
        )


def summary(plan: Plan) -> str:
    counts = {change: sum(a.change is change for a in plan.actions) for change in Change}
    if plan.empty:
        return "nothing to do: everything is as desired, and ready"
    words = {
        Change.CREATE: "to create",
        Change.UPDATE: "to change",
        Change.REPAIR: "to repair",
        Change.REMOVE: "to remove",
        Change.WAIT: "to wait for",
        Change.LEAVE: "left",
    }
    return ", ".join(f"{counts[change]} {text}" for change, text in words.items() if counts[change])


def all_lines(findings: Iterable[Finding], paint: Paint) -> Iterator[str]:
    for finding in findings:
        yield from finding_lines(finding, paint)
