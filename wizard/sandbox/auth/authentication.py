"""Authentication: the sandbox's own token, tokens of service accounts, and who a request may pretend to be."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from wizard.sandbox.auth.identity import (
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    Attributes,
    User,
    account_groups,
    account_name,
    account_of,
)
from wizard.sandbox.auth.rbac import Rbac
from wizard.sandbox.clock import stamp
from wizard.sandbox.status import bad_request, invalid, not_found, wrong
from wizard.sandbox.store import Store

Obj = dict[str, Any]
AUDIENCE = "https://kubernetes.default.svc"
ADMIN = User("sandbox-admin", "sandbox-admin", (MASTERS, AUTHENTICATED))
_IDENTITY = "authentication.kubernetes.io/credential-id"
_SHORTEST = 600


class Tokens:
    """Issues and reads tokens. `bootstrap` is the one of the kubeconfig."""

    def __init__(self, store: Store, bootstrap: str) -> None:
        self._store, self._bootstrap = store, bootstrap
        self._key = secrets.token_bytes(32)

    def user(self, token: str) -> User | None:
        """Whose token this is, if it is good now."""
        if hmac.compare_digest(token.encode(), self._bootstrap.encode()):
            return ADMIN
        head, _, signature = token.rpartition(".")
        if not head or not hmac.compare_digest(signature.encode(), self._signature(head).encode()):
            return None
        claims: Obj = json.loads(_decoded(head.partition(".")[2]))
        about = claims["kubernetes.io"]
        namespace, account = about["namespace"], about["serviceaccount"]
        if claims["exp"] <= self._store.clock.now() or AUDIENCE not in claims["aud"]:
            return None
        bound = about.get("pod")
        objects = [("serviceaccounts", account), *([("pods", bound)] if bound else [])]
        for plural, told in objects:
            found = self._store.get("", plural, namespace, told["name"])
            if found is None or found["metadata"]["uid"] != told["uid"]:
                return None  # a token dies with what it was made for
        extra = {_IDENTITY: (f"JTI={claims['jti']}",)}
        if bound:
            name = "authentication.kubernetes.io/pod-"
            extra |= {f"{name}name": (bound["name"],), f"{name}uid": (bound["uid"],)}
        groups = (*account_groups(namespace), AUTHENTICATED)
        return User(account_name(namespace, account["name"]), account["uid"], groups, extra)

    def issue(self, namespace: str, name: str, body: Obj) -> Obj:
        """The answer to a TokenRequest. Raises StatusError."""
        account = self._store.get("", "serviceaccounts", namespace, name)
        if account is None:
            raise not_found("", "serviceaccounts", name)
        spec = body.get("spec") or {}
        seconds = 3600 if spec.get("expirationSeconds") is None else spec["expirationSeconds"]
        if seconds < _SHORTEST:
            problem = wrong("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
            raise invalid("authentication.k8s.io", "TokenRequest", "", [problem])
        now, meta = self._store.clock.now(), account["metadata"]
        about: Obj = {"namespace": namespace, "serviceaccount": {"name": name, "uid": meta["uid"]}}
        bound = spec.get("boundObjectRef")
        if bound and bound.get("kind") == "Pod":
            pod = self._store.get("", "pods", namespace, bound.get("name", ""))
            if pod is None:
                raise not_found("", "pods", bound.get("name", ""))
            about["pod"] = {"name": bound["name"], "uid": pod["metadata"]["uid"]}
        audiences = spec.get("audiences") or [AUDIENCE]
        claims = {
            "aud": audiences, "exp": int(now + seconds), "iat": int(now), "iss": AUDIENCE, "jti": self._store.new_uid(),
            "kubernetes.io": about, "nbf": int(now), "sub": account_name(namespace, name),
        }  # fmt: skip
        head = ".".join(_encoded(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims))
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": name, "namespace": namespace, "uid": meta["uid"], "creationTimestamp": stamp(now)},
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound},
            "status": {"token": f"{head}.{self._signature(head)}", "expirationTimestamp": stamp(now + seconds)},
        }

    def _signature(self, head: str) -> str:
        return _encoded(hmac.digest(self._key, head.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def impersonated(user: User, headers: Mapping[str, str], wanted: Attributes, rbac: Rbac) -> User:
    """Who the request pretends to be; `user` where it does not. Raises StatusError 400 or 403."""
    name, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    several = getattr(headers, "getall", None)
    groups = tuple(several("Impersonate-Group", ()) if several else ())
    extra: dict[str, tuple[str, ...]] = {}
    for key in dict.fromkeys(each.lower() for each in headers):
        if several and key.startswith("impersonate-extra-"):
            extra[unquote(key.removeprefix("impersonate-extra-"))] = tuple(several(key))
    if not name:
        if uid or groups or extra:
            raise bad_request(f"requested {_dumped(uid, groups, extra)} without impersonating a user name")
        return user
    _may_impersonate(user, User(name, uid, groups, extra), wanted, rbac)
    account = account_of(name)
    if account is not None and not groups:
        groups = account_groups(account[0])
    if name == "system:anonymous":
        groups = groups or (UNAUTHENTICATED,)
    elif not {AUTHENTICATED, UNAUTHENTICATED} & set(groups):
        groups = (*groups, AUTHENTICATED)
    return User(name, uid, groups, extra)


_AUTHENTICATION = "authentication.k8s.io"


def _dumped(uid: str, groups: tuple[str, ...], extra: Mapping[str, tuple[str, ...]]) -> str:
    """The way Go prints the user in that message."""
    told = ", ".join(f'"{each}"' for each in groups)
    more = ", ".join(f'"{key}":[]string{{{", ".join(map(_quoted, extra[key]))}}}' for key in sorted(extra))
    lists = f"[]string{{{told}}}" if groups else "[]string(nil)"
    maps = f"map[string][]string{{{more}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:"{uid}", Groups:{lists}, Extra:{maps}}}'


def _quoted(text: str) -> str:
    return f'"{text}"'


def _may_impersonate(user: User, other: User, wanted: Attributes, rbac: Rbac) -> None:
    """The verb `impersonate` allows everything; else one verb allows to be somebody, another to do this as him."""
    account = other.account
    if account is not None:
        who, mode = Attributes("impersonate", "", "serviceaccounts", *account), "serviceaccount"
    else:
        node = other.name.startswith("system:node:")
        who, mode = Attributes("impersonate", "", "users", name=other.name), "arbitrary-node" if node else "user-info"
    more = [("groups", each) for each in other.groups] + ([("uids", other.uid)] if other.uid else [])
    more += [(f"userextras/{key}", value) for key, values in other.extra.items() for value in values]
    old = [who]
    old += [Attributes("impersonate", "" if plural == "groups" else _AUTHENTICATION, plural, name=name)
            for plural, name in more]  # fmt: skip
    if all(rbac.allowed(user, each)[0] for each in old):
        return
    action = Attributes(
        f"impersonate-on:{mode}:{wanted.verb}",
        wanted.group, wanted.resource, wanted.namespace, wanted.name, wanted.path,
    )  # fmt: skip
    verb = f"impersonate:{mode}"
    new = [Attributes(verb, _AUTHENTICATION, who.resource, who.namespace, who.name)]
    new += [Attributes(verb, _AUTHENTICATION, plural, name=name) for plural, name in more]
    for each in (action, *new):
        rbac.check(user, each)
