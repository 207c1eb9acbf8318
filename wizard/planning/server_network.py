"""The part of a server's judgement that is about its network: ports, firewall, DNS, what it can reach. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wizard.domain.finding import Finding, Severity, error, warning
from wizard.planning.k3s import Wish
from wizard.planning.server_facts import Facts

if TYPE_CHECKING:
    from wizard.planning.server import Outside

POD_NETWORKS = ("10.42.0.0/16", "10.43.0.0/16")
"""Addresses of pods and services of k3s: docs.k3s.io/installation/requirements, "Networking"."""


def ports(wanted: Wish, facts: Facts) -> Iterable[Finding]:
    needed = {wanted.api_port: "the Kubernetes API"}
    if wanted.web:
        needed |= {80: "HTTP", 443: "HTTPS"}
    for port, what in sorted(needed.items()):
        others = [owner for owner in facts.ports.get(port, ()) if not owner.startswith("k3s")]
        if others:
            who = ", ".join("another program" if owner == "?" else owner for owner in others)
            yield error(
                "server-port",
                f"port {port} ({what}) is taken by {who}",
                hint=f"stop it: `ss -ltnp 'sport = :{port}'` shows its process; for a web server, "
                "`systemctl disable --now` its service",
            )


def firewall(wanted: Wish, facts: Facts) -> Iterable[Finding]:
    if facts.firewall not in ("ufw", "firewalld"):
        return
    closed = [port for port in ((80, 443) if wanted.web else ()) if not _open(facts, port)]
    pods = [net for net in POD_NETWORKS if not _trusted(facts, net)]
    if not closed and not pods:
        return
    commands = "; ".join([*_open_commands(facts.firewall, closed), *_trust_commands(facts.firewall, pods)])
    if facts.firewall == "firewalld":
        commands += "; firewall-cmd --reload"
    if wanted.open_firewall:
        yield Finding(
            Severity.INFO, "server-firewall", f"{facts.firewall} will be opened for the platform", detail=commands
        )
        return
    hint = f"`{commands}`, or let the wizard do it: `target.k3s.firewall: open`"
    if pods:
        yield error(
            "server-firewall-pods",
            f"{facts.firewall} keeps pods from the Kubernetes API: {', '.join(pods)} are not let in",
            detail="DNS inside the cluster would not start, and nothing after it.",
            hint=hint,
        )
    if closed:
        yield warning(
            "server-firewall",
            f"{facts.firewall} does not let in port {' and '.join(map(str, closed))}",
            detail="The platform is installed, but nobody reaches it, and Let's Encrypt cannot check its names.",
            hint=hint,
        )


def firewall_commands(wanted: Wish, facts: Facts) -> tuple[str, ...]:
    """What opens it, where the profile says so; nothing where it is open."""
    if not wanted.open_firewall or facts.firewall not in ("ufw", "firewalld"):
        return ()
    closed = [port for port in ((80, 443) if wanted.web else ()) if not _open(facts, port)]
    pods = [net for net in POD_NETWORKS if not _trusted(facts, net)]
    found = (*_open_commands(facts.firewall, closed), *_trust_commands(facts.firewall, pods))
    return (*found, "firewall-cmd --reload") if found and facts.firewall == "firewalld" else found


def _open_commands(kind: str, closed: Iterable[int]) -> list[str]:
    if kind == "ufw":
        return [f"ufw allow {port}/tcp" for port in closed]
    return [f"firewall-cmd --permanent --add-port={port}/tcp" for port in closed]


def _trust_commands(kind: str, networks: Iterable[str]) -> list[str]:
    if kind == "ufw":
        return [f"ufw allow from {net} to any" for net in networks]
    return [f"firewall-cmd --permanent --zone=trusted --add-source={net}" for net in networks]


def _open(facts: Facts, port: int) -> bool:
    if facts.firewall == "firewalld":
        return bool({f"{port}/tcp", {80: "http", 443: "https"}.get(port, "")} & set(facts.rules))
    names = {str(port), f"{port}/tcp", "80,443/tcp", "Anywhere"}
    profiles = {80: ("WWW", "HTTP", "Full"), 443: ("Secure", "HTTPS", "Full")}.get(port, ())
    for rule in facts.rules:
        to, allowed, _ = (part.strip() for part in rule.partition("ALLOW"))
        open_to_all = rule.rstrip().endswith("Anywhere")
        if allowed and open_to_all and (to in names or any(word in to.split() for word in profiles)):
            return True
    return False


def _trusted(facts: Facts, network: str) -> bool:
    if facts.firewall == "firewalld":
        return network in facts.trusted
    return any(rule.startswith("Anywhere") and rule.rstrip().endswith(network) for rule in facts.rules)


def dns(facts: Facts, outside: Outside) -> Iterable[Finding]:
    ours = {*facts.addresses, *outside.server}
    public = sorted(set(outside.server)) or ["the server"]
    for name, here in sorted(outside.dns.items()):
        there = facts.dns.get(name, ())
        hint = f"point an A record (AAAA for IPv6) of {name} at {public[0]}; new records take until the old one's TTL"
        if not here and not there:
            yield warning(
                "server-dns",
                f"{name} does not resolve",
                detail="The platform is installed, but not reached by that name, and gets no certificate for it.",
                hint=hint,
            )
            continue
        wrong = sorted({*here, *there} - ours)
        if wrong:
            yield warning(
                "server-dns",
                f"{name} leads to {', '.join(wrong)}, not to this server",
                detail=f"Seen from here: {', '.join(here) or 'nothing'}; from the server: "
                f"{', '.join(there) or 'nothing'}. Behind a proxy or a load balancer that may be right.",
                hint=hint,
            )
        elif not here or not there:
            where = "from the server" if here else "from this machine"
            yield warning(
                "server-dns",
                f"{name} does not resolve {where}",
                hint="wait for the record to spread, or correct the resolver there (/etc/resolv.conf)",
            )


def reach(facts: Facts) -> Iterable[Finding]:
    """Nothing has to be downloaded for k3s that runs already: then it is only said."""
    make = warning if facts.k3s_runs else error
    for url, status in sorted(facts.reach.items()):
        host = url.split("/")[2] if url.count("/") >= 2 else url
        if status in ("000", "none"):
            yield make(
                "server-offline",
                f"the server cannot reach {host}",
                detail=f"{url} did not answer within 15 s.",
                hint="check its route, DNS, firewall and proxy; `images.registry` names a mirror of the images",
            )
        elif status == "404" and host == "github.com":
            yield make(
                "k3s-no-such-version",
                f"there is no {url}",
                hint="correct `target.k3s.version`",
            )
