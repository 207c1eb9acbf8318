"""Models of Ollama's library: what is known of them (assets/catalog/models.yaml), and what a tag alone tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from wizard.catalog import datafile
from wizard.catalog.datafile import Source
from wizard.domain.profile.tenants import full_model_name

Purpose = Literal["chat", "code", "reasoning", "vision", "embedding"]
Estimated = Literal["size", "context", "cache", "heads"]
Positive = Annotated[int, Field(gt=0)]

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BITS: Mapping[str, float] = {
    "q2_k": 3.35, "q3_k_s": 3.5, "q3_k_m": 3.9, "q3_k_l": 4.3, "q4_0": 4.55, "q4_1": 5.0, "q4_k_s": 4.6, "q4_k_m": 4.89,
    "q5_0": 5.5, "q5_1": 6.0, "q5_k_s": 5.57, "q5_k_m": 5.7, "q6_k": 6.56, "q8_0": 8.5, "mxfp4": 4.7, "fp16": 16.0,
    "f16": 16.0, "bf16": 16.0,
}  # fmt: skip
"""About how many bits a weight takes, scales included. Estimates, for names that the catalog has not; the catalog's own
files bear out those of q4_k_m, q8_0, mxfp4 and f16."""
_DEFAULT_BITS = _BITS["q4_k_m"]
"""What Ollama's library gives where the tag names no quantisation (small models have more: an estimate)."""
_UNKNOWN_CONTEXT = 131_072
_TAG = re.compile(r"(?:^|[-_])([0-9]+x)?([0-9]+(?:\.[0-9]+)?)([bm])(?=$|[-_])", re.IGNORECASE)


