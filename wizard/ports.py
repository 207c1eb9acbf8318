"""What the engine and the steps need from the outside, as Protocols; adapters implement them.

Objects of the Kubernetes API travel as plain dicts in their JSON form. Every method raises a
`WizardError` subclass from this module and never a vendor's exception.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wizard.domain.finding import ExitCode, Finding, WizardError
from wizard.domain.secret import Secret

KubeObject = dict[str, Any]


class KubeError(WizardError):
    """The API server refused or failed a request."""

    exit_code = ExitCode.DEPLOYMENT
    status = 0
    """HTTP status; 0 where there was no answer."""


class Unreachable(KubeError):
    """No connection to the API server (refused, timed out, TLS)."""

    exit_code = ExitCode.PREFLIGHT
    temporary = True


class Unauthenticated(KubeError):
    """401: the credentials are wrong or have expired."""

    exit_code = ExitCode.PREFLIGHT
    status = 401


class Forbidden(KubeError):
    """403: these credentials may not do that (also: quota exceeded, Pod Security)."""

    status = 403


class NotFound(KubeError):
    status = 404


class Conflict(KubeError):
    """409: it exists already, somebody changed it meanwhile, or a field has another owner."""

    status = 409

    def __init__(self, *findings: Finding, causes: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(*findings)
        self.causes = tuple(causes)
        """`Status.details.causes`: field and message of each conflict."""


class Gone(KubeError):
    """410: the resourceVersion is too old; list again."""

    status = 410


class Invalid(KubeError):
    """422 or 400: the object is not valid."""

    status = 422


class ServerBusy(KubeError):
    """429 or 5xx: temporary; `retry_after` is in seconds where the server said it."""

    status = 503
    temporary = True

    def __init__(self, *findings: Finding, retry_after: float | None = None) -> None:
        super().__init__(*findings)
        self.retry_after = retry_after


class HelmError(WizardError):
    """helm ended with an error."""


class ReleaseMissing(HelmError):
    """There is no such release (any more)."""


class ReleaseBusy(HelmError):
    """A release is in a pending state: another operation is under way, or was cut off."""


class HelmFieldConflict(HelmError):
    """Server-side apply met fields of other managers."""


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


@dataclass(frozen=True, slots=True)
class Release:
    """One revision of a Helm release."""

    name: str
    namespace: str
    revision: int
    status: str
    """deployed, failed, superseded, uninstalling, pending-install, pending-upgrade, pending-rollback."""
    chart: str = ""
    """Chart name without version; empty where only metadata was read."""
    chart_version: str = ""
    description: str = ""
    updated: float = 0.0
    """Seconds since the epoch; 0 where unknown."""

    @property
    def pending(self) -> bool:
        return self.status.startswith("pending-") or self.status == "uninstalling"


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """What helm is asked to install or upgrade to."""

    name: str
    namespace: str
    chart: str
    """Path of the chart's folder or archive."""
    values: Mapping[str, Any]
    description: str = ""
    timeout: int = 300
    """Seconds."""
    take_back_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What helm wrote."""

    release: Release
    manifest: str
    """The applied manifests, YAML documents; hooks are not in it."""


class Helm(Protocol):
    @property
    def server_side(self) -> bool:
        """Whether this helm applies server-side, so that fields of other managers conflict (Helm 4)."""
        ...

    async def version(self) -> str: ...

    async def render(self, request: ReleaseRequest) -> str:
        """The manifests `helm template` gives, as YAML documents."""
        ...

    async def manifest(self, name: str, namespace: str) -> str:
        """The deployed manifests. Raises ReleaseMissing."""
        ...

    async def history(self, name: str, namespace: str) -> list[Release]:
        """Oldest first; empty where there is no such release."""
        ...

    async def list(self, namespace: str) -> list[Release]:
        """The newest revision of each release of a namespace, in any state."""
        ...

    async def upgrade(self, request: ReleaseRequest) -> Upgraded:
        """Install or upgrade without waiting for readiness. Raises ReleaseBusy, HelmFieldConflict."""
        ...

    async def rollback(self, name: str, namespace: str, revision: int) -> None: ...

    async def uninstall(self, name: str, namespace: str) -> None:
        """Raises ReleaseMissing."""
        ...


class SecretStore(Protocol):
    """A place of the operator that keeps secrets: the environment, the keyring."""

    name: str
    """As `wizard credentials` shows it."""

    def get(self, deployment: str, name: str) -> Secret | None: ...

    def set(self, deployment: str, name: str, value: Secret) -> bool:
        """False where this store cannot keep it (the environment; no keyring backend)."""
        ...


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class Journal(Protocol):
    """Keeps the events of one run; evidence, never the truth."""

    def write(self, line: Mapping[str, Any]) -> None:
        """Raises OSError where it cannot be kept (disk full)."""
        ...

    def close(self) -> None: ...
