"""`Problem`: a contradiction between fields, and the ones that several checks can find."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from wizard.domain.profile.base import Path, show_path


@dataclass(frozen=True, slots=True)
class Problem:
    """One contradiction, at the value that is to be changed."""

    path: Path
    code: str
    summary: str
    hint: str = ""
    reads: tuple[Path, ...] = ()
    """Other places that it was concluded from: where one of these is itself wrong, so is the conclusion."""


def did_you_mean(name: str, allowed: list[str]) -> str:
    """`did you mean 'k3s'?`, or what is allowed where nothing is near."""
    near = difflib.get_close_matches(name, allowed, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return "allowed: " + ", ".join(allowed[:20]) if allowed else ""


def reserved(name: str, names: frozenset[str]) -> bool:
    return name in names or name.startswith("kube-")


def needs_domain(path: Path) -> Problem:
    return Problem(
        path,
        "profile-missing",
        "needs access.domain",
        "set the domain, or remove this",
        (("access", "domain"),),
    )


def inside(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def outside(path: Path, host: str, domain: str) -> Problem:
    return Problem(
        path,
        "profile-conflict",
        f"'{host}' lies outside the domain '{domain}'",
        "if that is meant, set access.hostsOutsideDomain to true",
        (("access", "domain"), ("access", "hostsOutsideDomain")),
    )


def above(path: Path, value: int, limit_path: Path, limit: int) -> Problem:
    return Problem(
        path,
        "profile-range",
        f"must be at most {limit}, as {show_path(limit_path)} says (got {value})",
        reads=(limit_path,),
    )


def no_tier(path: Path, tier: str, tiers: list[str]) -> Problem:
    return Problem(
        path,
        "profile-reference",
        f"there is no tier '{tier}' in this profile",
        f"add `tiers.{tier}`, or use: {', '.join(tiers)}",
        (("tiers",),),
    )


def no_model(path: Path, name: str, names: list[str]) -> Problem:
    return Problem(
        path,
        "profile-reference",
        f"there is no model '{name}' in this profile",
        did_you_mean(name, names) or "add it to `models`",
        (("models",),),
    )
