"""StatefulSets, DaemonSets, claims and budgets."""

from __future__ import annotations

from typing import Any

from ..play import MERGE, Case, Step
from .deployments import template

SETS = "/apis/apps/v1/namespaces/{ns}/statefulsets"
DAEMONS = "/apis/apps/v1/namespaces/{ns}/daemonsets"
CLAIMS = "/api/v1/namespaces/{ns}/persistentvolumeclaims"
BUDGETS = "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets"
SCALERS = "/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers"


def claim(name: str = "data", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "none",
            **spec,
        },
    }


def stateful_set(name: str = "db", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": 0,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(),
            "volumeClaimTemplates": [claim()],
            **spec,
        },
    }


def _scaler(**spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": target, "maxReplicas": 3, **spec}}


CASES = [
    Case(
        "statefulsets",
        [
            Step("create", "POST", SETS, stateful_set()),
            Step("on delete", "POST", SETS, stateful_set("other", updateStrategy={"type": "OnDelete"})),
            Step(
                "allowed changes",
                "PATCH",
                f"{SETS}/db",
                {"spec": {"minReadySeconds": 3, "template": {"metadata": {"labels": {"more": "x"}}}}},
                MERGE,
            ),
            Step("service name", "PATCH", f"{SETS}/db", {"spec": {"serviceName": "else"}}, MERGE),
            Step("selector", "PATCH", f"{SETS}/db", {"spec": {"selector": {"matchLabels": {"x": "y"}}}}, MERGE),
            Step("claims", "PATCH", f"{SETS}/db", {"spec": {"volumeClaimTemplates": None}}, MERGE),
            Step("policy", "PATCH", f"{SETS}/db", {"spec": {"podManagementPolicy": "Parallel"}}, MERGE),
            Step("bad policy", "POST", SETS, stateful_set("broken", podManagementPolicy="Whenever")),
            Step("no selector", "POST", SETS, stateful_set("broken", selector=None)),
            Step(
                "daemon set",
                "POST",
                DAEMONS,
                {
                    "metadata": {"name": "ds"},
                    "spec": {
                        "selector": {"matchLabels": {"app": "web"}},
                        "template": {**template(), "spec": {**template()["spec"], "nodeSelector": {"no": "where"}}},
                    },
                },
            ),
            Step(
                "daemon set without labels",
                "POST",
                DAEMONS,
                {
                    "metadata": {"name": "broken"},
                    "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template()},
                },
            ),
        ],
    ),
    Case(
        "claims",
        [
            Step("create", "POST", CLAIMS, claim()),
            Step("other forms", "POST", CLAIMS, claim("forms", resources={"requests": {"storage": "0.5Gi"}})),
            Step("no size", "POST", CLAIMS, claim("broken", resources={})),
            Step("no mode", "POST", CLAIMS, claim("broken", accessModes=[])),
            Step("bad mode", "POST", CLAIMS, claim("broken", accessModes=["Sometimes"])),
            Step("negative size", "POST", CLAIMS, claim("broken", resources={"requests": {"storage": "-1Gi"}})),
            Step("change the mode", "PATCH", f"{CLAIMS}/data", {"spec": {"accessModes": ["ReadWriteMany"]}}, MERGE),
            Step("change the class", "PATCH", f"{CLAIMS}/data", {"spec": {"storageClassName": "x"}}, MERGE),
            Step("label it", "PATCH", f"{CLAIMS}/data", {"metadata": {"labels": {"a": "b"}}}, MERGE),
        ],
    ),
    Case(
        "budgets",
        [
            Step(
                "create",
                "POST",
                BUDGETS,
                {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}},
                quiet=True,
            ),
            Step(
                "both bounds",
                "POST",
                BUDGETS,
                {"metadata": {"name": "broken"}, "spec": {"minAvailable": 1, "maxUnavailable": 1, "selector": {}}},
            ),
            Step(
                "bad percentage",
                "POST",
                BUDGETS,
                {"metadata": {"name": "broken"}, "spec": {"minAvailable": "many", "selector": {}}},
            ),
            Step(
                "update without a version",
                "PUT",
                f"{BUDGETS}/web",
                {"metadata": {"name": "web"}, "spec": {"minAvailable": 2, "selector": {}}},
            ),
            Step("autoscaler", "POST", SCALERS, _scaler(), quiet=True),
            Step(
                "autoscaler with metrics",
                "PATCH",
                f"{SCALERS}/web",
                {"spec": {"minReplicas": 2, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}},
                MERGE,
                quiet=True,
            ),
            Step("bad maximum", "POST", SCALERS, _scaler(maxReplicas=0)),
            Step("minimum above maximum", "POST", SCALERS, _scaler(minReplicas=5)),
        ],
    ),
]
