"""ServiceAccount, Priority and DefaultTolerationSeconds: what every pod gets on its way in."""

from __future__ import annotations

from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import forbidden
from wizard.sandbox.store import Obj, Store

_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class PodDefaults:
    def __init__(self, store: Store) -> None:
        self._store = store

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        if resource.type != "core.Pod" or old is not None:
            return
        self._account(obj)
        self._priority(obj)
        _tolerations(obj["spec"])

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        pass

    def _account(self, pod: Obj) -> None:
        spec, meta = pod["spec"], pod["metadata"]
        name = spec.get("serviceAccountName") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = self._store.get("", "serviceaccounts", meta["namespace"], name)
        if account is None:
            why = f'error looking up service account {meta["namespace"]}/{name}: serviceaccount "{name}" not found'
            raise forbidden("", "pods", meta["name"], why)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = list(account["imagePullSecrets"])
        wanted = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
        if wanted:
            self._mount_token(spec)

    def _mount_token(self, spec: Obj) -> None:
        containers = [*(spec.get("containers") or ()), *spec.get("initContainers", ())]
        missing = [
            each
            for each in containers
            if all(mount.get("mountPath") != _TOKENS for mount in each.get("volumeMounts", ()))
        ]
        if not missing:
            return
        name = f"kube-api-access-{self._store.suffix()}"
        for each in missing:
            mount = {"mountPath": _TOKENS, "name": name, "readOnly": True}
            each["volumeMounts"] = [*each.get("volumeMounts", ()), mount]
        field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
        sources: list[Obj] = [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [field]}},
        ]
        volume = {"name": name, "projected": {"defaultMode": 420, "sources": sources}}
        spec["volumes"] = [*spec.get("volumes", ()), volume]

    def _priority(self, pod: Obj) -> None:
        spec = pod["spec"]
        value, policy = 0, "PreemptLowerPriority"
        name = spec.get("priorityClassName", "")
        classes = self._store.list("scheduling.k8s.io", "priorityclasses")
        chosen = next((each for each in classes if each["metadata"]["name"] == name), None)
        if name and chosen is None:
            why = f"no PriorityClass with name {name} was found"
            raise forbidden("", "pods", pod["metadata"]["name"], why)
        if not name:
            chosen = next((each for each in classes if each.get("globalDefault")), None)
            if chosen is not None:
                spec["priorityClassName"] = chosen["metadata"]["name"]
        if chosen is not None:
            value, policy = chosen["value"], chosen.get("preemptionPolicy", policy)
        spec["priority"] = value
        spec.setdefault("preemptionPolicy", policy)


def _tolerations(spec: Obj) -> None:
    found = list(spec.get("tolerations", ()))
    for key in _TOLERATED:
        if any(each.get("key", key) == key and each.get("effect", "NoExecute") == "NoExecute" for each in found):
            continue
        found.append({"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300})
    if found:
        spec["tolerations"] = found
