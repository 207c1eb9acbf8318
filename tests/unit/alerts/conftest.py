"""Rendered rules and configurations, and Prometheus' own tools to judge them, which Debian has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from wizard.catalog.alerts import rule_files
from wizard.domain.profile import Profile, profile_from_data
from wizard.planning.alerts import rules

Obj = dict[str, Any]
RECEIVERS: list[Obj] = [
    {"name": "ops", "kind": "slack", "secret": "slack-webhook", "channel": "#ops"},
    {
        "name": "mail", "kind": "email", "to": ["a@example.com", "b@example.com"], "smarthost": "mail.example.com:587",
        "user": "wizard", "secret": "smtp-password", "sendResolved": False,
    },
    {"name": "hook", "kind": "webhook", "secret": "hook-url", "severity": "info"},
    {"name": "on-call", "kind": "pagerduty", "secret": "pagerduty-key", "severity": "critical"},
]  # fmt: skip


def profile(**observability: Any) -> Profile:
    return profile_from_data(
        {"name": "prod", "target": {"kind": "cluster"}, "models": ["qwen3:0.6b"], "observability": observability}
    )


def tool(name: str) -> str:
    path = os.environ.get(f"WIZARD_{name.upper().replace('-', '_')}") or shutil.which(name)
    if not path:
        pytest.skip(f"no {name}: `apt-get install prometheus prometheus-alertmanager`, which .ci/run does")
    return path


def check(*argv: str) -> str:
    """What the tool said; fails the test where it was not content."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def written(folder: Path, files: Mapping[str, Any]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in files.items():
        paths.append(folder / f"{name}.yaml")
        paths[-1].write_text(yaml.safe_dump(content, sort_keys=False))
    return paths


@pytest.fixture
def rule_paths(tmp_path: Path) -> Callable[..., list[Path]]:
    """Rule files as Prometheus would get them of a profile with these parts of `observability`."""
    return lambda **given: written(tmp_path / "rules", rules(profile(**given), rule_files()))
