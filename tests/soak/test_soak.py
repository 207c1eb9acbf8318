"""A short soak in every test run, and proof that a soak would notice what it is there to notice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.client import Ledger
from tests.soak.memory import LIMIT, Sample, slope
from tests.soak.mirror import Checkpoint, Mirror, Obj, Objects, bare, key_of
from tests.soak.run import Settings, soak
from tests.soak.tally import Tally

MET = (
    "410 and a new list",
    "absences",
    "bookmarks",
    "comparisons",
    "compactions",
    "disconnects",
    "lists as a stream",
    "watches ended by the server",
    "writes answered 409",
)
"""What a soak has to have gone through to say anything."""


def test_twenty_seconds(tmp_path: Path) -> None:
    outcome = soak(tmp_path, Settings(seconds=20, clients=8, seed=1))
    assert outcome.tally.differences == []
    assert {each: outcome.tally.counts[each] for each in MET if not outcome.tally.counts[each]} == {}
    assert outcome.tally.counts["last comparisons"] == outcome.watchers
    assert outcome.tally.counts["writes"] > 500
    assert (tmp_path / "sandbox.log").read_text() == ""


# What a mirror notices ------------------------------------------------------------------------------------


def some(name: str, version: int, value: str = "") -> Obj:
    return {"kind": "ConfigMap", "metadata": {"name": name, "resourceVersion": str(version)}, "value": value}


def listed(*objects: Obj) -> Objects:
    return {key_of(each): bare(each) for each in objects}


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def mirror(tally: Tally) -> Mirror:
    """At version 10, with `a` and `b`."""
    made = Mirror("it", tally)
    made.replace(listed(some("a", 3), some("b", 9)), 10)
    return made


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """For futures, which need one; it never runs."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_it_agrees_with_the_list_of_any_moment(mirror: Mirror, tally: Tally, loop: asyncio.AbstractEventLoop) -> None:
    mirror.apply("MODIFIED", some("a", 11, "new"))
    mirror.apply("DELETED", some("b", 13))
    mirror.apply("ADDED", some("c", 15))
    states = {
        10: listed(some("a", 3), some("b", 9)),
        12: listed(some("a", 11, "new"), some("b", 9)),
        14: listed(some("a", 11, "new")),
        17: listed(some("a", 11, "new"), some("c", 15)),
    }
    told = {version: loop.create_future() for version in states}
    for version, state in states.items():
        mirror.expect(Checkpoint(version, state, told[version]))
    assert not told[17].done() and mirror.waits  # nothing was heard of 16 and 17
    mirror.bookmark(20)
    assert all(each.result() for each in told.values())
    assert tally.differences == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (listed(some("a", 3), some("b", 9), some("c", 10)), "missed"),
        (listed(some("a", 3)), "still there"),
        (listed(some("a", 3), some("b", 10)), "another"),
        (listed(some("a", 3, "other"), some("b", 9)), "another"),
    ],
)
def test_it_notices_what_a_list_has_otherwise(
    mirror: Mirror, tally: Tally, loop: asyncio.AbstractEventLoop, state: Objects, words: str
) -> None:
    mirror.expect(Checkpoint(10, state, loop.create_future()))
    (why,) = tally.differences
    assert words in why


def test_it_cannot_tell_of_times_before_its_list(mirror: Mirror, tally: Tally, loop: asyncio.AbstractEventLoop) -> None:
    told = loop.create_future()
    mirror.expect(Checkpoint(8, {}, told))
    assert told.result() is False
    assert tally.differences == []


@pytest.mark.parametrize(
    ("kind", "obj"),
    [
        ("ADDED", some("a", 11)),
        ("MODIFIED", some("c", 11)),
        ("DELETED", some("c", 11)),
        ("MODIFIED", some("a", 10)),
        ("MODIFIED", some("a", 4)),
    ],
    ids=["added twice", "changed before it was added", "deleted and not there", "heard again", "out of order"],
)
def test_it_notices_events_that_cannot_be(mirror: Mirror, tally: Tally, kind: str, obj: Obj) -> None:
    mirror.apply(kind, obj)
    assert tally.differences


def test_it_notices_versions_that_go_back(mirror: Mirror, tally: Tally) -> None:
    mirror.bookmark(9)
    mirror.replace({}, 9)
    assert len(tally.differences) == 2


def test_a_lost_update_is_noticed(tally: Tally) -> None:
    ledger = Ledger()
    ledger.sure["n"], ledger.unsure["n"] = 7, 1
    for count in (7, 8):
        ledger.check("n", count, tally)
    assert tally.differences == []
    for count in (6, 9):
        ledger.check("n", count, tally)
    assert len(tally.differences) == 2


# What counts as growth ------------------------------------------------------------------------------------


def samples(leak: float) -> list[Sample]:
    """Ten minutes at 800 changes a second around 270 MiB, up and down by up to 12 MiB, one step, and a leak."""
    return [
        Sample(second, int(270e6 + (second * 37 % 13) * 1e6 + (8e6 if second > 400 else 0) + leak * changes), changes)
        for second in range(600)
        for changes in (second * 800,)
    ]


def test_growth_is_told_from_ups_and_downs() -> None:
    assert slope(samples(0)) < LIMIT / 2
    assert slope(samples(150)) > LIMIT
    assert slope([Sample(0, 1, 5), Sample(1, 9, 5)]) == 0
