"""ResourceQuota: what a namespace uses is counted, and what would exceed is refused."""

from __future__ import annotations

from fractions import Fraction

from wizard.sandbox.clock import Handle
from wizard.sandbox.kinds import Kinds, Resource
from wizard.sandbox.quantity import canonical, value, written
from wizard.sandbox.status import forbidden
from wizard.sandbox.store import Obj, Store

Usage = dict[str, Fraction]
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTED = {
    "pods", "configmaps", "secrets", "services", "persistentvolumeclaims", "resourcequotas",
    "replicationcontrollers",
}  # fmt: skip
"""Core resources that a quota may count by their bare name."""
_STORAGE = ".storageclass.storage.k8s.io/"


class QuotaAdmission:
    """Also keeps `status.used` of every quota, which is the quota controller's work."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._kinds = store, kinds
        self._due: dict[str, Handle] = {}
        store.subscribe(self._heard)

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        pass

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        namespace = obj["metadata"].get("namespace", "")
        quotas = self._store.list("", "resourcequotas", namespace) if namespace else []
        if not quotas or resource.type == "core.ResourceQuota":
            return
        adds, had = _usage(resource, obj), _usage(resource, old) if old is not None else {}
        for quota in quotas:
            hard = quota["spec"].get("hard") or {}
            if not _in_scope(quota, resource, obj):
                continue
            if resource.type == "core.Pod" and old is None:
                self._check_specified(quota["metadata"]["name"], hard, obj)
            wants = {name: adds[name] - had.get(name, Fraction(0)) for name in adds if name in hard}
            wants = {name: amount for name, amount in wants.items() if amount > 0}
            if not wants:
                continue
            used = self._used(quota)
            over = sorted(
                name for name, amount in wants.items() if used.get(name, Fraction(0)) + amount > value(hard[name])
            )
            if over:
                asked = ",".join(f"{name}={_shown(wants[name], name)}" for name in over)
                have = ",".join(f"{name}={_shown(used.get(name, Fraction(0)), name)}" for name in over)
                bound = ",".join(f"{name}={canonical(hard[name])}" for name in over)
                why = f"exceeded quota: {quota['metadata']['name']}, requested: {asked}, used: {have}, limited: {bound}"
                raise forbidden(resource.group, resource.plural, obj["metadata"]["name"], why)

    def _check_specified(self, quota: str, hard: Obj, pod: Obj) -> None:
        """A quota on requests or limits means that every container has to name its own."""
        lacking: dict[str, list[str]] = {}
        containers = [*(pod["spec"].get("containers") or ()), *(pod["spec"].get("initContainers") or ())]
        for name in hard:
            kind, _, resource = name.rpartition(".")
            if resource not in _COMPUTE or kind not in ("", "requests", "limits"):
                continue
            key = "limits" if kind == "limits" else "requests"
            for each in containers:
                if resource not in each.get("resources", {}).get(key, {}):
                    lacking.setdefault(name, []).append(each["name"])
        if lacking:
            told = "; ".join(f"{name} for: {','.join(sorted(set(who)))}" for name, who in sorted(lacking.items()))
            why = f"failed quota: {quota}: must specify {told}"
            raise forbidden("", "pods", pod["metadata"]["name"], why)

    def _used(self, quota: Obj) -> Usage:
        """What the quota's namespace uses of each of its resources, counted afresh."""
        namespace, hard = quota["metadata"]["namespace"], quota["spec"].get("hard") or {}
        total: Usage = {name: Fraction(0) for name in hard}
        for plural_group in self._needed(hard):
            resource = self._kinds.stored(*plural_group)
            if resource is None:
                continue
            for each in self._store.list(*plural_group, namespace):
                if _in_scope(quota, resource, each):
                    for name, amount in _usage(resource, each).items():
                        if name in total:
                            total[name] += amount
        return total

    def _needed(self, hard: Obj) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for name in hard:
            if name.startswith("count/"):
                plural, _, group = name.removeprefix("count/").partition(".")
                found.add((group, plural))
            elif name in _COUNTED:
                found.add(("", name))
            elif name.startswith("services."):
                found.add(("", "services"))
            elif name == "requests.storage" or _STORAGE in name:
                found.add(("", "persistentvolumeclaims"))
            else:
                found.add(("", "pods"))
        return found

    # The quota controller -----------------------------------------------------------------------

    def _heard(self, event: str, resource: tuple[str, str], obj: Obj) -> None:
        namespace = obj["metadata"].get("namespace", "")
        if namespace and namespace not in self._due and self._store.list("", "resourcequotas", namespace):
            self._due[namespace] = self._store.clock.call_later(0, lambda: self._count(namespace))

    def _count(self, namespace: str) -> None:
        self._due.pop(namespace, None)
        for quota in self._store.list("", "resourcequotas", namespace):
            used = {name: _shown(amount, name) for name, amount in sorted(self._used(quota).items())}
            hard = quota["spec"].get("hard") or {}

            def edit(target: Obj, used: Obj = used, hard: Obj = hard) -> None:
                target["status"] = {"hard": dict(hard), "used": used}

            name = quota["metadata"]["name"]
            self._store.mutate("", "resourcequotas", namespace, name, edit, subresource="status")


