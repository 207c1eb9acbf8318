"""The checks between fields: what is valid by itself and wrong together.

Each check yields every problem it finds; none stops at the first. They run on valid sections only, so
that they may trust types and formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from wizard.domain.profile.checks import places, services, workload
from wizard.domain.profile.checks.problem import Problem

if TYPE_CHECKING:
    from wizard.domain.profile.model import Profile

CHECKS: tuple[Callable[[Profile], Iterator[Problem]], ...] = (
    places.target,
    places.aws,
    places.namespace,
    places.access,
    places.hosts,
    workload.tiers,
    workload.replicas,
    workload.models,
    workload.tenants,
    services.database,
    services.secrets,
    services.backup,
    services.observability,
)


def problems_of(profile: Profile) -> Iterator[Problem]:
    """Every contradiction in a profile, section by section."""
    for check in CHECKS:
        yield from check(profile)


__all__ = ["CHECKS", "Problem", "problems_of"]
