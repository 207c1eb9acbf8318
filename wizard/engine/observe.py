"""Observation: fills `planning.observed` from the cluster. Cheap first; a closer look only where asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from wizard.domain.finding import Finding, Where, error
from wizard.domain.plan import FieldConflict
from wizard.domain.rollout import Phase, workload
from wizard.planning.desired import Component, Desired
from wizard.planning.observed import Look, Observed
from wizard.ports import (
    CLAIMS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    SECRETS,
    STATEFUL_SETS,
    Conflict,
    Forbidden,
    Helm,
    Invalid,
    Kube,
    KubeObject,
    KubeReader,
    NotFound,
    Release,
    ReleaseMissing,
    ReleaseRequest,
    Resource,
    SecretStore,
)
from wizard.steps import history, record
from wizard.steps.manifests import known
from wizard.steps.namespace import MANAGED_BY
from wizard.steps.secrets import MADE_OF, clashes

_INSTANCE = "app.kubernetes.io/instance"
_OWNER = "meta.helm.sh/release-name"
_OWNER_NAMESPACE = "meta.helm.sh/release-namespace"


async def _missing_is_empty(reading: Any) -> KubeObject:
    try:
        found: KubeObject = await reading
    except NotFound:
        return {}
    return found


async def observe(kube: KubeReader, desired: Desired) -> Observed:
    """One round of parallel reads: eight requests, no helm process."""
    namespace = desired.namespace
    managed = f"{MANAGED_BY}=Helm"
    kinds = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS)
    system, own, secrets, records, *listed = await asyncio.gather(
        kube.get(NAMESPACES, "", "kube-system"),
        _missing_is_empty(kube.get(NAMESPACES, "", namespace)),
        kube.list(SECRETS, namespace, metadata_only=True),
        record.read(kube, desired.deployment),
        *(kube.list(kind, namespace, labels=managed) for kind in kinds),
    )
    labels = own.get("metadata", {}).get("labels", {})
    generations: dict[str, dict[str, int]] = {}
    unready: dict[str, str] = {}
    for kind, items in zip(kinds, listed, strict=True):
        for obj in items["items"]:
            obj.setdefault("kind", kind.kind)
            release = obj["metadata"].get("labels", {}).get(_INSTANCE, "")
            name = f"{kind.kind}/{obj['metadata']['name']}"
            generations.setdefault(release, {})[name] = obj["metadata"].get("generation", 1)
            rollout = workload(obj)
            if rollout.phase is not Phase.READY:
                unready.setdefault(release, f"{name}: {rollout.message}")
    return Observed(
        cluster=system["metadata"]["uid"],
        namespace_phase=own.get("status", {}).get("phase", "Active") if own else "",
        namespace_level=labels.get("pod-security.kubernetes.io/enforce", ""),
        namespace_ours=labels.get(MANAGED_BY) == "wizard",
        releases=newest_releases(secrets["items"], namespace),
        records=records,
        secrets=_secrets(secrets["items"], desired),
        generations=generations,
        unready=unready,
    )


def newest_releases(secrets: Iterable[KubeObject], namespace: str) -> dict[str, Release]:
    """From the labels of Helm's release Secrets: name, version and status stand there since Helm 3.
    Their data (the whole release) is not read."""
    newest: dict[str, Release] = {}
    for secret in secrets:
        labels = secret["metadata"].get("labels", {})
        name = labels.get("name", "")
        if labels.get("owner") != "helm" or not name or not labels.get("version", "").isdecimal():
            continue
        revision = int(labels["version"])
        if name not in newest or newest[name].revision < revision:
            modified = labels.get("modifiedAt", "0")
            updated = float(modified) if modified.isdecimal() else 0.0
            newest[name] = Release(name, namespace, revision, labels.get("status", ""), updated=updated)
    return newest


def _secrets(secrets: Iterable[KubeObject], desired: Desired) -> dict[str, str]:
    wanted = {secret.name for secret in desired.secret_objects}
    return {
        secret["metadata"]["name"]: secret["metadata"].get("annotations", {}).get(MADE_OF, "?")
        for secret in secrets
        if secret["metadata"]["name"] in wanted
    }


async def environment_clashes(kube: KubeReader, desired: Desired, stores: Sequence[SecretStore]) -> tuple[Finding, ...]:
    """Secrets given in the environment that differ from those in use. Asks nothing where none is given."""
    given = {
        ref.name: value
        for ref in desired.secrets
        for store in stores
        if store.name == "environment" and (value := store.get(desired.deployment, ref.name))
    }
    if not given:
        return ()
    read = (kube.get(SECRETS, desired.namespace, wanted.name) for wanted in desired.secret_objects)
    live = await asyncio.gather(*map(_missing_is_empty, read))
    return clashes(desired, given, dict(zip((w.name for w in desired.secret_objects), live, strict=True)))


async def look(kube: Kube, helm: Helm, desired: Desired, observed: Observed, names: Iterable[str]) -> Observed:
    """`observed` with a closer look at these components: rendered against deployed, and what a dry run
    of the upgrade would meet."""
    names = tuple(names)
    found = await asyncio.gather(*(_look(kube, helm, desired.component(name), observed) for name in names))
    return replace(observed, looks={**observed.looks, **dict(zip(names, found, strict=True))})


async def _look(kube: Kube, helm: Helm, component: Component, observed: Observed) -> Look:
    request = ReleaseRequest(component.name, component.namespace, component.chart, component.values)
    release = observed.releases.get(component.name)
    if release is None:
        rendered = await helm.render(request)
        foreign = await _foreign(kube, component, rendered)
        return Look(rendered=rendered, blocking=foreign)
    rendered, deployed, past = await asyncio.gather(
        helm.render(request),
        _deployed(helm, component),
        helm.history(component.name, component.namespace),
    )
    digest = history.origin(past[-1], past).digest if past else ""
    if past and not digest and past[-1].chart not in ("", component.chart_name):
        return Look(deployed=deployed, rendered=rendered, blocking=(_other_chart(component, past[-1]),))
    conflicts, drift, refusals = await _dry_run(kube, component, rendered, force=not helm.server_side)
    return Look(digest, deployed, rendered, conflicts, drift, refusals)


async def _deployed(helm: Helm, component: Component) -> str:
    try:
        return await helm.manifest(component.name, component.namespace)
    except ReleaseMissing:
        return ""


def _other_chart(component: Component, release: Release) -> Finding:
    return error(
        "foreign-release",
        f"release {component.name} in namespace {component.namespace} belongs to somebody else",
        detail=f"It was installed from chart {release.chart} {release.chart_version}, not by this wizard.",
        hint="choose another `namespace` in the profile, or `helm uninstall` that release first",
        where=Where(resource=component.resource),
    )


async def _foreign(kube: Kube, component: Component, rendered: str) -> tuple[Finding, ...]:
    """Objects that exist under the names that an install would take, and are not this release's.

    Helm adopts an object that carries its own annotations (a volume claim kept from before); any
    other would make the install fail half-way.
    """

    async def one(resource: Resource, obj: KubeObject) -> Finding | None:
        name = obj["metadata"]["name"]
        live = await _missing_is_empty(kube.get(resource, component.namespace, name))
        if not live:
            return None
        notes = live["metadata"].get("annotations", {})
        owner, shown = notes.get(_OWNER, ""), _shown(resource, component, name)
        if (owner, notes.get(_OWNER_NAMESPACE)) == (component.name, component.namespace):
            return None
        return error(
            "foreign-object",
            f"{resource.kind} {shown.partition(' ')[2]} exists and is not part of release {component.name}",
            detail=f"It belongs to release {owner}." if owner else "It was not made by Helm.",
            hint="choose another `namespace` in the profile, or remove that object first",
            where=Where(resource=shown),
        )

    found = await asyncio.gather(*(one(resource, obj) for resource, obj in known(rendered)))
    return tuple(finding for finding in found if finding)


async def _dry_run(
    kube: Kube, component: Component, rendered: str, *, force: bool
) -> tuple[tuple[FieldConflict, ...], tuple[str, ...], tuple[Finding, ...]]:
    """Asks the API server itself what applying would do: (conflicts, drift in words, refusals).

    `force` for a helm that patches client-side: it knows no owners, and its own fields stand under
    another operation, which a server-side dry run would take for another manager.
    """
    conflicts: list[FieldConflict] = []
    drift: list[str] = []
    refusals: list[Finding] = []

    async def one(resource: Resource, obj: KubeObject) -> None:
        name = obj["metadata"]["name"]
        shown = _shown(resource, component, name)
        live = await _missing_is_empty(kube.get(resource, component.namespace, name))
        if not live:
            drift.append(f"{shown} is missing")
            return
        wanted = _as_helm_would(resource, obj, component)
        try:
            after = await kube.apply(resource, wanted, manager="helm", force=force, dry_run=True)
        except Conflict as clash:
            conflicts.extend(_conflicts(shown, clash))
            return
        except (Invalid, Forbidden) as refused:
            refusals.append(_refusal(resource, shown, refused))
            return
        if _matter(after) != _matter(live):
            drift.append(f"{shown} differs from what is deployed")

    await asyncio.gather(*(one(resource, obj) for resource, obj in known(rendered)))
    return tuple(sorted(conflicts, key=str)), tuple(sorted(drift)), tuple(refusals)


def _shown(resource: Resource, component: Component, name: str) -> str:
    """`deployment chat/web`, `clusterrole prometheus-chat`."""
    kind = resource.kind.lower()
    return f"{kind} {component.namespace}/{name}" if resource.namespaced else f"{kind} {name}"


def _matter(obj: KubeObject) -> dict[str, object]:
    """What of an object somebody can have changed. Not its generation: the API server counts up for
    an apply that says `[]` where it stores nothing."""
    metadata = obj["metadata"]
    kept = {key: metadata.get(key, {}) for key in ("labels", "annotations")}
    return {**{key: part for key, part in obj.items() if key not in ("metadata", "status")}, **kept}


def _refusal(resource: Resource, shown: str, refused: Exception) -> Finding:
    hint = "take that change out of the profile, or remove the object by hand first"
    if resource in (CLAIMS, STATEFUL_SETS):
        hint = "a volume's size and class cannot be changed by an upgrade: take that change out of the profile"
    return error(
        "cannot-apply",
        f"the API server refuses the change of {shown}",
        detail=str(refused),
        hint=hint,
        where=Where(resource=shown),
    )


def _as_helm_would(resource: Resource, obj: KubeObject, component: Component) -> KubeObject:
    """Helm sets the namespace (of what has one) and its ownership marks on what it applies."""
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), MANAGED_BY: "Helm"}
    notes = {
        **(metadata.get("annotations") or {}),
        _OWNER: component.name,
        _OWNER_NAMESPACE: component.namespace,
    }
    marks: KubeObject = {"labels": labels, "annotations": notes}
    if resource.namespaced:
        marks["namespace"] = component.namespace
    return {**obj, "metadata": {**metadata, **marks}}


def _conflicts(shown: str, clash: Conflict) -> list[FieldConflict]:
    found: list[FieldConflict] = []
    for cause in clash.causes:
        # `conflict with "kubectl" with subresource "scale" using apps/v1`
        words = cause.get("message", "").split('"')
        manager = words[1] if len(words) > 1 else cause.get("message", "?")
        found.append(FieldConflict(shown, cause.get("field", "?"), manager))
    return found
