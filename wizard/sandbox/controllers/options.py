"""Which nodes a sandbox has, from a name, a number or a list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wizard.sandbox.controllers.nodes import NodeSpec

_ZONE = "topology.kubernetes.io/zone"
_TYPE = "node.kubernetes.io/instance-type"


def _aws() -> list[NodeSpec]:
    """What the wizard's `aws` target ends with: CPU nodes over three zones, and one with GPUs."""
    zones = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
    cpu = [
        NodeSpec(f"ip-10-0-{n}-10", "4", "16Gi", {_ZONE: zone, _TYPE: "m5.xlarge", "wizard.dev/tier": "standard"})
        for n, zone in enumerate(zones)
    ]
    gpu = NodeSpec(
        "ip-10-0-3-10",
        "96",
        "1152Gi",
        {_ZONE: zones[0], _TYPE: "p4d.24xlarge", "wizard.dev/tier": "premium"},
        [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}],
        resources={"nvidia.com/gpu": "8"},
    )
    return [*cpu, gpu]


_NAMED = {"": [NodeSpec()], "k3s-4gb": [NodeSpec()], "aws": _aws()}


def nodes_of(asked: str | int | list[Mapping[str, Any]]) -> list[NodeSpec]:
    """`k3s-4gb`, `aws`, a number of reference servers, or a list (also as JSON) of NodeSpec's fields.

    Raises ValueError for anything else.
    """
    if isinstance(asked, list):
        return [each if isinstance(each, NodeSpec) else NodeSpec(**each) for each in asked]
    text = str(asked).strip()
    if text in _NAMED:
        return _NAMED[text]
    if text.isdigit():
        return [NodeSpec("server" if n == 0 else f"agent-{n}") for n in range(int(text))]
    if text.startswith("["):
        return [NodeSpec(**each) for each in json.loads(text)]
    raise ValueError(f"nodes {text!r}: a number, a JSON list, or one of {', '.join(filter(None, _NAMED))}")
