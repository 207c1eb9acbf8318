"""Whether a model fits, and what would make it fit: the one estimate of a model's memory. Pure.

    needs = file + KV cache + graph + runtime

This is what Ollama itself adds up before it loads a model (fs/ggml/ggml.go, `GraphSize`, read at commit 008a6cae):

- file: the weights, as large in memory as on disk.
- KV cache: for each layer with attention, 2 (keys and values) x KV heads x head size x tokens x bytes of an element.
  tokens = context x parallel; a layer with a sliding window keeps window x parallel + batch at most. A context beyond
  the model's own is cut to it. An element has 2 bytes (f16), 34/32 (q8_0: 32 of them and a scale of 2 bytes,
  ggml-common.h) or 18/32 (q4_0); without flash attention Ollama takes f16, whatever is asked for. Recurrent layers keep
  a state of fixed size for each sequence.
- graph: buffers of the computation of a batch of 512 tokens, 4 bytes each: 4 x batch x (embedding length + vocabulary);
  without flash attention the scores may be more: 4 x batch x (1 + 4 x embedding length + context x (1 + heads)).
- runtime: the idle server, 30 MB (measured, 0.32.15; the chart's values.yaml).

On GPUs, Ollama puts whole layers on as few GPUs of the node as hold them all; each needs a graph of its own, and
457 MiB stay free. Where the GPUs do not suffice, the remaining layers run on the CPU: it works, and is many times
slower. On the CPU it refuses to load what exceeds the memory that the pod's limit leaves ("model requires more system
memory"; it reads the limit from the cgroup, discover/cpu_linux.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from wizard.catalog.instances import Instances
from wizard.catalog.models import Model, Models
from wizard.domain.finding import Finding, Severity, Where, warning
from wizard.domain.profile import Profile
from wizard.domain.profile.tiers import OllamaSettings
from wizard.planning.budget import K3S_MEMORY, SERVER_MEMORY
from wizard.planning.desired import Component
from wizard.planning.room import GPU_RESERVE, MIB, Room, gpu_room, node_room, shown, tier_room

BATCH = 512
"""Tokens computed at once: Ollama's default `num_batch`."""
ELEMENT = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Bytes of an element of the KV cache."""
RUNTIME = 30_000_000
"""Bytes of the idle server."""
CERTAIN, ESTIMATED = 0.97, 0.75
"""Share of a file's size that it surely has: the library's figures are rounded; one made from a tag is a guess."""
ROUND = 128 * MIB
LEAST_CONTEXT = 1024

Verdict = Literal["fits", "tight", "no"]


@dataclass(frozen=True, slots=True)
class Need:
    """Memory of one loaded model, in bytes."""

    weights: int
    cache: int
    graph: int
    runtime: int
    least: int
    """What it surely takes: for saying that it does not fit."""
    estimated: bool
    """Whether figures of the model itself are estimates."""

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.graph + self.runtime

    def on(self, gpus: int) -> int:
        """Total when its layers are spread over so many GPUs; 0: main memory."""
        return self.total + max(0, gpus - 1) * self.graph


@dataclass(frozen=True, slots=True)
class Fit:
    """`needs` against `has`, in bytes; `tight`: the estimate exceeds it, what it surely takes does not."""

    verdict: Verdict
    needs: int
    has: int
    why: str
    gpus: int = 0
    """GPUs that it would take; 0: main memory, or it does not fit."""
    remedies: tuple[str, ...] = ()
    """What would make it fit, the gentlest first."""

    @property
    def ok(self) -> bool:
        return self.verdict == "fits"


def cache_bytes(model: Model, settings: OllamaSettings) -> int:
    """KV cache and recurrent state of all its parallel requests."""
    element = ELEMENT[settings.kv_cache if settings.flash_attention else "f16"]
    tokens = min(settings.context_length, model.context) * settings.parallel
    cache = 0.0
    for group in model.attention:
        kept = tokens if group.window is None else min(tokens, group.window * settings.parallel + BATCH)
        cache += 2 * group.layers * group.kv_heads * group.head_dim * kept * element
    return int(cache) + (model.recurrent.bytes * settings.parallel if model.recurrent else 0)


def graph_bytes(model: Model, settings: OllamaSettings) -> int:
    """Buffers of one batch."""
    graph = model.width + model.vocabulary
    if not settings.flash_attention:
        tokens = min(settings.context_length, model.context) * settings.parallel
        graph = max(graph, 1 + 4 * model.width + tokens * (1 + model.heads))
    return 4 * BATCH * graph


def need(model: Model, settings: OllamaSettings) -> Need:
    """What the model takes with a tier's settings. The module says how, and from which source."""
    cache = cache_bytes(model, settings)
    guessed = "size" in model.estimated
    surely = int(model.size * (ESTIMATED if guessed else CERTAIN))
    return Need(
        weights=model.size,
        cache=cache,
        graph=graph_bytes(model, settings),
        runtime=RUNTIME,
        least=surely + (0 if "cache" in model.estimated else cache),
        estimated=bool(model.estimated),
    )


def fit(
    model: Model,
    settings: OllamaSettings,
    room: Room,
    *,
    models: Models | None = None,
    instances: Instances | None = None,
    region: str | None = None,
) -> Fit:
    """Whether it fits. With the catalogs, `remedies` also names node types and smaller models."""
    found = _fit(need(model, settings), room)
    if found.ok:
        return found
    remedies = tuple(_remedies(model, settings, room, models, instances, region))
    return Fit(found.verdict, found.needs, found.has, found.why, found.gpus, remedies)


