"""Whatever happens to the connection and to the cluster, a feed ends with the rows of a fresh list."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.observers.cluster import (
    Cluster,
    FakeClock,
    broken,
    busy,
    gone,
    pod,
    until,
)
from tests.unit.observers.test_reflector import feed_of, names, truth
from wizard.domain.finding import WizardError
from wizard.domain.live import PodRow

# Whatever happens.

NAMES = st.sampled_from(["a", "b", "c", "d"])
STATUSES = st.sampled_from(["Running", "Pending", "CrashLoopBackOff"])
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES, STATUSES, st.integers(1, 3)),
    st.tuples(st.just("remove"), NAMES),
    st.tuples(st.just("end")),
    st.tuples(st.just("break")),
    st.tuples(st.just("gone")),
    st.tuples(st.just("compact")),
    st.tuples(st.just("fail-list"), st.sampled_from(["broken", "busy", "gone"])),
    st.tuples(st.just("turn"), st.integers(1, 8)),
    st.tuples(st.just("read")),
)
PROBLEMS: dict[str, WizardError] = {"broken": broken(), "busy": busy(), "gone": gone()}


def act(cluster: Cluster, step: tuple[Any, ...]) -> None:
    match step:
        case ("put", name, status, uid):
            known = cluster.objects.get(("pods", "chat", name))
            uid = f"{name}-{uid}"
            if known is not None and known["metadata"]["uid"] != uid:
                cluster.remove("pods", "chat", name)  # another pod of that name: the first goes before it comes
            cluster.put("pods", pod(name, uid=uid, status=status))
        case ("remove", name):
            cluster.remove("pods", "chat", name)
        case ("end",):
            cluster.cut()
        case ("break",):
            cluster.cut(broken())
        case ("gone",):
            cluster.cut(gone())
        case ("compact",):
            cluster.compact()
        case ("fail-list", why):
            cluster.fail_lists.append(PROBLEMS[why])


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_any_history_ends_with_the_rows_of_a_fresh_list(steps: list[tuple[Any, ...]]) -> None:
    async def main() -> None:
        cluster = Cluster()
        feed = feed_of(cluster, FakeClock())
        shown: dict[Hashable, PodRow] = {}
        version = 0

        def read() -> None:
            """As a screen does: what changed since the last time."""
            nonlocal version
            changes = feed.changed_since(version)
            if changes is None:
                shown.clear()
                shown.update({row.key: row for row in feed.rows()})
            else:
                for key in changes.removed:
                    shown.pop(key, None)
                shown.update({row.key: row for row in changes.upserts})
            version = feed.version

        await feed.start()
        for step in steps:
            act(cluster, step)
            if step[0] == "turn":
                for _ in range(step[1]):
                    await asyncio.sleep(0)
            if step[0] == "read":
                read()
        await until(lambda: feed.state.live and names(feed) == truth(cluster), f"{truth(cluster)}")
        read()
        assert set(shown.values()) == set(feed.rows())
        await feed.stop()

    asyncio.run(main())
