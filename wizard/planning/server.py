"""Judges a server's facts before anything is installed: each finding says what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wizard.catalog.k3s import ARCHITECTURES
from wizard.domain.finding import Finding, Where, error, warning
from wizard.domain.profile import Profile
from wizard.planning import k3s, server_network
from wizard.planning.desired import Component
from wizard.planning.k3s import Wish
from wizard.planning.server_facts import Facts

GIB = 2**30
IMAGES = 14 * GIB
"""Disk for the images of the platform, unpacked and packed (Open WebUI's and Ollama's are 4 to 5 GB each), and k3s."""
K3S_PODS = 256 * 2**20
"""Bytes of memory that the pods ask for which k3s brings: coredns, metrics-server, traefik, local-path."""
SLOW_DISK = 0.02
"""Seconds for a small write to be on the disk. etcd warns above 0.01; SQLite, which k3s uses here, bears more."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What this machine sees, beside what the server says of itself."""

    now: float
    """Seconds since the epoch in the middle of the questioning."""
    slack: float
    """Seconds that the questioning took: a difference of clocks below it says nothing."""
    server: tuple[str, ...]
    """Addresses by which the server is reached from here."""
    dns: Mapping[str, tuple[str, ...]]
    """Host name of the platform -> what it resolves to here; empty where it does not."""


def hosts(profile: Profile) -> tuple[str, ...]:
    """The host names that must lead to the server."""
    if not profile.exposed:
        return ()
    names = [profile.chat_host, profile.monitor_host if profile.observability.enabled else None]
    return tuple(name for name in names if name)


def urls(profile: Profile, downloads: Iterable[str]) -> tuple[str, ...]:
    """What the server itself will download: k3s, images, models."""
    mirror = profile.images.registry
    registries = [mirror.split("/")[0]] if mirror else ["registry-1.docker.io", "ghcr.io"]
    sites = [f"https://{name}/v2/" for name in registries]
    return (*downloads, *sites, *(("https://registry.ollama.ai/v2/",) if profile.models else ()))


def judge(
    profile: Profile, components: Iterable[Component], wanted: Wish, facts: Facts, outside: Outside
) -> tuple[Finding, ...]:
    """Everything at once, the gravest first."""
    found = [
        *_system(facts),
        *_clusters(wanted, facts),
        *_memory(profile, tuple(components), facts),
        *_disk(profile, facts),
        *_clock(facts, outside),
        *server_network.ports(wanted, facts),
        *server_network.firewall(wanted, facts),
        *server_network.dns(facts, outside),
        *server_network.reach(facts),
    ]
    at = f"server {wanted.host}"
    placed = [each if str(each.where) else _at(each, at) for each in found]
    order = ["error", "warning", "info"]
    return tuple(sorted(placed, key=lambda each: order.index(each.severity.value)))


def _at(finding: Finding, resource: str) -> Finding:
    return Finding(
        finding.severity, finding.code, finding.summary, finding.detail, finding.hint, Where(resource=resource)
    )


