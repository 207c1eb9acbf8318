"""The cases, one file a theme."""

from __future__ import annotations

from ..play import Case
from . import (
    access,
    apply,
    batch,
    configmaps,
    customs,
    deployments,
    lists,
    pods,
    policies,
    reviews,
    services,
    stateful,
    watches,
)

ALL: list[Case] = [
    *configmaps.CASES,
    *deployments.CASES,
    *apply.CASES,
    *services.CASES,
    *stateful.CASES,
    *batch.CASES,
    *pods.CASES,
    *policies.CASES,
    *customs.CASES,
    *lists.CASES,
    *reviews.CASES,
    *access.CASES,
    *watches.CASES,
]
