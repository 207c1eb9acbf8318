"""Checks of where the platform goes and how it is reached: target, AWS, namespace, hosts, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import TYPE_CHECKING

from wizard.domain.profile.base import Path, show_path
from wizard.domain.profile.checks.problem import Problem, inside, needs_domain, outside, reserved

if TYPE_CHECKING:
    from wizard.domain.profile.model import Profile

RESERVED_NAMESPACES = frozenset({"default", "wizard-system"})
_PRIVATE_ENDINGS = ("local", "localhost", "test", "internal", "lan", "home.arpa", "invalid", "example")
"""Names that no public CA certifies (RFC 2606, 6761, 8375 and what home routers use)."""


def target(profile: Profile) -> Iterator[Problem]:
    target = profile.target
    if target.kind == "k3s" and target.k3s is None:
        yield Problem(
            ("target", "k3s"),
            "profile-missing",
            "is missing: target.kind is k3s",
            "add `target.k3s` with at least `host`",
            (("target", "kind"), ("target",)),
        )
    if target.kind == "aws" and target.aws is None:
        yield Problem(
            ("target", "aws"),
            "profile-missing",
            "is missing: target.kind is aws",
            "add `target.aws` with at least `region`",
            (("target", "kind"), ("target",)),
        )


def aws(profile: Profile) -> Iterator[Problem]:
    aws, at = profile.target.aws, ("target", "aws")
    if aws is None:
        return
    named = len(set(aws.zone_names))
    if aws.zone_names and named != aws.zones:
        yield Problem(
            (*at, "zoneNames"),
            "profile-conflict",
            f"must name {aws.zones} different zones, as target.aws.zones says (got {named})",
            reads=((*at, "zones"),),
        )
    for index, zone in enumerate(aws.zone_names):
        if zone[:-1] != aws.region:
            yield Problem(
                (*at, "zoneNames", index),
                "profile-conflict",
                f"is not a zone of {aws.region} (got '{zone}')",
                reads=((*at, "region"),),
            )
    for index, cidr in enumerate(aws.public_access_cidrs):
        if ip_network(cidr).prefixlen == 0:
            yield Problem(
                (*at, "publicAccessCidrs", index),
                "profile-range",
                "must not be the whole internet",
                "give the network you work from, such as 203.0.113.7/32",
            )
    prefix = ip_network(aws.vpc.cidr)
    if prefix.version != 4 or not 16 <= prefix.prefixlen <= 20:
        yield Problem(
            (*at, "vpc", "cidr"),
            "profile-range",
            f"must be an IPv4 network between /16 and /20 (got '{aws.vpc.cidr}')",
            "three kinds of subnets in each zone need the room, and AWS allows no more than /16",
        )
    if aws.adopt.vpc_id and len(aws.adopt.private_subnets) < 2:
        yield Problem(
            (*at, "adopt", "vpcId"),
            "profile-missing",
            "needs target.aws.adopt.privateSubnets: at least two, in different zones",
            reads=((*at, "adopt", "privateSubnets"), (*at, "adopt")),
        )
    if aws.load_balancer == "alb" and aws.certificate_arn is None and profile.target.kind == "aws":
        yield Problem(
            (*at, "loadBalancer"),
            "profile-missing",
            "alb needs target.aws.certificateArn",
            "name an ACM certificate, or leave loadBalancer at nlb",
            ((*at, "certificateArn"), at),
        )


def namespace(profile: Profile) -> Iterator[Problem]:
    if reserved(profile.namespace, RESERVED_NAMESPACES):
        yield Problem(
            ("namespace",),
            "profile-reserved",
            f"must not be '{profile.namespace}': the name is reserved",
            "for example chat",
        )


def access(profile: Profile) -> Iterator[Problem]:
    access, at = profile.access, ("access",)
    if access.domain is None:
        for key, host in (("chat", access.chat), ("monitor", access.monitor)):
            if host:
                yield needs_domain((*at, key))
        return
    for key, host in (("chat", access.chat), ("monitor", access.monitor)):
        if host and not inside(host, access.domain) and not access.hosts_outside_domain:
            yield outside((*at, key), host, access.domain)
    tls, tls_at = access.tls, (*at, "tls")
    if tls.issuer == "cluster-issuer" and tls.issuer_name is None:
        yield Problem(
            (*tls_at, "issuer"),
            "profile-missing",
            "cluster-issuer needs access.tls.issuerName",
            reads=((*tls_at, "issuerName"), tls_at),
        )
    if not tls.issuer.startswith("letsencrypt-"):
        return
    if profile.tls_email is None:
        yield Problem(
            (*tls_at, "issuer"),
            "profile-missing",
            f"{tls.issuer} needs an e-mail address",
            "set access.tls.email, or admin.email",
            ((*tls_at, "email"), tls_at, ("admin",), ("admin", "email")),
        )
    if tls.challenge == "dns01" and access.dns.provider == "none":
        yield Problem(
            (*tls_at, "challenge"),
            "profile-missing",
            "dns01 needs access.dns.provider",
            "set access.dns.provider to route53, or use http01",
            ((*at, "dns"), (*at, "dns", "provider"), at),
        )
    if access.domain.endswith(tuple("." + ending for ending in _PRIVATE_ENDINGS)):
        yield Problem(
            (*tls_at, "issuer"),
            "profile-conflict",
            f"Let's Encrypt gives no certificate for '{access.domain}': it is no public domain",
            "use issuer own-ca",
            ((*at, "domain"),),
        )


def hosts(profile: Profile) -> Iterator[Problem]:
    """Host names lead to one place each, and their labels fit DNS."""
    taken: dict[str, str] = {}
    hosts: list[tuple[Path, str | None]] = [(("access", "chat"), profile.chat_host)] if profile.shared_chat else []
    if profile.observability.enabled:
        hosts.append((("access", "monitor"), profile.monitor_host))
    for index, tenant in enumerate(profile.tenants):
        key = "host" if tenant.host else "name"
        hosts.append((("tenants", index, key), profile.tenant_host(tenant)))
    for path, host in hosts:
        if host is None:
            continue
        if len(host) > 253 or any(len(label) > 63 for label in host.split(".")):
            yield Problem(path, "profile-range", f"makes a host name longer than DNS allows: '{host}'")
        if host in taken:
            yield Problem(
                path,
                "profile-duplicate",
                f"its host name '{host}' is already that of {taken[host]}",
                "give one of them another name, or a `host` of its own",
                (("access", "domain"), ("tenants",)),
            )
        taken.setdefault(host, show_path(path[:-1] if path[0] == "tenants" else path))
