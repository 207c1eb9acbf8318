"""The two live adapters against a server that misbehaves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adapters.api_server import Answer, ApiServer, Pem, kubeconfig, serving, status
from wizard.adapters.kube_access import load
from wizard.adapters.kube_live import QuickLive
from wizard.adapters.kube_live_aio import AioLive
from wizard.ports import (
    NODES,
    PODS,
    Change,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    KubeObject,
    NotFound,
    ServerBusy,
    Unreachable,
)

Live = QuickLive | AioLive
Work = Callable[[Live], Coroutine[Any, Any, Any]]

# The adapters.


@pytest.fixture(params=["quick", "aio"])
def use(request: pytest.FixtureRequest, api: ApiServer, pem: Pem, tmp_path: Path) -> Callable[[Work], Any]:
    """Runs work with an adapter for the fixture's server."""
    cluster = {"server": f"{api.url}/base", "certificate-authority": str(pem.certificate)}
    path = kubeconfig(tmp_path / "kubeconfig", cluster=cluster)

    def run(work: Work) -> Any:
        async def main() -> Any:
            access = load(path, None)
            assert access is not None
            live: Live = QuickLive(access) if request.param == "quick" else AioLive(kubeconfig=path, context=None)
            try:
                async with asyncio.timeout(20):
                    return await work(live)
            finally:
                await live.close()

        return asyncio.run(main())

    return run


@pytest.fixture
def api(pem: Pem) -> Iterator[ApiServer]:
    with serving(pem) as server:
        yield server


def shown(cells: Mapping[str, Any], obj: KubeObject) -> tuple[str, str]:
    return str(cells.get("Status", "")), str(obj["metadata"]["name"])


COLUMNS = [{"name": "Name"}, {"name": "Status"}]


def table(*rows: tuple[str, str], version: str = "7", following: str = "", columns: bool = True) -> dict[str, Any]:
    meta = {"resourceVersion": version, **({"continue": following} if following else {})}
    return {
        "kind": "Table",
        "metadata": meta,
        "columnDefinitions": COLUMNS if columns else None,
        "rows": [
            {"cells": [name, word], "object": {"metadata": {"name": name, "resourceVersion": version}}}
            for name, word in rows
        ],
    }


def event(kind: str, obj: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def test_lists_in_pages(use: Callable[[Work], Any], api: ApiServer) -> None:
    api.say(Answer(table(("a", "Running"), following="more/of it")), Answer(table(("b", "Pending"), version="9")))
    found = use(lambda live: live.listed(PODS, "chat", shown, labels="app in (x)"))
    assert found.rows == [("Running", "a"), ("Pending", "b")]
    assert found.resource_version == "9"
    first, second = api.asked
    assert first.path == "/base/api/v1/namespaces/chat/pods"
    assert first.query == {"limit": "500", "labelSelector": "app in (x)"}
    assert second.query == {"limit": "500", "labelSelector": "app in (x)", "continue": "more/of it"}
    assert "as=Table" in first.headers["accept"] and first.headers["authorization"] == "Bearer the-token"


def test_what_is_expected_is_asked_for_once_and_what_it_meets_is_told(
    use: Callable[[Work], Any], api: ApiServer
) -> None:
    api.say(Answer(table(("a", "Running"))), Answer(table(("b", "Pending"))), status(403))

    async def lists(live: Live) -> list[Any]:
        live.expect(PODS, "", shown)
        first = await live.listed(PODS, "", shown)
        assert len(api.asked) == 1
        second = await live.listed(PODS, "", shown)  # it is not kept: the next one asks anew
        live.expect(PODS, "", shown)
        with pytest.raises(Forbidden):
            await live.listed(PODS, "", shown)
        return [*first.rows, *second.rows]

    assert use(lists) == [("Running", "a"), ("Pending", "b")]


def test_lists_of_whole_objects(use: Callable[[Work], Any], api: ApiServer) -> None:
    api.say(Answer({"kind": "NodeList", "metadata": {"resourceVersion": "3"}, "items": [{"metadata": {"name": "n"}}]}))
    found = use(lambda live: live.listed(NODES, "", shown, table=False))
    assert found.rows == [("", "n")]
    assert api.asked[0].headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (status(410), Gone),
        (status(403), Forbidden),
        (status(404), NotFound),
        (status(503), ServerBusy),
        (status(400), Invalid),
        (Answer(b"<html>log in</html>"), KubeError),
        (Answer(hang_up=True), Unreachable),
    ],
)
def test_refusals(use: Callable[[Work], Any], api: ApiServer, answer: Answer, kind: type[KubeError]) -> None:
    async def watch(live: Live) -> None:
        async for _ in live.watch(PODS, "", shown, resource_version="1"):
            pass

    for work in (lambda live: live.listed(PODS, "", shown), lambda live: live.fetch("/x", dict), watch):
        api.say(answer)
        with pytest.raises(kind):
            use(work)


async def events_of(live: Live, **more: Any) -> list[Change[tuple[str, str]]]:
    found: list[Change[tuple[str, str]]] = []
    async for batch in live.watch(PODS, "chat", shown, resource_version="5", **more):
        found += batch
    return found


def test_a_watch_of_tables(use: Callable[[Work], Any], api: ApiServer) -> None:
    lines = event("ADDED", table(("a", "Running"))) + event("MODIFIED", table(("a", "Error"), columns=False))
    marked = table(("", ""), version="12", columns=False)
    rest = event("BOOKMARK", marked) + event("DELETED", table(("a", "Error"), version="13", columns=False))
    api.say(Answer(pieces=[lines[:30], lines[30:200], lines[200:] + rest]))
    assert use(events_of) == [
        Change("ADDED", "7", ("Running", "a")),
        Change("MODIFIED", "7", ("Error", "a")),
        Change("BOOKMARK", "12", None),
        Change("DELETED", "13", ("Error", "a")),
    ]
    assert api.asked[0].query["allowWatchBookmarks"] == "true"
    assert api.asked[0].query["resourceVersion"] == "5"


