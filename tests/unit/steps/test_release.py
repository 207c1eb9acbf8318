"""One release at its revision: helm asked once where nothing happened, and what is left pending put right."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.unit.fakes import START, Bench, ManualClock, component, ours, revision, unreachable, until
from wizard.domain import events as ev
from wizard.domain.plan import StepSpec
from wizard.engine.executor import Executor
from wizard.planning.observed import Observed
from wizard.ports import DEPLOYMENTS, HelmFieldConflict, Release
from wizard.steps.release import SETTLE, ReleaseStep

SPEC = StepSpec("release:web", "release", "web")
DIGEST = component().digest
PENDING = revision(2, ours("old-run", DIGEST), status="pending-upgrade")
GOOD = revision(1, ours("run-0", "00"), status="superseded")


def bench_with(*past: Release, auto: bool = True) -> Bench:
    observed = Observed(cluster="cluster-uid", releases={"web": past[-1]} if past else {})
    bench = Bench(observed=observed, clock=ManualClock(auto=auto))
    if past:
        bench.helm.have("web", *past)
    return bench


def execute(bench: Bench) -> None:
    """As the engine runs it, with retries."""

    async def main() -> None:
        async with asyncio.timeout(10):
            step = ReleaseStep(SPEC, bench.context)
            await Executor(
                [step],
                emit=bench.events.append,
                clock=bench.clock,
                stop=bench.stop,
                concurrency=1,
                deadline=900,
            ).run()

    asyncio.run(main())


def helm_calls(bench: Bench) -> list[str]:
    return [verb for verb, _ in bench.helm.calls]


def test_a_first_install_asks_helm_only_once() -> None:
    bench = bench_with()
    execute(bench)
    assert helm_calls(bench) == ["upgrade"]
    (release,) = bench.helm.revisions["web"]
    assert release.description == f"wizard run=run-1 digest={DIGEST}"
    assert bench.of(ev.ReleaseChanged) == [ev.ReleaseChanged("release:web", "web", "chat", 0, 1)]
    assert bench.context.workloads["web"] == ((DEPLOYMENTS, "web"),)
    assert bench.of(ev.StepSucceeded) == [ev.StepSucceeded("release:web", True)]


def test_an_upgrade_asks_helm_only_once_too() -> None:
    bench = bench_with(GOOD, replace(PENDING, status="deployed"))
    execute(bench)
    assert helm_calls(bench) == ["upgrade"]
    assert bench.of(ev.ReleaseChanged) == [ev.ReleaseChanged("release:web", "web", "chat", 2, 3)]


def test_a_young_pending_release_is_let_settle_and_then_repaired() -> None:
    bench = bench_with(GOOD, PENDING)
    bench.clock.elapsed = 5
    execute(bench)
    assert bench.clock.elapsed == pytest.approx(SETTLE, abs=1)
    assert [c for c in helm_calls(bench) if c in ("rollback", "uninstall", "upgrade")] == ["rollback", "upgrade"]
    assert [r.description for r in bench.helm.revisions["web"]][-2:] == ["Rollback to 1", ours("run-1", DIGEST)]
    words = [p.message for p in bench.of(ev.StepProgress)]
    assert words[0] == "pending-upgrade for 5 s: letting it settle"
    assert words[-1] == "back to revision 1 after pending-upgrade"


def test_an_old_pending_release_is_repaired_at_once() -> None:
    bench = bench_with(GOOD, replace(PENDING, updated=START - SETTLE))
    execute(bench)
    assert bench.clock.slept == []
    assert "rollback" in helm_calls(bench)


@pytest.mark.parametrize(
    "past",
    [
        [revision(1, ours("old"), status="pending-install", updated=START - 99)],
        [revision(1, ours("old"), status="failed"), replace(PENDING, updated=START - 99)],
        [GOOD, replace(PENDING, status="uninstalling", updated=START - 99)],
    ],
)
def test_without_a_good_revision_it_is_removed_and_installed(past: list[Release]) -> None:
    bench = bench_with(*past)
    execute(bench)
    assert [c for c in helm_calls(bench) if c in ("rollback", "uninstall", "upgrade")] == ["uninstall", "upgrade"]
    assert [r.revision for r in bench.helm.revisions["web"]] == [1]


def test_one_that_vanishes_while_it_is_removed_is_installed() -> None:
    bench = bench_with(revision(1, ours("old"), status="uninstalling", updated=START - 99))

    def gone() -> None:
        del bench.helm.revisions["web"]

    bench.helm.before("uninstall", gone)
    execute(bench)
    assert bench.of(ev.StepSucceeded)
    assert helm_calls(bench)[-1] == "upgrade"


def test_one_that_finishes_by_itself_with_our_digest_is_left() -> None:
    """A helm whose parent was killed finishes its release by itself."""

    async def main() -> None:
        bench = bench_with(GOOD, PENDING, auto=False)
        step = ReleaseStep(SPEC, bench.context)
        asking = asyncio.ensure_future(step.satisfied())
        await until(lambda: bench.clock.sleepers == 1)
        bench.helm.revisions["web"][-1] = replace(PENDING, status="deployed")
        await bench.clock.advance(1)
        assert await asking
        assert bench.context.workloads["web"] == ((DEPLOYMENTS, "web"),)
        assert not {"upgrade", "rollback", "uninstall"} & set(helm_calls(bench))

    asyncio.run(main())


@pytest.mark.parametrize(
    "finished",
    [
        replace(PENDING, status="failed"),
        replace(PENDING, status="deployed", description=ours("other", "ff")),
        replace(PENDING, status="deployed", description="Upgrade complete"),
    ],
)
def test_one_that_finishes_otherwise_is_upgraded(finished: Release) -> None:
    bench = bench_with(GOOD, PENDING)

    def finish() -> None:
        bench.helm.revisions["web"][-1] = finished

    bench.helm.before("list", finish)
    execute(bench)
    assert bench.of(ev.ReleaseChanged) == [ev.ReleaseChanged("release:web", "web", "chat", 2, 3)]


def test_busy_is_tried_again_and_the_other_ones_work_is_repaired_if_it_was_cut_off() -> None:
    """Nothing was pending when the plan was made; another hand's helm began and died since."""
    bench = bench_with(GOOD)

    def cut_off() -> None:
        bench.helm.revisions["web"].append(replace(PENDING, updated=bench.clock.now()))

    bench.helm.before("upgrade", cut_off)
    execute(bench)
    assert bench.of(ev.StepSucceeded), bench.events
    assert "rollback" in helm_calls(bench)
    assert bench.helm.revisions["web"][-1].description == ours("run-1", DIGEST)


def test_a_second_attempt_looks_first_and_tells_the_right_revisions() -> None:
    """The first attempt's answer was lost, though helm had done its work."""
    bench = bench_with(GOOD)

    def done_but_unanswered() -> None:
        bench.helm.revisions["web"].append(revision(2, ours("run-1", DIGEST), status="deployed"))
        raise unreachable()

    bench.helm.before("upgrade", done_but_unanswered)
    execute(bench)
    assert bench.helm.count("upgrade") == 1
    assert bench.of(ev.StepSucceeded) == [ev.StepSucceeded("release:web", False)]


def test_fields_of_others_fail_it_unless_they_are_taken_back() -> None:
    bench = bench_with(GOOD)
    bench.helm.conflicts = {"web"}
    step = ReleaseStep(SPEC, bench.context)
    with pytest.raises(HelmFieldConflict):
        asyncio.run(step.apply())
    bench.context.options = replace(bench.options, take_back_conflicts=True)
    assert asyncio.run(step.apply())
