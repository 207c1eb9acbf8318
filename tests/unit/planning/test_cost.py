"""A month on AWS: lines by hand, what is unknown, what never changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.planning.conftest import SHIPPED, Obj, profile, shipped
from wizard.catalog import instances, models, prices
from wizard.domain.profile import Profile
from wizard.planning.components.base import merge
from wizard.planning.cost import HOURS, Cost, Line, cost, split

AWS: Obj = {"target": {"kind": "aws", "aws": {"region": "us-east-1"}}}


def of(given_: Profile) -> Cost:
    found = cost(given_, instances.catalog(), prices.catalog(), models.catalog())
    assert found is not None
    return found


def on_aws(**changes: Any) -> Cost:
    return of(profile(**merge(AWS, changes)))


def line(given_: Cost, what: str) -> Line:
    (found,) = [one for one in given_.lines if one.what == what]
    return found


def amounts(given_: Line) -> tuple[float, float]:
    assert given_.low is not None and given_.high is not None
    return round(given_.low, 2), round(given_.high, 2)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "prod"])
def test_elsewhere_nothing_is_bought(name: str) -> None:
    assert cost(shipped(name), instances.catalog(), prices.catalog(), models.catalog()) is None


@pytest.mark.parametrize(
    ("nodes", "base", "share", "expected"),
    [
        (3, 2, 0.7, (2, 1)), (12, 2, 0.7, (5, 7)), (0, 0, 0.75, (0, 0)), (4, 0, 0.75, (1, 3)), (1, 0, 0.7, (0, 1)),
        (2, 5, 0.7, (2, 0)), (10, 0, 0.0, (10, 0)), (10, 1, 1.0, (1, 9)), (3, 1, 0.25, (2, 1)), (2, 1, 0.4, (2, 0)),
    ],
)  # fmt: skip
def test_the_share_of_spot_as_nodes(nodes: int, base: int, share: float, expected: tuple[int, int]) -> None:
    assert split(nodes, base, share) == expected


@given(st.integers(0, 450), st.integers(0, 450), st.floats(0, 1))
def test_no_node_is_lost(nodes: int, base: int, share: float) -> None:
    demand, spot = split(nodes, base, share)
    assert demand + spot == nodes and min(demand, spot) >= 0 and demand >= min(nodes, base)
    assert split(nodes + 1, base, share)[0] >= demand and split(nodes + 1, base, share)[1] >= spot


def test_the_lines_by_hand() -> None:
    tier: Obj = {"instanceTypes": ["m5.2xlarge", "m5a.2xlarge"], "min": 3, "max": 6, "onDemandBase": 1, "disk": "100Gi"}
    found = on_aws(
        tiers={"standard": tier},
        models=["qwen3:0.6b", "llama3.2:1b"],
        storage={"models": "50Gi", "openWebui": "2Gi"},
        database={"kind": "aurora", "aurora": {"readers": 2, "minAcu": 1, "maxAcu": 16}},
        observability={"enabled": False},
    )
    assert amounts(line(found, "EKS control plane")) == (73.0, 73.0)
    # 3 nodes: 1 + 2 above, of them 1 Spot; 6 nodes: 1 + 5 above, of them 4 (3.5) Spot. m5a is the cheaper.
    demand = line(found, "standard nodes, On-Demand")
    assert demand.count == "2" and amounts(demand) == (round(2 * 0.344 * HOURS, 2), round(2 * 0.384 * HOURS, 2))
    spot = line(found, "standard nodes, Spot")
    assert spot.count == "1 to 4" and amounts(spot) == (
        round(0.22 * 0.344 * HOURS, 2),
        round(4 * 0.85 * 0.384 * HOURS, 2),
    )
    disks = line(found, "standard nodes' disks")
    assert disks.count == "300 to 600 GB of gp3" and amounts(disks) == (24.0, 48.0)
    assert amounts(line(found, "NAT gateways")) == (98.55, 98.55)
    endpoints = line(found, "VPC endpoints, by zone")
    assert endpoints.count == "15" and amounts(endpoints) == (109.5, 109.5)  # ecr is two, s3 is free; three zones
    assert line(found, "load balancer (NLB)").low == pytest.approx(16.425)
    assert amounts(line(found, "public IPv4 addresses")) == (21.9, 21.9)
    aurora = line(found, "Aurora Serverless v2, 3 instances")
    assert aurora.count == "3 to 48 ACU" and amounts(aurora) == (262.8, 4204.8)
    efs = line(found, "EFS for the models")
    assert efs.count == "1.7 to 50 GB" and efs.high == 15.0
    assert line(found, "volumes of pods").count == "2 GB of gp3"
    assert not found.unknown and found.low == sum(one.low or 0 for one in found.lines) < found.high


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"adopt": {"cluster": "theirs"}}, "EKS control plane"),
        ({"adopt": {"vpcId": "vpc-0", "privateSubnets": ["subnet-0", "subnet-1", "subnet-2"]}}, "NAT gateways"),
        ({"adopt": {"efs": "fs-0"}}, "EFS for the models"),
        ({"vpc": {"endpoints": ["s3"]}}, "VPC endpoints, by zone"),
    ],
)
def test_what_is_adopted_or_left_out_costs_nothing(changes: Obj, gone: str) -> None:
    assert gone in {one.what for one in on_aws().lines}
    assert gone not in {one.what for one in on_aws(target={"aws": changes}).lines}


def test_one_nat_gateway_in_all() -> None:
    assert line(on_aws(target={"aws": {"vpc": {"natPerZone": False}}}), "NAT gateways").count == "1"


def test_a_premium_tier_that_sleeps_costs_nothing_at_least() -> None:
    found = on_aws(tiers={"premium": {"max": 4, "spotShare": 0.75}})
    demand, spot = line(found, "premium nodes, On-Demand"), line(found, "premium nodes, Spot")
    assert amounts(demand) == (0.0, round(6.88 * HOURS, 2)) and amounts(spot) == (0.0, round(3 * 6.88 * HOURS, 2))
    assert "no Spot price is listed for p5.4xlarge in us-east-1" in spot.note


def test_the_shipped_production_profile() -> None:
    """Frankfurt: EC2's prices are known, those of several services are not; p5.4xlarge was not listed there."""
    found = of(shipped("prod"))
    assert found.region == "eu-central-1" and not found.simulated and found.low > 500
    unknown = {one.what for one in found.unknown}
    assert {"premium nodes, On-Demand", "EFS for the models", "Aurora Serverless v2, 3 instances"} <= unknown
    assert "p5.4xlarge is not listed for eu-central-1" in line(found, "premium nodes, On-Demand").note
    assert "m5n.2xlarge" in line(found, "standard nodes, On-Demand").note
    assert amounts(line(found, "standard nodes, On-Demand")) == (
        round(2 * 0.416 * HOURS, 2),
        round(5 * 0.544 * HOURS, 2),
    )
    assert of(shipped("prod", sandbox=True)).simulated


