"""The graph's execution: order, bounds, retries, deadlines, draining and force; with a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.fakes import ManualClock, server_busy, settle, until
from wizard.domain import events as ev
from wizard.domain.finding import AbortedError, ExitCode, LockedError, PreflightError, WizardError, error
from wizard.domain.plan import StepSpec
from wizard.engine import executor
from wizard.engine.executor import ATTEMPTS, Executor
from wizard.ports import Invalid
from wizard.steps.base import Stop

Body = Callable[[], Awaitable[bool]]


async def _done() -> bool:
    return True


class FakeStep:
    def __init__(self, id_: str, *needs: str, body: Body = _done, satisfied: bool = False) -> None:
        self.spec = StepSpec(id_, "fake", id_, needs, f"title of {id_}")
        self.body, self._satisfied = body, satisfied
        self.applied = 0

    async def satisfied(self) -> bool:
        return self._satisfied

    async def apply(self) -> bool:
        self.applied += 1
        return await self.body()


class Run:
    def __init__(
        self,
        steps: Sequence[FakeStep],
        *,
        concurrency: int = 8,
        deadline: float = 900.0,
        clock: ManualClock | None = None,
    ) -> None:
        self.clock = clock or ManualClock(auto=True)
        self.events: list[ev.Event] = []
        self.stop = Stop()
        self.executor = Executor(
            steps, emit=self.events.append, clock=self.clock, stop=self.stop, concurrency=concurrency, deadline=deadline
        )

    def go(self) -> ExitCode:
        return asyncio.run(self.within())

    async def within(self) -> ExitCode:
        async with asyncio.timeout(10):
            return await self.executor.run()

    def ended(self) -> dict[str, list[str]]:
        """Step -> its terminal events."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            if isinstance(event, ev.StepSucceeded | ev.StepFailed | ev.StepSkipped):
                found.setdefault(event.step, []).append(type(event).__name__.removeprefix("Step"))
        return found

    def codes(self, step: str) -> list[str]:
        return [f.code for e in self.events if isinstance(e, ev.StepFailed) and e.step == step for f in e.findings]


def raising(*problems: BaseException | None) -> Body:
    """Raises each in turn; None, or the end of them, succeeds."""
    left = list(problems)

    async def body() -> bool:
        await asyncio.sleep(0)
        if left and (problem := left.pop(0)):
            raise problem
        return True

    return body


def broken(code: str = "broken", kind: type[WizardError] = WizardError) -> WizardError:
    return kind(error(code, f"it is {code}"))


def test_each_step_runs_after_what_it_needs_and_side_by_side_otherwise() -> None:
    running: set[str] = set()
    finished: set[str] = set()
    together: list[frozenset[str]] = []

    def body(name: str, needs: Sequence[str]) -> Body:
        async def work() -> bool:
            assert finished >= set(needs)
            running.add(name)
            await settle()
            together.append(frozenset(running))
            running.discard(name)
            finished.add(name)
            return True

        return work

    graph = {"a": (), "b": (), "c": ("a",), "d": ("a", "b"), "e": ("c", "d", "not-of-this-graph")}
    run = Run(
        [FakeStep(name, *needs, body=body(name, [n for n in needs if n in graph])) for name, needs in graph.items()]
    )
    assert run.go() is ExitCode.OK
    assert finished == set(graph)
    assert frozenset("ab") in together
    assert frozenset("cd") in together


@pytest.mark.parametrize("bound", [1, 2, 3])
def test_no_more_than_the_bound_run_at_once(bound: int) -> None:
    running, most = 0, 0

    async def body() -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await settle()
        running -= 1
        return True

    assert Run([FakeStep(f"s{i}", body=body) for i in range(7)], concurrency=bound).go() is ExitCode.OK
    assert most == bound


def test_satisfied_steps_are_not_applied_and_say_that_nothing_changed() -> None:
    there, new = FakeStep("there", satisfied=True), FakeStep("new")
    run = Run([there, new])
    assert run.go() is ExitCode.OK
    assert (there.applied, new.applied) == (0, 1)
    assert {(e.step, e.changed) for e in run.events if isinstance(e, ev.StepSucceeded)} == {
        ("there", False),
        ("new", True),
    }


def test_a_failure_stops_its_dependants_and_nothing_else() -> None:
    steps = [
        FakeStep("bad", body=raising(broken())),
        FakeStep("child", "bad"),
        FakeStep("grandchild", "child", "other"),
        FakeStep("other"),
        FakeStep("others-child", "other"),
    ]
    run = Run(steps)
    assert run.go() is ExitCode.DEPLOYMENT
    assert run.ended() == {
        "bad": ["Failed"],
        "child": ["Skipped"],
        "grandchild": ["Skipped"],
        "other": ["Succeeded"],
        "others-child": ["Succeeded"],
    }
    skipped = {e.step: e.because for e in run.events if isinstance(e, ev.StepSkipped)}
    assert skipped == {"child": "needs bad", "grandchild": "needs child"}


