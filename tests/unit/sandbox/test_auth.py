"""Who may do what, on a virtual clock: what the contract with the real server cannot wait for, or see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from multidict import CIMultiDict

from tests.unit.sandbox.test_api_cluster import Box, run
from wizard.sandbox.auth.authentication import ADMIN, Tokens, impersonated
from wizard.sandbox.auth.identity import Attributes, User
from wizard.sandbox.auth.rbac import GROUP, covers
from wizard.sandbox.status import StatusError

PODS = Attributes("get", "", "pods", "default", "one")


def rule(**more: Any) -> dict[str, Any]:
    return {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], **more}


@pytest.mark.parametrize(
    ("rules", "wanted", "enough"),
    [
        (rule(), PODS, True),
        (rule(verbs=["*"]), PODS, True),
        (rule(verbs=["list"]), PODS, False),
        (rule(apiGroups=["apps"]), PODS, False),
        (rule(apiGroups=["*"], resources=["*"]), Attributes("get", "apps", "deployments/scale"), True),
        (rule(), Attributes("get", "", "pods/log"), False),
        (rule(resources=["pods/log"]), Attributes("get", "", "pods/log"), True),
        (rule(resources=["*/log"]), Attributes("get", "", "pods/log"), True),
        (rule(resources=["*/log"]), PODS, False),
        (rule(resourceNames=["one"]), PODS, True),
        (rule(resourceNames=["two"]), PODS, False),
        (rule(resourceNames=["one"]), Attributes("get", "", "pods"), False),
        (rule(), Attributes("get", path="/pods"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["/a/*"]}, Attributes("get", path="/a/b/c"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/a"]}, Attributes("get", path="/a/b"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["*"]}, Attributes("get", path="/a/b"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["*"]}, PODS, False),
    ],
)
def test_what_one_rule_covers(rules: dict[str, Any], wanted: Attributes, enough: bool) -> None:
    assert covers(rules, wanted) is enough


def _grant(box: Box, user: str, *rules: dict[str, Any]) -> None:
    head = {"apiVersion": f"{GROUP}/v1"}
    box.store.create(
        GROUP, "clusterroles", {**head, "kind": "ClusterRole", "metadata": {"name": user}, "rules": [*rules]}
    )
    binding = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": user},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": user}],
    }
    box.store.create(GROUP, "clusterrolebindings", {**head, **binding})


def _account(box: Box, name: str) -> None:
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}}
    box.store.create("", "serviceaccounts", body)


def test_a_token_is_good_until_its_hour_or_its_account_is_over() -> None:
    async def scenario(box: Box) -> None:
        tokens = Tokens(box.store, "root")
        _account(box, "a")
        token = tokens.issue("default", "a", {})["status"]["token"]
        user = tokens.user(token)
        assert user is not None and user.name == "system:serviceaccount:default:a"
        assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")
        assert tokens.user("root") == ADMIN
        head, _, signature = token.rpartition(".")
        for wrong in ("", "x", f"{head}.", f"{head}.{signature[:-2]}", f"{head[:-2]}.{signature}", "a.b.c"):
            assert tokens.user(wrong) is None
        assert Tokens(box.store, "root").user(token) is None, "another sandbox's key"
        await box.clock.advance(3599)
        assert tokens.user(token) is not None
        await box.clock.advance(2)
        assert tokens.user(token) is None
        young = tokens.issue("default", "a", {})["status"]["token"]
        box.store.delete("", "serviceaccounts", "default", "a")
        _account(box, "a")
        assert tokens.user(young) is None, "another account of the same name"

    run(scenario)


def test_a_token_for_others_or_for_a_pod_is_bound_to_them() -> None:
    async def scenario(box: Box) -> None:
        tokens = Tokens(box.store, "root")
        _account(box, "a")
        spec = {"audiences": ["vault"]}
        assert tokens.user(tokens.issue("default", "a", {"spec": spec})["status"]["token"]) is None
        bound = {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p"}}}
        with pytest.raises(StatusError, match='pods "p" not found'):
            tokens.issue("default", "a", bound)
        pod = {"spec": {"containers": [{"name": "c", "image": "i"}]}, "metadata": {"name": "p", "namespace": "default"}}
        box.store.create("", "pods", {"apiVersion": "v1", "kind": "Pod", **pod})
        token = tokens.issue("default", "a", bound)["status"]["token"]
        user = tokens.user(token)
        assert user is not None and user.extra["authentication.kubernetes.io/pod-name"] == ("p",)
        box.store.delete("", "pods", "default", "p", grace=0)
        assert tokens.user(token) is None

    run(scenario)


def test_who_may_pretend_to_be_whom() -> None:
    async def scenario(box: Box) -> None:
        def be(who: str, told: Mapping[str, str]) -> User:
            return impersonated(User(who), CIMultiDict(told), PODS, box.cluster.rbac)

        _grant(box, "all", rule(resources=["users", "groups"], verbs=["impersonate"]))
        users = rule(apiGroups=["authentication.k8s.io"], resources=["users"], verbs=["impersonate:user-info"])
        _grant(box, "some", rule(verbs=["impersonate-on:user-info:get"]), users)
        assert be("none", {}) == User("none")
        with pytest.raises(StatusError, match='User "none" cannot impersonate-on:user-info:get resource "pods"'):
            be("none", {"Impersonate-User": "x"})
        assert be("all", {"Impersonate-User": "x"}) == User("x", groups=("system:authenticated",))
        assert be("all", {"Impersonate-User": "x", "Impersonate-Group": "g"}).groups == ("g", "system:authenticated")
        with pytest.raises(StatusError, match="impersonate-on:user-info"):
            be("all", {"Impersonate-User": "x", "Impersonate-Uid": "1"})
        assert be("some", {"Impersonate-User": "x"}).name == "x"
        with pytest.raises(StatusError, match='cannot impersonate:user-info resource "groups"'):
            be("some", {"Impersonate-User": "x", "Impersonate-Group": "system:masters"})
        with pytest.raises(StatusError, match="impersonate-on:serviceaccount:get"):
            be("some", {"Impersonate-User": "system:serviceaccount:default:default"})
        anonymous = impersonated(ADMIN, CIMultiDict({"Impersonate-User": "system:anonymous"}), PODS, box.cluster.rbac)
        assert anonymous.groups == ("system:unauthenticated",)
        several = CIMultiDict(
            [("Impersonate-User", "x"), ("Impersonate-Extra-a%2fb", "1"), ("impersonate-extra-A%2Fb", "2")]
        )
        assert impersonated(ADMIN, several, PODS, box.cluster.rbac).extra == {"a/b": ("1", "2")}

    run(scenario)


def test_a_role_that_is_gone_or_grows_counts_at_once() -> None:
    async def scenario(box: Box) -> None:
        rbac, user = box.cluster.rbac, User("u")
        assert rbac.allowed(user, PODS) == (False, "")
        _grant(box, "u", rule())
        assert rbac.allowed(user, PODS)[0]
        box.store.delete(GROUP, "clusterroles", "", "u")
        gone = f'rbac: RBAC: clusterrole.{GROUP} "u" not found'
        assert rbac.allowed(user, PODS) == (False, gone)
        with pytest.raises(StatusError) as refused:
            rbac.check(user, PODS)
        assert refused.value.message.endswith(gone)

    run(scenario)


def test_the_clusters_own_writes_are_nobodys_escalation() -> None:
    async def scenario(box: Box) -> None:
        box.cluster.registry.user = User("nobody")  # left from a request that is over
        _grant(box, "u", rule(verbs=["*"]))

    run(scenario)
