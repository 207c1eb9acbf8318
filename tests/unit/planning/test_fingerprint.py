"""The fingerprint of a plan moves with what was desired and with what is there, and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import pytest

from wizard.domain.finding import error
from wizard.domain.plan import FieldConflict
from wizard.planning.desired import Component, Desired, SecretEntry, SecretObject
from wizard.planning.diff import fingerprint
from wizard.planning.observed import Look, Observed, Record
from wizard.ports import Release

T = TypeVar("T")

WEB = Component("web", "chat", "charts/web", "web", "1.0.0", "c0ffee", {"replicas": 1, "env": {"A": "1", "B": "2"}})
AUTH = SecretObject("auth", (SecretEntry("password", "pg"), SecretEntry("URL", "postgresql://{pg}@host/db", True)))
DESIRED = Desired("prod", "chat", (WEB,), (), (AUTH,))
OBSERVED = Observed(
    cluster="uid-1",
    namespace_phase="Active",
    namespace_level="restricted",
    namespace_ours=True,
    releases={"web": Release("web", "chat", 5, "deployed"), "db": Release("db", "chat", 3, "deployed")},
    records={"web": Record("d", 5, {"Deployment/web": 7})},
    secrets={"auth": AUTH.digest},
    generations={"web": {"Deployment/web": 7, "Job/pull": 1}, "db": {"StatefulSet/db": 2}},
)


def turned(mapping: Mapping[str, T]) -> dict[str, T]:
    """The same in the other order."""
    return dict(reversed(list(mapping.items())))


PRINT = fingerprint(DESIRED, OBSERVED)

MOVES: dict[str, tuple[Desired, Observed]] = {
    "another deployment": (replace(DESIRED, deployment="other"), OBSERVED),
    "another namespace": (replace(DESIRED, namespace="other"), OBSERVED),
    "other values": (replace(DESIRED, components=(replace(WEB, values={"replicas": 2}),)), OBSERVED),
    "an edited chart": (replace(DESIRED, components=(replace(WEB, chart_digest="another"),)), OBSERVED),
    "one component more": (replace(DESIRED, components=(WEB, replace(WEB, name="db"))), OBSERVED),
    "another database host": (
        replace(
            DESIRED, secret_objects=(SecretObject("auth", (AUTH.entries[0], replace(AUTH.entries[1], source="x"))),)
        ),
        OBSERVED,
    ),
    "another cluster": (DESIRED, replace(OBSERVED, cluster="uid-2")),
    "the namespace is being deleted": (DESIRED, replace(OBSERVED, namespace_phase="Terminating")),
    "a revision more": (
        DESIRED,
        replace(OBSERVED, releases={**OBSERVED.releases, "web": Release("web", "chat", 6, "deployed")}),
    ),
    "another status": (
        DESIRED,
        replace(OBSERVED, releases={**OBSERVED.releases, "web": Release("web", "chat", 5, "pending-upgrade")}),
    ),
    "uninstalled": (DESIRED, replace(OBSERVED, releases={"db": OBSERVED.releases["db"]})),
    "a workload edited": (
        DESIRED,
        replace(OBSERVED, generations={**OBSERVED.generations, "web": {"Deployment/web": 8, "Job/pull": 1}}),
    ),
    "a workload gone": (DESIRED, replace(OBSERVED, generations={**OBSERVED.generations, "web": {"Deployment/web": 7}})),
    "the same workload of another release": (
        DESIRED,
        replace(OBSERVED, generations={"db": OBSERVED.generations["web"], "web": OBSERVED.generations["db"]}),
    ),
    "a Secret gone": (DESIRED, replace(OBSERVED, secrets={})),
    "a Secret of another make": (DESIRED, replace(OBSERVED, secrets={"auth": "?"})),
    # What has no generation (a ConfigMap, a Service) shows in the closer look alone.
    "an object edited": (DESIRED, replace(OBSERVED, looks={"web": Look("d", "a", "b", (), ("service differs",))})),
    "a field taken": (
        DESIRED,
        replace(OBSERVED, looks={"web": Look("d", "a", "b", (FieldConflict("r", "f", "m"),))}),
    ),
}
STAYS: dict[str, tuple[Desired, Observed]] = {
    "made again": (Desired("prod", "chat", (replace(WEB),), (), (replace(AUTH),)), replace(OBSERVED)),
    "values in another order": (
        replace(DESIRED, components=(replace(WEB, values={"env": {"B": "2", "A": "1"}, "replicas": 1}),)),
        OBSERVED,
    ),
    "the chart lies elsewhere": (replace(DESIRED, components=(replace(WEB, chart="/opt/charts/web"),)), OBSERVED),
    "a finding more": (replace(DESIRED, findings=(error("x", "y"),)), OBSERVED),
    "releases listed in another order": (
        DESIRED,
        replace(
            OBSERVED,
            releases=turned(OBSERVED.releases),
            generations=turned({name: turned(g) for name, g in OBSERVED.generations.items()}),
        ),
    ),
    "when a release was written": (
        DESIRED,
        replace(
            OBSERVED, releases={**OBSERVED.releases, "web": Release("web", "chat", 5, "deployed", "web", "1", "x", 9.0)}
        ),
    ),
    # Readiness comes and goes while somebody reads the plan.
    "a pod not ready": (DESIRED, replace(OBSERVED, unready={"web": "Deployment/web: 0 of 1 pods ready"})),
    "records": (DESIRED, replace(OBSERVED, records={})),
    # A plan made without helm's closer look (`--yes` with nothing to do) and one made with it are the same plan.
    "a closer look that finds nothing": (DESIRED, replace(OBSERVED, looks={"web": Look("d", "a", "b")})),
}


@pytest.mark.parametrize("name", MOVES)
def test_moves_with(name: str) -> None:
    assert fingerprint(*MOVES[name]) != PRINT


@pytest.mark.parametrize("name", STAYS)
def test_stays_with(name: str) -> None:
    assert fingerprint(*STAYS[name]) == PRINT


def test_every_move_is_another_one() -> None:
    prints = [fingerprint(*facts) for facts in MOVES.values()]
    assert len(set(prints)) == len(prints)
    assert all(len(found) == 24 for found in prints)


def test_a_secrets_digest_is_of_what_it_is_made_of() -> None:
    digests = {
        AUTH.digest,
        SecretObject("auth", AUTH.entries[:1]).digest,
        SecretObject("auth", (AUTH.entries[0], replace(AUTH.entries[1], source="postgresql://{pg}@other/db"))).digest,
        SecretObject("auth", (AUTH.entries[0], replace(AUTH.entries[1], template=False))).digest,
        SecretObject("auth", (AUTH.entries[0], replace(AUTH.entries[1], key="DSN"))).digest,
    }
    assert len(digests) == 5
    assert SecretObject("another name", AUTH.entries[::-1]).digest == AUTH.digest
    assert AUTH.keys == ("URL", "password")
