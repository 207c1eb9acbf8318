"""Models as Ollama's registry has them: sizes that decide how long a pull takes and how much memory they need."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

GB, MB = 1e9, 1e6

# Sizes of the default tags in Ollama's library (ollama.com/library, November 2026), in bytes of the weights.
SIZES: Mapping[str, float] = {
    "all-minilm": 46 * MB,
    "nomic-embed-text": 274 * MB,
    "mxbai-embed-large": 670 * MB,
    "smollm2:135m": 271 * MB,
    "smollm2:360m": 726 * MB,
    "qwen3:0.6b": 523 * MB,
    "qwen3:1.7b": 1.4 * GB,
    "qwen3:4b": 2.5 * GB,
    "qwen3:8b": 5.2 * GB,
    "qwen3:32b": 20 * GB,
    "gemma3:270m": 292 * MB,
    "gemma3:1b": 815 * MB,
    "gemma3:4b": 3.3 * GB,
    "llama3.2:1b": 1.3 * GB,
    "llama3.2": 2.0 * GB,
    "llama3.2:3b": 2.0 * GB,
    "llama3.1:8b": 4.9 * GB,
    "llama3.3:70b": 43 * GB,
    "mistral:7b": 4.4 * GB,
    "phi4-mini": 2.5 * GB,
    "gpt-oss:20b": 14 * GB,
    "gpt-oss:120b": 65 * GB,
    "deepseek-r1:1.5b": 1.1 * GB,
}
_PER_BILLION = 0.62 * GB
"""Four bits a weight and some for the rest, where only the name tells the number of parameters."""
RATE = 40 * MB
"""Bytes a second from the registry."""
RESIDENT = 0.7
"""The part of the weights that is in the working set: they are memory-mapped, and not all pages stay."""


@dataclass(frozen=True, slots=True)
class Details:
    name: str
    """With its tag, as /api/tags lists it."""
    size: float

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def seconds(self) -> float:
        return self.size / RATE + 1.0

    @property
    def parameters(self) -> str:
        billions = self.size / _PER_BILLION
        return f"{billions * 1000:.0f}M" if billions < 1 else f"{billions:.1f}B"

    @property
    def family(self) -> str:
        return re.sub(r"[^a-z].*", "", self.name.rpartition("/")[2]) or "llama"


def details(name: str) -> Details | None:
    """None for a name that the registry does not have."""
    if not re.fullmatch(r"[\w.\-/]+(:[\w.\-]+)?", name) or "does-not-exist" in name:
        return None
    full = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    bare = full.removesuffix(":latest")
    size = SIZES.get(bare)
    if size is None:
        found = re.search(r"(\d+(?:\.\d+)?)(b|m)\b", bare.partition(":")[2])
        scale = {"b": 1.0, "m": 0.001}
        size = float(found[1]) * scale[found[2]] * _PER_BILLION if found else 1 * GB
    return Details(full, size)


def layers(found: Details) -> list[tuple[str, float]]:
    """The blobs of a model: digest and bytes; the first one is nearly all of it."""
    small = (("template", 1482.0), ("license", 11343.0), ("params", 485.0))
    rest = [(hashlib.sha256(f"{found.name}/{part}".encode()).hexdigest(), size) for part, size in small]
    return [(hashlib.sha256(f"{found.name}/model".encode()).hexdigest(), found.size), *rest]
