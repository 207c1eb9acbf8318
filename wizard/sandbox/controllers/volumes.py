"""Claims and volumes: binding and protection (pkg/controller/volume/{persistentvolume,pvcprotection})."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.provisioner import DEFAULT, Provisioner
from wizard.sandbox.controllers.shapes import (
    CLAIMS,
    PODS,
    STORAGE_CLASSES,
    VOLUMES,
    Obj,
    annotations_of,
    key_of,
    labels_of,
    quantity,
    selects,
)
from wizard.sandbox.store import copied

SELECTED_NODE = "volume.kubernetes.io/selected-node"
_CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
_VOLUME_FINALIZER = "kubernetes.io/pv-protection"


class Volumes:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._claims = cluster.queue("claim", self._sync_claim)
        self._volumes = cluster.queue("volume", self._sync_volume)
        self._provisioner = Provisioner(cluster)
        cluster.on(CLAIMS, self._claim_changed)
        cluster.on(VOLUMES, self._volume_changed)
        cluster.on(PODS, self._pod)
        cluster.on(STORAGE_CLASSES, lambda event, obj: self._retry())

    def _claim_changed(self, event: str, claim: Obj) -> None:
        self._claims.add_object(claim)
        if name := claim["spec"].get("volumeName"):
            self._volumes.add("", name)

    def _volume_changed(self, event: str, volume: Obj) -> None:
        self._volumes.add_object(volume)
        reference = volume["spec"].get("claimRef")
        if reference:
            self._claims.add(reference["namespace"], reference["name"])
        elif event == "ADDED":
            self._retry()

    def _retry(self) -> None:
        for claim in self._cluster.objects(CLAIMS):
            if not claim["spec"].get("volumeName"):
                self._claims.add_object(claim)

    def _pod(self, event: str, pod: Obj) -> None:
        for name in claim_names(pod):
            self._claims.add(pod["metadata"]["namespace"], name)

    def _tell(
        self, claim: Obj, kind: str, reason: str, message: str, source: str = "persistentvolume-controller"
    ) -> None:
        self._cluster.events.record(CLAIMS, claim, kind, reason, message, source=source)

    # Claims ---------------------------------------------------------------------------------------

    def _sync_claim(self, ns: str, name: str) -> float | None:
        claim = self._cluster.get(CLAIMS, ns, name)
        if claim is None:
            return None
        finalizers = claim["metadata"].get("finalizers") or []
        if "deletionTimestamp" in claim["metadata"]:
            if _CLAIM_FINALIZER in finalizers and not self._users(claim):
                self._cluster.edit(CLAIMS, claim, lambda obj: _drop_finalizer(obj, _CLAIM_FINALIZER))
            return None
        if _CLAIM_FINALIZER not in finalizers:
            claim = self._cluster.edit(CLAIMS, claim, lambda obj: _add_finalizer(obj, _CLAIM_FINALIZER)) or claim
        if claim["spec"].get("volumeName"):
            self._bound(claim)
            return None
        return self._bind(claim)

    def _users(self, claim: Obj) -> list[Obj]:
        name = claim["metadata"]["name"]
        return [
            pod
            for pod in self._cluster.pods(claim["metadata"]["namespace"])
            if name in claim_names(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        ]

    def _bind(self, claim: Obj) -> float | None:
        if not (claim.get("status") or {}).get("phase"):
            claim = self._cluster.set_status(CLAIMS, claim, {"phase": "Pending"}) or claim
        class_name = self._class_of(claim)
        waits = False
        found = self._cluster.get(STORAGE_CLASSES, "", class_name) if class_name else None
        if found is not None:
            waits = found.get("volumeBindingMode") == "WaitForFirstConsumer"
        there = self._match(claim, class_name)
        chosen = annotations_of(claim).get(SELECTED_NODE, "")
        if there is not None and not (waits and not chosen and not _reserved(there, claim)):
            self._take(claim, there)
            return None
        if not class_name:
            message = "no persistent volumes available for this claim and no storage class is set"
            self._tell(claim, "Normal", "FailedBinding", message)
            return None
        if found is None:
            message = f'storageclass.storage.k8s.io "{class_name}" not found'
            self._tell(claim, "Warning", "ProvisioningFailed", message)
            return 15.0
        if waits and not chosen:
            reason, message = "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
            if pods := self._users(claim):
                reason = "WaitForPodScheduled"
                message = f"waiting for pod {pods[0]['metadata']['name']} to be scheduled"
            self._tell(claim, "Normal", reason, message)
            return 15.0
        return self._provisioner.provision(claim, found, chosen)

    def _class_of(self, claim: Obj) -> str:
        if "storageClassName" in claim["spec"]:
            return str(claim["spec"]["storageClassName"] or "")
        default = next(
            (e for e in self._cluster.objects(STORAGE_CLASSES) if annotations_of(e).get(DEFAULT) == "true"), None
        )
        if default is None:
            return ""
        name = str(default["metadata"]["name"])
        self._cluster.edit(CLAIMS, claim, lambda obj: obj["spec"].update({"storageClassName": name}))
        return name

    def _match(self, claim: Obj, class_name: str) -> Obj | None:
        """The smallest free volume that would do."""
        wanted = quantity(claim["spec"].get("resources", {}).get("requests", {}).get("storage"))
        fitting: list[Obj] = []
        for volume in self._cluster.objects(VOLUMES):
            spec = volume["spec"]
            if _reserved(volume, claim):
                return volume
            if (
                not spec.get("claimRef")
                and "deletionTimestamp" not in volume["metadata"]
                and spec.get("storageClassName", "") == class_name
                and quantity(spec["capacity"].get("storage")) >= wanted
                and set(claim["spec"].get("accessModes") or ()) <= set(spec.get("accessModes") or ())
                and spec.get("volumeMode", "Filesystem") == claim["spec"].get("volumeMode", "Filesystem")
                and ("selector" not in claim["spec"] or selects(claim["spec"]["selector"], labels_of(volume)))
            ):
                fitting.append(volume)
        return min(fitting, key=lambda each: quantity(each["spec"]["capacity"]["storage"]), default=None)

    def _take(self, claim: Obj, volume: Obj) -> None:
        reference = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": claim["metadata"]["name"],
            "namespace": claim["metadata"]["namespace"],
            "resourceVersion": claim["metadata"]["resourceVersion"],
            "uid": claim["metadata"]["uid"],
        }
        bound = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}

        def reserve(obj: Obj) -> None:
            if (obj["spec"].get("claimRef") or {}).get("uid") != reference["uid"]:
                obj["spec"]["claimRef"] = reference

        def bind(obj: Obj) -> None:
            obj["metadata"].setdefault("annotations", {}).update(bound)
            obj["spec"]["volumeName"] = volume["metadata"]["name"]

        self._cluster.edit(VOLUMES, volume, reserve)
        self._cluster.edit(CLAIMS, claim, bind)

    def _bound(self, claim: Obj) -> None:
        volume = self._cluster.get(VOLUMES, "", claim["spec"]["volumeName"])
        status = copied(claim.get("status") or {})
        if volume is None:
            if status.get("phase") == "Bound":
                message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
                self._tell(claim, "Warning", "ClaimLost", message)
                status["phase"] = "Lost"
                self._cluster.set_status(CLAIMS, claim, status)
            return
        wanted = claim["spec"].get("resources", {}).get("requests", {}).get("storage")
        have = volume["spec"]["capacity"]["storage"]
        if quantity(wanted) > quantity(have):  # the resizer's work, offline and online in one

            def grow(obj: Obj) -> None:
                obj["spec"]["capacity"]["storage"] = wanted

            volume = self._cluster.edit(VOLUMES, volume, grow) or volume
            message = "MountVolume.NodeExpandVolume succeeded"
            self._tell(claim, "Normal", "FileSystemResizeSuccessful", message, "kubelet")
        status |= {
            "phase": "Bound",
            "accessModes": claim["spec"].get("accessModes") or [],
            "capacity": dict(volume["spec"]["capacity"]),
        }
        self._cluster.set_status(CLAIMS, claim, status)

    # Volumes --------------------------------------------------------------------------------------

    def _sync_volume(self, ns: str, name: str) -> float | None:
        volume = self._cluster.get(VOLUMES, "", name)
        if volume is None:
            return None
        reference = volume["spec"].get("claimRef")
        claim = self._cluster.get(CLAIMS, reference["namespace"], reference["name"]) if reference else None
        mine = claim is not None and reference is not None and reference.get("uid") in (None, claim["metadata"]["uid"])
        if "deletionTimestamp" in volume["metadata"]:
            if not mine:
                self._cluster.edit(VOLUMES, volume, lambda obj: _drop_finalizer(obj, _VOLUME_FINALIZER))
            return None
        if _VOLUME_FINALIZER not in (volume["metadata"].get("finalizers") or ()):
            volume = self._cluster.edit(VOLUMES, volume, lambda obj: _add_finalizer(obj, _VOLUME_FINALIZER)) or volume
        was = (volume.get("status") or {}).get("phase", "Pending")
        if reference is None or not reference.get("uid"):
            phase = "Available"
        elif mine and claim is not None:
            phase = "Bound" if claim["spec"].get("volumeName") == name else was
        else:
            phase = "Released"
        status = copied(volume.get("status") or {})
        if phase != was or "phase" not in status:
            status |= {"phase": phase, "lastPhaseTransitionTime": self._cluster.stamp()}
            volume = self._cluster.set_status(VOLUMES, volume, status) or volume
        if phase == "Released" and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            self._cluster.delete(VOLUMES, volume)
        return None


def claim_names(pod: Obj) -> list[str]:
    found = [
        each["persistentVolumeClaim"]["claimName"]
        for each in pod["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in each
    ]
    return found


def _reserved(volume: Obj, claim: Obj) -> bool:
    reference = volume["spec"].get("claimRef")
    if not reference or (reference["namespace"], reference["name"]) != key_of(claim):
        return False
    return reference.get("uid") in (None, "", claim["metadata"]["uid"])


def _add_finalizer(obj: Obj, name: str) -> None:
    found = obj["metadata"].setdefault("finalizers", [])
    if name not in found:
        found.append(name)


def _drop_finalizer(obj: Obj, name: str) -> None:
    left = [each for each in obj["metadata"].get("finalizers") or () if each != name]
    if left:
        obj["metadata"]["finalizers"] = left
    else:
        obj["metadata"].pop("finalizers", None)
