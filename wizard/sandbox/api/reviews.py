"""Reviews: who am I, may I, is this token good. The one user of a sandbox is its administrator."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.status import invalid, wrong

Obj = dict[str, Any]

USER: Obj = {
    "username": "sandbox-admin",
    "uid": "sandbox-admin",
    "groups": ["system:masters", "system:authenticated"],
}
_ADMIN = {"allowed": True}


def review(plural: str, body: Obj, token: str) -> Obj:
    """The body with its status filled in. Raises StatusError 400."""
    spec = body.get("spec") or {}
    if plural == "selfsubjectreviews":
        return {**body, "status": {"userInfo": dict(USER)}}
    if plural == "tokenreviews":
        if spec.get("token") == token:
            status: Obj = {"authenticated": True, "user": dict(USER), "audiences": spec.get("audiences", [])}
        else:
            status = {"user": {}, "error": "invalid bearer token"}
        return {**body, "status": status}
    if plural == "selfsubjectrulesreviews":
        rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        anything = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
        return {
            **body,
            "status": {"resourceRules": rules, "nonResourceRules": anything, "incomplete": False},
        }
    if "resourceAttributes" not in spec and "nonResourceAttributes" not in spec:
        words = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise invalid("authorization.k8s.io", "", "", [wrong("spec", None, words)])
    if plural == "selfsubjectaccessreviews":
        return {**body, "status": dict(_ADMIN)}
    groups = spec.get("groups") or []
    if spec.get("user") == USER["username"] or "system:masters" in groups:
        return {**body, "status": dict(_ADMIN)}
    return {**body, "status": {"allowed": False}}
