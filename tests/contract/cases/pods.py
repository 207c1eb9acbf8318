"""Pods: defaults, admission, what may change."""

from __future__ import annotations

from typing import Any

from ..play import MERGE, Case, Step

PODS = "/api/v1/namespaces/{ns}/pods"
ONE = f"{PODS}/one"


def pod(name: str = "one", container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod that no node takes, so that nothing happens to it."""
    return {
        "metadata": {"name": name},
        "spec": {
            "containers": [{"name": "main", "image": "x:1", **(container or {})}],
            "nodeSelector": {"no": "where"},
            **spec,
        },
    }


_SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}

CASES = [
    Case(
        "pods",
        [
            Step("create", "POST", PODS, pod()),
            Step("limits make requests", "POST", PODS, pod("limits", {"resources": {"limits": {"cpu": "500m"}}})),
            Step("no account", "POST", PODS, pod("broken", serviceAccountName="nobody")),
            Step("no priority class", "POST", PODS, pod("broken", priorityClassName="nothing")),
            Step("without a token", "POST", PODS, pod("plain", automountServiceAccountToken=False)),
            Step("host network", "POST", PODS, pod("host", {"ports": [{"containerPort": 80}]}, hostNetwork=True)),
            Step(
                "twice the same container",
                "POST",
                PODS,
                pod("broken", containers=[{"name": "a", "image": "a"}, {"name": "a", "image": "b"}]),
            ),
            Step("unknown volume", "POST", PODS, pod("broken", {"volumeMounts": [{"name": "x", "mountPath": "/x"}]})),
            Step(
                "two sources",
                "POST",
                PODS,
                pod("broken", volumes=[{"name": "x", "emptyDir": {}, "configMap": {"name": "y"}}]),
            ),
            Step("bad restart policy", "POST", PODS, pod("broken", restartPolicy="Maybe")),
            Step(
                "change the image",
                "PATCH",
                ONE,
                {"spec": {"containers": [{"name": "main", "image": "x:2"}]}},
                "application/strategic-merge-patch+json",
            ),
            Step(
                "change the command",
                "PATCH",
                ONE,
                {"spec": {"containers": [{"name": "main", "command": ["y"]}]}},
                "application/strategic-merge-patch+json",
            ),
            Step("change the host name", "PATCH", ONE, {"spec": {"hostname": "y"}}, MERGE),
            Step("labels", "PATCH", ONE, {"metadata": {"labels": {"a": "b"}}}, MERGE),
            Step("status", "PATCH", f"{ONE}/status", {"status": {"message": "hello"}}, MERGE, quiet=True),
            Step("log without a node", "GET", f"{ONE}/log"),
            Step("log of nothing", "GET", f"{PODS}/nothing/log"),
            Step("log of no container", "GET", f"{ONE}/log?container=nothing"),
            Step(
                "evict",
                "POST",
                f"{PODS}/limits/eviction",
                {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "limits"}},
            ),
            Step("evicted", "GET", f"{PODS}/limits", until=lambda answer: answer.status == 404),
            Step("proxy to no service", "GET", "/api/v1/namespaces/{ns}/services/nothing:80/proxy/"),
            Step("delete", "DELETE", ONE),
            Step("deleted", "GET", ONE, until=lambda answer: answer.status == 404),
        ],
    ),
    Case(
        "restricted",
        [
            Step("plain", "POST", PODS, pod()),
            Step("safe", "POST", PODS, pod("safe", {"securityContext": _SAFE})),
            Step(
                "safe but privileged",
                "POST",
                PODS,
                pod(
                    "worse",
                    {"securityContext": {"privileged": True}},
                    hostNetwork=True,
                    volumes=[{"name": "h", "hostPath": {"path": "/"}}],
                ),
            ),
            Step(
                "two containers",
                "POST",
                PODS,
                pod(
                    "two",
                    {"securityContext": _SAFE},
                    containers=[{"name": "a", "image": "a", "securityContext": _SAFE}, {"name": "b", "image": "b"}],
                ),
            ),
            Step(
                "safe by the pod",
                "POST",
                PODS,
                pod(
                    "pod-wide",
                    {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
                    securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                ),
            ),
            Step("root", "POST", PODS, pod("root", {"securityContext": {**_SAFE, "runAsUser": 0}})),
            Step(
                "capability",
                "POST",
                PODS,
                pod(
                    "cap",
                    {
                        "securityContext": {
                            **_SAFE,
                            "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_BIND_SERVICE"]},
                        }
                    },
                ),
            ),
        ],
        level="restricted",
    ),
    Case(
        "baseline",
        [
            Step("plain", "POST", PODS, pod()),
            Step(
                "host",
                "POST",
                PODS,
                pod(
                    "host",
                    {"securityContext": {"privileged": True}, "ports": [{"containerPort": 80, "hostPort": 80}]},
                    hostNetwork=True,
                    hostPID=True,
                    volumes=[{"name": "h", "hostPath": {"path": "/"}}],
                ),
            ),
            Step("capability", "POST", PODS, pod("cap", {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}})),
            Step(
                "sysctl",
                "POST",
                PODS,
                pod("ctl", securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
            ),
            Step(
                "unconfined", "POST", PODS, pod("un", {"securityContext": {"seccompProfile": {"type": "Unconfined"}}})
            ),
        ],
        level="baseline",
    ),
]
