"""The shipped Grafana dashboards, assets/dashboards/*.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from wizard.catalog import shipped


@cache
def dashboards() -> Mapping[str, Mapping[str, Any]]:
    """uid -> dashboard; the file's name is the uid."""
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(shipped.assets("dashboards").glob("*.json"))}
