"""What a month on AWS costs: an estimate by line, from the dated table of prices, never a quote. Pure.

A month has 730 hours, as AWS' own calculator counts, and a GB of AWS' prices is 2^30 bytes. Low is the least number
of nodes at the cheapest of a tier's types, high the greatest at the dearest. What depends on use, and nothing in the
profile tells, is not included: NOT_INCLUDED.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from wizard.catalog.instances import Instances
from wizard.catalog.models import Models
from wizard.catalog.prices import Price, Prices
from wizard.domain.profile import Profile
from wizard.domain.profile.aws import AwsTarget
from wizard.domain.profile.tiers import Tier, TierName
from wizard.domain.profile.units import size_bytes

HOURS = 730
GB = 2**30
NOT_INCLUDED = (
    "data transfer and traffic through NAT gateways and load balancers",
    "requests and I/O of Aurora, EFS and S3; snapshots and backups",
    "CloudWatch, KMS, Secrets Manager, Route 53; taxes",
)
DISCLAIMER = "estimate, no quote: list prices without taxes, Spot and use vary"

Group = Literal["cluster", "nodes", "network", "data"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is paid for by the month. US dollars; None where the price is not known."""

    group: Group
    what: str
    """`standard nodes, Spot`."""
    count: str
    """How many, in words: `1 to 7`, `3`, `0 to 200 GB`."""
    price: Price | None
    """Of one unit."""
    low: float | None
    high: float | None
    note: str = ""

    @property
    def known(self) -> bool:
        return self.low is not None


@dataclass(frozen=True, slots=True)
class Cost:
    """A month's lines and what is known of their sum. Always an estimate."""

    lines: tuple[Line, ...]
    region: str
    looked_up: date
    """Of the prices."""
    simulated: bool
    """Whether the account is simulated: then nothing of it is paid."""

    @property
    def low(self) -> float:
        """Sum of what is known, in US dollars a month."""
        return sum(line.low or 0.0 for line in self.lines)

    @property
    def high(self) -> float:
        return sum(line.high or 0.0 for line in self.lines)

    @property
    def unknown(self) -> tuple[Line, ...]:
        """Lines whose price is not known for the region: the sum is without them."""
        return tuple(line for line in self.lines if not line.known)

    def as_dict(self) -> dict[str, Any]:
        """The wire form (JSON lines, saved plans)."""

        def plain(line: Line) -> dict[str, Any]:
            known = {} if line.low is None or line.high is None else {"low": line.low, "high": line.high}
            return {
                "group": line.group,
                "what": line.what,
                "count": line.count,
                **{key: round(value, 2) for key, value in known.items()},
                **({} if line.price is None else {"unitLow": line.price.low, "unitHigh": line.price.high}),
                **({} if line.price is None else {"unit": line.price.unit, "sources": list(line.price.sources)}),
                **({"note": line.note} if line.note else {}),
            }

        return {
            "estimate": True,
            "currency": "USD",
            "region": self.region,
            "pricesOf": self.looked_up.isoformat(),
            "simulated": self.simulated,
            "lines": [plain(line) for line in self.lines],
            "low": round(self.low, 2),
            "high": round(self.high, 2),
            "unknown": [line.what for line in self.unknown],
            "notIncluded": list(NOT_INCLUDED),
        }


def split(nodes: int, base: int, spot_share: float) -> tuple[int, int]:
    """(On-Demand, Spot) of so many nodes: `base` first, of those above it the share as Spot, rounded half up."""
    above = max(0, nodes - base)
    spot = int(above * spot_share + 0.5)
    return nodes - spot, spot


def cost(profile: Profile, instances: Instances, prices: Prices, models: Models) -> Cost | None:
    """A month of the profile; None on targets where the wizard buys nothing (k3s, cluster, sandbox)."""
    aws = profile.target.aws
    if profile.target.kind != "aws" or aws is None:
        return None
    lines = [
        *_cluster(aws, prices),
        *(
            line
            for name, tier in profile.tiers.present().items()
            for line in _nodes(name, tier, aws.region, instances, prices)
        ),
        *_network(aws, prices),
        *_data(profile, aws, prices, models),
    ]
    return Cost(tuple(lines), aws.region, prices.looked_up, profile.simulated)


def _line(
    group: Group,
    what: str,
    price: Price | None,
    least: float,
    most: float,
    *,
    unit: str = "",
    note: str = "",
) -> Line:
    """Priced by the hour all month, or by the GB and month."""
    count = f"{least:g}" if least == most else f"{least:g} to {most:g}"
    count = f"{count} {unit}".strip()
    if price is None:
        return Line(group, what, count, None, None, None, note or "price unknown in this region")
    times = HOURS if price.unit == "hour" else 1
    return Line(group, what, count, price, least * price.low * times, most * price.high * times, note)


def _cluster(aws: AwsTarget, prices: Prices) -> Iterator[Line]:
    if aws.adopt.cluster is not None:
        return
    note = ""
    extended = prices.service("eks-extended", aws.region)
    if aws.extended_support and extended is not None:
        note = f"${extended.high:.2f} an hour once its version is in extended support"
    yield _line("cluster", "EKS control plane", prices.service("eks-cluster", aws.region), 1, 1, note=note)