def _bytes(value: object) -> object:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?B)", value) if isinstance(value, str) else None
    return int(float(match[1]) * _UNITS[match[2]] + 0.5) if match else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A group of like layers that keep a KV cache."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    layers: Positive
    kv_heads: Positive
    head_dim: Positive
    """Of a key, and as much of a value."""
    window: Positive | None = None
    """Tokens of each sequence that are kept; None: all of the context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrent:
    """Layers that keep a state of fixed size for each sequence, in 32 bits, however long the context."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    layers: Positive
    inner: Positive
    groups: Positive
    state: Positive
    conv: Positive

    @property
    def bytes(self) -> int:
        """Of one sequence: Ollama's own sum (fs/ggml/ggml.go, GraphSize, "recurrent layer")."""
        convolution = (self.conv - 1) * (self.inner + 2 * self.groups * self.state)
        return 4 * self.layers * (convolution + self.state * self.inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One tag of one model."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    name: str
    """With its tag, as Ollama writes it."""
    parameters: Annotated[float, Field(gt=0)]
    """Billions."""
    active: Annotated[float, Field(gt=0)] | None = None
    """Billions that a token needs, in a mixture of experts."""
    quantization: str
    size: Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
    """Bytes of its file."""
    context: Positive
    """Longest context, in tokens."""
    license: Annotated[str, Field(min_length=1)]
    """SPDX identifier, or its name where it has none."""
    purpose: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    width: Annotated[int, Field(ge=0)]
    """Embedding length (hidden size)."""
    heads: Annotated[int, Field(ge=0)]
    vocabulary: Annotated[int, Field(ge=0)]
    """Tokens that the output layer chooses from; 0: it has none."""
    attention: tuple[Attention, ...] = ()
    recurrent: Recurrent | None = None
    sources: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
    """Ids of where size, context and licence are from, and where the architecture is from."""
    aliases: tuple[str, ...] = ()
    """Other names of the same file, when the catalog was made: `latest` moves."""
    estimated: tuple[Estimated, ...] = ()
    """Figures that no source was found for."""

    @property
    def embedding(self) -> bool:
        return "embedding" in self.purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The catalog of models, in the file's order."""

    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    looked_up: date
    sources: dict[str, Source]
    models: tuple[Model, ...]
    _names: dict[str, Model] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        # Nobody who sums up a model's memory must meet one without its cache.
        object.__setattr__(self, "models", tuple(self._filled(model) for model in self.models))
        for model in self.models:
            for name in (model.name, *model.aliases):
                self._names.setdefault(name.casefold(), model)

    def get(self, name: str) -> Model | None:
        """The model of that name or alias; None where the catalog has it not."""
        return self._names.get(full_model_name(name.removeprefix("library/")).casefold())

    def lookup(self, name: str) -> Model | None:
        """The model, or what its tag tells (`:8b`, `:30b-a3b-q8_0`), marked `estimated`; None where that is nothing."""
        known = self.get(name)
        if known is not None:
            return known
        guessed = _from_tag(full_model_name(name))
        return None if guessed is None else self._filled(guessed)

    def _filled(self, model: Model) -> Model:
        """With the cache of the model nearest in parameters, where its own is not known."""
        like = None if model.embedding or "cache" not in model.estimated else self._nearest(model.parameters)
        if like is None:
            return model
        return replace(
            model,
            attention=like.attention,
            recurrent=like.recurrent,
            width=model.width or like.width,
            heads=model.heads or like.heads,
            vocabulary=model.vocabulary or like.vocabulary,
        )

    def select(self, purpose: Purpose | None = None, *, at_most: int | None = None) -> tuple[Model, ...]:
        """Those for a purpose, with files of at most so many bytes, smallest first."""
        fitting = (model for model in self.models if at_most is None or model.size <= at_most)
        wanted = (model for model in fitting if purpose is None or purpose in model.purpose)
        return tuple(sorted(wanted, key=lambda model: model.size))

    def _nearest(self, parameters: float) -> Model | None:
        # Mixtures and windows keep less cache than a plain model of their size: estimate with what keeps most.
        plain = [m for m in self.models if not m.estimated and m.active is None and not m.recurrent and m.attention]
        plain = [m for m in plain if not m.embedding and all(group.window is None for group in m.attention)]
        return min(plain, key=lambda m: abs(m.parameters - parameters), default=None)


def _from_tag(name: str) -> Model | None:
    tag = name.rpartition(":")[2]
    match = _TAG.search(tag)
    if match is None:
        return None
    experts = int(match[1][:-1]) if match[1] else 1
    parameters = experts * float(match[2]) / (1 if match[3].lower() == "b" else 1000)
    if not parameters:
        return None
    quantization = next((key for key in sorted(_BITS, key=len, reverse=True) if key in tag.casefold()), "")
    return Model(
        name=name,
        parameters=parameters,
        quantization=quantization.upper() or "unknown",
        size=max(1, int(parameters * 1e9 * _BITS.get(quantization, _DEFAULT_BITS) / 8)),
        context=_UNKNOWN_CONTEXT,
        license="unknown",
        purpose=("embedding",) if "embed" in name else ("chat",),
        width=0,
        heads=0,
        vocabulary=0,
        sources=("none", "none"),
        estimated=("size", "context", "cache", "heads"),
    )


def _check(made: Models) -> dict[str, str]:
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    used: dict[str, str] = {}
    for number, model in enumerate(made.models):
        at = f"models.{number}"
        for name in (model.name, *model.aliases):
            if full_model_name(name) != name:
                wrong[at] = f"'{name}' has no tag"
            elif name.casefold() in seen:
                wrong[at] = f"'{name}' is there twice"
            seen.add(name.casefold())
        if not model.attention and not model.embedding and "cache" not in model.estimated:
            wrong[at] = f"'{model.name}' says nothing of its KV cache"
        used |= {f"{at}.sources.{which}": source for which, source in enumerate(model.sources)}
    return wrong | datafile.missing_sources(used, made.sources)


def load(path: Path | None = None) -> Models:
    """From the shipped file, or another. Raises UsageError with findings where it is wrong."""
    return datafile.read("models.yaml", Models, path, check=_check)


@cache
def catalog() -> Models:
    """The shipped one, read once."""
    return datafile.shipped_data("models.yaml", Models)
