"""Expert overrides for single components, and where images come from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from wizard.domain.profile.base import Section
from wizard.domain.profile.scalars import Cpu, SecretName, Size

ComponentName = Literal[
    "alertmanager",
    "alloy",
    "aws-load-balancer-controller",
    "cert-manager",
    "cloudnative-pg",
    "cluster-autoscaler",
    "external-secrets",
    "grafana",
    "kube-prometheus-stack",
    "kube-state-metrics",
    "log-shipper",
    "loki",
    "metrics-server",
    "models",
    "node-exporter",
    "nvidia-device-plugin",
    "ollama",
    "open-webui",
    "postgresql",
    "prometheus",
    "tenant",
    "traefik",
    "valkey",
]
"""Every component that a profile may override; a new component adds its name here, in order."""


class Amounts(Section):
    """Processors and memory."""

    cpu: Cpu | None = Field(default=None, description="Processors: cores (1.5) or thousandths (1500m).")
    memory: Size | None = Field(default=None, description="Memory, such as 512Mi.")


class Resources(Section):
    """What a container reserves, and what it may use at most."""

    requests: Amounts = Field(default_factory=Amounts, description="Reserved amounts.")
    limits: Amounts = Field(default_factory=Amounts, description="Amounts that are not exceeded.")


class ComponentOverride(Section):
    """Changes to one component; what is not given stays as the wizard computes it."""

    enabled: bool | None = Field(default=None, description="Whether it is installed; empty: as the profile needs.")
    resources: Resources | None = Field(default=None, description="Requests and limits of its main container.")
    values: dict[str, Any] = Field(
        default_factory=dict,
        description="Helm values, merged last; not checked here, but by the chart's schema.",
    )


class Images(Section):
    """Where container images are pulled from."""

    registry: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?(?:/[a-z0-9._-]+)*$",
        description="Mirror put before every image name; empty: the public registries.",
    )
    pull_secrets: tuple[SecretName, ...] = Field(
        default=(), description="Names of Kubernetes Secrets for the registry."
    )
