"""The catalog of models: what is in it hangs together, and a name that is not in it is estimated from its tag."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wizard.catalog import shipped
from wizard.catalog.models import Model, Models, catalog, load
from wizard.domain.finding import UsageError
from wizard.domain.profile.tenants import full_model_name

MODELS = catalog()
BITS = {"F16": 16.0, "BF16": 16.0, "Q8_0": 8.5, "Q4_K_M": 4.89, "MXFP4": 4.5}
"""Bits per weight of the quantisations in the file."""


def ids(model: Model) -> str:
    return model.name


def test_there_are_models_from_tiny_to_big_for_every_purpose() -> None:
    assert len(MODELS.models) >= 25
    assert min(m.size for m in MODELS.models) < 300 * 10**6 and max(m.size for m in MODELS.models) > 100 * 10**9
    for purpose in ("chat", "code", "reasoning", "vision", "embedding"):
        assert len(MODELS.select(purpose)) >= 2, purpose


@pytest.mark.parametrize("model", MODELS.models, ids=ids)
def test_a_model_hangs_together(model: Model) -> None:
    assert full_model_name(model.name) == model.name
    bits = model.size * 8 / (model.parameters * 1e9)
    # Parameters are rounded in the listing, embeddings and vision parts are kept with more bits than the rest.
    assert 0.85 * BITS[model.quantization] <= bits <= 1.6 * BITS[model.quantization], bits
    assert model.active is None or model.active < model.parameters
    assert 1024 <= model.context <= 1_048_576 and model.context % 1024 == 0
    assert all(source in MODELS.sources for source in model.sources)
    assert model.width and (model.vocabulary or model.embedding)
    for group in model.attention:
        assert group.head_dim in (64, 128, 256, 512)
        assert group.kv_heads <= model.heads
        assert group.window is None or group.window <= model.context
    layers = sum(group.layers for group in model.attention) + (model.recurrent.layers if model.recurrent else 0)
    assert model.embedding or model.estimated or 16 <= layers <= 100


def test_every_figure_has_a_dated_source() -> None:
    for source in MODELS.sources.values():
        assert source.what and source.looked_up <= MODELS.looked_up
    used = {source for model in MODELS.models for source in model.sources}
    assert used == set(MODELS.sources)


def test_no_name_is_there_twice() -> None:
    names = [name.casefold() for model in MODELS.models for name in (model.name, *model.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", sorted(shipped.profiles().glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_profiles_use_models_that_are_known(path: Path) -> None:
    for wished in yaml.safe_load(path.read_text())["models"]:
        assert MODELS.get(wished if isinstance(wished, str) else wished["name"]) is not None


@pytest.mark.parametrize(
    ("name", "known"),
    [("qwen3:0.6b", "qwen3:0.6b"), ("QWEN3:0.6B", "qwen3:0.6b"), ("qwen3", "qwen3:8b"), ("qwen3:latest", "qwen3:8b"),
     ("library/llama3.2", "llama3.2:3b"), ("nomic-embed-text", "nomic-embed-text:v1.5")],
)  # fmt: skip
def test_a_name_finds_its_model(name: str, known: str) -> None:
    found = MODELS.get(name)
    assert found is not None and found.name == known
    assert MODELS.lookup(name) == found


@pytest.mark.parametrize(
    ("name", "parameters", "size"),
    [
        ("new:8b", 8.0, 8e9 * 4.89 / 8),
        ("new:1.5b-instruct", 1.5, 1.5e9 * 4.89 / 8),
        ("hf.co/owner/name:7b-instruct-q8_0", 7.0, 7e9 * 8.5 / 8),
        ("new:30b-a3b", 30.0, 30e9 * 4.89 / 8),  # active parameters save time, not memory
        ("mixtral:8x7b", 56.0, 56e9 * 4.89 / 8),  # more than it has: experts share layers
        ("smollm:135m-fp16", 0.135, 0.135e9 * 2),
        ("new:chat-70b-q4_K_S", 70.0, 70e9 * 4.6 / 8),
    ],
)
def test_an_unknown_name_is_estimated_from_its_tag(name: str, parameters: float, size: float) -> None:
    found = MODELS.lookup(name)
    assert MODELS.get(name) is None and found is not None
    assert found.parameters == pytest.approx(parameters) and found.size == pytest.approx(size, abs=1)
    assert "size" in found.estimated and "cache" in found.estimated
    assert found.attention and found.vocabulary  # of a model of like size


@pytest.mark.parametrize(
    "name", ["new", "new:latest", "hf.co/owner/name:Q4_K_M", "gemma3n:e4b", "x:v1.5", "x:0b", "x:1bit"]
)
def test_a_tag_without_parameters_tells_nothing(name: str) -> None:
    """`e4b` are effective parameters: the file has more."""
    assert MODELS.lookup(name) is None


def test_a_cache_that_is_not_known_is_a_neighbours() -> None:
    model = MODELS.get("devstral-small-2:24b")
    assert model == MODELS.lookup("devstral-small-2:24b") and model in MODELS.select("code")
    near = MODELS.get("mistral-small3.2:24b")
    assert model is not None and near is not None and model.attention == near.attention
    assert model.estimated == ("cache",) and model.size == 15 * 10**9


@given(st.from_regex(r"[a-z0-9./:_-]{1,40}", fullmatch=True))
def test_no_name_breaks_a_lookup(name: str) -> None:
    found = MODELS.lookup(name)
    assert found is None or (found.size > 0 and found.parameters > 0)


def test_recurrent_state_by_hand() -> None:
    """Qwen3.5 9B: 24 layers; conv 3 x (4096 + 2 x 16 x 128) + state 128 x 4096, 4 bytes each."""
    model = MODELS.get("qwen3.5:9b")
    assert model is not None and model.recurrent is not None
    assert model.recurrent.bytes == 24 * 4 * (3 * 8192 + 524_288) == 52_690_944


def test_select() -> None:
    small = MODELS.select("chat", at_most=10**9)
    assert [m.size for m in small] == sorted(m.size for m in small) and small[-1].size <= 10**9
    assert set(MODELS.select()) == set(MODELS.models)


def written(tmp_path: Path, change: tuple[str, str]) -> Path:
    text = shipped.assets("catalog", "models.yaml").read_text()
    assert change[0] in text
    (tmp_path / "models.yaml").write_text(text.replace(*change, 1))
    return tmp_path / "models.yaml"


@pytest.mark.parametrize(
    ("change", "words", "near"),
    [
        (("parameters: 0.6,", "parameters: lots,"), "valid number", 'name: "qwen3:0.6b"'),
        (("parameters: 0.6,", "parameters: -1,"), "greater than 0", 'name: "qwen3:0.6b"'),
        (("size: 523 MB", "size: 523 mega"), "valid integer", 'name: "qwen3:0.6b"'),
        (("kvHeads: 8", "kvHeadz: 8"), "Field required", "kvHeadz"),
        (('name: "qwen3:1.7b"', 'name: "qwen3:0.6b"'), "is there twice", "parameters: 1.7"),
        (("sources: [listing, gemma3-270m]", "sources: [listing, hearsay]"), "no source 'hearsay'", "hearsay"),
        (("lookedUp: 2026-11-23", "lookedUp: yesterday"), "date", "yesterday"),
        (("models:\n", "models:\n\t- x\n"), "not YAML", "\t- x"),
    ],
)
def test_a_bad_file_says_where(tmp_path: Path, change: tuple[str, str], words: str, near: str) -> None:
    path = written(tmp_path, change)
    with pytest.raises(UsageError) as raised:
        load(path)
    findings = [f for f in raised.value.findings if words in f.summary]
    assert findings, raised.value.findings
    lines = path.read_text().splitlines()
    assert all(f.code == "catalog-file" and f.where.file == str(path) for f in findings)
    assert any(
        f.where.line is not None and near in "\n".join(lines[f.where.line - 2 : f.where.line + 1]) for f in findings
    )


@pytest.mark.parametrize("text", ["", "[]", "1", "models: 3"])
def test_something_else_than_a_catalog(tmp_path: Path, text: str) -> None:
    (tmp_path / "models.yaml").write_text(text)
    with pytest.raises(UsageError):
        load(tmp_path / "models.yaml")


def test_it_is_read_once() -> None:
    assert catalog() is catalog() and isinstance(catalog(), Models)
