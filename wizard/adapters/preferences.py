"""What an operator likes (theme, layout), kept between starts: convenience, so nothing here ever fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wizard.adapters.atomic import write_whole


class Preferences:
    """A JSON file, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Any] | None = None

    def recall(self, key: str) -> Any:
        """None where nothing was kept, or it cannot be read."""
        return self._all().get(key)

    def remember(self, key: str, value: Any) -> None:
        self._kept = {**self._all(), key: value}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._path, json.dumps(self._kept, indent=1).encode() + b"\n", mode=0o600)
        except (OSError, TypeError, ValueError):
            return  # a full or read-only disk: it holds until this wizard ends

    def _all(self) -> dict[str, Any]:
        if self._kept is None:
            try:
                read = json.loads(self._path.read_bytes())
            except (OSError, ValueError):
                read = {}
            self._kept = read if isinstance(read, dict) else {}
        return self._kept
