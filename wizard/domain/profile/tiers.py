"""Tiers: the classes of compute that models run on, with Ollama's settings for each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wizard.domain.profile.base import Section
from wizard.domain.profile.components import Resources
from wizard.domain.profile.scalars import InstanceType, KeepAlive, Size

TierName = Literal["standard", "premium"]


class Gpu(Section):
    """GPUs of one Ollama replica."""

    count: int = Field(default=1, ge=1, le=16, description="GPUs a replica of Ollama gets.")
    memory: Size | None = Field(
        default=None, description="Memory of one GPU; empty: from the catalog by instance type (AWS only)."
    )
    resource: str = Field(default="nvidia.com/gpu", min_length=1, description="Resource name of the device plugin.")


class Toleration(Section):
    """A taint that the tier's pods accept, as Kubernetes writes it."""

    key: str | None = Field(default=None, description="Key of the taint; empty with operator Exists: every taint.")
    operator: Literal["Equal", "Exists"] = Field(default="Equal", description="Whether the value is compared.")
    value: str | None = Field(default=None, description="Value of the taint, for operator Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; empty: any."
    )


class OllamaSettings(Section):
    """Ollama's own settings in one tier."""

    keep_alive: KeepAlive = Field(default="5m", description="How long an idle model stays in memory, or `forever`.")
    parallel: int = Field(default=1, ge=1, le=64, description="Requests a model answers at once; memory grows with it.")
    max_loaded: int = Field(default=1, ge=1, le=64, description="Models held in memory at once.")
    max_queue: int = Field(default=512, ge=1, le=100_000, description="Requests that wait before Ollama answers 503.")
    context_length: int = Field(
        default=4096, ge=256, le=1_048_576, description="Context window in tokens, for all models."
    )
    flash_attention: bool = Field(default=True, description="Whether flash attention is used where the model has it.")
    kv_cache: Literal["f16", "q8_0", "q4_0"] = Field(
        default="f16", description="Precision of the context's cache: q8_0 halves its memory."
    )
    replicas: int = Field(default=1, ge=1, le=100, description="Copies of Ollama, at least.")
    max_replicas: int | None = Field(
        default=None, ge=1, le=100, description="Copies at most, scaled by load; empty: always `replicas`."
    )
    resources: Resources | None = Field(
        default=None, description="Requests and limits of one replica; empty: computed from the models."
    )


class Tier(Section):
    """A class of compute. Node counts and instance types matter on AWS only."""

    instance_types: tuple[InstanceType, ...] = Field(
        default=("m5.2xlarge", "m5a.2xlarge", "m5d.2xlarge"),
        min_length=1,
        max_length=20,
        description="EC2 instance types of like size; several give Spot a choice.",
    )
    min: int = Field(default=2, ge=0, le=450, description="Nodes at least, On-Demand and Spot together.")
    max: int = Field(default=6, ge=1, le=450, description="Nodes at most, On-Demand and Spot together.")
    spot_share: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Share of nodes bought as Spot, 0 to 1, of those above onDemandBase.",
    )
    on_demand_base: int = Field(default=1, ge=0, le=450, description="Nodes that are always On-Demand.")
    per_zone: bool = Field(default=False, description="Whether each zone has node groups of its own.")
    disk: Size = Field(default="80Gi", description="Root volume of a node.")
    capacity_reservations: tuple[str, ...] = Field(
        default=(), description="Ids of capacity blocks or reservations (cr-...) to use first."
    )
    gpu: Gpu | None = Field(
        default=None, description="GPUs of a replica; on AWS taken from the instance type when empty."
    )
    node_selector: dict[str, str] = Field(
        default_factory=dict,
        description="Node labels the tier's pods need, on clusters the wizard did not make.",
    )
    tolerations: tuple[Toleration, ...] = Field(default=(), description="Taints that the tier's pods accept.")
    ollama: OllamaSettings = Field(default_factory=OllamaSettings, description="Ollama's settings.")


class PremiumTier(Tier):
    """The GPU tier: scaled to zero when idle, one node group a zone (GPU capacity is a zone's)."""

    instance_types: tuple[InstanceType, ...] = Field(
        default=("p5.4xlarge",),
        min_length=1,
        max_length=20,
        description="EC2 GPU instance types (p4, p5, p6); several give Spot a choice.",
    )
    min: int = Field(default=0, ge=0, le=450, description="Nodes at least; 0 lets the tier cost nothing when idle.")
    max: int = Field(default=2, ge=1, le=450, description="Nodes at most, On-Demand and Spot together.")
    on_demand_base: int = Field(default=0, ge=0, le=450, description="Nodes that are always On-Demand.")
    per_zone: bool = Field(default=True, description="Whether each zone has node groups of its own.")
    disk: Size = Field(default="200Gi", description="Root volume of a node.")


class Tiers(Section):
    """The tiers that there are; `premium` only where it is written."""

    standard: Tier = Field(default_factory=Tier, description="The CPU tier.")
    premium: PremiumTier | None = Field(default=None, description="The GPU tier; empty: there is none.")

    def present(self) -> dict[TierName, Tier]:
        """Name -> tier of those that there are, standard first."""
        tiers: dict[TierName, Tier] = {"standard": self.standard}
        if self.premium is not None:
            tiers["premium"] = self.premium
        return tiers
