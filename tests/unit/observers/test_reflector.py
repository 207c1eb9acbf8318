"""Feeds that mirror: whatever breaks, they end with the rows of a fresh list, and say when they are blind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.observers.cluster import (
    NAMESPACE,
    Cluster,
    FakeClock,
    broken,
    busy,
    forbidden,
    pod,
    until,
)
from wizard.observers.pods import PodFeed
from wizard.observers.reflector import RESYNC
from wizard.observers.scope import Scope
from wizard.ports import ServerBusy


def feed_of(cluster: Cluster, clock: FakeClock, namespaces: list[str] | None = None) -> PodFeed:
    return PodFeed(cluster, clock, Scope(cluster, NAMESPACE, namespaces))


def names(feed: PodFeed) -> set[tuple[str, str, str]]:
    return {(row.uid, row.name, row.status) for row in feed.rows()}


def truth(cluster: Cluster) -> set[tuple[str, str, str]]:
    return {
        (obj["metadata"]["uid"], name, obj["cells"]["Status"])
        for (plural, _, name), obj in cluster.objects.items()
        if plural == "pods"
    }


async def running(cluster: Cluster, clock: FakeClock) -> PodFeed:
    feed = feed_of(cluster, clock)
    await feed.start()
    await until(lambda: feed.state.live)
    return feed


def test_what_is_there_and_what_changes() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.put("pods", pod("a"))
        feed = await running(cluster, FakeClock())
        version = feed.version
        cluster.put("pods", pod("b", status="Pending"))
        cluster.put("pods", pod("a", status="Completed"))
        await until(lambda: names(feed) == truth(cluster))
        changes = feed.changed_since(version)
        assert changes is not None
        assert {row.name for row in changes.upserts} == {"a", "b"}
        version = feed.version
        cluster.remove("pods", "chat", "a")
        await until(lambda: names(feed) == truth(cluster))
        changes = feed.changed_since(version)
        assert changes is not None and changes.removed == ["chat-a"] and not changes.upserts
        assert feed.changed_since(feed.version) == ([], [])
        assert cluster.lists == 1
        await feed.stop()

    asyncio.run(main())


def test_a_broken_watch_is_said_and_taken_up_where_it_was() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        cluster.put("pods", pod("a"))
        feed = await running(cluster, clock)
        states = [feed.state]
        clock.time += 100
        cluster.cut(broken("the cable"))
        cluster.put("pods", pod("b"))
        while "b" not in {row.name for row in feed.rows()}:
            if feed.state != states[-1]:
                states.append(feed.state)
            await asyncio.sleep(0)
        await until(lambda: feed.state.live)
        blind = next(state for state in states if not state.live)
        assert blind.finding is not None and blind.finding.detail == "the cable"
        assert blind.since == 1_000_100.0, "since when the rows are stale"
        assert cluster.lists == 1, "nothing was listed anew"
        await feed.stop()

    asyncio.run(main())


def test_an_ended_watch_is_no_blindness() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        feed = await running(cluster, clock)
        before = feed.state
        clock.time += 290
        cluster.cut()
        cluster.put("pods", pod("a"))
        await until(lambda: len(feed) == 1)
        assert feed.state is before
        assert cluster.lists == 1
        await feed.stop()

    asyncio.run(main())


def test_too_old_a_version_lists_anew_and_forgets_what_went() -> None:
    async def main() -> None:
        cluster = Cluster()
        for name in "abc":
            cluster.put("pods", pod(name))
        feed = await running(cluster, FakeClock())
        cluster.cut(broken())
        cluster.remove("pods", "chat", "a")
        cluster.put("pods", pod("b", uid="another"))
        cluster.compact()
        await until(lambda: names(feed) == truth(cluster))
        assert cluster.lists == 2
        await feed.stop()

    asyncio.run(main())


def test_a_server_that_lost_its_memory_is_not_believed_for_ever() -> None:
    """A restored etcd is behind the version that we saw: every watch is refused, with words that vary."""

    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        cluster.put("pods", pod("a"))
        feed = await running(cluster, clock)
        original = cluster.watch

        def refuse(*args: Any, resource_version: str, **more: Any) -> Any:
            if int(resource_version) > 1000:
                raise ServerBusy()
            return original(*args, resource_version=resource_version, **more)

        cluster.watch = refuse  # type: ignore[method-assign]
        cluster.version = 5000
        cluster.put("pods", pod("b"))
        await until(lambda: len(feed) == 2)
        cluster.cut(broken())
        cluster.version = 10
        cluster.log.clear()
        cluster.put("pods", pod("c"))
        await until(lambda: names(feed) == truth(cluster))
        await feed.stop()

    asyncio.run(main())


def test_now_and_then_all_is_listed() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        cluster.put("pods", pod("a"))
        feed = await running(cluster, clock)
        version = feed.version
        clock.time += RESYNC + 1
        cluster.put("pods", pod("b"))
        await until(lambda: cluster.lists == 2)
        await until(lambda: len(feed) == 2)
        changes = feed.changed_since(version)
        assert changes is not None and [row.name for row in changes.upserts] == ["b"], "what is the same is no change"
        await feed.stop()

    asyncio.run(main())


def test_patience_grows_and_is_spread() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        cluster.fail_lists = [broken() for _ in range(12)]
        feed = await running(cluster, clock)
        assert len(clock.slept) >= 12
        assert max(clock.slept) <= 20.0 and clock.slept[8] > 5.0 and clock.slept[0] <= 0.5
        assert len(set(clock.slept)) > 8
        await feed.stop()

    asyncio.run(main())


def test_a_wait_that_the_server_asks_for_is_kept() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        cluster.fail_lists = [ServerBusy(*busy().findings, retry_after=42.0)]
        feed = await running(cluster, clock)
        assert 42.0 in clock.slept
        await feed.stop()

    asyncio.run(main())


# Rights.


def test_where_all_is_forbidden_the_own_namespaces_are_watched() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        cluster.forbid = {("pods", ""), ("pods", "wizard-system")}
        for name in ("chat", "chat-acme", "other"):
            cluster.put("namespaces", {"metadata": {"name": name}})
            cluster.put("pods", pod("a", name))
        feed = await running(cluster, clock)
        await until(lambda: len(feed) == 2)
        assert {(row.namespace, row.tenant) for row in feed.rows()} == {("chat", ""), ("chat-acme", "acme")}
        assert not feed.sees_all
        await until(lambda: feed.state.finding is not None)
        assert feed.state.live and feed.state.finding is not None, "it sees some, and says what it does not"
        assert "wizard-system" in feed.state.finding.summary
        cluster.put("namespaces", {"metadata": {"name": "chat-new"}})
        cluster.put("pods", pod("b", "chat-new"))
        await until(lambda: len(feed) == 3)
        cluster.remove("namespaces", "", "chat-acme")
        await until(lambda: {row.namespace for row in feed.rows()} == {"chat", "chat-new"})
        await feed.stop()

    asyncio.run(main())


def test_where_everything_is_forbidden_it_is_blind() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.forbid = {(kind, ns) for kind in ("pods", "namespaces") for ns in ("", "chat", "wizard-system")}
        feed = feed_of(cluster, FakeClock())
        await feed.start()
        await until(lambda: feed.state.finding is not None)
        assert not feed.state.live and feed.state.finding is not None
        assert feed.state.finding.code == forbidden().findings[0].code
        cluster.forbid.clear()
        cluster.put("pods", pod("a"))
        await until(lambda: feed.state.live)
        await feed.stop()

    asyncio.run(main())


def test_only_the_wanted_namespaces() -> None:
    async def main() -> None:
        cluster = Cluster()
        for namespace in ("chat", "other", "third"):
            cluster.put("pods", pod("a", namespace))
        feed = feed_of(cluster, FakeClock(), ["other", "third"])
        await feed.start()
        await until(lambda: len(feed) == 2)
        assert {row.namespace for row in feed.rows()} == {"other", "third"}
        await feed.stop()

    asyncio.run(main())


def test_a_row_that_cannot_be_read_does_not_end_the_feed() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), FakeClock()
        cluster.put("pods", {"metadata": {"name": "a", "ownerReferences": ["nonsense"]}, "cells": {}})
        feed = feed_of(cluster, clock)
        await feed.start()
        await until(lambda: feed.state.finding is not None)
        assert feed.state.finding is not None and feed.state.finding.code == "observer-bug"
        cluster.remove("pods", "", "a")
        await until(lambda: feed.state.live)
        await feed.stop()

    asyncio.run(main())


def test_a_reader_that_is_too_far_behind_takes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr("wizard.observers.feed._REMEMBERED", 4)
        cluster = Cluster()
        feed = await running(cluster, FakeClock())
        version = feed.version
        for number in range(20):
            cluster.put("pods", pod("a", status=f"s{number}"))
            await until(lambda: names(feed) == truth(cluster))
        assert feed.changed_since(version) is None
        assert feed.changed_since(feed.version - 1) is not None
        assert feed.changed_since(feed.version + 1) is None, "a version of another life"
        assert feed.rows() is feed.rows()
        await feed.stop()

    asyncio.run(main())
