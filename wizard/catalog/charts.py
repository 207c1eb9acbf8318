"""Our own charts in assets/charts: name, version and a digest of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wizard.catalog import shipped


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    version: str
    app_version: str
    path: Path
    digest: str
    """16 hex digits over every file's name and content: an edited chart is another chart."""
    defaults: Mapping[str, Any]
    """Its values.yaml."""


def chart(name: str) -> Chart:
    """One of the shipped charts. Raises FileNotFoundError where the installation is broken."""
    path = shipped.assets("charts", name)
    content = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        content.update(file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    meta = yaml.load((path / "Chart.yaml").read_bytes(), Loader=loader)
    defaults = yaml.load((path / "values.yaml").read_bytes(), Loader=loader)
    digest = content.hexdigest()[:16]
    return Chart(meta["name"], str(meta["version"]), str(meta.get("appVersion", "")), path, digest, defaults)
