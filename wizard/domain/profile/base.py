"""`Section`: the base of every part of a profile, and the rules they all share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Path = tuple[str | int, ...]
"""Path of a value in the YAML: keys as they are written there, and list indices."""


class Section(BaseModel):
    """One mapping of the profile: strict types, no unknown keys, immutable.

    Keys are camelCase in YAML and snake_case in Python; Python code may construct a section by
    either, the YAML parser takes camelCase only. `model_copy(update=...)` does not validate:
    change a profile through `to_data` and `profile_from_data` instead.
    """

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        # Validators are built on the first validation: imports (and with them `--help`) stay quick.
        defer_build=True,
    )


def show_path(path: Path) -> str:
    """`("tenants", 2, "tier")` as `tenants[2].tier`; a dot inside a key is escaped as `--set` takes it.

    Keys come from a file that is not to be trusted with a terminal: what does not print is escaped,
    what is very long is cut.
    """
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            key = part.replace("\\", "\\\\").replace(".", "\\.") if part.isprintable() else ascii(part)[1:-1]
            shown += ("." if shown else "") + (key if len(key) <= 80 else key[:77] + "...")
    return shown
