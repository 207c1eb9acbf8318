"""The command lines of the control plane's programs, with the reason of every flag that is not plain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .build import Assets
from .pki import Pki


@dataclass(frozen=True, slots=True)
class Ports:
    """All on 127.0.0.1."""

    etcd: int
    etcd_peer: int
    api: int
    kubelet: int
    """Where the API server finds every node's kubelet: podside.py, which answers for logs."""
    kwok: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that the command lines are made of."""

    assets: Assets
    pki: Pki
    ports: Ports
    data: Path
    kubeconfig: Path
    tokens: Path
    kwok_config: Path
    pod_cidr: str


def etcd(layout: Layout) -> list[str]:
    client = f"http://127.0.0.1:{layout.ports.etcd}"
    peer = f"http://127.0.0.1:{layout.ports.etcd_peer}"
    return [
        *layout.assets.command("etcd"),
        f"--data-dir={layout.data / 'etcd'}",
        "--name=only",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=only={peer}",
        # Nothing here has to survive a power cut.
        "--unsafe-no-fsync",
        # It has nobody to elect but itself; the defaults make it wait a second for that.
        "--heartbeat-interval=20",
        "--election-timeout=200",
        "--quota-backend-bytes=4294967296",
        "--log-level=warn",
    ]


def api_server(layout: Layout) -> list[str]:
    return [
        *layout.assets.command("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{layout.ports.etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.api}",
        f"--tls-cert-file={layout.pki.server_cert}",
        f"--tls-private-key-file={layout.pki.server_key}",
        # It may not publish a loopback address as the endpoint of the service "kubernetes", and has no other.
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--token-auth-file={layout.tokens}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={layout.pki.account_public}",
        f"--service-account-signing-key-file={layout.pki.account_key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
        "--kubelet-preferred-address-types=InternalIP",
        "--profiling=false",
    ]


def controller_manager(layout: Layout) -> list[str]:
    return [
        *layout.assets.command("kube-controller-manager"),
        f"--kubeconfig={layout.kubeconfig}",
        "--leader-elect=false",
        # No server of its own: nobody asks it, and delegated authentication would slow its start.
        "--secure-port=0",
        f"--service-account-private-key-file={layout.pki.account_key}",
        f"--root-ca-file={layout.pki.ca}",
        "--use-service-account-credentials=false",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--concurrent-deployment-syncs=10",
        "--concurrent-replicaset-syncs=20",
        "--concurrent-statefulset-syncs=10",
        "--concurrent-job-syncs=10",
        "--concurrent-namespace-syncs=20",
        "--profiling=false",
    ]


def scheduler(layout: Layout) -> list[str]:
    return [
        *layout.assets.command("kube-scheduler"),
        f"--kubeconfig={layout.kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--profiling=false",
    ]


def kwok(layout: Layout) -> list[str]:
    return [
        # kwok is not ours to change: the guard is what makes it die with us.
        *(str(layout.assets.binary), "guard", "--", str(layout.assets.kwok)),
        f"--kubeconfig={layout.kubeconfig}",
        f"--config={layout.kwok_config}",
        "--manage-all-nodes=true",
        f"--cidr={layout.pod_cidr}",
        "--node-ip=127.0.0.1",
        # What the nodes say is their kubelet's port; kwok's own server listens elsewhere.
        f"--node-port={layout.ports.kubelet}",
        f"--server-address=127.0.0.1:{layout.ports.kwok}",
        # With kwok's 200 nodes turn NotReady under load.
        "--node-lease-duration-seconds=40",
    ]
