"""What kwok is configured with: its own stages, and ours for readiness, volumes and failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from . import failures
from .kwok import (
    ADDRESSES,
    BROKEN,
    FOREVER,
    INITIALIZED,
    PHASE,
    READY,
    RUNNING,
    UNREADY_REASON,
    Stage,
    absent,
    annotation,
    apply,
    conditions,
    containers,
    duration_from,
    event,
    exists,
    fill,
    is_,
    is_not,
    no_image,
    phase,
    stage,
    status,
)

PROVISIONER = "wizard.test/local"
STORAGE_CLASS = "standard"
NEVER_READY = "wizard.test/never-ready"
READY_AFTER = "wizard.test/ready-after"


def configuration(kwok_stages: list[Path]) -> str:
    """The text of the one file that kwok is given."""
    options = {
        # The defaults (4 and 1) make 5,000 pods wait for kwok instead of for the scheduler.
        "podPlayStageParallelism": 32,
        "nodePlayStageParallelism": 8,
        "nodeLeaseParallelism": 8,
        "podsOnNodeSyncParallelism": 8,
    }
    head = {"apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokConfiguration", "options": options}
    ours = [
        *_volumes(),
        *_readiness(),
        *failures.jobs(),
        *failures.bad_images(),
        *failures.crashes(),
    ]
    theirs = [path.read_text() for path in kwok_stages]
    return "\n---\n".join([yaml.safe_dump(head), *theirs, yaml.safe_dump_all(ours, width=1000)])


def storage_class() -> dict[str, Any]:
    """The default StorageClass. `_volumes` is its provisioner; the real controller binds the claims."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


def _readiness() -> list[Stage]:
    never = is_(annotation(NEVER_READY), "true")
    not_never = is_not(annotation(NEVER_READY), "true")
    sound = no_image(*BROKEN)
    unready = status(
        ADDRESSES,
        conditions(initialized=True, ready=False),
        INITIALIZED,
        containers("containerStatuses", RUNNING, ready=False),
        phase("Running"),
    )
    ready = status(conditions(initialized=True, ready=True), containers("containerStatuses", RUNNING, ready=True))
    probe = '"Readiness probe failed: HTTP probe failed with statuscode: 503"'
    return [
        # Also for a pod that is ready: a test may annotate a running pod to make it fail.
        stage(
            "Pod",
            "never-ready",
            [never, sound, is_(PHASE, "Pending", "Running"), is_not(READY, "False")],
            [unready, event("Warning", "Unhealthy", probe, "unhealthy")],
        ),
        stage(
            "Pod",
            "never-ready-hold",
            [never, sound, is_(PHASE, "Running"), is_(READY, "False")],
            [],
            FOREVER,
        ),
        stage(
            "Pod",
            "not-ready-yet",
            [exists(annotation(READY_AFTER)), not_never, sound, is_(PHASE, "Pending")],
            [unready],
        ),
        # The reason tells our pods from those that the node controller marked because their node is lost.
        stage(
            "Pod",
            "ready-at-last",
            [not_never, sound, is_(PHASE, "Running"), is_(UNREADY_REASON, "ContainersNotReady")],
            [ready],
            duration_from(annotation(READY_AFTER)),
        ),
    ]


def _volumes() -> list[Stage]:
    """What an external provisioner does, and no more: creates the volume that the real controller then binds.

    Not the controller manager's own host path provisioner (which 1.37 still has): that one makes a directory
    on this machine for every claim, and leaves it there when the control plane is killed.
    """
    volume = """
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-{{ .metadata.uid }}
  annotations: {pv.kubernetes.io/provisioned-by: @PROVISIONER@}
spec:
  accessModes: {{ .spec.accessModes | toJson }}
  capacity: {storage: {{ .spec.resources.requests.storage | Quote }}}
  persistentVolumeReclaimPolicy: Delete
  storageClassName: {{ .spec.storageClassName | Quote }}
  volumeMode: {{ or .spec.volumeMode "Filesystem" }}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    name: {{ .metadata.name }}
    namespace: {{ .metadata.namespace }}
    uid: {{ .metadata.uid }}
  # A name only: no kubelet ever makes or mounts it.
  hostPath: {path: /var/lib/wizard-test/{{ .metadata.uid }}}
"""
    return [
        stage(
            "PersistentVolumeClaim",
            "provision",
            [
                is_(annotation("volume.kubernetes.io/storage-provisioner"), PROVISIONER),
                absent(".spec.volumeName"),
            ],
            [apply(fill(volume, PROVISIONER=PROVISIONER))],
        ),
        stage(
            "PersistentVolume",
            "unprovision",
            [
                is_(annotation("pv.kubernetes.io/provisioned-by"), PROVISIONER),
                is_(PHASE, "Released"),
                is_(".spec.persistentVolumeReclaimPolicy", "Delete"),
            ],
            [{"delete": True}],
        ),
    ]
