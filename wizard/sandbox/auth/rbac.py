"""RBAC (plugin/pkg/auth/authorizer/rbac): whether the bindings there are let a user do what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wizard.sandbox.auth.identity import Attributes, User
from wizard.sandbox.store import Store

Obj = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"


class Rbac:
    """The authorizer of one cluster. What it reads is the store's: a binding counts from its write on."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, user: User, wanted: Attributes) -> None:
        """Raises StatusError 403."""
        allowed, reason = self.allowed(user, wanted)
        if not allowed:
            raise wanted.refusal(user, reason)

    def allowed(self, user: User, wanted: Attributes) -> tuple[bool, str]:
        """Whether, and why or why not; RBAC has little to say about a no."""
        if user.all_mighty:
            return True, ""
        missing: list[str] = []
        for rules, told in self._granted(user, wanted.namespace, missing):
            if any(covers(rule, wanted) for rule in rules):
                return True, f"RBAC: allowed by {told}"
        problems = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
        return False, f"rbac: RBAC: {problems}" if missing else ""

    def rules(self, user: User, namespace: str) -> list[Obj]:
        """Everything that the user may do there, cluster-wide bindings first."""
        return [rule for rules, _ in self._granted(user, namespace, []) for rule in rules]

    def rules_of(self, reference: Obj, namespace: str) -> list[Obj] | None:
        """The rules of the role that a binding in this namespace refers to; None if there is no such role."""
        cluster_wide = reference["kind"] == "ClusterRole"
        plural, where = ("clusterroles", "") if cluster_wide else ("roles", namespace)
        role = self._store.get(GROUP, plural, where, reference["name"])
        return None if role is None else role.get("rules") or []

    def _granted(self, user: User, namespace: str, missing: list[str]) -> Iterator[tuple[list[Obj], str]]:
        """The rules of each binding that names the user, and the binding in words."""
        kinds = [("ClusterRoleBinding", "clusterrolebindings", "")]
        if namespace:
            kinds.append(("RoleBinding", "rolebindings", namespace))
        for kind, plural, where in kinds:
            for binding in self._store.list(GROUP, plural, where):
                subject = next((each for each in binding.get("subjects") or () if _is(each, user, where)), None)
                if subject is None:
                    continue
                reference, name = binding["roleRef"], binding["metadata"]["name"]
                rules = self.rules_of(reference, where)
                if rules is None:
                    missing.append(f'{reference["kind"].lower()}.{GROUP} "{reference["name"]}" not found')
                    continue
                named = f'"{name}/{where}"' if where else f'"{name}"'
                yield rules, f'{kind} {named} of {reference["kind"]} "{reference["name"]}" to {_shown(subject, where)}'


def _is(subject: Obj, user: User, namespace: str) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == user.name)
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    return user.account == (subject.get("namespace") or namespace, subject["name"])


def _shown(subject: Obj, namespace: str) -> str:
    if subject["kind"] != "ServiceAccount":
        return f'{subject["kind"]} "{subject["name"]}"'
    return f'ServiceAccount "{subject["name"]}/{subject.get("namespace") or namespace}"'


def covers(rule: Obj, wanted: Attributes) -> bool:
    """Whether this one rule is enough."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and wanted.verb not in verbs:
        return False
    if wanted.path:
        return any(_path_fits(each, wanted.path) for each in rule.get("nonResourceURLs") or ())
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    _, slash, below = wanted.resource.partition("/")
    names = rule.get("resourceNames")
    return (
        ("*" in groups or wanted.group in groups)
        and ("*" in resources or wanted.resource in resources or (bool(slash) and f"*/{below}" in resources))
        and (not names or wanted.name in names)
    )


def _path_fits(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))
