"""A server's facts are read strictly, and judged with what to do about each finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.unit.planning.conftest import plan_of, shipped
from wizard.catalog.k3s import catalog, numbers
from wizard.domain.finding import Finding, Severity
from wizard.domain.plan import Change
from wizard.domain.profile import Profile
from wizard.planning import k3s, server
from wizard.planning.k3s import action, wish
from wizard.planning.server import Outside, judge
from wizard.planning.server_facts import Facts, parse
from wizard.planning.server_network import POD_NETWORKS, firewall_commands

GIB = 2**30
ADDRESS = "203.0.113.7"
HERE = Outside(now=1000.0, slack=0.2, server=(ADDRESS,), dns={"chat.example.com": (ADDRESS,)})
GOOD = Facts(
    os_id="debian",
    os_name="Debian GNU/Linux 13",
    kernel="6.12.1-amd64",
    arch="x86_64",
    init="systemd",
    cgroup=2,
    controllers=frozenset({"cpu", "memory", "pids", "io"}),
    memory=int(3.82 * GIB),  # what the kernel leaves of 4 GiB
    zram="possible",
    cpus=3,
    disk_path="/var/lib",
    disk_total=60 * GIB,
    disk_free=50 * GIB,
    inodes_free=3_000_000,
    sync=0.002,
    time=1000,
    addresses=frozenset({"127.0.0.1", ADDRESS}),
    dns={"chat.example.com": (ADDRESS,)},
    reach={"https://github.com/k3s-io/x": "302", "https://ghcr.io/v2/": "401"},
    tools=frozenset({"curl", "sha256sum", "flock"}),
)
OURS: dict[str, Any] = {
    "k3s_path": "/usr/local/bin/k3s",
    "k3s_version": "v1.36.4+k3s1",
    "k3s_ours": "chat",
    "k3s_service": "active",
}
UFW = ("22/tcp                     ALLOW       Anywhere",)
PODS = tuple(f"Anywhere                   ALLOW       {net}" for net in POD_NETWORKS)


def found(facts: Facts, outside: Outside = HERE, profile: Profile | None = None) -> list[Finding]:
    profile = profile or shipped("k3s-4gb")
    return list(judge(profile, plan_of(profile).components, wish(profile, "v1.36.4+k3s1"), facts, outside))


def test_the_reference_server_is_good_for_the_shipped_profile() -> None:
    assert found(GOOD) == []
    assert found(replace(GOOD, **OURS, k3s_kubeconfig=True)) == []


CASES: list[tuple[dict[str, Any], str, Severity, str]] = [
    ({"arch": "riscv64"}, "server-architecture", Severity.ERROR, "riscv64"),
    ({"init": "other"}, "server-init", Severity.ERROR, "systemd"),
    ({"kernel": "4.4.0"}, "server-kernel", Severity.ERROR, "4.4.0"),
    ({"kernel": "5.4.0"}, "server-kernel", Severity.WARNING, "5.4.0"),
    ({"cgroup": 1}, "server-cgroup", Severity.ERROR, "v1"),
    ({"controllers": frozenset({"cpu", "pids"})}, "server-cgroup", Severity.ERROR, "memory"),
    ({"selinux": "Enforcing"}, "server-selinux", Severity.WARNING, "SELinux"),
    ({"tools": frozenset({"sha256sum"})}, "server-tools", Severity.ERROR, "curl"),
    ({"memory": 2 * GIB}, "server-memory", Severity.ERROR, "2 GiB"),
    ({"zram": "none"}, "server-swap", Severity.WARNING, "swap"),
    ({"cpus": 1}, "server-cpu", Severity.ERROR, "1 processors"),
    ({"disk_free": 5 * GIB}, "server-disk", Severity.ERROR, "5 GiB"),
    ({"disk_free": 15 * GIB}, "server-disk", Severity.WARNING, "15 GiB"),
    ({"disk_free": GIB, **OURS}, "server-disk", Severity.ERROR, "2 GiB to go on"),
    ({"inodes_free": 500}, "server-inodes", Severity.WARNING, "500"),
    ({"sync": 0.08}, "server-disk-slow", Severity.WARNING, "80 ms"),
    ({"time": 1030}, "server-clock", Severity.WARNING, "30 s ahead"),
    ({"time": 100}, "server-clock", Severity.ERROR, "900 s behind"),
    (
        {"ports": {6443: ("haproxy",)}},
        "server-port",
        Severity.ERROR,
        "port 6443 (the Kubernetes API) is taken by haproxy",
    ),
    ({"ports": {80: ("apache2", "k3s-server")}}, "server-port", Severity.ERROR, "apache2"),
    ({"firewall": "ufw", "rules": (*UFW, *PODS)}, "server-firewall", Severity.WARNING, "80 and 443"),
    ({"firewall": "firewalld", "rules": ("http", "https")}, "server-firewall-pods", Severity.ERROR, "10.42.0.0/16"),
    ({"others": ("kubeadm",)}, "server-other-cluster", Severity.ERROR, "kubeadm"),
    ({"agent_service": "active"}, "server-other-cluster", Severity.ERROR, "k3s agent"),
    ({**OURS, "k3s_ours": ""}, "server-foreign-k3s", Severity.ERROR, "not installed by this wizard"),
    ({**OURS, "k3s_ours": "other"}, "server-shared", Severity.WARNING, "other"),
    ({**OURS, "k3s_version": "v1.37.0+k3s1"}, "k3s-downgrade", Severity.ERROR, "newer"),
    ({**OURS, "k3s_version": "v1.34.9+k3s1"}, "k3s-leap", Severity.ERROR, "leaves out a minor"),
    ({"reach": {"https://ghcr.io/v2/": "000"}}, "server-offline", Severity.ERROR, "ghcr.io"),
    ({"reach": {"https://github.com/k3s-io/x": "404"}}, "k3s-no-such-version", Severity.ERROR, "github.com"),
    (
        {"reach": {"https://ghcr.io/v2/": "000"}, **OURS, "k3s_kubeconfig": True},
        "server-offline",
        Severity.WARNING,
        "ghcr.io",
    ),
]


@pytest.mark.parametrize(("changes", "code", "severity", "words"), CASES, ids=lambda each: str(each)[:40])
def test_each_thing_that_is_wrong(changes: dict[str, Any], code: str, severity: Severity, words: str) -> None:
    findings = found(replace(GOOD, **changes))
    assert [(each.code, each.severity) for each in findings] == [(code, severity)]
    assert words in findings[0].summary + findings[0].detail
    assert findings[0].hint and str(findings[0].where)


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ((), (), "does not resolve"),
        (("198.51.100.1",), ("198.51.100.1",), "leads to 198.51.100.1"),
        ((ADDRESS,), (), "from the server"),
        ((), (ADDRESS,), "from this machine"),
    ],
)
def test_names_that_do_not_lead_to_the_server(here: tuple[str, ...], there: tuple[str, ...], words: str) -> None:
    outside = replace(HERE, dns={"chat.example.com": here})
    (finding,) = found(replace(GOOD, dns={"chat.example.com": there}), outside)
    assert finding.code == "server-dns" and finding.severity is Severity.WARNING and words in finding.summary


def test_errors_come_first_and_all_at_once() -> None:
    findings = found(replace(GOOD, init="other", sync=1.0, cgroup=1, ports={80: ("nginx",)}))
    assert [each.severity for each in findings] == [Severity.ERROR] * 3 + [Severity.WARNING]


def test_a_firewall_that_may_be_opened_is_only_told_of() -> None:
    profile = shipped("k3s-4gb", target={"kind": "k3s", "k3s": {"host": "h", "firewall": "open"}})
    for kind, one in (("ufw", "ufw allow 443/tcp"), ("firewalld", "firewall-cmd --permanent --add-port=443/tcp")):
        facts = replace(GOOD, firewall=kind)
        assert [each.severity for each in found(facts, profile=profile)] == [Severity.INFO]
        assert one in firewall_commands(wish(profile, "v1.36.4+k3s1"), facts)
    open_ = replace(GOOD, firewall="ufw", rules=("Nginx Full   ALLOW   Anywhere", *PODS))
    assert firewall_commands(wish(profile, "v1.36.4+k3s1"), open_) == () and found(open_, profile=profile) == []


# --- reading


TEXT = """Welcome to this server!
begin=wizard-facts-1
os.id=debian
kernel=6.1.0
arch=x86_64
cgroup=2
cgroup.controllers=cpu memory
memory.kib=4000000
cpus=3
disk.total.kib=100
disk.free.kib=50
time=12
address=127.0.0.1
address=::1
port.80=nginx
dns.a.example.com=1.2.3.4 ::2
reach.https://x/?a=b=302
end=wizard-facts-1
bye
"""


def test_facts_are_read() -> None:
    facts = parse(TEXT)
    assert (facts.memory, facts.cpus, facts.sync) == (4_000_000 * 1024, 3, None)
    assert facts.ports == {80: ("nginx",)} and facts.dns == {"a.example.com": ("1.2.3.4", "::2")}
    assert facts.reach == {"https://x/?a=b": "302"} and facts.addresses == {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("end=wizard-facts-1", ""),
        TEXT.replace("cpus=3", "cpus=three"),
        TEXT.replace("cpus=3", "cpus=3\ncpus=4"),
        TEXT.replace("cpus=3", "cpus=3\nsurprise=1"),
        TEXT.replace("cpus=3", "cpus=3\nsh: 1: awk: not found"),
        TEXT.replace("memory.kib=4000000\n", ""),
        TEXT.replace("port.80=nginx", "port.eighty=nginx"),
    ],
)
def test_what_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


# --- k3s


def test_the_configuration_of_k3s() -> None:
    profile = shipped("k3s-4gb", target={"kind": "k3s", "k3s": {"host": "h.example.com", "disable": ["traefik"]}})
    wanted = yaml.safe_load(wish(profile, "v1.36.4+k3s1").config)
    assert wanted["write-kubeconfig-mode"] == "0600" and wanted["tls-san"] == ["h.example.com"]
    assert wanted["disable"] == ["traefik"] and "https-listen-port" not in wanted
    arguments = dict(each.split("=", 1) for each in wanted["kubelet-arg"])
    assert arguments["kube-reserved"] == "cpu=200m,memory=768Mi"
    assert arguments["eviction-hard"].startswith("memory.available<128Mi,nodefs.available<5%")


def test_the_platform_fits_what_the_kubelet_is_told_to_leave() -> None:
    """4 GB, less what is reserved and k3s' own pods, holds all requests of the shipped profile."""
    asked = sum(c.resources.memory_request for c in plan_of(shipped("k3s-4gb")).components)
    assert asked <= k3s.allocatable(GOOD.memory) - server.K3S_PODS


