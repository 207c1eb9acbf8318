"""What the cells of several kinds have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wizard.sandbox.api.tables import age

Obj = dict[str, Any]
NONE = "<none>"


def name_of(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def age_of(obj: Obj, now: float) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def selector_text(selector: Obj | None) -> str:
    """metav1.FormatLabelSelector."""
    if not selector:
        return NONE
    parts = [f"{key}={value}" for key, value in sorted(selector.get("matchLabels", {}).items())]
    for each in selector.get("matchExpressions", ()):
        values = ",".join(each.get("values", ()))
        parts.append(
            {
                "In": f"{each['key']} in ({values})",
                "NotIn": f"{each['key']} notin ({values})",
                "Exists": each["key"],
                "DoesNotExist": f"!{each['key']}",
            }[each["operator"]]
        )
    return ",".join(parts) or NONE


def labels_text(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def containers_text(spec: Obj) -> tuple[str, str]:
    found = spec.get("containers") or []
    return ",".join(each["name"] for each in found), ",".join(each.get("image", "") for each in found)


def joined(items: Iterable[Any]) -> str:
    return ",".join(str(each) for each in items) or NONE


def first_few(items: list[Any], empty: str) -> str:
    """The first three, and how many more there are."""
    shown = ",".join(str(each) for each in items[:3])
    return f"{shown} + {len(items) - 3} more..." if len(items) > 3 else shown or empty
