"""EC2 instance types that tiers are made of (assets/catalog/instance-types.yaml)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from wizard.catalog import datafile
from wizard.catalog.datafile import Source

Positive = Annotated[int, Field(gt=0)]
GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """One type. Sizes as AWS names them; what a node leaves to pods is less (wizard/planning/room.py)."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    name: str
    vcpu: Positive
    memory: Positive
    """GiB."""
    gpus: Annotated[int, Field(ge=0)] = 0
    gpu: str = ""
    """NVIDIA's name of it: H100."""
    gpu_memory: Annotated[int, Field(ge=0)] = 0
    """MiB of one GPU."""
    max_pods: Positive | None = None
    """With the VPC CNI, no prefix delegation; None: not known."""
    regions: tuple[str, ...] | None = None
    """Where it was listed when the catalog was made; None: not kept."""

    @property
    def memory_bytes(self) -> int:
        return self.memory * GIB

    @property
    def gpu_bytes(self) -> int:
        """Of one GPU."""
        return self.gpu_memory * 2**20

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    def offered(self, region: str) -> bool | None:
        """Whether it was listed in a region; None where that is not kept. Only EC2 itself knows it for sure."""
        return None if self.regions is None else region in self.regions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    vcpu: Positive
    memory: Positive
    max_pods: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """The catalog of instance types."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    looked_up: date
    sources: dict[str, Source]
    sizes: dict[str, _Size]
    families: dict[str, str]
    """CPU family -> what sets it apart."""
    gpu: tuple[InstanceType, ...]
    _types: dict[str, InstanceType] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for family in self.families:
            for size, of in self.sizes.items():
                name = f"{family}.{size}"
                self._types[name] = InstanceType(name=name, vcpu=of.vcpu, memory=of.memory, max_pods=of.max_pods)
        self._types.update({of.name: of for of in self.gpu})

    @property
    def types(self) -> tuple[InstanceType, ...]:
        return tuple(self._types.values())

    def get(self, name: str) -> InstanceType | None:
        return self._types.get(name)

    def known(self, names: tuple[str, ...]) -> tuple[InstanceType, ...]:
        """Those of the names that the catalog has, in their order."""
        return tuple(found for name in names if (found := self._types.get(name)) is not None)

    def select(self, *, gpus: bool, region: str | None = None) -> tuple[InstanceType, ...]:
        """CPU or GPU types, not those known to be missing in the region; smallest first."""
        found = [of for of in self.types if bool(of.gpus) is gpus]
        found = [of for of in found if region is None or of.offered(region) is not False]
        return tuple(sorted(found, key=lambda of: (of.gpus * of.gpu_memory, of.memory, of.name)))


def _check(made: Instances) -> dict[str, str]:
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    for number, of in enumerate(made.gpu):
        at = f"gpu.{number}"
        if of.name in seen or of.family in made.families:
            wrong[at] = f"'{of.name}' is there twice"
        elif not (of.gpus and of.gpu and of.gpu_memory):
            wrong[at] = f"'{of.name}' says nothing of its GPUs"
        seen.add(of.name)
    return wrong


def load(path: Path | None = None) -> Instances:
    """From the shipped file, or another. Raises UsageError with findings where it is wrong."""
    return datafile.read("instance-types.yaml", Instances, path, check=_check)


@cache
def catalog() -> Instances:
    """The shipped one, read once."""
    return datafile.shipped_data("instance-types.yaml", Instances)
