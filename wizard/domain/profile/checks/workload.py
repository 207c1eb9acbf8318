"""Checks of what runs: tiers, replicas, models, tenants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wizard.domain.profile.base import Path
from wizard.domain.profile.checks.problem import (
    Problem,
    above,
    inside,
    needs_domain,
    no_model,
    no_tier,
    outside,
    reserved,
)
from wizard.domain.profile.tenants import full_model_name

if TYPE_CHECKING:
    from wizard.domain.profile.model import Profile
    from wizard.domain.profile.tenants import Tenant

RESERVED_TENANTS = frozenset({"default", "all", "none", "shared", "system", "wizard", "wizard-system"})


def tiers(profile: Profile) -> Iterator[Problem]:
    for name, tier in profile.tiers.present().items():
        at: Path = ("tiers", name)
        if tier.min > tier.max:
            yield above((*at, "min"), tier.min, (*at, "max"), tier.max)
        if tier.on_demand_base > tier.max:
            yield above((*at, "onDemandBase"), tier.on_demand_base, (*at, "max"), tier.max)
        most = tier.ollama.max_replicas
        if most is not None and tier.ollama.replicas > most:
            ollama = (*at, "ollama")
            yield above((*ollama, "replicas"), tier.ollama.replicas, (*ollama, "maxReplicas"), most)
    premium, at = profile.tiers.premium, ("tiers", "premium")
    if premium is None:
        return
    if profile.target.kind in ("k3s", "cluster") and premium.gpu is None and not profile.sandbox:
        yield Problem(
            at,
            "profile-missing",
            f"needs `gpu` on target {profile.target.kind}: its GPUs are not known from an instance type",
            "add `gpu: {count: 1, memory: 24Gi}`, or remove the tier",
            (("target", "kind"), (*at, "gpu"), ("target",), at),
        )
    for index, kind in enumerate(premium.instance_types):
        if kind[0] not in "gp":
            yield Problem(
                (*at, "instanceTypes", index),
                "profile-conflict",
                f"must be a GPU instance type (got '{kind}')",
                "for example p5.4xlarge; CPU types belong to tiers.standard",
            )


def replicas(profile: Profile) -> Iterator[Problem]:
    most = profile.chat.max_replicas
    if most is not None and profile.chat.replicas > most:
        yield above(("chat", "replicas"), profile.chat.replicas, ("chat", "maxReplicas"), most)


def models(profile: Profile) -> Iterator[Problem]:
    first: dict[str, int] = {}
    default: int | None = None
    tiers = profile.tiers.present()
    for index, model in enumerate(profile.models):
        at: Path = ("models", index)
        same = first.setdefault(model.full_name.casefold(), index)
        if same != index:
            yield Problem(at, "profile-duplicate", f"'{model.name}' is already models[{same}]", "remove one of the two")
        if model.default and default is not None:
            yield Problem(
                (*at, "default"),
                "profile-conflict",
                f"only one model is the default, and models[{default}] is",
                "remove `default: true` from one of the two",
            )
        default = index if model.default and default is None else default
        for which, tier in enumerate(model.tiers):
            if tier not in tiers:
                yield no_tier((*at, "tiers", which), tier, list(tiers))
    wanted = profile.chat.embedding_model
    if wanted and full_model_name(wanted).casefold() not in first:
        yield no_model(("chat", "embeddingModel"), wanted, [model.name for model in profile.models])


def tenants(profile: Profile) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    tiers = profile.tiers.present()
    models = {model.full_name.casefold(): model.name for model in profile.models}
    offered = {tier: {model.full_name.casefold() for model in profile.tier_models(tier)} for tier in tiers}
    for index, tenant in enumerate(profile.tenants):
        at: Path = ("tenants", index)
        yield from _naming(profile, tenant, at)
        same = seen.setdefault(tenant.name, index)
        if same != index:
            yield Problem((*at, "name"), "profile-duplicate", f"'{tenant.name}' is already the name of tenants[{same}]")
        if tenant.tier not in tiers:
            yield no_tier((*at, "tier"), tenant.tier, list(tiers))
        for which, name in enumerate(tenant.models):
            path = (*at, "models", which)
            if full_model_name(name).casefold() not in models:
                yield no_model(path, name, list(models.values()))
            elif tenant.tier in offered and full_model_name(name).casefold() not in offered[tenant.tier]:
                yield Problem(
                    path,
                    "profile-conflict",
                    f"model '{name}' is not offered on tier {tenant.tier}",
                    f"add {tenant.tier} to that model's `tiers`",
                    (("models",), (*at, "tier"), ("tiers",)),
                )
        if tenant.max_replicas is not None and tenant.replicas > tenant.max_replicas:
            yield above((*at, "replicas"), tenant.replicas, (*at, "maxReplicas"), tenant.max_replicas)


def _naming(profile: Profile, tenant: Tenant, at: Path) -> Iterator[Problem]:
    """A tenant's name becomes a namespace and a host name."""
    namespace = profile.tenant_namespace(tenant)
    if reserved(tenant.name, RESERVED_TENANTS):
        yield Problem((*at, "name"), "profile-reserved", f"must not be '{tenant.name}': the name is reserved")
    if len(namespace) > 63:
        yield Problem(
            (*at, "name"),
            "profile-range",
            f"makes the namespace '{namespace}', {len(namespace)} characters long where Kubernetes allows 63",
            f"shorten it by {len(namespace) - 63}",
            (("namespace",),),
        )
    domain = profile.access.domain
    if tenant.host and domain is None:
        yield needs_domain((*at, "host"))
    elif tenant.host and domain and not inside(tenant.host, domain) and not profile.access.hosts_outside_domain:
        yield outside((*at, "host"), tenant.host, domain)
