"""Admission plugins, in the API server's order. Each file is one plugin."""

from __future__ import annotations

from wizard.sandbox.admission.lifecycle import NamespaceLifecycle
from wizard.sandbox.admission.limits import LimitRanger
from wizard.sandbox.admission.pods import PodDefaults
from wizard.sandbox.admission.podsecurity import PodSecurity
from wizard.sandbox.admission.quota import QuotaAdmission
from wizard.sandbox.admission.storage import DefaultClasses
from wizard.sandbox.registry import Admission, Registry
from wizard.sandbox.store import Store


def plugins(store: Store, registry: Registry) -> list[Admission]:
    """All plugins of a cluster. Quota comes last: what others refuse must not be counted."""
    return [
        NamespaceLifecycle(store),
        LimitRanger(store),
        PodDefaults(store),
        DefaultClasses(store),
        PodSecurity(store, lambda: registry.warn),
        QuotaAdmission(store, registry.kinds),
    ]
