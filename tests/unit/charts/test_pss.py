"""The checker itself: each rule fires on a pod that breaks only it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.charts.pss import violations

GOOD: dict[str, Any] = {
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "containers": [
        {
            "name": "a",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
    "volumes": [{"name": "v", "emptyDir": {}}],
}


def test_a_restricted_pod_is_admitted() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("hostNetwork",), True),
        (("securityContext", "runAsNonRoot"), False),
        (("securityContext", "runAsUser"), 0),
        (("securityContext", "seccompProfile"), {"type": "Unconfined"}),
        (("securityContext", "sysctls"), [{"name": "kernel.msgmax", "value": "1"}]),
        (("volumes", 0), {"name": "v", "hostPath": {"path": "/"}}),
        (("containers", 0, "securityContext"), {}),
        (("containers", 0, "securityContext", "privileged"), True),
        (("containers", 0, "securityContext", "capabilities"), {"drop": ["NET_RAW"]}),
        (("containers", 0, "securityContext", "capabilities"), {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
        (("containers", 0, "securityContext", "runAsNonRoot"), False),
        (("containers", 0, "ports"), [{"hostPort": 80}]),
    ],
)
def test_a_pod_that_breaks_one_rule_is_refused(path: tuple[Any, ...], value: object) -> None:
    pod: Any = copy.deepcopy(GOOD)
    inner = pod
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert violations(pod)
