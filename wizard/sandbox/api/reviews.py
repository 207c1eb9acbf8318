"""Reviews: who am I, may I, may he, is this token good. Answered by the same who let requests in."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.auth.authentication import AUDIENCE, Tokens
from wizard.sandbox.auth.identity import Attributes, User
from wizard.sandbox.auth.rbac import Rbac
from wizard.sandbox.clock import SimClock, stamp
from wizard.sandbox.status import bad_request, invalid, wrong

Obj = dict[str, Any]


class Reviews:
    """Of one cluster."""

    def __init__(self, rbac: Rbac, tokens: Tokens, clock: SimClock) -> None:
        self._rbac, self._tokens, self._clock = rbac, tokens, clock

    def answer(self, plural: str, body: Obj, user: User, namespace: str) -> Obj:
        """The body with its status filled in. Raises StatusError 400 or 422."""
        spec = body.get("spec") or {}
        if plural == "selfsubjectreviews":
            made = {**body["metadata"], "creationTimestamp": stamp(self._clock.now())}
            return {**body, "metadata": made, "status": {"userInfo": user.shown()}}
        if plural == "tokenreviews":
            return {**body, "status": self._token(spec)}
        if plural == "selfsubjectrulesreviews":
            return {**body, "spec": {}, "status": self._rules(user, spec.get("namespace", ""))}
        others = plural != "selfsubjectaccessreviews"
        if others and not spec.get("user") and not spec.get("groups"):
            raise _invalid("spec.user", "", "at least one of user or group must be specified")
        resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if (resource is None) == (path is None):
            told = path and {"Path": path.get("path", ""), "Verb": path.get("verb", "")}
            raise _invalid("spec", told, "exactly one of nonResourceAttributes or resourceAttributes must be specified")
        if plural == "localsubjectaccessreviews":
            body["metadata"].setdefault("namespace", namespace)
            told = (resource or {}).get("namespace", "")
            if told != namespace:
                raise _invalid("spec.resourceAttributes.namespace", told, "must match metadata.namespace")
        if others:
            extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
            user = User(spec.get("user", ""), spec.get("uid", ""), tuple(spec.get("groups") or ()), extra)
        allowed, reason = self._rbac.allowed(user, _attributes(resource, path or {}))
        return {**body, "status": {"allowed": allowed, **({"reason": reason} if reason else {})}}

    def _token(self, spec: Obj) -> Obj:
        user = self._tokens.user(spec.get("token", ""))
        if user is None:
            return {"user": {}, "error": "[invalid bearer token, unknown]"}
        audiences = [AUDIENCE] if user.account or spec.get("audiences") else []
        if spec.get("audiences") and AUDIENCE not in spec["audiences"]:
            return {"user": {}}
        found: Obj = {"authenticated": True, "user": user.shown()}
        return {**found, "audiences": audiences} if audiences else found

    def _rules(self, user: User, namespace: str) -> Obj:
        if not namespace:
            raise bad_request("no namespace on request")
        rules = self._rbac.rules(user, namespace)
        keys = ("verbs", "apiGroups", "resources", "resourceNames")
        return {
            "resourceRules": [
                {key: each[key] for key in keys if each.get(key)} for each in rules if each.get("resources")
            ],
            "nonResourceRules": [
                {key: each[key] for key in ("verbs", "nonResourceURLs")}
                for each in rules
                if each.get("nonResourceURLs")
            ],
            "incomplete": False,
        }


def _attributes(resource: Obj | None, path: Obj) -> Attributes:
    if resource is None:
        return Attributes(path.get("verb", ""), path=path.get("path", "") or "/")
    told = resource.get("resource", "")
    if resource.get("subresource"):
        told += f"/{resource['subresource']}"
    names = (resource.get(key, "") for key in ("namespace", "name"))
    return Attributes(resource.get("verb", ""), resource.get("group", ""), told, *names)


def _invalid(field: str, value: object, words: str) -> Exception:
    return invalid("authorization.k8s.io", "", "", [wrong(field, value, words)])
