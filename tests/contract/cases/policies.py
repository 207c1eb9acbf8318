"""ResourceQuota and LimitRange."""

from __future__ import annotations

from ..client import Answer
from ..play import Case, Step
from .configmaps import MAPS, config_map
from .pods import PODS, pod
from .stateful import CLAIMS, claim

QUOTAS = "/api/v1/namespaces/{ns}/resourcequotas"
LIMITS = "/api/v1/namespaces/{ns}/limitranges"


def _counted(answer: Answer) -> bool:
    body = answer.body
    return isinstance(body, dict) and "used" in body.get("status", {})


CASES = [
    Case(
        "quota",
        [
            Step(
                "create",
                "POST",
                QUOTAS,
                {
                    "metadata": {"name": "all"},
                    "spec": {
                        "hard": {
                            "pods": "2",
                            "requests.cpu": "1",
                            "limits.memory": "1Gi",
                            "count/configmaps": "3",
                            "persistentvolumeclaims": "1",
                            "requests.storage": "1Gi",
                        }
                    },
                },
            ),
            Step("counted", "GET", f"{QUOTAS}/all", until=_counted),
            Step("no requests", "POST", PODS, pod()),
            Step(
                "fits",
                "POST",
                PODS,
                pod("one", {"resources": {"requests": {"cpu": "600m"}, "limits": {"memory": "512Mi"}}}),
            ),
            Step(
                "too much",
                "POST",
                PODS,
                pod("two", {"resources": {"requests": {"cpu": "600m"}, "limits": {"memory": "1Gi"}}}),
            ),
            Step("too large a claim", "POST", CLAIMS, claim(resources={"requests": {"storage": "2Gi"}})),
            Step("a claim", "POST", CLAIMS, claim()),
            Step("one more claim", "POST", CLAIMS, claim("more", resources={"requests": {"storage": "0"}})),
            Step("a map", "POST", MAPS, config_map()),
            Step("another map", "POST", MAPS, config_map("two")),
            Step("one map too many", "POST", MAPS, config_map("three")),
            Step("bad quota", "POST", QUOTAS, {"metadata": {"name": "bad"}, "spec": {"hard": {"pods": "-1"}}}),
        ],
    ),
    Case(
        "limits",
        [
            Step(
                "create",
                "POST",
                LIMITS,
                {
                    "metadata": {"name": "all"},
                    "spec": {
                        "limits": [
                            {
                                "type": "Container",
                                "default": {"cpu": "500m", "memory": "256Mi"},
                                "defaultRequest": {"cpu": "100m"},
                                "max": {"cpu": "2"},
                                "min": {"cpu": "50m"},
                            },
                            {"type": "Pod", "max": {"memory": "1Gi"}},
                            {"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}, "min": {"storage": "1Gi"}},
                        ]
                    },
                },
            ),
            Step("defaults", "POST", PODS, pod()),
            Step("too much", "POST", PODS, pod("two", {"resources": {"limits": {"cpu": "3", "memory": "2Gi"}}})),
            Step("too little", "POST", PODS, pod("three", {"resources": {"requests": {"cpu": "10m"}}})),
            Step("too large a claim", "POST", CLAIMS, claim(resources={"requests": {"storage": "3Gi"}})),
            Step("too small a claim", "POST", CLAIMS, claim(resources={"requests": {"storage": "1Mi"}})),
        ],
    ),
]
