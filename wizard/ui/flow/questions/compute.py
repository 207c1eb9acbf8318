"""Tiers, models and tenants: what it runs on, what it offers, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.ui.flow.declare import Group, ask, has, kind, rows, switch, unless
from wizard.ui.flow.question import Question, Source

_AWS = kind("aws")
_PREMIUM = has("tiers.premium")


def _nodes(tier: str) -> tuple[Question, ...]:
    return (
        ask(
            f"{tier}.instanceTypes",
            "Instance types",
            when=_AWS,
            source=Source.INSTANCES,
            more="Keep them alike in CPU and memory: the autoscaler counts on it.",
        ),
        ask(f"{tier}.min", "Nodes at least", when=_AWS, unit="nodes"),
        ask(f"{tier}.max", "Nodes at most", when=_AWS, unit="nodes"),
        ask(
            f"{tier}.spotShare",
            "Spot share",
            when=_AWS,
            more="0.7 or 70% is the same. AWS may take Spot nodes back with two minutes' notice.",
        ),
        ask(f"{tier}.onDemandBase", "On-Demand base", when=_AWS, unit="nodes"),
        ask(f"{tier}.perZone", "Node group in each zone", when=_AWS, advanced=True),
        ask(f"{tier}.disk", "Root volume", when=_AWS, advanced=True),
        ask(f"{tier}.capacityReservations", "Capacity reservations", when=_AWS, advanced=True, placeholder="cr-..."),
        ask(f"{tier}.nodeSelector", "Node labels", when=unless(_AWS), advanced=True, placeholder="pool=llm"),
        rows(
            f"{tier}.tolerations",
            "Tolerations",
            ask(f"{tier}.tolerations[].key", "Key"),
            ask(f"{tier}.tolerations[].operator", "Operator"),
            ask(f"{tier}.tolerations[].value", "Value", in_row=lambda row: row.get("operator", "Equal") == "Equal"),
            ask(f"{tier}.tolerations[].effect", "Effect", empty="any"),
            when=unless(_AWS),
            advanced=True,
        ),
    )


def _ollama(tier: str) -> tuple[Question, ...]:
    return (
        ask(
            f"{tier}.ollama.contextLength",
            "Context length",
            unit="tokens",
            more="Longer conversations and documents; its memory grows with it.",
        ),
        ask(f"{tier}.ollama.keepAlive", "Keep alive"),
        ask(f"{tier}.ollama.parallel", "Parallel requests"),
        ask(f"{tier}.ollama.maxLoaded", "Models loaded at once"),
        ask(f"{tier}.ollama.replicas", "Copies of Ollama"),
        ask(f"{tier}.ollama.maxReplicas", "Copies at most", advanced=True),
        ask(f"{tier}.ollama.maxQueue", "Queue", advanced=True, unit="requests"),
        ask(f"{tier}.ollama.flashAttention", "Flash attention", advanced=True),
        ask(f"{tier}.ollama.kvCache", "Context cache", advanced=True),
        switch(f"{tier}.ollama.resources", "Own requests and limits", advanced=True),
        *(
            ask(
                f"{tier}.ollama.resources.{part}.{amount}",
                f"{words} {name}",
                advanced=True,
                when=has(f"{tier}.ollama.resources"),
            )
            for part, words in (("requests", "Reserved"), ("limits", "Limit of"))
            for amount, name in (("cpu", "CPU"), ("memory", "memory"))
        ),
    )


def _gpu(tier: str, *, advanced: bool) -> tuple[Question, ...]:
    there = has(f"{tier}.gpu")
    return (
        switch(f"{tier}.gpu", "GPUs", advanced=advanced, more="Where the instance type does not say it."),
        ask(f"{tier}.gpu.count", "GPUs of a replica", advanced=advanced, when=there),
        ask(f"{tier}.gpu.memory", "Memory of a GPU", advanced=advanced, when=there),
        ask(f"{tier}.gpu.resource", "Resource name", advanced=True, when=there),
    )


_S, _P = "tiers.standard", "tiers.premium"
TIERS = (
    Group("Standard nodes", _nodes(_S)),
    Group("Standard Ollama", (*_ollama(_S), *_gpu(_S, advanced=True))),
    Group("Premium", (switch(_P, "Premium tier", more="A second Ollama on GPUs, for models too large for CPUs."),)),
    Group("Premium nodes", _nodes(_P), when=_PREMIUM),
    Group("Premium Ollama", (*_gpu(_P, advanced=False), *_ollama(_P)), when=_PREMIUM),
)

MODELS = (
    Group(
        "Models",
        (
            rows(
                "models",
                "Models",
                ask("models[].name", "Model", source=Source.CATALOG),
                ask("models[].tiers", "Tiers", when=_PREMIUM),
                ask("models[].default", "Default"),
                ask("models[].warm", "Load at once", advanced=True),
                more="Any name of Ollama's library can be typed.",
            ),
        ),
    ),
    Group(
        "Document search",
        (ask("chat.embeddingModel", "Embedding model", advanced=True, source=Source.OFFERED),),
    ),
)


def _own_ollama(row: Mapping[str, Any]) -> bool:
    return bool(row.get("dedicated"))


TENANTS = (
    Group(
        "Tenants",
        (
            rows(
                "tenants",
                "Tenants",
                ask("tenants[].name", "Name"),
                ask("tenants[].displayName", "Display name", placeholder="ACME Corporation"),
                ask("tenants[].tier", "Tier", only={"premium": _PREMIUM}),
                ask("tenants[].models", "Models", source=Source.OFFERED, placeholder="all of its tier"),
                ask("tenants[].adminEmail", "Admin's e-mail"),
                ask("tenants[].host", "Host name", when=has("access.domain"), source=Source.HOSTS),
                ask("tenants[].quota.cpu", "Quota: CPU"),
                ask("tenants[].quota.memory", "Quota: memory"),
                ask("tenants[].quota.storage", "Quota: storage"),
                ask("tenants[].quota.pods", "Quota: pods", advanced=True),
                ask("tenants[].dedicated", "Ollama of its own", advanced=True),
                ask("tenants[].quota.gpus", "Quota: GPUs", advanced=True, in_row=_own_ollama),
                ask("tenants[].replicas", "Copies of Open WebUI", advanced=True),
                ask("tenants[].maxReplicas", "Copies at most", advanced=True),
                ask("tenants[].connections", "Database connections", advanced=True),
                ask("tenants[].operators", "Operators", advanced=True, placeholder="acme-operators"),
                ask("tenants[].viewers", "Viewers", advanced=True),
                more="Leave it empty where everyone shares one chat.",
            ),
            ask(
                "backup.tenantGrace",
                "Keep a removed tenant's data",
                advanced=True,
                when=has("tenants"),
            ),
        ),
    ),
    Group(
        "The platform's own chat",
        (
            ask("chat.title", "Title"),
            ask("chat.enabled", "Installed", advanced=True, notes={None: "only where there are no tenants"}),
            ask("chat.replicas", "Copies", advanced=True),
            ask("chat.maxReplicas", "Copies at most", advanced=True),
        ),
    ),
)
