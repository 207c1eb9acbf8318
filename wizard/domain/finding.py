"""Findings: what the user is told when something is wrong, and the exit code it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class ExitCode(IntEnum):
    """Process exit codes, as the README lists them for pipelines."""

    OK = 0
    BUG = 1
    USAGE = 2
    PREFLIGHT = 3
    DEPLOYMENT = 4
    LOCKED = 5
    ABORTED = 6
    CHANGES = 7
    """Only `plan --detailed-exitcode`: the plan is valid and not empty."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Where:
    """The place a finding is about: a line of a file, or a resource of a cluster or cloud."""

    file: str | None = None
    line: int | None = None
    """1-based."""
    path: str | None = None
    """Path of the field in the profile, dotted: `tiers.standard.max`."""
    resource: str | None = None
    """For example `pod chat/ollama-0` or `release chat/open-webui`."""

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}" if self.file and self.line else (self.file or "")
        return " ".join(part for part in (at, self.path or "", self.resource or "") if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnostic: what is wrong (`summary`), why (`detail`), what to do (`hint`), and where."""

    severity: Severity
    code: str
    """Stable, kebab-case, for machines: `image-pull-failed`."""
    summary: str
    detail: str = ""
    hint: str = ""
    where: Where = field(default_factory=Where)

    def as_dict(self) -> dict[str, Any]:
        """The wire form (JSON lines, saved plans): empty fields are left out."""
        where = {key: value for key in Where.__slots__ if (value := getattr(self.where, key)) is not None}
        plain = {"severity": self.severity.value, "code": self.code, "summary": self.summary}
        optional = {"detail": self.detail, "hint": self.hint, "where": where}
        return {**plain, **{key: value for key, value in optional.items() if value}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Raises KeyError, TypeError or ValueError on what `as_dict` did not write; unknown keys are passed over."""
        severity, where = Severity(data["severity"]), data.get("where", {})
        return cls(
            severity,
            data["code"],
            data["summary"],
            data.get("detail", ""),
            data.get("hint", ""),
            Where(**{key: where[key] for key in Where.__slots__ if key in where}),
        )


def error(code: str, summary: str, *, detail: str = "", hint: str = "", where: Where | None = None) -> Finding:
    return Finding(Severity.ERROR, code, summary, detail, hint, where or Where())


def warning(code: str, summary: str, *, detail: str = "", hint: str = "", where: Where | None = None) -> Finding:
    return Finding(Severity.WARNING, code, summary, detail, hint, where or Where())


class WizardError(Exception):
    """Ends a command with findings and an exit code; the base of everything that is not a bug.

    Adapters translate each vendor's exceptions into subclasses of it and chain the cause.
    """

    exit_code = ExitCode.DEPLOYMENT
    temporary = False
    """True where trying again may help; the exception says it, no caller guesses from its words."""
    retry_after: float | None = None
    """Seconds that the other side asked to wait, where it did."""

    def __init__(self, *findings: Finding, exit_code: ExitCode | None = None) -> None:
        super().__init__("; ".join(finding.summary for finding in findings))
        self.findings: tuple[Finding, ...] = findings
        if exit_code is not None:
            self.exit_code = exit_code

    @classmethod
    def of(cls, findings: Iterable[Finding], *, exit_code: ExitCode | None = None) -> WizardError:
        return cls(*findings, exit_code=exit_code)


class UsageError(WizardError):
    """The command line or the profile is not usable; nothing was touched."""

    exit_code = ExitCode.USAGE


class PreflightError(WizardError):
    """What must be there before the first change is not there."""

    exit_code = ExitCode.PREFLIGHT


class LockedError(WizardError):
    """Another wizard holds the lock of this deployment."""

    exit_code = ExitCode.LOCKED


class AbortedError(WizardError):
    """The operator stopped the run."""

    exit_code = ExitCode.ABORTED
