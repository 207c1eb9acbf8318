"""Models and tenants: what is offered, and to whom."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from wizard.domain.profile.base import Section
from wizard.domain.profile.scalars import Cpu, DnsLabel, Email, HostName, ModelName, Size
from wizard.domain.profile.tiers import TierName


def full_model_name(name: str) -> str:
    """Name with its tag, as Ollama lists it: `qwen3` is `qwen3:latest`."""
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


class Model(Section):
    """A model that Ollama serves. In YAML its name alone will do: `- qwen3:0.6b`."""

    name: ModelName = Field(description="Name as Ollama writes it: [registry/][namespace/]name[:tag].")
    # Not strict: what a "before" validator returns is no JSON any more, and a strict tuple takes no list.
    tiers: tuple[TierName, ...] = Field(
        default=(), strict=False, description="Tiers that offer it; empty: all there are."
    )
    default: bool = Field(default=False, description="Whether chats begin with it; if none says so, the first model.")
    warm: bool = Field(default=False, description="Whether it is loaded into memory right after deployment.")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def full_name(self) -> str:
        """Name with its tag."""
        return full_model_name(self.name)


class Quota(Section):
    """What all pods of a tenant together may take."""

    cpu: Cpu = Field(default="4", description="Processors: cores (4) or thousandths (4000m).")
    memory: Size = Field(default="8Gi", description="Memory.")
    storage: Size = Field(default="20Gi", description="Disk of all its volumes.")
    pods: int = Field(default=20, ge=1, le=10_000, description="Number of pods.")
    gpus: int = Field(default=0, ge=0, le=1000, description="GPUs, for a tenant with its own Ollama.")


class Tenant(Section):
    """One client: a namespace with its own Open WebUI, database, secrets, quota and network policy."""

    name: DnsLabel = Field(description="Short name; its namespace and host name derive from it.")
    display_name: str | None = Field(default=None, min_length=1, max_length=100, description="Name shown to people.")
    tier: TierName = Field(default="standard", description="Tier its models run on.")
    models: tuple[ModelName, ...] = Field(default=(), description="Models it may use; empty: all of its tier.")
    quota: Quota = Field(default_factory=Quota, description="What its pods may take together.")
    admin_email: Email | None = Field(
        default=None, description="Address of its first admin; empty: the platform's admin."
    )
    host: HostName | None = Field(default=None, description="Host name of its chat; empty: <name>.<domain>.")
    replicas: int = Field(default=1, ge=1, le=100, description="Copies of its Open WebUI, at least.")
    max_replicas: int | None = Field(
        default=None, ge=1, le=100, description="Copies at most, scaled by load; empty: always `replicas`."
    )
    dedicated: bool = Field(default=False, description="Whether it gets an Ollama of its own, shared with no one.")
    connections: int = Field(default=20, ge=1, le=5000, description="Database connections at most.")
    operators: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Groups that may manage its namespace (RBAC)."
    )
    viewers: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Groups that may look at its namespace (RBAC)."
    )
