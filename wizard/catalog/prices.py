"""What AWS charges, estimated (assets/catalog/prices.yaml): US dollars, without taxes, never a quote."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from wizard.catalog import datafile
from wizard.catalog.datafile import Source

Usd = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Unit = Literal["hour", "GB-month"]
ANY = "any"


@dataclass(frozen=True, slots=True)
class Price:
    """Of one unit; low equals high where the sources name one price."""

    low: float
    high: float
    unit: Unit
    sources: tuple[str, ...]
    """Ids in the catalog's sources."""

    def scaled(self, low: float, high: float) -> Price:
        return Price(self.low * low, self.high * high, self.unit, self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Spot as a share of the on-demand price: a rough range."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    low: Share
    high: Share
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spots:
    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    cpu: Spot
    gpu: Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The price of one thing in one region, or in all."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    name: str
    unit: Unit
    region: str
    usd: Usd | None = None
    low: Usd | None = None
    high: Usd | None = None
    source: str

    @property
    def price(self) -> Price | None:
        """None where the entry gives neither one price nor a range."""
        low, high = (self.usd, self.usd) if self.usd is not None else (self.low, self.high)
        if low is None or high is None:
            return None
        return Price(low, high, self.unit, (self.source,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The table of prices."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    looked_up: date
    sources: dict[str, Source]
    per_vcpu: dict[str, dict[str, Usd]]
    """CPU family -> region -> dollars an hour for each vCPU."""
    on_demand: dict[str, dict[str, Usd]]
    """GPU type -> region -> dollars an hour."""
    ec2_sources: tuple[str, ...]
    spot: Spots
    no_spot: dict[str, tuple[str, ...]]
    """Type -> regions in which it is listed without any Spot price."""
    services: tuple[Service, ...]
    _services: dict[tuple[str, str], Price] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for service in self.services:
            if service.price is not None:
                self._services.setdefault((service.name, service.region), service.price)

    def instance(self, name: str, vcpu: int, region: str) -> Price | None:
        """On-Demand Linux by the hour; None where it is not known for the region."""
        usd = self.on_demand.get(name, {}).get(region)
        if usd is None:
            each = self.per_vcpu.get(name.partition(".")[0], {}).get(region)
            usd = None if each is None else each * vcpu
        return None if usd is None else Price(usd, usd, "hour", self.ec2_sources)

    def service(self, name: str, region: str) -> Price | None:
        """None where it is not known for the region."""
        return self._services.get((name, region)) or self._services.get((name, ANY))


def _check(made: Prices) -> dict[str, str]:
    wrong: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    used = {"spot.cpu.source": made.spot.cpu.source, "spot.gpu.source": made.spot.gpu.source}
    used |= {f"ec2Sources.{number}": source for number, source in enumerate(made.ec2_sources)}
    for number, service in enumerate(made.services):
        at = f"services.{number}"
        used[f"{at}.source"] = service.source
        if (service.name, service.region) in seen:
            wrong[at] = f"'{service.name}' in {service.region} is there twice"
        elif service.price is None or (service.usd is not None and (service.low or service.high)):
            wrong[at] = "needs `usd`, or `low` and `high`"
        elif service.price.low > service.price.high:
            wrong[at] = "`low` is above `high`"
        seen.add((service.name, service.region))
    for name, spot in (("cpu", made.spot.cpu), ("gpu", made.spot.gpu)):
        if spot.low > spot.high:
            wrong[f"spot.{name}"] = "`low` is above `high`"
    return wrong | datafile.missing_sources(used, made.sources)


def load(path: Path | None = None) -> Prices:
    """From the shipped file, or another. Raises UsageError with findings where it is wrong."""
    return datafile.read("prices.yaml", Prices, path, check=_check)


@cache
def catalog() -> Prices:
    """The shipped one, read once."""
    return datafile.shipped_data("prices.yaml", Prices)
