"""Desired: what a profile means, as pure data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wizard.domain.finding import Finding
from wizard.domain.secret import SecretRef

PART_OF = "wizard-platform"
SYSTEM_NAMESPACE = "wizard-system"


@dataclass(frozen=True, slots=True)
class Resources:
    """Compute that one component asks for, all its replicas together."""

    cpu_request: float = 0.0
    """Cores."""
    memory_request: int = 0
    """Bytes."""
    cpu_limit: float = 0.0
    memory_limit: int = 0


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A component's own check, asked through the API server's service proxy."""

    service: str
    port: str
    """Port's name or number."""
    path: str
    title: str
    contains: tuple[str, ...] = ()
    """Strings that the body must hold, besides HTTP 200: model names, for example."""


@dataclass(frozen=True)
class Component:
    """One Helm release that should be there."""

    name: str
    namespace: str
    chart: str
    """Path of the chart."""
    chart_name: str
    chart_version: str
    chart_digest: str
    values: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    """Components that must be ready before this one can be; installing does not wait for them."""
    checks: tuple[HttpCheck, ...] = ()
    resources: Resources = field(default_factory=Resources)
    part: str = ""
    """What it belongs to, in words, where that is not the platform itself; a budget sums it up."""

    @cached_property
    def digest(self) -> str:
        """16 hex digits over the chart's content and the values; equal digests render equal manifests."""
        text = json.dumps([self.chart_digest, self.values], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def resource(self) -> str:
        return f"release {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class SecretEntry:
    """One key of a Kubernetes Secret: either a secret of its own, or text made from secrets."""

    key: str
    source: str
    """Name of a SecretRef, or a template whose `{name}` fields are SecretRefs (URL-quoted when filled)."""
    template: bool = False


@dataclass(frozen=True)
class SecretObject:
    """A Kubernetes Secret that charts refer to by name."""

    name: str
    entries: tuple[SecretEntry, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(sorted(entry.key for entry in self.entries))

    @cached_property
    def digest(self) -> str:
        """16 hex digits over what each key is made of (never over a value), as the annotation
        `wizard.dev/made-of` holds it: another database host is another digest."""
        text = json.dumps(sorted((e.key, e.source, e.template) for e in self.entries))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Desired:
    deployment: str
    """The profile's name; names the lock, the record and the journal."""
    namespace: str
    components: tuple[Component, ...]
    secrets: tuple[SecretRef, ...]
    secret_objects: tuple[SecretObject, ...]
    urls: tuple[str, ...] = ()
    simulated: bool = False
    findings: tuple[Finding, ...] = ()
    """What does not forbid planning but should be said."""

    def component(self, name: str) -> Component:
        return next(component for component in self.components if component.name == name)

    @cached_property
    def digest(self) -> str:
        parts = [self.deployment, self.namespace, *(c.name + c.digest for c in self.components)]
        parts += [f"{s.name}:{s.digest}" for s in self.secret_objects]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
