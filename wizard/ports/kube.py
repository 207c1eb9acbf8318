"""The Kubernetes API, as the engine and the steps use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

KubeObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object, as the API addresses it."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "") -> str:
        """`/apis/apps/v1/namespaces/chat/deployments/open-webui`."""
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{base}{scope}/{self.plural}" + (f"/{name}" if name else "")


NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
PODS = Resource("", "v1", "pods", "Pod")
EVENTS = Resource("", "v1", "events", "Event")
SECRETS = Resource("", "v1", "secrets", "Secret")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SERVICES = Resource("", "v1", "services", "Service")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
JOBS = Resource("batch", "v1", "jobs", "Job")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
INGRESSES = Resource("networking.k8s.io", "v1", "ingresses", "Ingress")
NETWORK_POLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
DISRUPTION_BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")

KNOWN: Mapping[tuple[str, str], Resource] = {
    (resource.api_version, resource.kind): resource
    for resource in (
        NAMESPACES, NODES, PODS, EVENTS, SECRETS, CONFIG_MAPS, SERVICES, SERVICE_ACCOUNTS, CLAIMS,
        ENDPOINT_SLICES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, LEASES, INGRESSES,
        NETWORK_POLICIES, AUTOSCALERS, DISRUPTION_BUDGETS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS,
    )
}  # fmt: skip
"""The kinds that our charts render, by (apiVersion, kind)."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    type: str
    """ADDED, MODIFIED, DELETED or BOOKMARK."""
    object: KubeObject


class KubeReader(Protocol):
    """The reading half of the API, enough to observe."""

    async def get(self, resource: Resource, namespace: str, name: str) -> KubeObject:
        """Raises NotFound."""
        ...

    async def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", metadata_only: bool = False
    ) -> KubeObject:
        """The whole list object. `metadata_only` asks for PartialObjectMetadata: no spec, no data."""
        ...

    async def version(self) -> str:
        """The API server's `gitVersion`."""
        ...


class Kube(KubeReader, Protocol):
    async def create(self, resource: Resource, obj: KubeObject, namespace: str = "") -> KubeObject:
        """Raises Conflict where it exists."""
        ...

    async def replace(self, resource: Resource, obj: KubeObject) -> KubeObject:
        """PUT; with a resourceVersion in the object, raises Conflict when it is not the newest."""
        ...

    async def apply(
        self,
        resource: Resource,
        obj: KubeObject,
        *,
        manager: str = "wizard",
        force: bool = False,
        dry_run: bool = False,
    ) -> KubeObject:
        """Server-side apply. Raises Conflict, with its causes, where a field has another owner."""
        ...

    async def delete(self, resource: Resource, namespace: str, name: str) -> None:
        """Asks for deletion with background propagation. Raises NotFound."""
        ...

    def watch(self, resource: Resource, namespace: str, *, resource_version: str) -> AsyncIterator[WatchEvent]:
        """Events after `resource_version` until the server ends the watch. Raises Gone."""
        ...

    async def logs(
        self, namespace: str, pod: str, *, container: str = "", tail: int = 20, previous: bool = False
    ) -> list[str]:
        """The last lines, without control characters. Empty where the kubelet has none."""
        ...

    async def service_get(self, namespace: str, service: str, port: str, path: str) -> tuple[int, bytes]:
        """GET through the API server's service proxy: (HTTP status, at most 1 MiB of body)."""
        ...

    async def close(self) -> None: ...