def _nodes(name: TierName, tier: Tier, region: str, instances: Instances, prices: Prices) -> Iterator[Line]:
    least, most = (
        split(tier.min, tier.on_demand_base, tier.spot_share),
        split(tier.max, tier.on_demand_base, tier.spot_share),
    )
    price, note = _node_price(tier, region, instances, prices)
    if most[0] or least[0]:
        yield _between("nodes", f"{name} nodes, On-Demand", price, least[0], most[0], note=note)
    if most[1] or least[1]:
        types = instances.known(tier.instance_types)
        share = prices.spot.gpu if name == "premium" or any(of.gpus for of in types) else prices.spot.cpu
        spot = price.scaled(share.low, share.high) if price is not None else None
        rough = f"Spot at {share.low:.0%} to {share.high:.0%} of On-Demand"
        without = [of.name for of in types if region in prices.no_spot.get(of.name, ())]
        if without:
            rough = f"{rough}; no Spot price is listed for {', '.join(without)} in {region}"
        yield _between(
            "nodes",
            f"{name} nodes, Spot",
            spot,
            least[1],
            most[1],
            note="; ".join(part for part in (rough, note) if part),
        )
    size = size_bytes(tier.disk) / GB
    disk = prices.service("ebs-gp3", region)
    yield _line("nodes", f"{name} nodes' disks", disk, round(tier.min * size), round(tier.max * size), unit="GB of gp3")


def _between(group: Group, what: str, price: Price | None, one: int, other: int, *, note: str) -> Line:
    # With a base above the minimum the number of nodes of a kind may fall while all of them grow.
    return _line(group, what, price, min(one, other), max(one, other), note=note)


def _node_price(tier: Tier, region: str, instances: Instances, prices: Prices) -> tuple[Price | None, str]:
    """(on-demand price over the tier's types, what is not known of them)."""
    found: list[Price] = []
    missing: list[str] = []
    for name in tier.instance_types:
        of = instances.get(name)
        price = prices.instance(name, of.vcpu, region) if of is not None else None
        if price is not None:
            found.append(price)
        elif of is not None and of.offered(region) is False:
            missing.append(f"{name} is not listed for {region} (catalog of {instances.looked_up})")
        else:
            missing.append(f"the price of {name} in {region} is unknown")
    note = "; ".join(missing)
    if not found:
        return None, note
    return Price(min(p.low for p in found), max(p.high for p in found), "hour", found[0].sources), note


def _network(aws: AwsTarget, prices: Prices) -> Iterator[Line]:
    region = aws.region
    addresses = aws.zones  # of the load balancer: one a zone
    if aws.adopt.vpc_id is None:
        gateways = aws.zones if aws.vpc.nat_per_zone else 1
        addresses += gateways
        yield _line("network", "NAT gateways", prices.service("nat-gateway", region), gateways, gateways)
        # S3's endpoint is a gateway, free of charge; ECR needs two (api and dkr).
        interfaces = sum(2 if name == "ecr" else 1 for name in aws.vpc.endpoints if name != "s3") * aws.zones
        if interfaces:
            price = prices.service("interface-endpoint", region)
            yield _line("network", "VPC endpoints, by zone", price, interfaces, interfaces)
    kind = aws.load_balancer.upper()
    yield _line("network", f"load balancer ({kind})", prices.service("load-balancer", region), 1, 1)
    yield _line("network", "public IPv4 addresses", prices.service("public-ipv4", region), addresses, addresses)


def _data(profile: Profile, aws: AwsTarget, prices: Prices, models: Models) -> Iterator[Line]:
    region, aurora = aws.region, profile.database.aurora
    if profile.database.kind == "aurora" and aws.adopt.aurora is None:
        number = 1 + aurora.readers
        if aurora.serverless:
            price = prices.service("aurora-acu", region)
            least, most = number * aurora.min_acu, number * aurora.max_acu
            yield _line("data", f"Aurora Serverless v2, {number} instances", price, least, most, unit="ACU")
        else:
            price = prices.service(f"aurora:{aurora.instance_class}", region)
            yield _line("data", f"Aurora {aurora.instance_class}", price, number, number)
    if aws.adopt.efs is None:
        # Paid by what is in it: at least the models, at most what the profile foresees for them.
        room = size_bytes(profile.storage.models) / GB
        known = (models.lookup(model.name) for model in profile.models)
        used = min(room, sum(model.size for model in known if model is not None) / GB)
        price = prices.service("efs-standard", region)
        yield _line("data", "EFS for the models", price, round(used, 1), round(room, 1), unit="GB")
    volumes = sum(size for size in _volumes(profile)) / GB
    if volumes:
        yield _line(
            "data",
            "volumes of pods",
            prices.service("ebs-gp3", region),
            round(volumes),
            round(volumes),
            unit="GB of gp3",
        )


def _volumes(profile: Profile) -> Iterator[int]:
    """Bytes of each volume that the profile asks for."""
    chats = len(profile.tenants) + (1 if profile.shared_chat else 0)
    yield chats * size_bytes(profile.storage.open_webui)
    if profile.database.kind == "internal":
        yield profile.database.internal.instances * size_bytes(profile.database.internal.storage)
    if profile.observability.enabled:
        yield size_bytes(profile.observability.metrics.size)
        if profile.observability.logs.backend == "loki":
            yield size_bytes(profile.observability.logs.size)
    if profile.backup.enabled and profile.backup.destination == "volume":
        yield size_bytes(profile.backup.size)
