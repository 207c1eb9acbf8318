"""Observed: what is there, as pure data. The engine fills it (engine/observe.py); planning only reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.domain.finding import Finding
from wizard.domain.plan import FieldConflict
from wizard.ports import Release


@dataclass(frozen=True, slots=True)
class Record:
    """What the wizard noted in the cluster when a component was last seen ready."""

    digest: str
    """Component.digest it was ready with."""
    revision: int
    generations: Mapping[str, int]
    """`Deployment/open-webui` -> metadata.generation; another one means somebody changed the spec."""


@dataclass(frozen=True, slots=True)
class Look:
    """The closer look at a component whose record does not settle it: costs helm calls."""

    deployed_digest: str = ""
    """Digest that the deployed revision was made with; empty where another hand made it."""
    deployed: str = ""
    """Deployed manifests; empty where there is no release."""
    rendered: str = ""
    """Manifests of the desired state."""
    conflicts: tuple[FieldConflict, ...] = ()
    drift: tuple[str, ...] = ()
    """In words: what the live objects lack or have changed against the deployed release."""
    blocking: tuple[Finding, ...] = ()
    """What would make helm fail half-way: objects of somebody else in the way, changes that the API
    server refuses (an immutable field)."""


@dataclass(frozen=True, slots=True)
class Observed:
    cluster: str = ""
    """UID of `kube-system`; empty where there is no cluster yet."""
    namespace_phase: str = ""
    """Active, Terminating; empty where it does not exist."""
    namespace_level: str = ""
    """Its `pod-security.kubernetes.io/enforce` label."""
    namespace_ours: bool = False
    """It carries our managed-by label; another's namespace keeps its Pod Security level."""
    releases: Mapping[str, Release] = field(default_factory=dict)
    """Newest revision of each release of the namespace."""
    records: Mapping[str, Record] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Secret -> its `wizard.dev/made-of` annotation; `?` for a Secret that the wizard did not make."""
    blocking: tuple[Finding, ...] = ()
    """What forbids any change: a secret of the environment that differs from the one in use."""
    generations: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Release -> `Deployment/open-webui` -> generation, of the live workloads."""
    unready: Mapping[str, str] = field(default_factory=dict)
    """Release -> why it is not ready, in words; a ready one is not in it."""
    looks: Mapping[str, Look] = field(default_factory=dict)
