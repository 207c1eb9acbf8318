"""The shipped alerting rules, assets/alerts/*.yaml, as text: `${...}` in them is filled in by planning."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from wizard.catalog import shipped


@cache
def rule_files() -> Mapping[str, str]:
    """Name without its suffix -> text, by name."""
    return {path.stem: path.read_text() for path in sorted(shipped.assets("alerts").glob("*.yaml"))}
