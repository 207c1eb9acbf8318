"""Which revision each release goes back to, over histories as helm keeps them; and the order of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from tests.unit.fakes import START, Bench, component, desired_of, ours, revision
from wizard.domain.finding import PreflightError
from wizard.engine.undo import destroy_steps, rollback_steps
from wizard.planning.observed import Observed, Record
from wizard.ports import Release
from wizard.steps.base import Step
from wizard.steps.revert import RevertStep

FAILED = 'Upgrade "web" failed: timed out'


def rev(number: int, description: str, status: str = "superseded", at: float = 0.0) -> Release:
    return revision(number, description, status=status, updated=START + at)


def targets(past: Mapping[str, Sequence[Release]], run: str = "") -> dict[str, int | None]:
    """Release -> the revision it goes back to; None for uninstall."""
    bench = Bench(desired_of(*(component(name) for name in past)))
    for name, revisions in past.items():
        if revisions:
            bench.helm.have(name, *revisions)
    steps = asyncio.run(rollback_steps(bench.context, run))
    return {
        step.spec.target: step._target.revision if step._target else None
        for step in steps
        if isinstance(step, RevertStep)
    }


@pytest.mark.parametrize(
    ("history", "run", "target"),
    [
        ([rev(1, ours("r1"), "deployed")], "", {"web": None}),
        ([rev(1, ours("r1")), rev(2, ours("r2"), "deployed")], "", {"web": 1}),
        ([rev(1, ours("r1")), rev(2, ours("r2")), rev(3, ours("r3"), "deployed")], "", {"web": 2}),
        # A run by name goes back to before it, whatever came after.
        ([rev(1, ours("r1")), rev(2, ours("r2")), rev(3, ours("r3"), "deployed")], "r2", {"web": 1}),
        ([rev(1, ours("r1")), rev(2, ours("r2"), "deployed")], "r1", {"web": None}),
        ([rev(1, ours("r1")), rev(2, ours("r2"), "deployed")], "r9", {}),
        # The run needed several revisions: back to before the first of them.
        (
            [rev(1, ours("r1")), rev(2, ours("r2"), "failed"), rev(3, ours("r2")), rev(4, ours("r2"), "deployed")],
            "",
            {"web": 1},
        ),
        # What failed before it is no place to go back to.
        (
            [rev(1, ours("r1")), rev(2, FAILED, "failed"), rev(3, FAILED, "failed"), rev(4, ours("r2"), "deployed")],
            "",
            {"web": 1},
        ),
        ([rev(1, 'Release "web" failed: x', "failed"), rev(2, ours("r2"), "deployed")], "", {"web": None}),
        # Revisions by another hand are somebody's state: kept.
        ([rev(1, ours("r1")), rev(2, "Upgrade complete"), rev(3, ours("r2"), "deployed")], "", {"web": 2}),
        ([rev(1, "Install complete"), rev(2, ours("r1"), "deployed")], "", {"web": 1}),
        ([rev(1, "Install complete", "deployed")], "", {}),
        ([rev(1, ours("r1")), rev(2, ours("r2")), rev(3, "Upgrade complete", "deployed")], "", {}),
        # Undone already: the newest is nobody's run.
        ([rev(1, ours("r1")), rev(2, ours("r2")), rev(3, "Rollback to 1", "deployed")], "", {}),
        # An upgrade after a rollback goes back to the rollback.
        (
            [rev(1, ours("r1")), rev(2, ours("r2")), rev(3, "Rollback to 1"), rev(4, ours("r4"), "deployed")],
            "",
            {"web": 3},
        ),
        # Rolled back by hand, and again.
        (
            [
                rev(1, ours("r1")),
                rev(2, "Rollback to 1"),
                rev(3, "Rollback to 2"),
                rev(4, ours("r4"), "failed"),
                rev(5, ours("r4"), "deployed"),
            ],
            "",
            {"web": 3},
        ),
        # Cut off in the middle.
        ([rev(1, ours("r1")), rev(2, ours("r2"), "pending-upgrade")], "", {"web": 1}),
        ([rev(1, ours("r1"), "pending-install")], "", {"web": None}),
        ([rev(1, ours("r1"), "uninstalling")], "", {"web": None}),
        ([], "", {}),
        # Ten are kept of many.
        ([rev(n, ours(f"r{n}"), "deployed" if n == 20 else "superseded") for n in range(11, 21)], "", {"web": 19}),
        ([rev(n, ours(f"r{n}"), "deployed" if n == 20 else "superseded") for n in range(11, 21)], "r14", {"web": 13}),
    ],
)
def test_where_one_release_goes_back_to(history: list[Release], run: str, target: dict[str, int | None]) -> None:
    assert targets({"web": history}, run) == target


@pytest.mark.parametrize("status", ["superseded", "failed"])
def test_what_a_short_history_forgot_is_never_uninstalled(status: str) -> None:
    """Helm keeps ten revisions. Where those before the run are gone, the release was there before it all the same."""
    past = [rev(n, ours("r1"), "deployed" if n == 20 else "failed") for n in range(12, 21)]
    if status == "failed":
        past.insert(0, rev(11, FAILED, "failed"))
    with pytest.raises(PreflightError) as refused:
        targets({"web": past})
    assert [f.code for f in refused.value.findings] == ["history-too-short"]


def test_the_last_run_is_the_newest_of_all_releases_and_leaves_others_alone() -> None:
    past = {
        "web": [rev(1, ours("r1"), at=0), rev(2, ours("r3"), "deployed", at=30)],
        "db": [rev(1, ours("r1"), at=0), rev(2, ours("r2"), "deployed", at=20)],
        "new": [rev(1, ours("r3"), "deployed", at=31)],
        "gone": [],
    }
    assert targets(past) == {"web": 1, "new": None}
    assert targets(past, "r2") == {"db": 1}
    assert targets(past, "r1") == {"web": None, "db": None}


def _graph(steps: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    return {step.spec.id: step.spec.needs for step in steps}


def test_dependants_are_undone_first_and_what_goes_back_is_waited_for() -> None:
    bench = Bench(desired_of(component("db"), component("web", "db"), component("models"), component("proxy", "web")))
    bench.helm.have("db", rev(1, ours("r1")), rev(2, ours("r2"), "deployed"))
    bench.helm.have("web", rev(1, ours("r2"), "deployed"))
    bench.helm.have("proxy", rev(1, ours("r1"), "deployed"))
    assert _graph(asyncio.run(rollback_steps(bench.context, "r2"))) == {
        "revert:db": ("revert:web",),
        "ready:db": ("revert:db",),
        "revert:web": (),
    }


def test_destroy_takes_dependants_first_and_its_own_objects_last() -> None:
    observed = Observed(
        releases={name: rev(1, "", "deployed") for name in ("db", "web")},
        records={"half": Record("d", 1, {})},
    )
    parts = (component("db"), component("web", "db"), component("half", "db"), component("never"))
    bench = Bench(desired_of(*parts), observed)
    assert _graph(asyncio.run(destroy_steps(bench.context))) == {
        "remove:db": ("remove:web",),
        "remove:web": (),
        "remove:half": (),
        "cleanup": ("remove:db", "remove:web", "remove:half"),
    }


def test_destroy_takes_what_the_profile_no_longer_means() -> None:
    """A ClusterRole of a release outlives its namespace: nothing of ours may be left to the namespace's deletion."""
    observed = Observed(
        namespace_ours=True,
        releases={name: rev(1, "", "deployed") for name in ("db", "prometheus", "somebodys")},
        records={},
    )
    bench = Bench(desired_of(component("db")), observed)
    assert _graph(asyncio.run(destroy_steps(bench.context))) == {
        "remove:db": (),
        "remove:prometheus": (),
        "cleanup": ("remove:db", "remove:prometheus"),
    }
