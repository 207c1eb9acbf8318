"""A scenario's file, read and checked. What it may say is listed here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from wizard.sandbox.controllers.effects import Target
from wizard.sandbox.ports import Faults

# Kind of effect -> the settings that it understands.
EFFECTS: Mapping[str, frozenset[str]] = {
    "crash": frozenset({"after", "code", "log"}),
    "pull-error": frozenset({"error", "restart"}),
    "memory": frozenset({"ratio", "over"}),
    "disk": frozenset({"ratio", "over"}),
    "slow-node": frozenset({"factor", "probes-lost"}),
    "lost-node": frozenset(),
    "api": frozenset(each.name for each in fields(Faults)),
}


class BadScenario(ValueError):
    """The file is not a scenario; the text says where."""


@dataclass(frozen=True, slots=True)
class Step:
    """One effect of a scenario, some time after its start."""

    kind: str
    target: Target
    at: float
    """Simulated seconds."""
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    title: str
    lesson: str
    """What an operator should notice, and do."""
    steps: tuple[Step, ...] = field(default=())

    def shown(self) -> dict[str, Any]:
        return {"name": self.name, "title": self.title, "lesson": self.lesson}


def directory() -> Path:
    """Where the scenarios that the wizard ships are: beside the code when installed, else at the checkout's top."""
    here = Path(__file__).resolve()
    installed = here.parents[2] / "_shipped" / "assets" / "scenarios"
    return installed if installed.is_dir() else here.parents[3] / "assets" / "scenarios"


def names(where: Path | None = None) -> list[str]:
    return sorted(path.stem for path in (where or directory()).glob("*.yaml"))


def load(name: str, where: Path | None = None) -> Scenario:
    """Raises KeyError for an unknown name, BadScenario for a file that says something else."""
    if name not in names(where):
        raise KeyError(name)
    return parse((where or directory()).joinpath(f"{name}.yaml").read_text(encoding="utf-8"), name)


def parse(text: str, name: str) -> Scenario:
    body = yaml.safe_load(text)
    if not isinstance(body, dict) or set(body) != {"name", "title", "lesson", "effects"}:
        raise BadScenario(f"{name}: a scenario has name, title, lesson and effects, and nothing else")
    if body["name"] != name:
        raise BadScenario(f"{name}: its name is {body['name']!r}, not that of its file")
    steps = tuple(_step(each, f"{name}: effects[{number}]") for number, each in enumerate(body["effects"]))
    return Scenario(name, str(body["title"]), " ".join(str(body["lesson"]).split()), steps)


def _step(body: Any, where: str) -> Step:
    if not isinstance(body, dict) or body.get("kind") not in EFFECTS:
        raise BadScenario(f"{where}: kind is one of {', '.join(sorted(EFFECTS))}")
    settings = {key: value for key, value in body.items() if key not in ("kind", "target", "at")}
    unknown = set(settings) - EFFECTS[body["kind"]]
    if unknown:
        raise BadScenario(f"{where}: {body['kind']} knows no {', '.join(sorted(unknown))}")
    target = body.get("target") or {}
    strange = set(target) - {each.name for each in fields(Target)}
    if strange:
        raise BadScenario(f"{where}: a target knows no {', '.join(sorted(strange))}")
    return Step(body["kind"], Target(**target), float(body.get("at", 0)), settings)
