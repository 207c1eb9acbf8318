"""What k3s shall be on the server, and what has to be done for it. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import yaml

from wizard.catalog.k3s import numbers
from wizard.domain.plan import Action, Change
from wizard.domain.profile import K3sTarget, Profile
from wizard.planning.server_facts import Facts

KUBE_RESERVED, SYSTEM_RESERVED, EVICTION = 768 * 2**20, 256 * 2**20, 128 * 2**20
"""Bytes kept from pods: for k3s (API server, SQLite by kine, kubelet and containerd in one process; the 1,428 MiB that
its documentation measures hold the pods it brings, which ask for their part themselves), for the rest of the system
(sshd, journald, the kernel's own), and below which pods are evicted. Without them the scheduler would promise all 4 GB
to pods, and the kernel's OOM killer, which knows no priorities of Kubernetes, would choose who goes."""
SMALL = 8 * 2**30
"""Servers with less memory get zram."""

_HEADER = "# Written by the wizard from its profile, and replaced by its next run.\n"


@dataclass(frozen=True)
class Wish:
    """One server as it should be."""

    version: str
    config: str
    """/etc/rancher/k3s/config.yaml."""
    api_port: int
    host: str
    deployment: str
    zram: bool
    open_firewall: bool
    web: bool
    """Whether ports 80 and 443 are served."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the configuration, as `sha256sum` of the server prints it."""
        return hashlib.sha256(self.config.encode()).hexdigest()


def wish(profile: Profile, default_version: str) -> Wish:
    target = profile.target.need_k3s()
    return Wish(
        version=target.version or default_version,
        config=config(target),
        api_port=target.api_port,
        host=target.host,
        deployment=profile.name,
        zram=target.zram,
        open_firewall=target.firewall == "open",
        web=profile.exposed and "traefik" not in target.disable,
    )


def config(target: K3sTarget) -> str:
    """/etc/rancher/k3s/config.yaml. Anybody may read a kubeconfig of mode 0644, which k3s would write otherwise, and
    is then the cluster's admin."""
    mib = 2**20
    wanted: dict[str, object] = {
        "write-kubeconfig-mode": "0600",
        "tls-san": list(dict.fromkeys([target.host, *target.tls_san])),
        "kubelet-arg": [
            f"kube-reserved=cpu=200m,memory={KUBE_RESERVED // mib}Mi",
            f"system-reserved=cpu=100m,memory={SYSTEM_RESERVED // mib}Mi",
            # Given as a whole: naming one threshold drops the others' defaults. k3s itself uses 5 % for the disk,
            # where the kubelet's own 15 % of a small disk would evict pods with gigabytes to spare.
            f"eviction-hard=memory.available<{EVICTION // mib}Mi,nodefs.available<5%,imagefs.available<5%,"
            "nodefs.inodesFree<5%",
            "image-gc-high-threshold=85",
            "image-gc-low-threshold=75",
        ],
    }
    if target.disable:
        wanted["disable"] = sorted(target.disable)
    if target.api_port != 6443:
        wanted["https-listen-port"] = target.api_port
    return _HEADER + yaml.safe_dump(wanted, sort_keys=True, default_flow_style=False, width=200)


def allocatable(memory: int) -> int:
    """Bytes that pods of such a server may ask for in all."""
    return memory - KUBE_RESERVED - SYSTEM_RESERVED - EVICTION


def wants_zram(wanted: Wish, facts: Facts) -> bool:
    return wanted.zram and facts.memory < SMALL and facts.zram == "possible" and facts.init == "systemd"


def action(wanted: Wish, facts: Facts) -> Action:
    """What is done about k3s, and why."""

    def make(change: Change, *reasons: str) -> Action:
        return Action("server", wanted.host, "", change, reasons)

    if not facts.k3s_path or not facts.k3s_version:
        return make(Change.CREATE, f"k3s {wanted.version} is not installed")
    reasons: list[str] = []
    if facts.k3s_version != wanted.version:
        reasons.append(f"k3s {facts.k3s_version} becomes {wanted.version}")
    if facts.k3s_config != wanted.digest:
        reasons.append("/etc/rancher/k3s/config.yaml differs")
    if wants_zram(wanted, facts):
        reasons.append("compressed swap in memory (zram) is not set up")
    if reasons:
        return make(Change.UPDATE, *reasons)
    if not facts.k3s_runs:
        return make(Change.REPAIR, f"k3s is {facts.k3s_service or 'not running'}")
    return make(Change.LEAVE, f"k3s {facts.k3s_version} runs as desired")


def step_back(have: str, wanted: str) -> bool:
    """Whether that would be a downgrade, which neither k3s nor its database supports."""
    before, after = numbers(have), numbers(wanted)
    return before is not None and after is not None and after < before


def leap(have: str, wanted: str) -> bool:
    """Whether a minor version is left out, which Kubernetes does not support."""
    before, after = numbers(have), numbers(wanted)
    return before is not None and after is not None and after[0] > before[0] + 1
