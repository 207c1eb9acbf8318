"""Nobody grants what he has not (registry/rbac's policybased storage): roles and bindings looked at before a write."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

from wizard.sandbox.auth.identity import Attributes, User
from wizard.sandbox.auth.rbac import GROUP, Rbac, covers
from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import forbidden

Obj = dict[str, Any]

_EVERYTHING: list[Obj] = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]
"""What whoever collects the rules of others must have, for they may be any."""


class Escalation:
    """An admission plugin. `requester` says who makes the write now; None for the cluster itself."""

    def __init__(self, rbac: Rbac, requester: Callable[[], User | None]) -> None:
        self._rbac, self._requester = rbac, requester

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        pass

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        """Raises StatusError 403 where the user would hand out more than he holds."""
        user = self._requester()
        if resource.group != GROUP or user is None or user.all_mighty:
            return
        plural = resource.plural
        meta = obj["metadata"]
        namespace, name = meta.get("namespace", ""), meta["name"]
        if plural in ("roles", "clusterroles"):
            rules = obj.get("rules") or []
            if old is not None and all(old.get(key) == obj.get(key) for key in ("rules", "aggregationRule")):
                return
            exempt = Attributes("escalate", GROUP, plural, namespace, name)
        else:
            reference = obj["roleRef"]
            told = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
            exempt = Attributes("bind", GROUP, told, namespace, reference["name"])
            rules = self._rbac.rules_of(reference, namespace) or []
        if self._rbac.allowed(user, exempt)[0]:
            return
        held = self._rbac.rules(user, namespace)

        def lacking(rules: list[Obj]) -> list[Obj]:
            return [each for rule in rules for each in _single(rule) if not any(_holds(have, each) for have in held)]

        if obj.get("aggregationRule") and lacking(_EVERYTHING):
            words = "must have cluster-admin privileges to use the aggregationRule"
            raise forbidden(GROUP, plural, name, words)
        if missing := lacking(rules):
            groups = json.dumps(user.groups, separators=(" ", ""))
            why = f'user "{user.name}" (groups={groups}) is attempting to grant RBAC permissions not currently held:\n'
            raise forbidden(GROUP, plural, name, why + "\n".join(sorted(_compact(missing))))


def _single(rule: Obj) -> Iterator[Obj]:
    """The rule as many, each of one group, one resource or path, one name and one verb."""
    names = [[each] for each in rule.get("resourceNames") or ()] or [[]]
    for verb in rule.get("verbs") or ():
        for path in rule.get("nonResourceURLs") or ():
            yield {"verbs": [verb], "nonResourceURLs": [path]}
        parts = itertools.product(rule.get("apiGroups") or (), rule.get("resources") or (), names)
        for group, resource, name in parts:
            yield {"verbs": [verb], "apiGroups": [group], "resources": [resource], "resourceNames": name}


def _holds(have: Obj, needed: Obj) -> bool:
    """Whether a rule covers another of one part each; a star is covered by a star alone."""
    if paths := needed.get("nonResourceURLs"):
        return covers(have, Attributes(needed["verbs"][0], path=paths[0]))
    name = (needed["resourceNames"] or [""])[0]
    wanted = Attributes(needed["verbs"][0], needed["apiGroups"][0], needed["resources"][0], name=name)
    return covers(have, wanted)


def _compact(rules: list[Obj]) -> Iterator[str]:
    """What is missing in the API server's form, the verbs of one resource together."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        parts = [
            f"{title}:{json.dumps(rule[key], separators=(' ', ':'))}" for key, title in _TITLES.items() if rule.get(key)
        ]
        found.setdefault(", ".join(parts), []).extend(rule["verbs"])
    for about, verbs in found.items():
        yield f"{{{about}, Verbs:{json.dumps(list(dict.fromkeys(verbs)), separators=(' ', ':'))}}}"


_TITLES = {
    "apiGroups": "APIGroups", "resources": "Resources",
    "resourceNames": "ResourceNames", "nonResourceURLs": "NonResourceURLs",
}  # fmt: skip
