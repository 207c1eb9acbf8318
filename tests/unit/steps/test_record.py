"""The record in the cluster: a cache that several hands write to and that may hold anything."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fakes import FakeKube
from wizard.planning.desired import SYSTEM_NAMESPACE
from wizard.planning.observed import Record
from wizard.ports import CONFIG_MAPS, Forbidden
from wizard.steps import record

WEB, DB = Record("aa", 2, {"Deployment/web": 3}), Record("bb", 1, {})


def test_what_is_written_is_read_and_others_keep_theirs() -> None:
    async def work() -> None:
        kube = FakeKube()
        assert await record.read(kube, "prod") == {}
        await record.write(kube, "prod", {"web": WEB})
        await record.write(kube, "prod", {"db": DB})
        assert await record.read(kube, "prod") == {"web": WEB, "db": DB}
        await record.write(kube, "prod", {"web": None, "never": None})
        assert await record.read(kube, "prod") == {"db": DB}
        assert await record.read(kube, "other") == {}

    asyncio.run(work())


@pytest.mark.parametrize("there", [True, False])
def test_concurrent_writers_lose_nothing(there: bool) -> None:
    """`create` and `replace` both meet 409 when another one was quicker."""

    async def work() -> None:
        kube = FakeKube()
        if there:
            await record.write(kube, "prod", {"first": DB})
        names = [f"c{i}" for i in range(12)]
        await asyncio.gather(*(record.write(kube, "prod", {name: WEB}) for name in names))
        assert set(await record.read(kube, "prod")) == {*names, *(["first"] if there else [])}
        assert kube.count("replace") > 12, "somebody met a conflict"

    asyncio.run(work())


def test_other_errors_are_not_swallowed() -> None:
    async def work() -> None:
        kube = FakeKube()
        kube.fail("create", Forbidden())
        with pytest.raises(Forbidden):
            await record.write(kube, "prod", {"web": WEB})

    asyncio.run(work())


GOOD = {"digest": "aa", "revision": 2, "generations": {"Deployment/web": 3}}


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", "7", '"x"', "{}", json.dumps({**GOOD, "revision": "two"}),
        json.dumps({**GOOD, "generations": []}), json.dumps({**GOOD, "generations": {"x": None}}),
        json.dumps({**GOOD, "revision": float("inf")}), json.dumps({**GOOD, "generations": {"x": float("nan")}}),
        json.dumps({k: v for k, v in GOOD.items() if k != "digest"}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_left_out_alone(text: str) -> None:
    assert record.parse({"data": {"bad": text, "web": json.dumps(GOOD)}}) == {"web": WEB}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    )
)
def test_no_data_ends_in_a_traceback(data: Any) -> None:
    record.parse({"data": {"a": json.dumps(data), "b": json.dumps({**GOOD, "generations": data})}})


def test_a_config_map_without_data() -> None:
    kube = FakeKube()
    kube.put(CONFIG_MAPS, SYSTEM_NAMESPACE, "prod", {})
    assert asyncio.run(record.read(kube, "prod")) == {}
    asyncio.run(record.write(kube, "prod", {"web": WEB}))
    assert asyncio.run(record.read(kube, "prod")) == {"web": WEB}
