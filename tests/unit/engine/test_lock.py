"""One writer per deployment: taking, losing, renewing and letting go of the Lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.unit.fakes import FakeKube, ManualClock, server_busy, settle, unreachable, until
from wizard.domain.finding import ExitCode, LockedError
from wizard.domain.holder import Holder
from wizard.engine import lock as lock_module
from wizard.engine.lock import DURATION, Lock
from wizard.planning.desired import SYSTEM_NAMESPACE
from wizard.ports import LEASES, NAMESPACES, Forbidden, KubeObject

ANN = Holder("ann", "build-1", "boot/pid:[1]/10/100", "run-a")
BOB = Holder("bob", "laptop", "boot/pid:[1]/20/200", "run-b")


class Scene:
    def __init__(self) -> None:
        self.kube, self.clock = FakeKube(), ManualClock()
        self.lost: list[str] = []
        self.dead: set[str] = set()

    def lock(self, holder: Holder = ANN) -> Lock:
        return Lock(
            self.kube,
            self.clock,
            "prod",
            holder,
            dead=lambda process: process in self.dead,
            lost=lambda: self.lost.append(holder.user),
        )

    @property
    def lease(self) -> KubeObject:
        return self.kube.at(LEASES, SYSTEM_NAMESPACE, "prod")

    @property
    def spec(self) -> KubeObject:
        spec: KubeObject = self.lease["spec"]
        return spec


def scene(work: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(10):
            await work(Scene())
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a renewal outlives its lock"

    asyncio.run(main())


def test_the_first_one_makes_the_lease_and_its_namespace() -> None:
    async def work(s: Scene) -> None:
        s.kube.drop(NAMESPACES, "", SYSTEM_NAMESPACE)
        async with s.lock():
            assert s.spec["holderIdentity"] == "ann@build-1/run-a"
            assert s.spec["leaseDurationSeconds"] == DURATION
            assert s.spec["acquireTime"] == s.spec["renewTime"] == "2027-01-15T08:00:00.000000Z"
            assert s.lease["metadata"]["annotations"] == {
                "wizard.dev/user": "ann",
                "wizard.dev/host": "build-1",
                "wizard.dev/process": ANN.process,
            }
            assert s.kube.at(NAMESPACES, "", SYSTEM_NAMESPACE)
        assert s.spec["holderIdentity"] == ""

    scene(work)


def test_a_second_one_is_told_who_since_when_and_where() -> None:
    async def work(s: Scene) -> None:
        async with s.lock():
            await s.clock.advance(12)
            before = dict(s.spec)
            with pytest.raises(LockedError) as refused:
                await s.lock(BOB).__aenter__()
            assert s.spec == before
        (finding,) = refused.value.findings
        assert refused.value.exit_code is ExitCode.LOCKED
        assert finding.summary == "locked by ann since 2027-01-15T08:00:00Z on build-1"
        assert "Last renewed 2027-01-15T08:00:10Z" in finding.detail
        assert finding.where.resource == "lease wizard-system/prod"

    scene(work)


def test_a_lease_without_our_notes_names_its_holder() -> None:
    async def work(s: Scene) -> None:
        spec = {"holderIdentity": "somebody", "renewTime": "2027-01-15T08:00:00.000000Z"}
        s.kube.put(LEASES, SYSTEM_NAMESPACE, "prod", {"spec": spec})
        with pytest.raises(LockedError, match=r"locked by somebody since .* on an unknown host"):
            await s.lock().__aenter__()

    scene(work)


def test_a_lease_that_was_never_renewed_is_free() -> None:
    async def work(s: Scene) -> None:
        s.kube.put(LEASES, SYSTEM_NAMESPACE, "prod", {"spec": {"holderIdentity": "somebody"}})
        async with s.lock():
            assert s.spec["holderIdentity"].startswith("ann@")

    scene(work)


async def _abandoned(s: Scene) -> None:
    """Held by bob, whose process is gone without letting go."""
    held = s.lock(BOB)
    await held.__aenter__()
    assert held._renewing is not None
    held._renewing.cancel()
    await settle()


@pytest.mark.parametrize(("age", "taken"), [(DURATION - 1, False), (DURATION, False), (DURATION + 1, True)])
def test_an_expired_lease_is_taken_over(age: float, taken: bool) -> None:
    async def work(s: Scene) -> None:
        await _abandoned(s)
        await s.clock.advance(age)
        if not taken:
            with pytest.raises(LockedError):
                await s.lock().__aenter__()
            return
        async with _after_a_doubt(s, s.lock()):
            assert s.spec["holderIdentity"].startswith("ann@")
            assert s.spec["leaseTransitions"] == 2
            assert s.lease["metadata"]["annotations"]["wizard.dev/host"] == "build-1"

    scene(work)


def test_a_lease_that_ran_out_by_our_clock_but_is_still_renewed_is_held() -> None:
    async def work(s: Scene) -> None:
        await _abandoned(s)
        await s.clock.advance(DURATION + 1)
        entering = asyncio.ensure_future(s.lock().__aenter__())
        await settle()
        assert not entering.done(), "it looks twice"
        lease = await s.kube.get(LEASES, SYSTEM_NAMESPACE, "prod")
        await s.kube.replace(LEASES, lease | {"spec": lease["spec"] | {"renewTime": "2000-01-01T00:00:00.000000Z"}})
        await s.clock.advance(7)
        with pytest.raises(LockedError, match="locked by bob"):
            await entering

    scene(work)


@asynccontextmanager
async def _after_a_doubt(s: Scene, lock: Lock) -> AsyncIterator[None]:
    """Enters a lock that looks twice before it takes a lease over."""
    entering = asyncio.ensure_future(lock.__aenter__())
    await settle()
    await s.clock.advance(7)
    await entering
    try:
        yield
    finally:
        await lock.__aexit__()


def test_a_holder_proved_dead_is_taken_over_at_once() -> None:
    async def work(s: Scene) -> None:
        await _abandoned(s)
        s.dead = {BOB.process}
        async with s.lock():
            assert s.clock.elapsed == 0
            assert s.spec["holderIdentity"].startswith("ann@")

    scene(work)


@pytest.mark.parametrize("verb", ["create", "replace"])
def test_of_two_that_race_one_gets_it(verb: str) -> None:
    async def work(s: Scene) -> None:
        if verb == "replace":
            await _abandoned(s)
            await s.clock.advance(DURATION + 1)
        # Bob writes between Ann's look and Ann's write.
        bob = s.lock(BOB)

        async def first() -> None:
            await bob.__aenter__()

        s.kube.before(verb, first, "leases")
        entering = asyncio.ensure_future(s.lock().__aenter__())
        await settle()
        for _ in range(3):  # each of the two looks twice at a lease that ran out
            await s.clock.advance(7)
        with pytest.raises(LockedError, match="locked by bob"):
            await entering
        assert s.spec["holderIdentity"].startswith("bob@")
        await bob.__aexit__()

    scene(work)


def test_many_at_once_one_holder() -> None:
    async def work(s: Scene) -> None:
        locks = [s.lock(replace(ANN, user=f"u{i}")) for i in range(8)]
        got = await asyncio.gather(*(each.__aenter__() for each in locks), return_exceptions=True)
        winners = [each for each in got if isinstance(each, Lock)]
        assert len(winners) == 1
        assert all(isinstance(each, Lock | LockedError) for each in got)
        await winners[0].__aexit__()

    scene(work)


def test_renewal_keeps_it_for_as_long_as_it_is_held() -> None:
    async def work(s: Scene) -> None:
        async with s.lock():
            for _ in range(20):
                await s.clock.advance(7)
                with pytest.raises(LockedError):
                    await s.lock(BOB).__aenter__()
            assert s.spec["acquireTime"] == "2027-01-15T08:00:00.000000Z"
        assert not s.lost

    scene(work)


def test_taken_by_another_it_is_lost_once_and_not_let_go() -> None:
    async def work(s: Scene) -> None:
        async with s.lock():
            taken = dict(s.spec, holderIdentity="bob@laptop/run-b")
            s.kube.change(LEASES, SYSTEM_NAMESPACE, "prod", spec=taken)
            await s.clock.advance(60)
            assert s.lost == ["ann"]
        assert s.spec == taken, "what is bob's stays bob's"

    scene(work)


def test_deleted_by_somebody_it_is_lost() -> None:
    async def work(s: Scene) -> None:
        async with s.lock():
            s.kube.drop(LEASES, SYSTEM_NAMESPACE, "prod")
            await s.clock.advance(60)
            assert s.lost == ["ann"]

    scene(work)


def test_a_write_of_our_own_whose_answer_was_lost_is_no_loss() -> None:
    """A gateway that times out after the API server has written: the next PUT meets our own version."""

    async def work(s: Scene) -> None:
        async with s.lock():

            def written_but_unanswered() -> None:
                s.kube.change(
                    LEASES, SYSTEM_NAMESPACE, "prod", spec=dict(s.spec, renewTime="2027-01-15T08:00:05.000001Z")
                )
                raise server_busy()

            s.kube.before("replace", written_but_unanswered, "leases")
            await s.clock.advance(60)
            assert not s.lost
            assert s.spec["renewTime"] == "2027-01-15T08:01:00.000000Z"

    scene(work)


def test_errors_while_renewing_are_borne_until_it_runs_out() -> None:
    async def work(s: Scene) -> None:
        async with s.lock():
            s.kube.fail("replace", unreachable(), "leases", times=3)
            await s.clock.advance(19)
            assert not s.lost
            await s.clock.advance(41)
            assert not s.lost
            assert s.spec["renewTime"] == "2027-01-15T08:01:00.000000Z"
            s.kube.fail("replace", unreachable(), "leases", times=99)
            await s.clock.advance(DURATION - 1)
            assert not s.lost
            await s.clock.advance(1)
            assert s.lost == ["ann"]
            await s.clock.advance(100)
            assert s.lost == ["ann"]

    scene(work)


def test_a_renewal_that_hangs_does_not_outlast_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may take 30 s before it is given up: another wizard may write after 20."""
    monkeypatch.setattr(lock_module, "_ANSWER", 0.01)

    async def work(s: Scene) -> None:
        async with s.lock():

            async def hangs() -> None:
                await asyncio.Event().wait()

            s.kube.before("replace", hangs, "leases", times=4)
            for _ in range(4):
                await s.clock.advance(5)
                await until(lambda: s.clock.sleepers == 1 or bool(s.lost))
            assert s.lost == ["ann"]

    scene(work)


def test_letting_go_fails_without_a_word() -> None:
    async def work(s: Scene) -> None:
        async with s.lock():
            s.kube.fail("get", Forbidden(), "leases")
        assert s.spec["holderIdentity"].startswith("ann@")

    scene(work)


def test_after_letting_go_the_next_one_gets_it_at_once() -> None:
    async def work(s: Scene) -> None:
        async with s.lock():
            pass
        async with s.lock(BOB):
            assert s.spec["holderIdentity"] == "bob@laptop/run-b"
            assert s.spec["leaseTransitions"] == 2

    scene(work)
