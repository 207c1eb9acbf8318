"""The sandbox's scenarios in assets/scenarios: what they are called and what an operator learns from them."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from wizard.catalog import shipped


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    title: str
    lesson: str
    """What an operator should notice, and do."""


def scenarios() -> list[Scenario]:
    """All that are shipped, by name."""
    found = []
    for file in sorted(shipped.assets("scenarios").glob("*.yaml")):
        data = yaml.safe_load(file.read_bytes())
        found.append(Scenario(data["name"], data["title"], data["lesson"].strip()))
    return found
