"""The JSON schema of the profile, for editors and other tools.

`python -m wizard.domain.profile.schema` prints it; `assets/schema/profile.schema.json` is that output.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from wizard.domain.profile.model import Profile


class _Untitled(GenerateJsonSchema):
    """Without the titles that pydantic makes of the names: they say nothing and double the size."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of the YAML. It knows no checks between fields: `parse_profile` does."""
    made = Profile.model_json_schema(by_alias=True, mode="validation", schema_generator=_Untitled)
    for section in (made, *made["$defs"].values()):
        section.pop("title", None)
    models = made["properties"]["models"]
    models["items"] = {"anyOf": [made["$defs"]["Model"]["properties"]["name"], models["items"]]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wizard:profile",
        "title": "Profile of a wizard deployment",
        **made,
    }


def schema_text() -> str:
    """The schema as it is kept in `assets/schema/`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