def _shown(amount: Fraction, name: str) -> str:
    return written(amount, "binary" if "memory" in name or "storage" in name else "decimal")


def _usage(resource: Resource, obj: Obj) -> Usage:
    """What one object counts for, under every name that a quota may use."""
    found: Usage = {}
    one = Fraction(1)
    if resource.type == "core.Pod":
        found["count/pods"] = one
        if obj.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return found
        found["pods"] = one
        for key in ("requests", "limits"):
            for name, amount in _of_pod(obj["spec"], key).items():
                found[f"{key}.{name}"] = amount
                if key == "requests":
                    found[name] = amount
        return found
    dotted = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
    found[f"count/{dotted}"] = one
    if not resource.group and resource.plural in _COUNTED:
        found[resource.plural] = one
    if resource.type == "core.Service":
        kind = obj["spec"].get("type")
        ports = sum(1 for each in obj["spec"].get("ports", ()) if each.get("nodePort"))
        if kind == "LoadBalancer":
            found["services.loadbalancers"] = one
        if kind in ("LoadBalancer", "NodePort"):
            found["services.nodeports"] = Fraction(ports)
    elif resource.type == "core.PersistentVolumeClaim":
        size = value(obj["spec"].get("resources", {}).get("requests", {}).get("storage", "0"))
        found["requests.storage"] = size
        if name := obj["spec"].get("storageClassName"):
            found[f"{name}{_STORAGE}requests.storage"] = size
            found[f"{name}{_STORAGE}persistentvolumeclaims"] = one
    return found


def _of_pod(spec: Obj, key: str) -> Usage:
    total: Usage = {}
    for each in spec.get("containers") or ():
        for name, amount in each.get("resources", {}).get(key, {}).items():
            total[name] = total.get(name, Fraction(0)) + value(amount)
    for each in spec.get("initContainers") or ():
        for name, amount in each.get("resources", {}).get(key, {}).items():
            if each.get("restartPolicy") == "Always":
                total[name] = total.get(name, Fraction(0)) + value(amount)
            else:
                total[name] = max(total.get(name, Fraction(0)), value(amount))
    for name, amount in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, Fraction(0)) + value(amount)
    return total


def _in_scope(quota: Obj, resource: Resource, obj: Obj) -> bool:
    spec = quota["spec"]
    scopes = list(spec.get("scopes") or ())
    expressions = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    if not scopes and not expressions:
        return True
    if resource.type != "core.Pod":
        return False
    from wizard.sandbox.strategy import qos_class

    pod = obj["spec"]
    best, ends = qos_class(pod) == "BestEffort", pod.get("activeDeadlineSeconds") is not None
    holds = {"BestEffort": best, "NotBestEffort": not best, "Terminating": ends, "NotTerminating": not ends}
    if not all(holds.get(each, True) for each in scopes):
        return False
    name = pod.get("priorityClassName", "")
    for each in expressions:
        scope, operator, values = each["scopeName"], each["operator"], each.get("values") or ()
        if scope in holds:
            if not holds[scope]:
                return False
        elif scope == "PriorityClass":
            fits = {
                "In": name in values,
                "NotIn": name not in values,
                "Exists": bool(name),
                "DoesNotExist": not name,
            }[operator]
            if not fits:
                return False
    return True
