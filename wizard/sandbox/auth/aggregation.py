"""ClusterRole aggregation (kube-controller-manager): the rules of a role that others add to, by their labels."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.auth.rbac import GROUP
from wizard.sandbox.kinds import Kinds
from wizard.sandbox.selectors import selects
from wizard.sandbox.store import Store
from wizard.sandbox.verbs import Verbs

Obj = dict[str, Any]
_ROLES = (GROUP, "clusterroles")
_MANAGER = "clusterrole-aggregation-controller"


class Aggregation:
    """Looks at all aggregated roles whenever a ClusterRole has changed."""

    def __init__(self, store: Store, kinds: Kinds, verbs: Verbs) -> None:
        self._store, self._kinds, self._verbs = store, kinds, verbs
        self._due = False
        self._stop = store.subscribe(self._heard)

    def close(self) -> None:
        self._stop()

    def _heard(self, event: str, resource: tuple[str, str], role: Obj) -> None:
        if resource == _ROLES and not self._due:
            self._due = True
            self._store.clock.call_later(0, self._look)

    def _look(self) -> None:
        self._due = False
        for role in self._store.list(*_ROLES):
            selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
            if not selectors:
                continue
            rules: list[Obj] = []
            for other in self._store.list(*_ROLES):
                labels = other["metadata"].get("labels") or {}
                if other is not role and any(selects(each, labels) for each in selectors):
                    rules += [rule for rule in other.get("rules") or () if rule not in rules]
            if rules != (role.get("rules") or []):
                name = role["metadata"]["name"]
                resource = self._kinds.stored(*_ROLES)
                assert resource is not None
                head = {"apiVersion": resource.api_version, "kind": resource.kind}
                body = {**head, "metadata": {"name": name}, "rules": rules}
                self._verbs.apply(resource, "", "", name, body, manager=_MANAGER, force=True, dry_run=False)
