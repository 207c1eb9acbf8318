"""The live picture of a namespace: it follows, survives ends and 410s, and says when it is blind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.unit.fakes import FakeKube, ManualClock, settle, unreachable, until
from wizard.domain.finding import error
from wizard.ports import DEPLOYMENTS, JOBS, PODS, Forbidden
from wizard.steps.tracking import TRACKED, Tracker


class Scene:
    def __init__(self) -> None:
        self.kube, self.clock = FakeKube(), ManualClock()
        self.tracker = Tracker(self.kube, "chat", self.clock)

    @property
    def pods(self) -> list[str]:
        return sorted(self.tracker.objects(PODS))

    def pod(self, name: str, **status: str) -> None:
        self.kube.put(PODS, "chat", name, {"status": status})


def scene(work: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        s = Scene()
        async with asyncio.timeout(10):
            async with s.tracker:
                await work(s)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a watch outlives its tracker"

    asyncio.run(main())


def test_nothing_is_asked_before_the_first_need_and_each_kind_is_listed_once() -> None:
    async def work(s: Scene) -> None:
        await settle()
        assert s.kube.calls == []
        s.pod("a")
        await asyncio.gather(*(s.tracker.ensure() for _ in range(5)))
        assert s.pods == ["a"]
        assert s.tracker.objects(PODS)["a"]["kind"] == "Pod", (
            "items of a list carry no kind; the rollout table needs it"
        )
        await s.tracker.ensure()
        assert sorted(p for v, p, _ in s.kube.calls if v == "list") == sorted(r.plural for r in TRACKED)

    scene(work)


def test_changes_and_deletions_are_seen_without_another_list() -> None:
    async def work(s: Scene) -> None:
        await s.tracker.ensure()
        s.pod("a", phase="Pending")
        s.pod("b")
        await until(lambda: s.pods == ["a", "b"])
        s.pod("a", phase="Running")
        s.kube.drop(PODS, "chat", "b")
        await until(lambda: s.pods == ["a"])
        assert s.tracker.objects(PODS)["a"]["status"] == {"phase": "Running"}
        assert s.kube.count("list", "pods") == 1

    scene(work)


def test_what_happens_between_list_and_watch_is_not_lost() -> None:
    async def work(s: Scene) -> None:
        s.pod("old")

        def meanwhile() -> None:
            s.pod("new")
            s.kube.drop(PODS, "chat", "old")

        s.kube.before("watch", meanwhile, "pods")
        await s.tracker.ensure()
        await until(lambda: s.pods == ["new"])
        assert s.kube.count("list", "pods") == 1

    scene(work)


def test_a_watch_that_ends_goes_on_from_where_it_was() -> None:
    async def work(s: Scene) -> None:
        await s.tracker.ensure()
        s.pod("a")
        await until(lambda: s.pods == ["a"])
        last = s.kube.at(PODS, "chat", "a")["metadata"]["resourceVersion"]
        s.kube.end_watches()
        await settle()
        s.pod("b")
        await until(lambda: s.pods == ["a", "b"])
        assert s.kube.count("list", "pods") == 1
        assert last in [version for verb, plural, version in s.kube.calls if (verb, plural) == ("watch", "pods")]
        assert not s.tracker.blind

    scene(work)


def test_too_old_a_version_is_listed_again_and_deletions_meanwhile_are_seen() -> None:
    async def work(s: Scene) -> None:
        s.pod("a")
        s.pod("b")
        await s.tracker.ensure()

        def meanwhile() -> None:
            s.kube.drop(PODS, "chat", "a")
            s.kube.compact()

        s.kube.before("watch", meanwhile, "pods")
        s.kube.end_watches()
        await s.clock.advance(1)
        await until(lambda: s.pods == ["b"])
        s.pod("c")
        await until(lambda: s.pods == ["b", "c"])
        assert s.kube.count("list", "pods") >= 2

    scene(work)


def test_a_dropped_watch_says_so_backs_off_and_says_when_it_sees_again() -> None:
    async def work(s: Scene) -> None:
        await s.tracker.ensure()
        await settle()
        s.kube.fail("watching", unreachable(), "pods")
        s.kube.fail("watch", unreachable(), "pods", times=2)
        s.kube.fail("list", unreachable(), "pods", times=2)
        s.pod("a")
        await until(lambda: bool(s.tracker.blind))
        assert s.tracker.blind == "no answer"
        s.pod("b")
        calls = len(s.kube.calls)
        await settle()
        assert len(s.kube.calls) - calls < 20
        await s.clock.advance(30)
        await until(lambda: s.pods == ["a", "b"])
        assert s.tracker.blind == "", "connected again, though nothing has changed since"

    scene(work)


def test_one_kind_that_sees_does_not_hide_another_that_does_not() -> None:
    async def work(s: Scene) -> None:
        s.kube.fail("watch", Forbidden(error("forbidden", "pods is forbidden")), "pods", times=99)
        await s.tracker.ensure()
        await until(lambda: bool(s.tracker.blind))
        s.kube.put(DEPLOYMENTS, "chat", "web", {})
        await until(lambda: bool(s.tracker.objects(DEPLOYMENTS)))
        assert s.tracker.blind == "pods is forbidden"

    scene(work)


def test_a_kind_that_cannot_be_listed_does_not_hold_everything_up() -> None:
    async def work(s: Scene) -> None:
        s.pod("a")
        s.kube.fail("list", Forbidden(error("forbidden", "jobs is forbidden")), "jobs", times=99)
        async with asyncio.timeout(2):
            await s.tracker.ensure()
        assert s.tracker.blind == "jobs is forbidden"
        assert s.tracker.objects(JOBS) == {}
        assert s.pods == ["a"]

    scene(work)


def test_a_server_that_ends_every_watch_at_once_is_not_hammered() -> None:
    async def work(s: Scene) -> None:
        await s.tracker.ensure()
        for _ in range(30):
            s.kube.end_watches()
            await settle(10)
        assert s.kube.count("watch", "pods") < 10
        s.pod("a")
        await s.clock.advance(20)
        await until(lambda: s.pods == ["a"])

    scene(work)


def test_change_wakes_at_a_change_and_at_the_latest_in_time() -> None:
    async def work(s: Scene) -> None:
        await s.tracker.ensure()
        await settle()
        waiting = asyncio.ensure_future(s.tracker.change(within=30))
        await settle()
        assert not waiting.done()
        s.pod("a")
        await waiting
        await s.tracker.change(within=0.01)

    scene(work)


def test_pods_of_a_workload_by_its_selector() -> None:
    async def work(s: Scene) -> None:
        for name, labels in {"a": {"app": "web", "x": "y"}, "b": {"app": "db"}, "c": {}}.items():
            s.kube.put(PODS, "chat", name, {"metadata": {"labels": labels}})
        s.pod("unlabelled")
        await s.tracker.ensure()
        selector = {"spec": {"selector": {"matchLabels": {"app": "web"}}}}
        assert [p["metadata"]["name"] for p in s.tracker.pods_of(selector)] == ["a"]
        assert s.tracker.pods_of({"spec": {}}) == []

    scene(work)


def test_a_deployment_s_pods_are_those_of_its_newest_set() -> None:
    async def work(s: Scene) -> None:
        for name, template, made in (("old", "aaa", "10:00"), ("new", "bbb", "10:05"), ("new-2", "bbb", "10:01")):
            meta = {
                "labels": {"app": "web", "pod-template-hash": template},
                "creationTimestamp": f"2026-11-23T{made}:00Z",
            }
            s.kube.put(PODS, "chat", name, {"metadata": meta})
        await s.tracker.ensure()
        web = {"kind": "Deployment", "spec": {"selector": {"matchLabels": {"app": "web"}}}}
        assert [p["metadata"]["name"] for p in s.tracker.pods_of(web)] == ["new", "new-2"]

    scene(work)


def test_closing_cancels_watches_that_do_not_stand_yet() -> None:
    async def main() -> None:
        s = Scene()
        async with s.tracker:
            starting = asyncio.ensure_future(s.tracker.ensure())
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_change_since_the_last_look_is_not_waited_for_again() -> None:
    """While one step reads a log, the change that it waits for may come."""

    async def work(s: Scene) -> None:
        await s.tracker.ensure()
        await settle()
        looked = s.tracker.moves
        s.pod("a")
        await until(lambda: s.pods == ["a"])
        async with asyncio.timeout(2):
            await s.tracker.change(within=60, since=looked)

    scene(work)


def test_every_one_that_waits_is_woken() -> None:
    async def work(s: Scene) -> None:
        await s.tracker.ensure()
        await settle()
        waiting = [asyncio.ensure_future(s.tracker.change(within=60, since=s.tracker.moves)) for _ in range(3)]
        await settle()
        s.pod("a")
        async with asyncio.timeout(2):
            await asyncio.gather(*waiting)

    scene(work)
