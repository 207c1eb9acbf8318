"""Users, and the things they want to do: what authentication finds and authorization judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.sandbox.status import StatusError, details, qualified

Obj = dict[str, Any]
MASTERS = "system:masters"
AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def all_mighty(self) -> bool:
        """Of the group that no rule is asked about."""
        return MASTERS in self.groups

    @property
    def account(self) -> tuple[str, str] | None:
        """Namespace and name of the service account that this is."""
        return account_of(self.name)

    def shown(self) -> Obj:
        """As authentication.k8s.io's UserInfo."""
        extra = {key: list(values) for key, values in self.extra.items()}
        told = {"username": self.name, "uid": self.uid, "groups": list(self.groups), "extra": extra}
        return {key: value for key, value in told.items() if value}


NOBODY = User("")
"""Before authentication."""


def account_of(name: str) -> tuple[str, str] | None:
    namespace, _, account = name.removeprefix(_ACCOUNT).partition(":")
    return (namespace, account) if name.startswith(_ACCOUNT) and namespace and account else None


def account_name(namespace: str, name: str) -> str:
    return f"{_ACCOUNT}{namespace}:{name}"


def account_groups(namespace: str) -> tuple[str, ...]:
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


@dataclass(frozen=True, slots=True)
class Attributes:
    """One thing that somebody wants to do: to a resource, or else to a path."""

    verb: str
    group: str = ""
    resource: str = ""
    """With its subresource: `pods/log`."""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """Of a request that is about no resource."""

    def refusal(self, user: User, reason: str = "") -> StatusError:
        """The 403, in the API server's words."""
        what = f'resource "{self.resource}" in API group "{self.group}"'
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        words = f'User "{user.name}" cannot {self.verb} ' + (f'path "{self.path}"' if self.path else f"{what} {where}")
        words += f": {reason}" if reason else ""
        if self.path:
            return StatusError(403, "Forbidden", f"forbidden: {words}", {})
        plural = self.resource.partition("/")[0]
        head = qualified(self.group, plural) + (f' "{self.name}"' if self.name else "")
        told = details(self.group, plural, self.name)
        return StatusError(403, "Forbidden", f"{head} is forbidden: {words}", told)