def _fit(wanted: Need, room: Room) -> Fit:
    has = room.usable
    if room.gpus:
        each = room.memory / room.gpus - GPU_RESERVE
        gpus = next((n for n in range(1, room.gpus + 1) if wanted.on(n) <= n * each), 0)
        needs = wanted.on(gpus or room.gpus)
    else:
        gpus, needs = 0, wanted.on(0)
    about = "about " if wanted.estimated else ""
    rest = shown(needs - wanted.weights - wanted.cache)
    parts = f"file {shown(wanted.weights)}, context {shown(wanted.cache)}, computation {rest}"
    why = f"needs {about}{shown(needs)} ({parts}); {room.what}: {shown(has)}"
    verdict: Verdict = "fits" if (gpus if room.gpus else needs <= has) else ("tight" if wanted.least <= has else "no")
    if verdict != "fits" and room.gpus:
        why += "; the layers beyond that would run on the CPU, many times slower"
    return Fit(verdict, needs, has, why, gpus)


def _remedies(
    model: Model,
    settings: OllamaSettings,
    room: Room,
    models: Models | None,
    instances: Instances | None,
    region: str | None,
) -> Iterator[str]:
    def holds(**changes: object) -> bool:
        return _fit(need(model, settings.model_copy(update=changes)), room).ok

    ollama = f"{room.path}.ollama"
    if not settings.flash_attention and holds(flash_attention=True):
        yield f"`{ollama}.flashAttention: true`"
    if settings.kv_cache == "f16" and holds(kv_cache="q8_0", flash_attention=True):
        yield f"`{ollama}.kvCache: q8_0` (half the memory for the context)"
    if settings.parallel > 1 and holds(parallel=1):
        yield f"`{ollama}.parallel: 1`"
    context = min(settings.context_length, model.context)
    while context > LEAST_CONTEXT:
        context //= 2
        if context >= LEAST_CONTEXT and holds(context_length=context):
            yield f"`{ollama}.contextLength: {context}`"
            break
    wanted = need(model, settings)
    if room.grows == "limit":
        yield f"`{ollama}.resources.limits.memory: {mebibytes(wanted.total)}`"
    elif room.grows == "server":
        yield f"a server with {shown(wanted.total - room.memory)} more memory"
    elif instances is None:
        yield f"{shown(_fit(wanted, room).needs + room.gpus * GPU_RESERVE)} of GPU memory (`{room.path}.gpu`)"
    else:
        gpus = room.grows == "gpus"
        for of in instances.select(gpus=gpus, region=region):
            if _fit(wanted, gpu_room(of) if gpus else node_room(of)).ok:
                yield f"`{room.path}.instanceTypes: [{of.name}]`"
                break
    if models is not None:
        # The largest that fits: closest to what was asked for.
        smaller = [other for other in models.select(model.purpose[0]) if other.size < model.size]
        best = [other for other in smaller if _fit(need(other, settings), room).ok]
        if best:
            yield f"a smaller model, such as {best[-1].name}"


def mebibytes(size: int) -> str:
    """As Kubernetes writes it, rounded up to 128 MiB: `1664Mi`."""
    return f"{-(-size // ROUND) * (ROUND // MIB)}Mi"


def ollama_memory(models: Iterable[Model], settings: OllamaSettings) -> tuple[str, str] | None:
    """(request, limit) of Ollama's pod on the CPU, so that the largest `max_loaded` models fit side by side.

    Reserved is what they surely take; the rest, up to the limit, are buffers and rounding. None without models.
    """
    needs = sorted((need(model, settings) for model in models), key=lambda one: one.total)[-settings.max_loaded :]
    if not needs:
        return None
    runtime = RUNTIME * (len(needs) - 1)  # one server, several models
    limit = sum(one.total for one in needs) - runtime
    return mebibytes(min(limit, sum(one.least for one in needs))), mebibytes(limit)


def findings(profile: Profile, limit: int, models: Models, instances: Instances) -> tuple[Finding, ...]:
    """A warning for each model that surely does not fit a tier that offers it, with what would make it fit.

    `limit` is the memory limit of the standard tier's pod, in bytes. Models of which nothing is known are passed over.
    """
    aws = profile.target.aws
    region = aws.region if aws is not None else None
    types = instances if profile.target.kind == "aws" else None  # elsewhere nobody chooses them
    found: list[Finding] = []
    for name, tier in profile.tiers.present().items():
        room = tier_room(profile, name, instances, limit if name == "standard" else None)
        for number, wished in enumerate(profile.models):
            model = models.lookup(wished.name)
            if room is None or model is None or (wished.tiers and name not in wished.tiers):
                continue
            result = fit(model, tier.ollama, room, models=models, instances=types, region=region)
            if result.verdict == "no":
                found.append(
                    warning(
                        "model-does-not-fit",
                        f"{wished.name} does not fit the {name} tier: {shown(result.needs)} of {shown(result.has)}",
                        detail=f"It {result.why}.",
                        hint="; or ".join(result.remedies),
                        where=Where(path=f"models[{number}]"),
                    )
                )
    return tuple(found)


def server_finding(profile: Profile, components: Iterable[Component]) -> Finding | None:
    """On target k3s, where Ollama is given more than the reference server has: how large a server it takes.

    No warning: the profile does not say how much memory the server has.
    """
    if profile.target.kind != "k3s":
        return None
    asked = K3S_MEMORY + sum(component.resources.memory_request for component in components)
    if asked <= SERVER_MEMORY:
        return None
    return Finding(
        Severity.INFO,
        "server-memory",
        f"the server needs at least {shown(asked)} of memory",
        detail=f"k3s takes {shown(K3S_MEMORY)}; the rest is what the platform reserves, most of it for the models.",
        hint="with a smaller one, choose smaller models or a shorter `tiers.standard.ollama.contextLength`",
        where=Where(path="models"),
    )
