"""Whether a model fits: the sum by hand, its monotony, what is advised, and what the plan says of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.planning.conftest import Obj, plan_of, profile, shipped
from wizard.catalog import instances, models
from wizard.catalog.models import Model
from wizard.domain.profile.tiers import OllamaSettings
from wizard.planning.budget import K3S_MEMORY, quantity
from wizard.planning.components import ollama
from wizard.planning.fit import (
    RUNTIME,
    Need,
    cache_bytes,
    fit,
    graph_bytes,
    need,
)
from wizard.planning.room import GPU_RESERVE, MIB, Room, gpu_room, node_room, server_room, tier_room

MODELS, TYPES = models.catalog(), instances.catalog()
GIB = 2**30


def model(name: str) -> Model:
    found = MODELS.lookup(name)
    assert found is not None
    return found


def settings(**changes: Any) -> OllamaSettings:
    return OllamaSettings(**changes)


def limit(memory: int) -> Room:
    return Room(memory, "the memory limit of Ollama's pod", "limit", "tiers.standard")


def gpus(count: int, each: int) -> Room:
    return Room(count * each, f"{count} GPUs", "gpus", "tiers.premium", count)


# What Ollama and llama.cpp log for these (f16 unless said): computed by hand from the layers.
CACHE = [
    ("qwen3:0.6b", {}, 2 * 28 * 8 * 128 * 4096 * 2),
    ("qwen3:0.6b", {"context_length": 8192}, 2 * 28 * 8 * 128 * 8192 * 2),
    ("qwen3:0.6b", {"parallel": 4}, 2 * 28 * 8 * 128 * 4 * 4096 * 2),
    ("qwen3:0.6b", {"kv_cache": "q8_0"}, 2 * 28 * 8 * 128 * 4096 * 34 // 32),
    ("qwen3:0.6b", {"kv_cache": "q4_0"}, 2 * 28 * 8 * 128 * 4096 * 18 // 32),
    ("qwen3:0.6b", {"kv_cache": "q8_0", "flash_attention": False}, 2 * 28 * 8 * 128 * 4096 * 2),
    ("qwen3:0.6b", {"context_length": 1_000_000}, 2 * 28 * 8 * 128 * 40_960 * 2),  # its own context at most
    ("llama3.2:1b", {}, 128 * MIB),
    ("llama3.1:8b", {}, 512 * MIB),
    ("llama3.3:70b", {}, 1280 * MIB),
    ("gemma3:1b", {}, 2 * 256 * 2 * (4 * 4096 + 22 * (512 + 512))),
    ("gemma3:1b", {"context_length": 256}, 2 * 256 * 2 * (4 + 22) * 256),  # shorter than the window
    ("gpt-oss:20b", {"context_length": 8192, "parallel": 2}, 2 * 12 * 8 * 64 * 2 * (16_384 + (2 * 4096 + 512))),
    ("qwen3.5:9b", {}, 2 * 8 * 4 * 256 * 4096 * 2 + 52_690_944),
    ("qwen3.5:9b", {"parallel": 3}, 3 * (2 * 8 * 4 * 256 * 4096 * 2 + 52_690_944)),
    ("nomic-embed-text", {}, 0),  # an encoder keeps none
]


@pytest.mark.parametrize(("name", "changes", "expected"), CACHE)
def test_the_cache_by_hand(name: str, changes: Obj, expected: int) -> None:
    assert cache_bytes(model(name), settings(**changes)) == expected


def test_the_graph_by_hand() -> None:
    """298.75 MiB is what llama.cpp reserves for Qwen3 0.6B's computation."""
    assert graph_bytes(model("qwen3:0.6b"), settings()) == 4 * 512 * (1024 + 151_936) == int(298.75 * MIB)
    without = settings(flash_attention=False, context_length=32_768)
    assert graph_bytes(model("qwen3:0.6b"), without) == 4 * 512 * (1 + 4 * 1024 + 32_768 * 17)


