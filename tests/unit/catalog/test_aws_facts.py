"""Instance types and prices: complete, plausible, in step with one another."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from wizard.catalog import instances, prices, shipped
from wizard.catalog.instances import InstanceType
from wizard.domain.finding import UsageError
from wizard.domain.profile.tiers import PremiumTier, Tier

TYPES = instances.catalog()
PRICES = prices.catalog()


@pytest.mark.parametrize(
    ("name", "vcpu", "memory", "gpus", "gpu"),
    [
        ("m5.large", 2, 8, 0, ""), ("m5.24xlarge", 96, 384, 0, ""), ("m5a.2xlarge", 8, 32, 0, ""),
        ("m5d.12xlarge", 48, 192, 0, ""), ("p4d.24xlarge", 96, 1152, 8, "A100"), ("p4de.24xlarge", 96, 1152, 8, "A100"),
        ("p5.4xlarge", 16, 256, 1, "H100"), ("p5.48xlarge", 192, 2048, 8, "H100"),
        ("p5e.48xlarge", 192, 2048, 8, "H200"),
        ("p5en.48xlarge", 192, 2048, 8, "H200"), ("p6-b200.48xlarge", 192, 2048, 8, "B200"),
        ("p6-b300.48xlarge", 192, 4096, 8, "B300"),
    ],
)  # fmt: skip
def test_types_are_those_of_the_shared_facts(name: str, vcpu: int, memory: int, gpus: int, gpu: str) -> None:
    found = TYPES.get(name)
    assert found is not None
    assert (found.vcpu, found.memory, found.gpus, found.gpu) == (vcpu, memory, gpus, gpu)


def test_gpu_memory_is_that_of_the_shared_facts() -> None:
    gib = {of.name: round(of.gpu_memory / 1024) for of in TYPES.select(gpus=True)}
    assert gib == {
        "p4d.24xlarge": 40, "p4de.24xlarge": 80, "p5.4xlarge": 80, "p5.48xlarge": 80, "p5e.48xlarge": 141,
        "p5en.48xlarge": 141, "p6-b200.48xlarge": 179, "p6-b300.48xlarge": 269,
    }  # fmt: skip


@pytest.mark.parametrize("of", TYPES.types, ids=lambda of: of.name)
def test_a_type_hangs_together(of: InstanceType) -> None:
    assert TYPES.get(of.name) is of
    assert bool(of.gpus) is bool(of.gpu) is bool(of.gpu_memory) is (of.family[0] == "p")
    assert of.memory_bytes >= of.vcpu * 4 * 2**30
    assert of.regions is None or (of.regions == tuple(sorted(set(of.regions))) and of.offered("mars-1") is False)


def test_the_defaults_of_a_profile_are_known() -> None:
    names = (*Tier().instance_types, *PremiumTier().instance_types)
    assert [of.name for of in TYPES.known((*names, "x9.huge"))] == list(names)


@pytest.mark.parametrize("path", sorted(shipped.profiles().glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_profiles_use_types_that_are_known(path: Path) -> None:
    tiers = yaml.safe_load(path.read_text()).get("tiers", {})
    for tier in tiers.values():
        for name in tier.get("instanceTypes", ()):
            assert TYPES.get(name) is not None, name


def test_select_orders_by_size_and_knows_regions() -> None:
    frankfurt = TYPES.select(gpus=True, region="eu-central-1")
    assert [of.name for of in frankfurt] == ["p4d.24xlarge", "p4de.24xlarge"]
    assert TYPES.select(gpus=True)[0].name == "p5.4xlarge"
    cpus = TYPES.select(gpus=False, region="eu-central-1")
    assert [of.memory for of in cpus] == sorted(of.memory for of in cpus) and not any(of.gpus for of in cpus)


def test_prices_are_of_known_types_where_they_are_offered() -> None:
    assert set(PRICES.per_vcpu) == set(TYPES.families)
    for name, regions in PRICES.on_demand.items():
        of = TYPES.get(name)
        assert of is not None
        for region in regions:
            assert of.offered(region), (name, region)
    for name, without in PRICES.no_spot.items():
        of = TYPES.get(name)
        assert of is not None and all(of.offered(region) for region in without)


def test_prices_are_plausible() -> None:
    """No typing error by a factor: a GPU hour costs 2 to 20 dollars, and no region is twice as dear as another."""
    for name, regions in PRICES.on_demand.items():
        of = TYPES.get(name)
        assert of is not None and all(2 <= usd / of.gpus <= 20 for usd in regions.values())
        assert max(regions.values()) < 1.5 * min(regions.values())
    for regions in PRICES.per_vcpu.values():
        assert all(0.03 <= usd <= 0.09 for usd in regions.values())


def test_a_price_of_m5_by_hand() -> None:
    price = PRICES.instance("m5.2xlarge", 8, "us-east-1")
    assert price is not None and price.low == price.high == pytest.approx(0.384)
    assert price.unit == "hour" and price.sources == ("karpenter", "skypilot")
    frankfurt = PRICES.instance("m5.2xlarge", 8, "eu-central-1")
    assert frankfurt is not None and frankfurt.low == pytest.approx(0.46)


@pytest.mark.parametrize(
    ("name", "region"), [("m5.large", "mars-1"), ("p5e.48xlarge", "us-east-2"), ("t3.large", "us-east-1")]
)
def test_what_is_not_known_is_none(name: str, region: str) -> None:
    assert PRICES.instance(name, 2, region) is None


def test_services() -> None:
    anywhere = PRICES.service("eks-cluster", "mars-1")
    assert anywhere is not None and anywhere.low == 0.1
    frankfurt = PRICES.service("nat-gateway", "eu-central-1")
    assert frankfurt is not None and (frankfurt.low, frankfurt.high) == (0.048, 0.052)
    assert PRICES.service("aurora-acu", "mars-1") is None and PRICES.service("unicorn", "us-east-1") is None


def test_every_price_has_a_dated_source() -> None:
    used = {*PRICES.ec2_sources, PRICES.spot.cpu.source, PRICES.spot.gpu.source, *(s.source for s in PRICES.services)}
    assert used == set(PRICES.sources)
    assert all(source.url and source.looked_up <= PRICES.looked_up for source in PRICES.sources.values())


BAD = [
    ("prices.yaml", "usd: 0.10, source: eks}", "usd: 0.10, source: rumour}", "no source 'rumour'"),
    ("prices.yaml", "low: 0.048, high: 0.052", "low: 0.052, high: 0.048", "`low` is above `high`"),
    ("prices.yaml", "usd: 0.10, source", "source", "needs `usd`, or `low` and `high`"),
    ("prices.yaml", "usd: 0.10, source", "usd: free, source", "valid number"),
    ("prices.yaml", "name: eks-extended, unit: hour", "name: eks-cluster, unit: hour", "is there twice"),
    ("prices.yaml", "{low: 0.22, high: 0.85,", "{low: 0.9, high: 0.85,", "`low` is above `high`"),
    ("instance-types.yaml", "gpus: 8, gpu: A100, gpuMemory: 40960,", "", "says nothing of its GPUs"),
    ("instance-types.yaml", "name: p4de.24xlarge", "name: p4d.24xlarge", "is there twice"),
    ("instance-types.yaml", "vcpu: 2, memory: 8", "vcpu: 0, memory: 8", "greater than 0"),
]


@pytest.mark.parametrize(("name", "old", "new", "words"), BAD, ids=range(len(BAD)))
def test_a_bad_file_says_where(tmp_path: Path, name: str, old: str, new: str, words: str) -> None:
    text = shipped.assets("catalog", name).read_text()
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1))
    load = prices.load if name == "prices.yaml" else instances.load
    with pytest.raises(UsageError) as raised:
        load(path)
    (finding,) = raised.value.findings
    assert words in finding.summary and finding.where.file == str(path)
    changed = text[: text.index(old)].count("\n") + 1
    assert finding.where.line is not None and abs(finding.where.line - changed) <= 1
