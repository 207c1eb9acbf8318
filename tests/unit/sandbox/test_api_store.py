"""The store and what it keeps of the past."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wizard.sandbox.clock import VirtualClock
from wizard.sandbox.history import _KEPT
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import Store

MAPS = ("", "configmaps")


def _map(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "n", **more}, "data": {}}


@pytest.fixture
def store() -> Store:
    return Store(VirtualClock(), seed=1)


def _set(key: str, text: str) -> Any:
    return lambda obj: obj["data"].update({key: text})


def test_names_and_uids_repeat_with_the_seed() -> None:
    made = []
    for _ in range(2):
        one = Store(VirtualClock(), seed=7)
        obj = one.create(*MAPS, {**_map(""), "metadata": {"generateName": "gen-", "namespace": "n"}})
        made.append((obj["metadata"]["name"], obj["metadata"]["uid"], obj["metadata"]["creationTimestamp"]))
    assert made[0] == made[1]
    assert made[0][2] == "2027-01-15T08:00:00Z"


def test_a_write_that_changes_nothing_is_none(store: Store) -> None:
    heard: list[str] = []
    store.create(*MAPS, _map("a"))
    store.subscribe(lambda event, resource, obj: heard.append(event))
    before = store.resource_version
    store.mutate(*MAPS, "n", "a", lambda obj: None)
    assert (store.resource_version, heard) == (before, [])


def test_what_was_handed_out_never_changes(store: Store) -> None:
    first = store.create(*MAPS, _map("a"))
    store.mutate(*MAPS, "n", "a", _set("x", "1"))
    assert first["data"] == {}


def test_a_failing_edit_stores_nothing(store: Store) -> None:
    store.create(*MAPS, _map("a"))

    def edit(obj: dict[str, Any]) -> None:
        obj["data"]["x"] = "1"
        raise StatusError(409, "Conflict", "no")

    with pytest.raises(StatusError):
        store.mutate(*MAPS, "n", "a", edit)
    found = store.get(*MAPS, "n", "a")
    assert found is not None and found["data"] == {}


def test_finalizers_hold_an_object_until_the_last_is_gone(store: Store) -> None:
    store.create(*MAPS, _map("a", finalizers=["x/y", "z/z"]))
    store.delete(*MAPS, "n", "a")
    held = store.get(*MAPS, "n", "a")
    assert held is not None and held["metadata"]["deletionTimestamp"]
    store.mutate(*MAPS, "n", "a", lambda obj: obj["metadata"]["finalizers"].remove("x/y"))
    assert store.get(*MAPS, "n", "a") is not None
    store.mutate(*MAPS, "n", "a", lambda obj: obj["metadata"]["finalizers"].clear())
    assert store.get(*MAPS, "n", "a") is None


def test_a_cursor_hears_everything_once_and_in_order(store: Store) -> None:
    start = store.resource_version
    cursor = store.watch(*MAPS, start)
    store.create(*MAPS, _map("a"))
    store.mutate(*MAPS, "n", "a", _set("x", "1"))
    store.delete(*MAPS, "n", "a")
    changes = cursor.read()
    assert [each.type for each in changes] == ["ADDED", "MODIFIED", "DELETED"]
    assert [each.version for each in changes] == sorted({each.version for each in changes})
    assert int(changes[-1].obj["metadata"]["resourceVersion"]) == changes[-1].version
    assert cursor.read() == []
    # Resumed from the deletion's version, there is nothing more to hear.
    assert store.watch(*MAPS, changes[-1].version).read() == []


def test_a_list_of_the_past_is_as_it_was(store: Store) -> None:
    store.create(*MAPS, _map("a"))
    store.create(*MAPS, _map("b"))
    then = store.resource_version
    before = store.list(*MAPS)
    store.mutate(*MAPS, "n", "a", _set("x", "1"))
    store.delete(*MAPS, "n", "b")
    store.create(*MAPS, _map("c"))
    assert store.list_at(*MAPS, "n", then) == before


def test_a_compacted_version_is_gone(store: Store) -> None:
    store.create(*MAPS, _map("a"))
    old = store.resource_version
    cursor = store.watch(*MAPS, old)
    store.mutate(*MAPS, "n", "a", _set("x", "1"))
    store.compact()
    for ask in (cursor.read, lambda: store.watch(*MAPS, old), lambda: store.list_at(*MAPS, "", old)):
        with pytest.raises(StatusError) as caught:
            ask()
        assert caught.value.code == 410


def test_the_history_is_bounded(store: Store) -> None:
    old = store.resource_version
    store.create(*MAPS, _map("a"))
    for number in range(2 * _KEPT + 1):
        store.mutate(*MAPS, "n", "a", _set("x", str(number)))
    with pytest.raises(StatusError, match="too old resource version"):
        store.watch(*MAPS, old)
    assert store.watch(*MAPS, store.resource_version - 10).read()


def test_a_waiting_cursor_is_woken() -> None:
    async def scenario() -> None:
        store = Store(VirtualClock())
        cursor = store.watch(*MAPS, store.resource_version)
        waiting = asyncio.create_task(cursor.wait(30))
        await asyncio.sleep(0)
        store.create(*MAPS, _map("a"))
        await asyncio.wait_for(waiting, 1)
        assert [each.type for each in cursor.read()] == ["ADDED"]

    asyncio.run(scenario())


def test_the_virtual_clock_moves_only_when_told() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        fired: list[float] = []
        clock.call_later(10, lambda: fired.append(clock.now()))
        clock.call_later(5, lambda: fired.append(clock.now())).cancel()
        await clock.settle()
        assert fired == []
        await clock.advance(60)
        assert fired == [VirtualClock.START + 10]
        assert clock.now() == VirtualClock.START + 60

    asyncio.run(scenario())