def test_an_error_in_mid_watch(use: Callable[[Work], Any], api: ApiServer) -> None:
    expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    api.say(Answer(pieces=[event("ADDED", table(("a", "Running"))), event("ERROR", expired)]))

    async def work(live: Live) -> list[Any]:
        found: list[Any] = []
        with pytest.raises(Gone):
            async for batch in live.watch(PODS, "", shown, resource_version="5"):
                found += batch
        return found

    assert len(use(work)) == 1, "what came before is not lost"


def test_a_cable_that_is_pulled(use: Callable[[Work], Any], api: ApiServer) -> None:
    api.say(Answer(pieces=[event("ADDED", table(("a", "Running")))], hang_up=True))

    async def work(live: Live) -> list[Any]:
        found: list[Any] = []
        with pytest.raises(Unreachable):
            async for batch in live.watch(PODS, "", shown, resource_version="5"):
                found += batch
        return found

    assert len(use(work)) == 1


def test_a_stream_that_is_left_ends_at_once(use: Callable[[Work], Any], api: ApiServer) -> None:
    """Though the server has more to say, in its own time."""
    api.say(Answer(pieces=[event("ADDED", table(("a", "Running")))] * 100))

    async def work(live: Live) -> float:
        async with aclosing(live.watch(PODS, "", shown, resource_version="5")) as stream:  # type: ignore[type-var]
            assert await anext(stream) is not None
            began = time.monotonic()
        return time.monotonic() - began

    assert use(work) < 1.0


def test_lines_of_a_log(use: Callable[[Work], Any], api: ApiServer) -> None:
    api.say(Answer(pieces=[b"one\ntw", b"o\n" + b"x" * 50 + b"\nla", b"st"]))

    async def work(live: Live) -> list[tuple[bytes, int]]:
        found: list[tuple[bytes, int]] = []
        stream = live.lines("/api/v1/x/log", lambda line, cut: (line, cut), query={"follow": "true"}, limit=10)
        async for batch in stream:
            found += batch
        return found

    assert use(work) == [(b"one", 0), (b"two", 0), (b"x" * 10, 40), (b"last", 0)]
    assert api.asked[0].query == {"follow": "true"}


def test_texts_documents_and_writes(use: Callable[[Work], Any], api: ApiServer) -> None:
    async def work(live: Live) -> list[Any]:
        api.say(Answer(b"one\ntwo"), Answer({"items": [1]}), Answer({"id": "s"}), Answer(b""), status(409))
        got: list[Any] = [await live.text("/log", lambda line, cut: line, query={"previous": "true"})]
        got.append(await live.fetch("/api/v1/namespaces/a/services/b:1/proxy/q", len, query={"query": "x y"}))
        got.append(await live.send("POST", "/silences", {"a": 1}))
        got.append(await live.send("DELETE", "/silence/1"))
        with pytest.raises(KubeError):
            await live.send("DELETE", "/pod")
        return got

    assert use(work) == [[b"one", b"two"], 1, {"id": "s"}, None]
    _, fetched, posted, deleted, _ = api.asked
    assert fetched.path == "/base/api/v1/namespaces/a/services/b:1/proxy/q" and fetched.query == {"query": "x y"}
    assert posted.method == "POST" and json.loads(posted.body) == {"a": 1}
    assert posted.headers["content-type"] == "application/json"
    assert deleted.method == "DELETE" and deleted.body == b""


def test_a_bug_in_decoding_reaches_the_reader(use: Callable[[Work], Any], api: ApiServer) -> None:
    def bad(cells: Mapping[str, Any], obj: KubeObject) -> str:
        raise ZeroDivisionError

    async def watch(live: Live) -> None:
        async for _ in live.watch(PODS, "", bad, resource_version="1"):
            pass

    for work, answer in (
        (lambda live: live.listed(PODS, "", bad), Answer(table(("a", "x")))),
        (watch, Answer(pieces=[event("ADDED", table(("a", "x")))])),
    ):
        api.say(answer)
        with pytest.raises(ZeroDivisionError):
            use(work)


def test_what_a_program_says_in_no_json(use: Callable[[Work], Any], api: ApiServer) -> None:
    api.say(Answer(b"<html>"))
    with pytest.raises(KubeError) as refused:
        use(lambda live: live.fetch("/proxy/x", dict))
    assert refused.value.findings[0].code == "not-json"


def here(api: ApiServer, pem: Pem, tmp_path: Path) -> Path:
    return kubeconfig(tmp_path / "k", cluster={"server": api.url, "certificate-authority": str(pem.certificate)})


def test_connections_are_used_again(api: ApiServer, pem: Pem, tmp_path: Path) -> None:
    access = load(here(api, pem, tmp_path), None)
    assert access is not None

    async def main() -> None:
        live = QuickLive(access)
        api.say(Answer({}))
        for _ in range(3):
            await live.fetch("/x", dict)
        assert len({asked.port for asked in api.asked}) == 1
        api.say(Answer({}, close_after=True), Answer({}))
        await live.fetch("/x", dict)
        await live.fetch("/x", dict)  # on one that the server has closed meanwhile
        await live.close()

    asyncio.run(main())


def test_a_server_that_answers_never(api: ApiServer, pem: Pem, tmp_path: Path) -> None:
    """The end of the loop does not wait for it."""
    release = threading.Event()
    api.say(Answer({}, wait=release))
    access = load(here(api, pem, tmp_path), None)
    assert access is not None
    live = QuickLive(access)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(live.fetch("/x", dict), 0.2)

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 2
    release.set()
