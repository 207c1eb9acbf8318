"""Findings as an operator reads them: what is wrong, why, what to do."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widgets import Static

from wizard.domain.finding import Finding, Severity
from wizard.ui.tui.text import plain

STYLE = {Severity.ERROR: "$text-error", Severity.WARNING: "$text-warning", Severity.INFO: "$muted"}
MARK = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "·"}


def finding_content(finding: Finding, *, short: bool = False) -> Content:
    """Summary, place, detail and hint; `short` leaves the detail out."""
    style = STYLE[finding.severity]
    parts = [plain(f"{MARK[finding.severity]} ", style), plain(finding.summary, f"bold {style}")]
    if str(finding.where) and not short:
        parts.append(plain(f"  {finding.where}", "$muted"))
    if finding.detail and not short:
        parts.append(plain("\n  " + finding.detail.replace("\n", "\n  "), lines=True))
    if finding.hint:
        parts.append(Content.styled("\n  do: ", "$text-accent"))
        parts.append(plain(finding.hint))
    return Content("").join(parts)


class Findings(Static):
    """A list of findings, hidden where there is none."""

    DEFAULT_CSS = """
    Findings { height: auto; display: none; }
    Findings.-some { display: block; }
    """

    def __init__(self, findings: Iterable[Finding] = (), *, short: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._short = short
        self._shown: tuple[Finding, ...] = ()
        self.show(findings)

    def show(self, findings: Iterable[Finding]) -> None:
        found = tuple(findings)
        if found == self._shown:
            return
        self._shown = found
        self.set_class(bool(found), "-some")
        self.update(Content("\n").join(finding_content(each, short=self._short) for each in found))
