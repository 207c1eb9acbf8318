"""Where the platform goes: a server over SSH, AWS, a cluster that is there, or the simulated one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wizard.domain.finding import Finding, UsageError, Where, error
from wizard.domain.profile.aws import AwsTarget
from wizard.domain.profile.base import Section
from wizard.domain.profile.scalars import DnsLabel, HostKey, Jump, ServerAddress, UserName

TargetKind = Literal["sandbox", "cluster", "k3s", "aws"]


class K3sTarget(Section):
    """A Linux server on which the wizard installs k3s, over SSH."""

    host: ServerAddress = Field(description="Address of the server: host name or IP.")
    user: UserName = Field(default="root", description="User to log in as; with any but root, sudo is used.")
    port: int = Field(default=22, ge=1, le=65535, description="SSH port of the server.")
    key: str | None = Field(
        default=None,
        min_length=1,
        description="Private key file; empty: the agent and ~/.ssh. Passwords are asked, not kept.",
    )
    host_key: HostKey | None = Field(
        default=None, description="Expected host key or SHA256 fingerprint; empty: known_hosts decides."
    )
    jump: Jump | None = Field(default=None, description="Jump host as [user@]host[:port].")
    ssh_config: bool = Field(default=True, description="Whether ~/.ssh/config of the operator is honoured.")
    sudo: Literal["auto", "passwordless", "password"] = Field(
        default="auto",
        description="How root is reached: tried out (auto), without, or with a password that is asked for.",
    )
    version: str | None = Field(
        default=None,
        pattern=r"^v1\.[0-9]+\.[0-9]+[+]k3s[0-9]+$",
        description="k3s version such as v1.35.1+k3s1; empty: the one this wizard was tested with.",
    )
    api_access: Literal["auto", "direct", "ssh"] = Field(
        default="auto",
        description="Way to the Kubernetes API: direct, through ssh, or direct where it is open (auto).",
    )
    api_port: int = Field(default=6443, ge=1, le=65535, description="Port of the Kubernetes API on the server.")
    tls_san: tuple[ServerAddress, ...] = Field(
        default=(), description="More names and addresses for the API's certificate."
    )
    disable: tuple[Literal["traefik", "servicelb", "metrics-server", "local-storage", "coredns"], ...] = Field(
        default=(), description="Parts that k3s brings and that shall not run."
    )
    zram: bool = Field(default=True, description="Whether compressed swap in memory is set up on servers under 8 GB.")
    firewall: Literal["check", "open"] = Field(
        default="check",
        description="Whether ports 80 and 443 are only checked in ufw or firewalld, or opened.",
    )
    air_gapped: bool = Field(default=False, description="Whether k3s and images come from a bundle, with no network.")
    merge_kubeconfig: bool = Field(
        default=False, description="Whether the context is also merged into the operator's own kubeconfig."
    )


class ClusterTarget(Section):
    """A cluster that a kubeconfig context names; the wizard only deploys."""

    context: str | None = Field(default=None, min_length=1, description="kubeconfig context; empty: the current one.")
    kubeconfig: str | None = Field(
        default=None, min_length=1, description="kubeconfig file; empty: $KUBECONFIG, else ~/.kube/config."
    )


class SandboxTarget(Section):
    """The simulated cluster and cloud on loopback; all it shows is marked SIMULATED."""

    seed: int = Field(default=1, ge=0, description="Seed of the simulation: the same seed, the same course.")
    speed: float = Field(default=10.0, gt=0, le=10_000, description="How many times faster than real time it runs.")
    scenario: DnsLabel | None = Field(
        default=None,
        description="Fault that is played, such as crash-loop or image-missing; empty: all goes well.",
    )
    nodes: int = Field(default=1, ge=1, le=5000, description="Number of simulated nodes.")


class Target(Section):
    """Where the platform goes. Settings of kinds other than `kind` may be present and are not used."""

    kind: TargetKind = Field(
        description="Kind of target: sandbox (simulated), cluster (kubeconfig), k3s (server over SSH) or aws."
    )
    k3s: K3sTarget | None = Field(default=None, alias="k3s", description="The server, for kind k3s.")
    aws: AwsTarget | None = Field(default=None, description="Region, network and EKS, for kind aws.")
    cluster: ClusterTarget = Field(default_factory=ClusterTarget, description="The kubeconfig, for kind cluster.")
    sandbox: SandboxTarget = Field(default_factory=SandboxTarget, description="The simulation, for kind sandbox.")

    def need_k3s(self) -> K3sTarget:
        """The server's settings; UsageError where the profile has none (never with kind k3s)."""
        if self.k3s is None:
            raise UsageError(_lacks("k3s", "host"))
        return self.k3s

    def need_aws(self) -> AwsTarget:
        """The AWS settings; UsageError where the profile has none (never with kind aws)."""
        if self.aws is None:
            raise UsageError(_lacks("aws", "region"))
        return self.aws


def _lacks(kind: str, key: str) -> Finding:
    return error(
        "profile-missing",
        f"`target.{kind}` is missing",
        hint=f"add it with at least `{key}`",
        where=Where(path=f"target.{kind}"),
    )
