"""What a draft amounts to: its data without what is not used, the profile, or what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wizard.domain.finding import Finding, UsageError
from wizard.domain.profile import Path, Profile, profile_from_data
from wizard.ui.flow import tree
from wizard.ui.flow.tree import MISSING

_KINDS: Mapping[str, tuple[str, ...]] = {
    "target": ("sandbox", "cluster", "k3s", "aws"),
    "database": ("internal", "aurora", "external"),
}
"""Sections with a `kind` and a section for each of them."""


@dataclass(frozen=True, slots=True)
class Checked:
    data: dict[str, Any]
    profile: Profile | None
    findings: tuple[Finding, ...]


def lies_in(path: str, section: str) -> bool:
    """Whether a path is that of a section, or of something in it."""
    return path == section or (path.startswith(section) and path[len(section)] in ".[")


def check(said: Mapping[str, Any]) -> Checked:
    used, unused = _sections(said)
    for section in used:
        if tree.optional(section) and tree.get(said, section) is MISSING:
            said = tree.put(said, section, {})  # so that what it needs is asked for by name
    checked = _validated(said)
    wrong = [
        section
        for section in unused
        if any(lies_in(finding.where.path or "", ".".join(map(str, section))) for finding in checked.findings)
    ]
    for section in wrong:
        said = tree.drop(said, section)
    return _validated(said) if wrong else checked


def _sections(said: Mapping[str, Any]) -> tuple[list[Path], list[Path]]:
    """The sections of the kinds that are chosen, and of those that are not."""
    used: list[Path] = []
    unused: list[Path] = []
    for holder, kinds in _KINDS.items():
        chosen = tree.get(said, (holder, "kind"))
        for kind in kinds:
            (used if kind == chosen else unused).append((holder, kind))
    if tree.get(said, ("database", "kind")) is MISSING:
        unused.remove(("database", "internal"))  # the default
    return used, unused


def _validated(said: Mapping[str, Any]) -> Checked:
    data = tree.in_order(said)
    try:
        return Checked(data, profile_from_data(data), ())
    except UsageError as problem:
        return Checked(data, None, problem.findings)
