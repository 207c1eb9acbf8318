"""What is there, for `status` and `credentials`: read only."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.domain.secret import Secret, SecretRef
from wizard.planning.desired import Desired
from wizard.planning.observed import Observed
from wizard.ports import NAMESPACES, SECRETS, KubeObject, KubeReader, NotFound, SecretStore
from wizard.steps.secrets import decode


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    name: str
    revision: int
    """0 where there is no release."""
    release: str
    """Helm's status, or `not installed`."""
    ready: bool
    why: str = ""


def components(desired: Desired, observed: Observed) -> list[ComponentStatus]:
    rows: list[ComponentStatus] = []
    for component in desired.components:
        release = observed.releases.get(component.name)
        why = observed.unready.get(component.name, "")
        if release is None:
            rows.append(ComponentStatus(component.name, 0, "not installed", False))
        else:
            ready = release.status == "deployed" and not why and component.name in observed.generations
            rows.append(ComponentStatus(component.name, release.revision, release.status, ready, why))
    return rows


@dataclass(frozen=True, slots=True)
class Credential:
    """Where one secret is kept; `value` is only filled for those that were asked for."""

    ref: SecretRef
    kept: tuple[str, ...]
    value: Secret | None = None


async def credentials(kube: KubeReader, stores: Sequence[SecretStore], desired: Desired) -> list[Credential]:
    """Every secret of the deployment, in the order of look-up: stores, then the cluster."""
    cluster = str((await kube.get(NAMESPACES, "", "kube-system"))["metadata"]["uid"])
    scope = f"{desired.deployment}@{cluster}"

    async def read(name: str) -> dict[str, Secret]:
        try:
            found: KubeObject = await kube.get(SECRETS, desired.namespace, name)
        except NotFound:
            return {}
        return decode(found)

    # A key that is text made from secrets (a URL with a password in it) is not the secret itself.
    own = {
        (wanted.name, entry.key) for wanted in desired.secret_objects for entry in wanted.entries if not entry.template
    }
    names = [wanted.name for wanted in desired.secret_objects]
    live = dict(zip(names, await asyncio.gather(*map(read, names)), strict=True))
    rows: list[Credential] = []
    for ref in desired.secrets:
        held = [(store.name, store.get(scope, ref.name)) for store in stores]
        if (ref.kubernetes_secret, ref.key) in own:
            held.append((f"cluster ({ref.kubernetes_secret}/{ref.key})", live[ref.kubernetes_secret].get(ref.key)))
        values = [value for _, value in held if value is not None]
        # The cluster's own value is what the running programs use: it is the one to show.
        rows.append(Credential(ref, tuple(n for n, v in held if v is not None), values[-1] if values else None))
    return rows
