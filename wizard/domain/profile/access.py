"""How people reach the platform: domain, host names, ingress, certificates, DNS."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wizard.domain.profile.base import Section
from wizard.domain.profile.scalars import DnsLabel, Email, HostName

Issuer = Literal["own-ca", "letsencrypt-staging", "letsencrypt-production", "cluster-issuer", "none"]


class Tls(Section):
    """Where certificates come from. The default needs no account and no internet: a CA of its own."""

    issuer: Issuer = Field(
        default="own-ca",
        description="Issuer: own-ca, letsencrypt-staging (untrusted, no limits), letsencrypt-production, "
        "cluster-issuer (one that is there) or none (plain HTTP).",
    )
    email: Email | None = Field(default=None, description="Address that Let's Encrypt warns; empty: the admin's.")
    challenge: Literal["http01", "dns01"] = Field(
        default="http01",
        description="Proof for Let's Encrypt: over port 80 (http01), or a DNS record (dns01, needs dns).",
    )
    issuer_name: DnsLabel | None = Field(
        default=None, description="Name of the ClusterIssuer, for issuer cluster-issuer."
    )
    hsts: bool = Field(
        default=True, description="Whether browsers are told to use HTTPS only (not with own-ca or staging)."
    )


class Dns(Section):
    """Who writes the host names' DNS records."""

    provider: Literal["none", "route53"] = Field(default="none", description="none: you do; route53: the wizard does.")
    zone_id: str | None = Field(
        default=None, pattern="^Z[A-Z0-9]+$", description="Route53 hosted zone; empty: found by the domain."
    )


class Access(Section):
    """Domain and HTTPS. Without a domain nothing is exposed: the wizard shows the port-forward."""

    domain: HostName | None = Field(default=None, description="Domain of the platform, such as example.com.")
    chat: HostName | None = Field(default=None, description="Host name of the chat; empty: chat.<domain>.")
    monitor: HostName | None = Field(default=None, description="Host name of Grafana; empty: monitor.<domain>.")
    hosts_outside_domain: bool = Field(default=False, description="Whether host names may lie outside the domain.")
    ingress: bool = Field(default=True, description="Whether the host names are served from outside (needs a domain).")
    ingress_class: DnsLabel = Field(default="traefik", description="Ingress class, or Gateway class, that serves them.")
    routes: Literal["ingress", "gateway", "auto"] = Field(
        default="ingress",
        description="Kubernetes API for them: ingress, gateway, or gateway where the cluster has it (auto).",
    )
    tls: Tls = Field(default_factory=Tls, description="Certificates.")
    dns: Dns = Field(default_factory=Dns, description="DNS records.")
