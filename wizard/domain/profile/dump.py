"""`Profile` -> YAML, in the order of the model, by default only what differs from the defaults."""

from __future__ import annotations

from typing import Any

import yaml

from wizard.domain.profile.model import Profile

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def to_data(profile: Profile, *, defaults: bool = False) -> dict[str, Any]:
    """A profile as plain data with the keys of its YAML; `profile_from_data` takes it back.

    With `defaults` every field is there that has a value; otherwise only what differs.
    """
    data = profile.model_dump(mode="json", by_alias=True, exclude_defaults=not defaults, exclude_none=True)
    if data.get("models"):
        data["models"] = [model["name"] if list(model) == ["name"] else model for model in data["models"]]
    for name, override in profile.components.items():
        if override.values:  # `exclude_none` must not take the nulls that unset a chart's default
            data["components"][name]["values"] = override.values
    return data


def to_yaml(profile: Profile, *, defaults: bool = False) -> str:
    """A profile as YAML text that `parse_profile` reads back as an equal profile."""
    text: str = yaml.dump(
        to_data(profile, defaults=defaults), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100
    )
    return text
