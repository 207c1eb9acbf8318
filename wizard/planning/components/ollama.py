"""Ollama: serves the profile's models; a Job of its release pulls them."""

from __future__ import annotations

from typing import Any, Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.planning.components.base import amounts, component
from wizard.planning.desired import Component, HttpCheck

NAME: Final = "ollama"
PORT = 11434


def plan(profile: Profile, chart: Chart) -> Component:
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
    if settings.resources is not None:
        values["resources"] = {
            "requests": amounts(settings.resources.requests),
            "limits": amounts(settings.resources.limits),
        }
    if tier.gpu is not None:
        values["gpu"] = {"count": tier.gpu.count, "resourceName": tier.gpu.resource}
    if tier.node_selector:
        values["nodeSelector"] = dict(tier.node_selector)
    if tier.tolerations:
        values["tolerations"] = [t.model_dump(by_alias=True, exclude_none=True) for t in tier.tolerations]
    check = HttpCheck(NAME, "http", "/api/tags", "Ollama's list of models", tuple(f'"{model}"' for model in models))
    return component(profile, chart, NAME, values, checks=(check,), replicas=settings.replicas)