def _system(facts: Facts) -> Iterable[Finding]:
    if facts.arch not in ARCHITECTURES:
        yield error(
            "server-architecture",
            f"k3s does not run on {facts.arch or 'this processor'}",
            hint="use a server with an x86_64 or arm64 processor",
        )
    if facts.init not in ("systemd", "openrc"):
        yield error(
            "server-init",
            "the server runs neither systemd nor OpenRC",
            detail="k3s is installed as a service of one of them. A container is no server.",
            hint="use a virtual machine or a real one, with Debian, Ubuntu, or another distribution with systemd",
        )
    kernel = tuple(int(part) for part in re.findall(r"[0-9]+", facts.kernel)[:2])
    if len(kernel) == 2 and kernel < (5, 8):
        old = kernel < (4, 19)
        make = error if old else warning
        yield make(
            "server-kernel",
            f"the kernel {facts.kernel} is old",
            detail="Kubernetes asks for 4.19 at least, and for 5.8 to count memory with cgroup v2.",
            hint=f"upgrade the system ({facts.os_name or 'its distribution'})",
        )
    if facts.cgroup != 2:
        yield error(
            "server-cgroup",
            "the server uses cgroup v1, on which the kubelet no longer starts",
            detail="Kubernetes ended its support with version 1.35.",
            hint="boot with `systemd.unified_cgroup_hierarchy=1` on the kernel's command line, or upgrade the system",
        )
    elif missing := sorted({"memory", "cpu", "pids"} - facts.controllers):
        yield error(
            "server-cgroup",
            f"the kernel does not offer the cgroup controllers {', '.join(missing)}",
            hint="add `cgroup_enable=memory cgroup_memory=1` to the kernel's command line (Raspberry Pi: "
            "/boot/firmware/cmdline.txt) and reboot",
        )
    if facts.selinux == "Enforcing" and not facts.selinux_policy:
        yield warning(
            "server-selinux",
            "SELinux is enforcing, and k3s' policy is not installed yet",
            detail="k3s' installer adds the package k3s-selinux from rpm.rancher.io.",
            hint="nothing, where that address can be reached; else install k3s-selinux first",
        )
    if "sha256sum" not in facts.tools or not facts.tools & {"curl", "wget"}:
        yield error(
            "server-tools",
            "the server has no sha256sum, or neither curl nor wget",
            hint="install them: `apt-get install curl coreutils`, or what your distribution has",
        )


def _clusters(wanted: Wish, facts: Facts) -> Iterable[Finding]:
    others = list(facts.others)
    if facts.agent_service == "active":
        others.append("a k3s agent of another server")
    elif facts.kubelet_service == "active" and not others:
        others.append("a kubelet")
    if others:
        yield error(
            "server-other-cluster",
            f"another Kubernetes is on the server: {', '.join(others)}",
            detail="Two of them would fight for ports, iptables and cgroups.",
            hint="deploy to that cluster (`target.kind: cluster` with its kubeconfig), or remove it first",
        )
    if not facts.k3s_path:
        return
    if not facts.k3s_ours:
        yield error(
            "server-foreign-k3s",
            f"k3s {facts.k3s_version or '(broken)'} is on the server, and was not installed by this wizard",
            detail="Its configuration would be replaced, and what runs on it restarted.",
            hint="deploy to it as it is (`target.kind: cluster` with its /etc/rancher/k3s/k3s.yaml), or remove it with "
            "k3s-uninstall.sh first",
        )
    elif facts.k3s_ours != wanted.deployment:
        yield warning(
            "server-shared",
            f"the k3s on the server was installed for the deployment {facts.k3s_ours}",
            detail="Both deployments share its memory, and this profile's settings of k3s replace those of the other.",
            hint="use the same `target.k3s` in both profiles, and a `namespace` of its own in each",
        )
    if facts.k3s_version and k3s.step_back(facts.k3s_version, wanted.version):
        yield error(
            "k3s-downgrade",
            f"the server has k3s {facts.k3s_version}, newer than {wanted.version}",
            detail="Neither k3s nor its database can go back to an older version.",
            hint=f"set `target.k3s.version: {facts.k3s_version}`, or upgrade the wizard",
            where=Where(path="target.k3s.version"),
        )
    elif facts.k3s_version and k3s.leap(facts.k3s_version, wanted.version):
        yield error(
            "k3s-leap",
            f"from k3s {facts.k3s_version} to {wanted.version} leaves out a minor version",
            detail="Kubernetes supports upgrades from one minor version to the next.",
            hint="set `target.k3s.version` to the next minor version, deploy, and go on from there",
            where=Where(path="target.k3s.version"),
        )


