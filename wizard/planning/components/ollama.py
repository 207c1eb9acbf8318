"""Ollama: serves the profile's models; a Job of its release pulls them."""

from __future__ import annotations

from typing import Any, Final

from wizard.catalog.charts import Chart
from wizard.catalog.models import Models
from wizard.domain.profile import Profile
from wizard.domain.profile.tiers import Tier
from wizard.planning.budget import quantity
from wizard.planning.components.base import amounts, component
from wizard.planning.desired import Component, HttpCheck
from wizard.planning.fit import ollama_memory

NAME: Final = "ollama"
PORT = 11434


def plan(profile: Profile, chart: Chart, known: Models) -> Component:
    """`known` gives what each model needs: with no limit in the profile, the pod gets as much as its models take."""
    tier = profile.tiers.standard
    settings = tier.ollama
    models = [model.full_name for model in profile.tier_models("standard")]
    values: dict[str, Any] = {
        "models": models,
        "server": {
            "keepAlive": "-1" if settings.keep_alive == "forever" else settings.keep_alive,
            "numParallel": settings.parallel,
            "maxLoadedModels": settings.max_loaded,
            "maxQueue": settings.max_queue,
            "contextLength": settings.context_length,
            "flashAttention": settings.flash_attention,
            "kvCacheType": settings.kv_cache,
        },
        "persistence": {"size": profile.storage.models},
    }
    storage_class = profile.storage.models_class_name or profile.storage.class_name
    if storage_class:
        values["persistence"]["storageClassName"] = storage_class
    access = profile.storage.models_access
    if access == "auto" and profile.target.kind == "aws":
        access = "ReadWriteMany"  # EFS
    if access != "auto":
        values["persistence"]["accessModes"] = [access]
    if settings.max_replicas and settings.max_replicas > settings.replicas:
        values["autoscaling"] = {
            "enabled": True,
            "minReplicas": settings.replicas,
            "maxReplicas": settings.max_replicas,
        }
    elif settings.replicas > 1:
        values["replicaCount"] = settings.replicas
    resources = _resources(profile, tier, chart, known)
    if resources is not None:
        values["resources"] = resources
    if tier.gpu is not None:
        values["gpu"] = {"count": tier.gpu.count, "resourceName": tier.gpu.resource}
    if tier.node_selector:
        values["nodeSelector"] = dict(tier.node_selector)
    if tier.tolerations:
        values["tolerations"] = [t.model_dump(by_alias=True, exclude_none=True) for t in tier.tolerations]
    check = HttpCheck(NAME, "http", "/api/tags", "Ollama's list of models", tuple(f'"{model}"' for model in models))
    return component(profile, chart, NAME, values, checks=(check,), replicas=settings.replicas)


def _resources(profile: Profile, tier: Tier, chart: Chart, known: Models) -> dict[str, dict[str, str]] | None:
    """What differs from the chart's own requests and limits; None: nothing."""
    given = tier.ollama.resources
    requests = amounts(given.requests) if given is not None else {}
    limits = amounts(given.limits) if given is not None else {}
    # Weights on GPUs are in main memory only while they load; and what an expert sets by hand is not second-guessed.
    if tier.gpu is None and not {"memory"} & (requests.keys() | limits.keys()) and not _overridden(profile):
        models = [
            model for wished in profile.tier_models("standard") if (model := known.lookup(wished.name)) is not None
        ]
        memory = ollama_memory(models, tier.ollama)
        if memory is not None and quantity(memory[1]) > quantity(chart.defaults["resources"]["limits"]["memory"]):
            requests["memory"], limits["memory"] = memory
    return {"requests": requests, "limits": limits} if given is not None or limits else None


def _overridden(profile: Profile) -> bool:
    override = profile.components.get(NAME)
    return override is not None and (override.resources is not None or "resources" in override.values)
