"""Who may do what: RBAC's answers and refusals, impersonation, tokens of service accounts, handing out rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..client import Answer
from ..play import APPLY, Case, Saved, Step
from .configmaps import MAPS, config_map

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES, BINDINGS = f"{RBAC}/namespaces/{{ns}}/roles", f"{RBAC}/namespaces/{{ns}}/rolebindings"
REVIEWS = "/apis/authorization.k8s.io/v1"
ACCOUNTS = "/api/v1/namespaces/{ns}/serviceaccounts"
PODS = "/api/v1/namespaces/{ns}/pods"
PAT = {"Impersonate-User": "pat"}
READ = ["get", "list", "watch"]


def rule(resources: str, *verbs: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": list(verbs), **more}


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "rules": list(rules)}


def binding(name: str, role: str, subject: dict[str, Any], kind: str = "Role") -> dict[str, Any]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    return {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}


def user(name: str) -> dict[str, Any]:
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def may(verb: str, resource: str, namespace: str = "{ns}", **more: Any) -> dict[str, Any]:
    return {"spec": {"resourceAttributes": {"verb": verb, "resource": resource, "namespace": namespace, **more}}}


def allowed(answer: Answer) -> bool:
    """The authorizer reads bindings through watches: a new one counts a moment later."""
    return bool(answer.body.get("status", {}).get("allowed"))


def _bearer(step: str) -> Callable[[Saved], dict[str, str]]:
    return lambda saved: {"Authorization": f"Bearer {saved[step]['status']['token']}"}


SELF = f"{REVIEWS}/selfsubjectaccessreviews"
OTHERS = f"{REVIEWS}/subjectaccessreviews"
LOCAL = f"{REVIEWS}/namespaces/{{ns}}/localsubjectaccessreviews"

CASES = [
    Case(
        "access",
        [
            Step("nobody's rights", "GET", PODS, headers=PAT),
            Step("nobody's cluster rights", "GET", "/api/v1/nodes", headers=PAT),
            Step("a path", "GET", "/nowhere", headers=PAT),
            Step("everybody's path", "GET", "/version/", headers=PAT, quiet=True),
            Step("a role", "POST", ROLES, role("r", rule("configmaps", "get", "list", "patch", "update"))),
            Step("bound", "POST", BINDINGS, binding("r", "r", user("pat"))),
            Step("may he", "POST", SELF, may("patch", "configmaps"), headers=PAT, until=allowed),
            Step("may he, elsewhere", "POST", SELF, may("patch", "configmaps", "default"), headers=PAT),
            Step("may he, everywhere", "POST", SELF, may("list", "configmaps", ""), headers=PAT),
            Step("may he, a subresource", "POST", SELF, may("get", "pods", subresource="log"), headers=PAT),
            Step("asked by another", "POST", OTHERS, {"spec": {**may("get", "configmaps")["spec"], "user": "pat"}}),
            Step(
                "asked of masters", "POST", OTHERS, {"spec": {**may("get", "x")["spec"], "groups": ["system:masters"]}}
            ),
            Step("asked of nobody", "POST", OTHERS, may("get", "configmaps")),
            Step("asked locally", "POST", LOCAL, {"spec": {**may("get", "configmaps")["spec"], "user": "pat"}}),
            Step(
                "asked of elsewhere",
                "POST",
                LOCAL,
                {"spec": {**may("get", "configmaps", "default")["spec"], "user": "pat"}},
            ),
            Step(
                "of a path",
                "POST",
                SELF,
                {"spec": {"nonResourceAttributes": {"verb": "get", "path": "/api"}}},
                headers=PAT,
            ),
            Step("rules of nowhere", "POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {}}, headers=PAT),
            Step("a list", "GET", f"{MAPS}?fieldSelector=metadata.name=none", headers=PAT),
            Step("create", "POST", MAPS, config_map("new"), headers=PAT),
            Step("create by apply", "PATCH", f"{MAPS}/new?fieldManager=pat", config_map("new"), APPLY, headers=PAT),
            Step("made by another", "POST", MAPS, config_map("new"), quiet=True),
            Step(
                "apply", "PATCH", f"{MAPS}/new?fieldManager=pat", config_map("new", data={"a": "b"}), APPLY, headers=PAT
            ),
            Step("delete", "DELETE", f"{MAPS}/new", headers=PAT),
            Step("delete all", "DELETE", MAPS, headers=PAT),
            Step("a log", "GET", f"{PODS}/none/log", headers=PAT),
            Step("the namespace", "GET", "/api/v1/namespaces/{ns}", headers=PAT),
            Step("watch", "GET", f"{PODS}?watch=true", headers=PAT),
            Step("unknown resource", "GET", "/apis/a.b/v1/namespaces/{ns}/things", headers=PAT),
            Step("a named one", "POST", ROLES, role("n", rule("secrets", "get", resourceNames=["one"]))),
            Step("bound by name", "POST", BINDINGS, binding("n", "n", user("pat"))),
            Step("may he, that one", "POST", SELF, may("get", "secrets", name="one"), headers=PAT, until=allowed),
            Step("may he, another one", "POST", SELF, may("get", "secrets", name="two"), headers=PAT),
            Step("dangling", "POST", BINDINGS, binding("d", "nowhere", user("dan"))),
            Step(
                "refused for what is missing",
                "GET",
                MAPS,
                headers={"Impersonate-User": "dan"},
                until=lambda answer: "not found" in answer.body["message"],
            ),
        ],
    ),
    Case(
        "accounts",
        [
            Step("account", "POST", ACCOUNTS, {"metadata": {"name": "bob"}}, quiet=True),
            Step(
                "bound to view",
                "POST",
                BINDINGS,
                binding("v", "view", {"kind": "ServiceAccount", "name": "bob", "namespace": "{ns}"}, "ClusterRole"),
            ),
            Step("token", "POST", f"{ACCOUNTS}/bob/token", {"spec": {}}, save="token"),
            Step("short token", "POST", f"{ACCOUNTS}/bob/token", {"spec": {"expirationSeconds": 5}}),
            Step("token of nobody", "POST", f"{ACCOUNTS}/none/token", {"spec": {}}),
            Step("may", "POST", SELF, may("list", "pods"), headers=_bearer("token"), until=allowed),
            Step("who", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, headers=_bearer("token")),
            Step(
                "review",
                "POST",
                "/apis/authentication.k8s.io/v1/tokenreviews",
                lambda saved: {"spec": {"token": saved["token"]["status"]["token"]}},
            ),
            Step("view", "GET", MAPS, headers=_bearer("token"), quiet=True),
            Step("secrets", "GET", "/api/v1/namespaces/{ns}/secrets", headers=_bearer("token")),
            Step("delete", "DELETE", f"{PODS}/none", headers=_bearer("token")),
            Step("wrong token", "GET", PODS, headers={"Authorization": "Bearer a.b.c"}),
            Step(
                "impersonate", "GET", PODS, headers=lambda saved: {**_bearer("token")(saved), "Impersonate-User": "x"}
            ),
            Step(
                "impersonate an account",
                "GET",
                PODS,
                headers=lambda saved: {
                    **_bearer("token")(saved),
                    "Impersonate-User": "system:serviceaccount:default:default",
                },
            ),
            Step(
                "impersonate a node",
                "GET",
                PODS,
                headers=lambda saved: {**_bearer("token")(saved), "Impersonate-User": "system:node:n"},
            ),
            Step(
                "who, impersonated",
                "POST",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                {},
                headers={**PAT, "Impersonate-Group": "g", "Impersonate-Uid": "7", "Impersonate-Extra-Of": "v"},
            ),
            Step(
                "who, an account impersonated",
                "POST",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                {},
                headers={"Impersonate-User": "system:serviceaccount:{ns}:bob"},
            ),
            Step("group alone", "GET", PODS, headers={"Impersonate-Group": "g"}),
            Step("rename", "DELETE", f"{ACCOUNTS}/bob", quiet=True),
            Step("dead token", "GET", PODS, headers=_bearer("token"), until=lambda answer: answer.status == 401),
        ],
    ),
    Case(
        "escalation",
        [
            Step(
                "clerk",
                "POST",
                ROLES,
                role("clerk", rule("roles rolebindings", "create", "update", group=RBAC[6:-3]), rule("pods", *READ)),
            ),
            Step("bound", "POST", BINDINGS, binding("clerk", "clerk", user("pat"))),
            Step("may", "POST", SELF, may("create", "roles", group=RBAC[6:-3]), headers=PAT, until=allowed),
            Step("what he has", "POST", ROLES, role("same", rule("pods", "get")), headers=PAT),
            Step("more", "POST", ROLES, role("more", rule("pods secrets", "get", "delete")), headers=PAT),
            Step("everything", "POST", ROLES, role("all", rule("*", "*", group="*")), headers=PAT),
            Step(
                "grow",
                "PUT",
                f"{ROLES}/same",
                role("same", rule("secrets", "get", resourceNames=["a"])),
                headers=PAT,
            ),
            Step("bind what he has", "POST", BINDINGS, binding("mine", "same", user("x")), headers=PAT),
            Step("other", "POST", ROLES, role("other", rule("configmaps", "get")), quiet=True),
            Step("bind more", "POST", BINDINGS, binding("theirs", "other", user("x")), headers=PAT),
            Step(
                "cluster clerk",
                "POST",
                f"{RBAC}/clusterroles",
                role("{ns}", rule("clusterroles", "create", group=RBAC[6:-3])),
                quiet=True,
            ),
            Step(
                "bound everywhere",
                "POST",
                f"{RBAC}/clusterrolebindings",
                {**binding("{ns}", "{ns}", user("pat"), "ClusterRole")},
                quiet=True,
            ),
            Step(
                "may, everywhere",
                "POST",
                SELF,
                may("create", "clusterroles", "", group=RBAC[6:-3]),
                headers=PAT,
                until=allowed,
                quiet=True,
            ),
            Step(
                "collect from others",
                "POST",
                f"{RBAC}/clusterroles",
                {
                    "metadata": {"name": "{ns}-all"},
                    "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]},
                },
                headers=PAT,
            ),
            Step("unbind", "DELETE", f"{RBAC}/clusterrolebindings/{{ns}}", quiet=True),
            Step("and forget", "DELETE", f"{RBAC}/clusterroles/{{ns}}", quiet=True),
        ],
    ),
    Case(
        "aggregation",
        [
            Step(
                "whole",
                "POST",
                f"{RBAC}/clusterroles",
                {
                    "metadata": {"name": "{ns}-whole"},
                    "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"of": "{ns}"}}]},
                },
            ),
            Step(
                "part",
                "POST",
                f"{RBAC}/clusterroles",
                {**role("{ns}-part", rule("pods", "get")), "metadata": {"name": "{ns}-part", "labels": {"of": "{ns}"}}},
            ),
            Step(
                "together",
                "GET",
                f"{RBAC}/clusterroles/{{ns}}-whole",
                until=lambda answer: bool(answer.body.get("rules")),
            ),
            Step("the default roles", "GET", f"{RBAC}/clusterroles/view"),
            Step("and more", "GET", f"{RBAC}/clusterroles/edit"),
            Step("and most", "GET", f"{RBAC}/clusterroles/admin"),
            Step("remove the part", "DELETE", f"{RBAC}/clusterroles/{{ns}}-part", quiet=True),
            Step("remove the whole", "DELETE", f"{RBAC}/clusterroles/{{ns}}-whole", quiet=True),
        ],
    ),
]