def test_the_wire_form_says_that_it_is_an_estimate() -> None:
    found = of(shipped("prod")).as_dict()
    assert found["estimate"] is True and found["currency"] == "USD" and found["notIncluded"]
    assert found["pricesOf"] == prices.catalog().looked_up.isoformat()
    assert json.loads(json.dumps(found)) == found
    unknown = [one for one in found["lines"] if "low" not in one]
    assert [one["what"] for one in unknown] == found["unknown"] and all(one["note"] for one in unknown)


@given(
    st.integers(0, 5), st.integers(1, 20), st.floats(0, 1), st.integers(0, 6),
    st.sampled_from(["us-east-1", "eu-central-1", "eu-west-2", "ap-east-1"]), st.integers(0, 15), st.integers(1, 64),
)  # fmt: skip
def test_an_estimate_is_never_upside_down(
    least: int, more: int, share: float, base: int, region: str, readers: int, acu: int
) -> None:
    tier: Obj = {"min": least, "max": least + more, "spotShare": share, "onDemandBase": min(base, least + more)}
    found = on_aws(
        target={"aws": {"region": region}},
        tiers={"standard": tier},
        database={"kind": "aurora", "aurora": {"readers": readers, "maxAcu": float(acu)}},
    )
    for one in found.lines:
        assert (one.low is None) is (one.high is None) is (one.price is None) is (not one.known)
        assert one.low is None or one.high is None or 0 <= one.low <= one.high
        assert one.known or one.note
    assert 0 < found.low <= found.high
