"""What keeps a pod's volumes from being mounted (pkg/kubelet/volumemanager): what they name is not there."""

from __future__ import annotations

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import CLAIMS, CONFIG_MAPS, SECRETS, Obj


def mount_problem(cluster: Cluster, pod: Obj) -> str:
    """The message of the FailedMount event; empty if there is none to write."""
    ns = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        for kind, resource, field in (("secret", SECRETS, "secretName"), ("configMap", CONFIG_MAPS, "name")):
            source = volume.get(kind)
            if not source or source.get("optional"):
                continue
            found = cluster.get(resource, ns, source[field])
            head = f'MountVolume.SetUp failed for volume "{volume["name"]}" : '
            if found is None:
                return f'{head}{kind.lower()} "{source[field]}" not found'
            for item in source.get("items") or ():
                if item["key"] not in (found.get("data") or {}):
                    return f"{head}references non-existent {kind.lower()} key: {item['key']}"
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim:
            bound = cluster.get(CLAIMS, ns, claim)
            if bound is None or not bound["spec"].get("volumeName"):
                return f"error processing PVC {ns}/{claim}: PVC is not bound"
    return ""