def _memory(profile: Profile, components: tuple[Component, ...], facts: Facts) -> Iterable[Finding]:
    room = k3s.allocatable(facts.memory) - K3S_PODS
    asked = sum(component.resources.memory_request for component in components)
    zram = profile.target.need_k3s().zram and facts.zram in ("active", "possible")
    if asked > room:
        yield error(
            "server-memory",
            f"{_gib(facts.memory)} of memory are too little: pods may ask for {_gib(max(room, 0))}, the platform asks "
            f"for {_gib(asked)}",
            detail=f"k3s and the system keep {_gib(facts.memory - room)}. What does not fit stays Pending.",
            hint="use smaller models or a shorter `tiers.standard.ollama.contextLength`, or a larger server",
            where=Where(path="models"),
        )
    elif facts.memory < k3s.SMALL and not facts.swap and not zram:
        yield warning(
            "server-swap",
            "the server has no swap, and its kernel no zram",
            detail="A peak of memory of the system itself then ends a process at once.",
            hint="add a swap file: `fallocate -l 2G /swap; chmod 600 /swap; mkswap /swap; swapon /swap`",
        )
    cpu = sum(component.resources.cpu_request for component in components) + 0.5
    if facts.cpus < cpu:
        yield error(
            "server-cpu",
            f"{facts.cpus} processors are too few: pods and k3s reserve {cpu:.1f}",
            hint="use a larger server, or lower the CPU requests under `tiers` and `components`",
        )
    elif facts.cpus < 2:
        yield warning(
            "server-cpu",
            "one processor is little: k3s asks for two",
            hint="use a server with 2 or more; the reference has 3",
        )


def _disk(profile: Profile, facts: Facts) -> Iterable[Finding]:
    free = _gib(facts.disk_free)
    if facts.disk_free < (2 * GIB if facts.k3s_path else IMAGES):
        needs = "2 GiB to go on" if facts.k3s_path else f"{_gib(IMAGES)} for k3s and the platform's images"
        yield error(
            "server-disk",
            f"{free} are free on the disk of {facts.disk_path}: it takes {needs}",
            hint="free space (`du -xh / | sort -h | tail`), or give the server a larger disk",
        )
    elif not facts.k3s_path and facts.disk_free < IMAGES + (volumes := _volumes(profile)):
        yield warning(
            "server-disk",
            f"{free} are free on the disk of {facts.disk_path}; images and full volumes take {_gib(IMAGES + volumes)}",
            detail="Volumes on k3s' local storage take what is written to them, not what they were asked for.",
            hint="watch it, or give the server a larger disk",
        )
    if facts.inodes_free is not None and facts.inodes_free < 100_000:
        yield warning(
            "server-inodes",
            f"only {facts.inodes_free:,} inodes are free on the disk of {facts.disk_path}",
            hint="remove many small files (`df -i`), or format a disk with more of them",
        )
    if facts.sync is not None and facts.sync > SLOW_DISK:
        yield warning(
            "server-disk-slow",
            f"the disk is slow: a small write takes {facts.sync * 1000:.0f} ms",
            detail="k3s' database waits for the disk with every change; above 20 ms its API becomes sluggish.",
            hint="use an SSD; keep other programs off this disk",
        )


def _volumes(profile: Profile) -> int:
    from wizard.planning.budget import quantity

    sizes = [profile.storage.models, profile.storage.open_webui]
    if profile.database.kind == "internal":
        sizes.append(profile.database.internal.storage)
    return int(sum(quantity(size) for size in sizes))


def _clock(facts: Facts, outside: Outside) -> Iterable[Finding]:
    off = facts.time - outside.now
    apart = abs(off) - outside.slack
    if apart <= 5:
        return
    make = error if apart > 120 else warning
    yield make(
        "server-clock",
        f"the server's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this machine's",
        detail="Certificates and tokens are valid from and until a time: with a wrong clock they are refused.",
        hint="see whose clock is wrong; switch time synchronisation on: `timedatectl set-ntp true`",
    )


def _gib(number: float) -> str:
    return f"{number / GIB:.1f} GiB".replace(".0 ", " ")