def test_a_bug_in_one_step_does_not_cut_the_others_off() -> None:
    run = Run([FakeStep("bug", body=raising(ZeroDivisionError("x"))), FakeStep("child", "bug"), FakeStep("other")])
    assert run.go() is ExitCode.BUG
    assert run.ended() == {"bug": ["Failed"], "child": ["Skipped"], "other": ["Succeeded"]}
    assert run.codes("bug") == ["bug"]
    assert [type(problem) for problem in run.executor.bugs] == [ZeroDivisionError]


def test_temporary_errors_are_tried_again_with_growing_delays() -> None:
    run = Run([FakeStep("flaky", body=raising(server_busy(), server_busy(), server_busy()))])
    assert run.go() is ExitCode.OK
    assert [e.delay for e in run.events if isinstance(e, ev.StepRetrying)] == [0.5, 1.0, 2.0]
    assert run.clock.slept == [0.5, 1.0, 2.0]
    assert [e.attempt for e in run.events if isinstance(e, ev.StepStarted)] == [1, 2, 3, 4]


def test_the_other_sides_wish_to_wait_is_honoured() -> None:
    run = Run([FakeStep("flaky", body=raising(server_busy(retry_after=42)))])
    assert run.go() is ExitCode.OK
    assert run.clock.slept == [42]


def test_attempts_are_bounded_and_the_delay_too() -> None:
    step = FakeStep("down", body=raising(*[server_busy() for _ in range(99)]))
    run = Run([step])
    assert run.go() is ExitCode.DEPLOYMENT
    assert step.applied == ATTEMPTS
    assert run.clock.slept == [0.5, 1, 2, 4, 8]
    assert max(run.clock.slept) <= executor._MAX_DELAY
    assert run.codes("down") == ["server-busy"]


def test_permanent_errors_are_not_tried_again() -> None:
    step = FakeStep("wrong", body=raising(Invalid(error("invalid", "no"))))
    run = Run([step])
    assert run.go() is ExitCode.DEPLOYMENT
    assert step.applied == 1
    assert not run.clock.slept


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    step = FakeStep("busy", body=raising(server_busy(retry_after=901)))
    run = Run([step], deadline=900)
    assert run.go() is ExitCode.DEPLOYMENT
    assert run.codes("busy") == ["server-busy"]
    assert not run.clock.slept


def test_time_spent_in_an_attempt_counts_against_the_deadline() -> None:
    clock = ManualClock(auto=True)

    async def long_then_busy() -> bool:
        clock.elapsed += 800
        raise server_busy(retry_after=200)

    run = Run([FakeStep("long", body=long_then_busy)], deadline=900, clock=clock)
    assert run.go() is ExitCode.DEPLOYMENT
    assert run.codes("long") == ["server-busy"], "its real cause, not a wait that could only end in `deadline`"
    assert not clock.slept


def test_the_deadline_ends_a_step_with_a_finding_of_its_own() -> None:
    ended = False

    async def hangs() -> bool:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended = True
        return True

    run = Run([FakeStep("slow", body=hangs), FakeStep("next", "slow"), FakeStep("other")], deadline=0.02)
    assert run.go() is ExitCode.DEPLOYMENT
    assert ended
    assert run.codes("slow") == ["deadline"]
    assert run.ended() == {"slow": ["Failed"], "next": ["Skipped"], "other": ["Succeeded"]}


def test_draining_lets_running_steps_finish_and_starts_none() -> None:
    async def main() -> None:
        go_on = asyncio.Event()

        async def body() -> bool:
            return await go_on.wait()

        first, waiting = FakeStep("first", body=body), FakeStep("waiting-for-a-slot")
        run = Run([first, waiting, FakeStep("after", "first")], concurrency=1)
        task = asyncio.ensure_future(run.within())
        await until(lambda: first.applied == 1)
        run.stop.drain()
        await settle()
        assert not task.done()
        go_on.set()
        assert await task is ExitCode.ABORTED
        assert run.ended() == {"first": ["Succeeded"], "waiting-for-a-slot": ["Skipped"], "after": ["Skipped"]}
        assert waiting.applied == 0

    asyncio.run(main())


def test_a_waiting_step_ends_itself_and_the_run_is_aborted() -> None:
    run = Run([FakeStep("waits", body=raising(AbortedError(error("aborted", "stopped")))), FakeStep("next", "waits")])
    assert run.go() is ExitCode.ABORTED
    assert run.codes("waits") == ["aborted"]
    assert run.ended()["next"] == ["Skipped"]