def test_what_is_done_about_k3s() -> None:
    wanted = wish(shipped("k3s-4gb"), "v1.36.4+k3s1")
    runs = replace(GOOD, **OURS, k3s_kubeconfig=True, k3s_config=wanted.digest, zram="active")
    assert action(wanted, GOOD).change is Change.CREATE
    assert action(wanted, runs).change is Change.LEAVE
    assert action(wanted, replace(runs, k3s_service="failed")).change is Change.REPAIR
    assert action(wanted, replace(runs, k3s_kubeconfig=False)).change is Change.REPAIR
    assert action(wanted, replace(runs, k3s_config="other")).change is Change.UPDATE
    assert action(wanted, replace(runs, k3s_version="v1.36.3+k3s1")).change is Change.UPDATE
    assert action(wanted, replace(runs, zram="possible")).change is Change.UPDATE
    assert action(wanted, replace(runs, zram="possible", memory=16 * GIB)).change is Change.LEAVE


def test_the_shipped_pins() -> None:
    pins = catalog()
    one = pins.download(None, "amd64")
    assert one.pinned and one.version == pins.default and one.binary.endswith("/v1.36.4%2Bk3s1/k3s")
    assert pins.download(None, "arm64").binary.endswith("/k3s-arm64")
    other = pins.download("v1.36.5+k3s1", "amd64")
    assert not other.pinned and other.sums.endswith("/v1.36.5%2Bk3s1/sha256sum-amd64.txt")
    assert other.installer == one.installer, "the pinned script installs other versions too"
    assert numbers("v1.36.10+k3s2") == (36, 10, 2) and numbers("latest") is None
