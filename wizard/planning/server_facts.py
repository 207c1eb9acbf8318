"""What a server is, as assets/server/facts.sh tells it. Strict: what is not understood is an error, not a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_BEGIN, _END = "begin=wizard-facts-1", "end=wizard-facts-1"
KIB = 1024


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes in bytes; None where the server could not tell."""

    os_id: str = ""
    os_name: str = ""
    kernel: str = ""
    arch: str = ""
    """As `uname -m` says it."""
    hostname: str = ""
    init: str = ""
    """`systemd`, `openrc` or `other`."""
    cgroup: int = 0
    controllers: frozenset[str] = frozenset()
    memory: int = 0
    swap: int = 0
    zram: str = ""
    """`active`, `possible`, `none`, or `tried`: set up by an earlier run, and it did not take."""
    cpus: int = 0
    disk_path: str = ""
    disk_total: int = 0
    disk_free: int = 0
    inodes_free: int | None = None
    sync: float | None = None
    """Seconds that a small write takes until it is on the disk."""
    time: int = 0
    """Seconds since the epoch, by its clock."""
    addresses: frozenset[str] = frozenset()
    ports: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Port -> the programs that listen there; `?` for one that is not known."""
    firewall: str = "none"
    """`ufw`, `firewalld` or `none`."""
    rules: tuple[str, ...] = ()
    """Lines of `ufw status` that allow something; ports and services of firewalld's default zone."""
    trusted: tuple[str, ...] = ()
    """Networks in firewalld's zone `trusted`."""
    dns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> addresses, as the server resolves it."""
    reach: Mapping[str, str] = field(default_factory=dict)
    """URL -> HTTP status, `000` where nothing answers, `none` without curl and wget."""
    tools: frozenset[str] = frozenset()
    k3s_path: str = ""
    k3s_version: str = ""
    k3s_config: str = ""
    """SHA-256 of /etc/rancher/k3s/config.yaml."""
    k3s_kubeconfig: bool = False
    k3s_ours: str = ""
    """What this wizard wrote down when it installed it: the deployment's name."""
    k3s_service: str = ""
    """`active`, `inactive`, `failed`, ..."""
    agent_service: str = ""
    kubelet_service: str = ""
    others: tuple[str, ...] = ()
    """Other distributions of Kubernetes: kubeadm, microk8s, rke2, k0s."""
    selinux: str = ""
    selinux_policy: bool = False

    @property
    def k3s_runs(self) -> bool:
        return self.k3s_service == "active" and self.k3s_kubeconfig


_SINGLE = frozenset(
    {"os.id", "os.version", "os.name", "kernel", "arch", "hostname", "init", "cgroup", "cgroup.controllers", "zram"}
    | {"memory.kib", "memory.available.kib", "swap.kib", "cpus", "time", "selinux", "selinux.policy"}
    | {f"disk.{each}" for each in ("path", "total.kib", "free.kib", "inodes.free", "sync.us")}
    | {"firewall", "firewall.routed", "firewall.zone", "agent.service", "kubelet.service"}
    | {f"k3s.{each}" for each in ("path", "version", "config", "kubeconfig", "ours", "service")}
)
_MANY = frozenset(["address", "firewall.rule", "firewall.trusted", "tool", "other"])
_NAMED = ("port.", "dns.", "reach.")


def parse(text: str) -> Facts:
    """Raises ValueError, saying which line, on anything that the script does not print."""
    lines = text.splitlines()
    if _BEGIN not in lines or _END not in lines:
        raise ValueError("it ended before its end: " + (lines[-1][:100] if lines else "nothing was printed"))
    # What a login script prints before the facts is none of them.
    lines = lines[lines.index(_BEGIN) + 1 : lines.index(_END)]
    single: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    for line in lines:
        key, found, value = line.partition("=")
        if key.startswith("reach."):  # a URL may hold a `=` of its own; the status does not
            key, found, value = line.rpartition("=")
        if not found or not (key in _SINGLE or key in _MANY or key.startswith(_NAMED)):
            raise ValueError(f"not understood: {line[:100]}")
        if key in _SINGLE and key in single:
            raise ValueError(f"told twice: {line[:100]}")
        if key in _SINGLE:
            single[key] = value.strip()
        else:
            many.setdefault(key, []).append(value.strip())

    def number(key: str) -> int:
        if not single.get(key, "").isdecimal():
            raise ValueError(f"{key} is no number: {single.get(key, '')[:40]!r}")
        return int(single[key])

    def maybe(key: str) -> int | None:
        return number(key) if single.get(key) else None

    def named(prefix: str) -> dict[str, list[str]]:
        return {key.removeprefix(prefix): values for key, values in many.items() if key.startswith(prefix)}

    sync = maybe("disk.sync.us")
    return Facts(
        os_id=single.get("os.id", ""),
        os_name=single.get("os.name", ""),
        kernel=single.get("kernel", ""),
        arch=single.get("arch", ""),
        hostname=single.get("hostname", ""),
        init=single.get("init", ""),
        cgroup=number("cgroup"),
        controllers=frozenset(single.get("cgroup.controllers", "").split()),
        memory=number("memory.kib") * KIB,
        swap=(maybe("swap.kib") or 0) * KIB,
        zram=single.get("zram", ""),
        cpus=number("cpus"),
        disk_path=single.get("disk.path", ""),
        disk_total=number("disk.total.kib") * KIB,
        disk_free=number("disk.free.kib") * KIB,
        inodes_free=maybe("disk.inodes.free"),
        sync=None if sync is None else sync / 1e6,
        time=number("time"),
        addresses=frozenset(many.get("address", ())),
        ports={int(port): tuple(sorted(set(owners))) for port, owners in named("port.").items()},
        firewall=single.get("firewall", "none"),
        rules=tuple(many.get("firewall.rule", ())),
        trusted=tuple(many.get("firewall.trusted", ())),
        dns={name: tuple(" ".join(found).split()) for name, found in named("dns.").items()},
        reach={url: codes[-1] for url, codes in named("reach.").items()},
        tools=frozenset(many.get("tool", ())),
        k3s_path=single.get("k3s.path", ""),
        k3s_version=single.get("k3s.version", ""),
        k3s_config=single.get("k3s.config", ""),
        k3s_kubeconfig=single.get("k3s.kubeconfig") == "yes",
        k3s_ours=single.get("k3s.ours", ""),
        k3s_service=single.get("k3s.service", ""),
        agent_service=single.get("agent.service", ""),
        kubelet_service=single.get("kubelet.service", ""),
        others=tuple(many.get("other", ())),
        selinux=single.get("selinux", ""),
        selinux_policy=single.get("selinux.policy") == "yes",
    )