def test_draining_ends_the_wait_before_the_next_attempt_and_leaves_no_task() -> None:
    async def main() -> None:
        clock = ManualClock()
        step = FakeStep("flaky", body=raising(*[server_busy()] * 9))
        run = Run([step], clock=clock)
        task = asyncio.ensure_future(run.within())
        await until(lambda: clock.sleepers == 1)
        run.stop.drain()
        assert await task is ExitCode.ABORTED
        assert step.applied == 1
        assert run.ended() == {"flaky": ["Skipped"]}
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_pausing_leaves_no_task_behind() -> None:
    async def main() -> None:
        counts: list[int] = []
        problems = [server_busy() for _ in range(ATTEMPTS - 1)]

        async def body() -> bool:
            await asyncio.sleep(0)
            counts.append(len(asyncio.all_tasks()))
            if problems:
                raise problems.pop()
            return True

        assert await Run([FakeStep("flaky", body=body)]).within() is ExitCode.OK
        assert len(set(counts)) == 1, counts
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_force_cancels_running_steps_and_awaits_them() -> None:
    async def main() -> None:
        cleaned: list[str] = []

        def body(name: str) -> Body:
            async def work() -> bool:
                try:
                    await asyncio.Event().wait()
                finally:
                    await settle()  # helm is ended and awaited here
                    cleaned.append(name)
                return True

            return work

        steps = [FakeStep(name, body=body(name)) for name in "ab"]
        run = Run(steps)
        task = asyncio.ensure_future(run.executor.run())
        await until(lambda: all(step.applied for step in steps))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(cleaned) == ["a", "b"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


ABORT = AbortedError(error("aborted", "stopped"))


@pytest.mark.parametrize(
    ("problems", "code"),
    [
        ((None, None), ExitCode.OK),
        ((broken(), None), ExitCode.DEPLOYMENT),
        ((ABORT, None), ExitCode.ABORTED),
        ((ABORT, broken()), ExitCode.DEPLOYMENT),
        ((broken(kind=PreflightError), None), ExitCode.DEPLOYMENT),
        ((broken(), broken(kind=LockedError)), ExitCode.LOCKED),
        ((broken(kind=PreflightError), ABORT), ExitCode.DEPLOYMENT),
    ],
)
def test_the_gravest_failure_names_the_exit_code(problems: Sequence[WizardError | None], code: ExitCode) -> None:
    assert Run([FakeStep(f"s{i}", body=raising(p)) for i, p in enumerate(problems)]).go() is code


def test_an_empty_graph_is_done() -> None:
    assert Run([]).go() is ExitCode.OK


FATES = st.sampled_from(["ok", "fail", "retry", "busy", "abort", "satisfied"])


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[tuple[int, ...], str]]:
    """Node i may need any nodes before it."""
    count = draw(st.integers(1, 9))
    return [
        (tuple(draw(st.sets(st.integers(0, i - 1)))) if i else (), draw(FATES)) for i in range(count)
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(graph=graphs(), concurrency=st.integers(1, 4), drain_after=st.none() | st.integers(0, 12))
def test_any_graph_ends_and_every_step_ends_once(
    graph: list[tuple[tuple[int, ...], str]], concurrency: int, drain_after: int | None
) -> None:
    bodies: dict[str, Callable[[], Body]] = {
        "ok": lambda: raising(),
        "satisfied": lambda: raising(),
        "fail": lambda: raising(broken()),
        "retry": lambda: raising(server_busy(), server_busy()),
        "busy": lambda: raising(*[server_busy()] * 20),
        "abort": lambda: raising(AbortedError(error("aborted", "stopped"))),
    }
    steps = [
        FakeStep(f"s{i}", *(f"s{n}" for n in needs), body=bodies[fate](), satisfied=fate == "satisfied")
        for i, (needs, fate) in enumerate(graph)
    ]
    run = Run(steps, concurrency=concurrency)
    emitted = run.events.append

    def emit(event: ev.Event) -> None:
        emitted(event)
        if drain_after is not None and len(run.events) > drain_after:
            run.stop.drain()

    run.executor._emit = emit
    code = run.go()
    ended = run.ended()
    assert {name: len(kinds) for name, kinds in ended.items()} == {step.spec.id: 1 for step in steps}
    good = {name for name, kinds in ended.items() if kinds == ["Succeeded"]}
    for step in steps:
        if step.applied:
            assert set(step.spec.needs) <= good
    assert (code is ExitCode.OK) == (good == set(ended))
    started = {e.step for e in run.events if isinstance(e, ev.StepStarted)}
    assert good <= started