def test_a_need_adds_up() -> None:
    found = need(model("qwen3:0.6b"), settings())
    assert found == Need(523_000_000, 469_762_048, 313_262_080, RUNTIME, 507_310_000 + 469_762_048, False)
    assert found.total == 1_336_024_128 == found.on(0) == found.on(1)
    assert found.on(3) == found.total + 2 * found.graph


def test_an_estimate_is_marked_and_careful() -> None:
    guessed = need(model("new:8b"), settings())
    assert guessed.estimated and guessed.least < 0.8 * guessed.weights
    half = need(model("devstral-small-2:24b"), settings())
    assert half.estimated and half.cache > 0 and half.least == int(0.97 * 15e9)


NAMES = st.sampled_from([m.name for m in MODELS.models] + ["new:8b", "new:30b-a3b-q8_0"])
SETTINGS = st.builds(
    OllamaSettings,
    context_length=st.integers(256, 300_000),
    parallel=st.integers(1, 64),
    kv_cache=st.sampled_from(["f16", "q8_0", "q4_0"]),
    flash_attention=st.booleans(),
)


@given(NAMES, SETTINGS, st.integers(0, 300_000), st.integers(0, 8))
def test_more_never_needs_less(name: str, base: OllamaSettings, tokens: int, parallel: int) -> None:
    more = {
        "context_length": min(1_048_576, base.context_length + tokens),
        "parallel": min(64, base.parallel + parallel),
    }
    one, other = need(model(name), base), need(model(name), base.model_copy(update=more))
    assert other.cache >= one.cache and other.graph >= one.graph and other.least >= one.least
    assert one.least <= one.total and min(one.weights, one.graph, one.runtime) > 0


@given(NAMES, SETTINGS)
def test_a_coarser_cache_never_needs_more(name: str, base: OllamaSettings) -> None:
    sizes = [need(model(name), base.model_copy(update={"kv_cache": kind})).total for kind in ("f16", "q8_0", "q4_0")]
    assert sizes == sorted(sizes, reverse=True)
    flash = need(model(name), base.model_copy(update={"flash_attention": True})).total
    assert flash <= need(model(name), base.model_copy(update={"flash_attention": False})).total


@given(NAMES, SETTINGS, st.integers(0, 2**40), st.integers(0, 2**40))
def test_more_memory_never_fits_less(name: str, base: OllamaSettings, memory: int, more: int) -> None:
    order = ["no", "tight", "fits"]
    one, other = fit(model(name), base, limit(memory)), fit(model(name), base, limit(memory + more))
    assert order.index(other.verdict) >= order.index(one.verdict)
    assert one.ok == (one.needs <= one.has) and other.needs == one.needs


@given(NAMES, SETTINGS, st.integers(1, 15), st.integers(1, 2**38))
def test_one_gpu_more_never_fits_less(name: str, base: OllamaSettings, count: int, each: int) -> None:
    one, other = fit(model(name), base, gpus(count, each)), fit(model(name), base, gpus(count + 1, each))
    assert not one.ok or (other.ok and other.gpus == one.gpus)
    assert not one.ok or one.needs <= one.gpus * (each - GPU_RESERVE) <= one.has


@given(NAMES, SETTINGS, st.integers(2**28, 2**37))
def test_advice_of_settings_helps(name: str, base: OllamaSettings, memory: int) -> None:
    """What is advised for the tier makes it fit: each by itself."""
    keys = {
        "flashAttention": "flash_attention",
        "kvCache": "kv_cache",
        "parallel": "parallel",
        "contextLength": "context_length",
    }
    found = fit(model(name), base, limit(memory), models=MODELS, instances=TYPES)
    assert found.ok is (found.remedies == ())
    for remedy in found.remedies:
        path, _, value = remedy.split("`")[1].partition(": ") if "`" in remedy else ("", "", "")
        if path.endswith("limits.memory"):
            assert fit(model(name), base, limit(int(quantity(value)))).ok
        elif key := keys.get(path.removeprefix("tiers.standard.ollama.")):
            changed: Obj = {key: {"true": True}.get(value, int(value) if value.isdigit() else value)}
            if key == "kv_cache":
                changed["flash_attention"] = True
            assert fit(model(name), base.model_copy(update=changed), limit(memory)).ok
        else:
            assert remedy.startswith("a smaller model, such as ")
            assert fit(model(remedy.rpartition(" ")[2]), base, limit(memory)).ok


