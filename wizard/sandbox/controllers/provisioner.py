"""The dynamic provisioner of the default StorageClass, as k3s' local-path is one: a volume on the pod's node."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import CLAIMS, VOLUMES, Obj

PROVISIONER = "sandbox.wizard.dev/local"
STORAGE_CLASS = "standard"
DEFAULT = "storageclass.kubernetes.io/is-default-class"
_SECONDS = 0.5
"""What it takes to make a volume."""


def storage_class() -> Obj:
    """The default class, as k3s' local-path has it: a volume is made once it is known where the pod runs."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": {DEFAULT: "true"}},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


class Provisioner:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._provisioning: dict[str, float] = {}
        """Claim's uid -> when its volume is there."""

    def _tell(
        self, claim: Obj, kind: str, reason: str, message: str, source: str = "persistentvolume-controller"
    ) -> None:
        self._cluster.events.record(CLAIMS, claim, kind, reason, message, source=source)

    def provision(self, claim: Obj, found: Obj, node: str) -> float | None:
        uid, provisioner = claim["metadata"]["uid"], found["provisioner"]
        ready = self._provisioning.get(uid)
        if ready is None:
            keys = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")

            def note(obj: Obj) -> None:
                obj["metadata"].setdefault("annotations", {}).update(dict.fromkeys(keys, provisioner))

            claim = self._cluster.edit(CLAIMS, claim, note) or claim
            self._tell(
                claim,
                "Normal",
                "ExternalProvisioning",
                f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually "
                "by the system administrator. If volume creation is delayed, please verify that the provisioner is "
                "running and correctly registered.",
            )
            if provisioner != PROVISIONER:
                return None  # nobody here plays that provisioner
            where = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
            message = f'External provisioner is provisioning volume for claim "{where}"'
            self._tell(claim, "Normal", "Provisioning", message, PROVISIONER)
            self._provisioning[uid] = self._cluster.now + _SECONDS
            return _SECONDS
        if self._cluster.now < ready:
            return ready - self._cluster.now
        self._provisioning.pop(uid)
        name = f"pvc-{uid}"
        if self._cluster.get(VOLUMES, "", name) is None:
            self._cluster.create(VOLUMES, _volume(claim, found, name, node), manager="provisioner")
        message = f"Successfully provisioned volume {name}"
        self._tell(claim, "Normal", "ProvisioningSucceeded", message, PROVISIONER)
        return 0.0


def _volume(claim: Obj, found: Obj, name: str, node: str) -> Obj:
    meta = claim["metadata"]
    spec: Obj = {
        "accessModes": list(claim["spec"].get("accessModes") or ()),
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": meta["name"],
            "namespace": meta["namespace"],
            "resourceVersion": meta["resourceVersion"],
            "uid": meta["uid"],
        },
        "persistentVolumeReclaimPolicy": found.get("reclaimPolicy", "Delete"),
        "storageClassName": found["metadata"]["name"],
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        "hostPath": {"path": f"/var/lib/sandbox/{name}", "type": "DirectoryOrCreate"},
    }
    shared = "ReadWriteMany" in spec["accessModes"]
    if node and not shared:  # as local-path does: the data is on that node
        terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
        "spec": spec,
    }
