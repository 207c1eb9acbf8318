"""Sensible starts: what a new profile says for each kind of target, beyond the defaults of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wizard.ui.flow.draft import Draft

KINDS = ("sandbox", "cluster", "k3s", "aws")

_SMALL = {"models": [{"name": "qwen3:0.6b"}]}
_PRESETS: Mapping[str, Mapping[str, Any]] = {
    # Twenty times faster than real time: a deployment is seen whole in half a minute.
    "sandbox": {
        **_SMALL,
        "target": {"sandbox": {"speed": 20, "nodes": 3}},
        "access": {"domain": "demo.localhost"},
    },
    "cluster": _SMALL,
    # What fits beside everything else on 4 GB of RAM and a small disk.
    "k3s": {
        **_SMALL,
        "access": {"tls": {"issuer": "letsencrypt-staging"}},
        "tiers": {"standard": {"ollama": {"keepAlive": "10m"}}},
        "storage": {"models": "5Gi", "openWebui": "1Gi"},
        "database": {"internal": {"storage": "2Gi"}},
        "observability": {
            "metrics": {"retention": "7d", "size": "2Gi"},
            "logs": {"retention": "3d", "size": "2Gi"},
        },
    },
    "aws": {
        "models": [{"name": "qwen3:8b"}],
        "footprint": "full",
        "access": {"tls": {"issuer": "letsencrypt-production", "challenge": "dns01"}, "dns": {"provider": "route53"}},
        "database": {"kind": "aurora", "aurora": {"readers": 2}},
        "storage": {"models": "200Gi", "openWebui": "20Gi"},
        "observability": {
            "metrics": {"retention": "30d", "size": "50Gi"},
            "logs": {"retention": "14d", "size": "50Gi"},
        },
        "backup": {"enabled": True, "destination": "s3"},
    },
}


def new_draft(kind: str = "sandbox", name: str = "chat") -> Draft:
    """A new profile for a kind of target, with nothing in it that the operator would have to take back."""
    draft = Draft({"name": name, "target": {"kind": kind}})
    for path, value in _said(_PRESETS[kind]):
        draft.set(path, value)
    return Draft(draft.everything)


def choose_kind(draft: Draft, kind: str) -> None:
    """Sets the kind; in a profile that was never saved, what the old kind's preset said and nobody changed
    gives way to the new one's. One step of undo."""
    with draft.batch():
        if draft.origin is None and draft.kind in _PRESETS and kind in _PRESETS:
            for path, value in _said(_PRESETS[draft.kind]):
                if draft.get(path) == value:
                    draft.unset(path)
            for path, value in _said(_PRESETS[kind]):
                if not draft.has(path):
                    draft.set(path, value)
        draft.set("target.kind", kind)


def _said(preset: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in preset.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, Mapping):
            yield from _said(value, path)
        else:
            yield path, value