def test_a_node_leaves_less_than_it_has() -> None:
    big = TYPES.get("m5.2xlarge")
    assert big is not None
    room = node_room(big)
    assert room.memory == int(32 * GIB * 0.925) - (255 + 11 * 58 + 100) * MIB
    assert all(0 < node_room(of).memory < of.memory_bytes for of in TYPES.types)


def test_gpus_split_a_model() -> None:
    """llama3.3:70b: 43 GB of file do not fit an A100 with 40 GB, and do fit two."""
    p4d, p5 = TYPES.get("p4d.24xlarge"), TYPES.get("p5.4xlarge")
    assert p4d is not None and p5 is not None
    assert fit(model("llama3.3:70b"), settings(), gpu_room(p4d)).gpus == 2
    assert fit(model("llama3.3:70b"), settings(), gpu_room(p5)).gpus == 1
    alone = fit(model("llama3.3:70b"), settings(), gpu_room(p4d, count=1), models=MODELS, instances=TYPES)
    assert alone.verdict == "no" and "CPU" in alone.why
    assert "`tiers.premium.instanceTypes: [p5.4xlarge]`" in alone.remedies
    frankfurt = fit(model("llama3.3:70b"), settings(), gpu_room(p4d, count=1), instances=TYPES, region="eu-central-1")
    assert "`tiers.premium.instanceTypes: [p4d.24xlarge]`" in frankfurt.remedies


def test_what_a_server_leaves_to_ollama() -> None:
    """The k3s-4gb profile: its model fits what 4 GiB leave beside k3s and the rest of the platform."""
    given_ = shipped("k3s-4gb")
    others = [c for c in plan_of(given_).components if c.name != ollama.NAME]
    room = server_room(4 * GIB, others)
    assert room.memory == 4 * GIB - K3S_MEMORY - sum(c.resources.memory_request for c in others)
    assert fit(model("qwen3:0.6b"), given_.tiers.standard.ollama, room).ok
    big = fit(model("qwen3:8b"), given_.tiers.standard.ollama, room, models=MODELS)
    assert big.verdict == "no" and any("server with" in remedy for remedy in big.remedies)
    assert server_room(0, others).memory == 0


AWS: Obj = {"target": {"kind": "aws", "aws": {"region": "us-east-1"}}}


def test_the_room_of_a_tier() -> None:
    assert tier_room(profile(), "standard", TYPES) is None
    pod = tier_room(profile(), "standard", TYPES, 2 * GIB)
    assert pod is not None and (pod.memory, pod.grows) == (2 * GIB, "limit")
    on_aws = profile(**AWS, tiers={"standard": {"instanceTypes": ["m5.4xlarge", "m5.large", "c7i.large"]}})
    node = tier_room(on_aws, "standard", TYPES, 100 * GIB)
    assert node is not None and "m5.large" in node.what and node.grows == "nodes"  # the least of them
    own = profile(tiers={"premium": {"gpu": {"count": 2, "memory": "24Gi"}}})
    premium = tier_room(own, "premium", TYPES)
    assert premium is not None and (premium.memory, premium.gpus) == (48 * GIB, 2)
    assert premium.usable == 48 * GIB - 2 * GPU_RESERVE
    p5 = profile(**AWS, tiers={"premium": {"instanceTypes": ["p5.48xlarge"], "gpu": {"count": 4}}})
    four = tier_room(p5, "premium", TYPES)
    assert four is not None and (four.gpus, four.memory) == (4, 4 * 80 * GIB)
    assert tier_room(profile(**AWS, tiers={"premium": {"instanceTypes": ["g9.large"]}}), "premium", TYPES) is None
