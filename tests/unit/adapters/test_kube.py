"""The whole client against a real server: what it asks, what it makes of answers, and that it lets go."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adapters.api_server import Answer, ApiServer, Pem, kubeconfig, status
from tests.unit.adapters.test_kube_reader import REFUSALS
from wizard.adapters import kube as kube_module
from wizard.adapters.kube import KubeAdapter
from wizard.domain.finding import PreflightError
from wizard.ports import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    Gone,
    KubeError,
    ServerBusy,
    Unreachable,
    WatchEvent,
)

Work = Callable[[KubeAdapter], Awaitable[Any]]


@pytest.fixture
def config(tmp_path: Path, api: ApiServer, pem: Pem) -> Path:
    cluster = {"server": api.url + "/base", "certificate-authority": str(pem.certificate)}
    return kubeconfig(tmp_path / "k", cluster=cluster)


@pytest.fixture
def use(config: Path) -> Callable[[Work], Any]:
    """Runs work on an adapter, closes it, and fails where something was left open."""

    def use(work: Work) -> Any:
        async def main() -> Any:
            adapter = KubeAdapter(kubeconfig=config, context=None)
            try:
                return await work(adapter)
            finally:
                await adapter.close()

        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", ResourceWarning)
            result = asyncio.run(main())
            gc.collect()
        assert not [str(each.message) for each in said if "Unclosed" in str(each.message)]
        return result

    return use


def test_reads(use: Callable[[Work], Any], api: ApiServer) -> None:
    async def work(kube: KubeAdapter) -> None:
        api.say(Answer({"metadata": {"name": "web"}, "unknown": {"field": 1}}))
        assert (await kube.get(DEPLOYMENTS, "chat", "web"))["unknown"] == {"field": 1}, "nothing is dropped"
        api.say(Answer({"items": None, "metadata": {}}))
        assert (await kube.list(PODS, "chat", labels="a=b,c=d", metadata_only=True))["items"] == []
        api.say(Answer({"gitVersion": "v1.37.2"}))
        assert await kube.version() == "v1.37.2"

    use(work)
    got, listed, version = api.asked
    assert (got.method, got.path, got.query) == ("GET", "/base/apis/apps/v1/namespaces/chat/deployments/web", {})
    assert got.headers["authorization"] == "Bearer the-token"
    assert (listed.path, listed.query) == ("/base/api/v1/namespaces/chat/pods", {"labelSelector": "a=b,c=d"})
    assert "as=PartialObjectMetadataList" in listed.headers["accept"]
    assert version.path == "/base/version"


OBJ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "chat"}, "data": {"ä": "ö"}}


def test_writes(use: Callable[[Work], Any], api: ApiServer) -> None:
    async def work(kube: KubeAdapter) -> None:
        api.say(Answer({}))
        await kube.create(CONFIG_MAPS, OBJ, "chat")
        await kube.replace(CONFIG_MAPS, OBJ)
        await kube.apply(CONFIG_MAPS, OBJ)
        await kube.apply(CONFIG_MAPS, OBJ, manager="helm", force=True, dry_run=True)
        await kube.delete(CONFIG_MAPS, "chat", "x")
        await kube.apply(NAMESPACES, {"metadata": {"name": "chat"}})

    use(work)
    path = "/base/api/v1/namespaces/chat/configmaps"
    assert [(a.method, a.path, a.query) for a in api.asked] == [
        ("POST", path, {}),
        ("PUT", f"{path}/x", {}),
        ("PATCH", f"{path}/x", {"fieldManager": "wizard", "force": "false"}),
        ("PATCH", f"{path}/x", {"fieldManager": "helm", "force": "true", "dryRun": "All"}),
        ("DELETE", f"{path}/x", {}),
        ("PATCH", "/base/api/v1/namespaces/chat", {"fieldManager": "wizard", "force": "false"}),
    ]
    assert [json.loads(a.body) for a in api.asked[:4]] == [OBJ] * 4
    assert json.loads(api.asked[4].body) == {"propagationPolicy": "Background"}
    assert {a.headers["content-type"] for a in api.asked if a.method == "PATCH"} == {"application/apply-patch+yaml"}


@pytest.mark.parametrize(("answer", "kind", "code"), REFUSALS)
def test_each_refusal_has_its_error(
    use: Callable[[Work], Any], api: ApiServer, answer: Answer, kind: type[KubeError], code: str
) -> None:
    async def work(kube: KubeAdapter) -> None:
        with pytest.raises(KubeError) as refused:
            await kube.get(PODS, "chat", "web-0")
        assert type(refused.value) is kind
        assert refused.value.findings[0].code == code

    api.say(answer)
    use(work)
    assert len(api.asked) == 1


def test_how_long_to_wait(use: Callable[[Work], Any], api: ApiServer) -> None:
    answer = status(503)
    answer.headers["retry-after"] = "9"
    api.say(answer)

    async def work(kube: KubeAdapter) -> None:
        with pytest.raises(ServerBusy) as refused:
            await kube.version()
        assert refused.value.retry_after == 9

    use(work)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a": '])
def test_an_answer_that_is_no_object_is_a_finding(use: Callable[[Work], Any], api: ApiServer, body: bytes) -> None:
    async def work(kube: KubeAdapter) -> None:
        api.say(Answer(body))
        for asking in (
            kube.get(PODS, "chat", "x"),
            kube.list(PODS),
            kube.version(),
            kube.create(CONFIG_MAPS, OBJ, "x"),
        ):
            with pytest.raises(KubeError) as refused:
                await asking
            assert refused.value.findings[0].code == "not-an-api-server"

    use(work)


def test_a_connection_that_breaks_is_unreachable(use: Callable[[Work], Any], api: ApiServer) -> None:
    async def work(kube: KubeAdapter) -> None:
        for answer in (Answer(hang_up=True), Answer(pieces=[b'{"a"'], hang_up=True)):
            api.say(answer)
            with pytest.raises(Unreachable) as refused:
                await kube.create(CONFIG_MAPS, OBJ, "chat")
            assert api.url in refused.value.findings[0].summary

    use(work)


# Watches.


def line(kind: str, obj: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


async def watched(kube: KubeAdapter) -> list[WatchEvent]:
    return [event async for event in kube.watch(PODS, "chat", resource_version="42")]


def test_a_watch_asks_from_its_version_and_takes_lines_in_any_pieces(
    use: Callable[[Work], Any], api: ApiServer
) -> None:
    whole = line("ADDED", {"metadata": {"name": "a"}}) + line("BOOKMARK", {"metadata": {}, "kind": "Pod"})
    big = line("MODIFIED", {"metadata": {"name": "b" * 300_000}})
    api.say(Answer(pieces=[whole[:30], whole[30:], big[:100_000], big[100_000:]]))
    events = use(watched)
    assert [event.type for event in events] == ["ADDED", "BOOKMARK", "MODIFIED"]
    assert events[0].object == {"metadata": {"name": "a"}, "kind": "Pod"}
    assert len(events[2].object["metadata"]["name"]) == 300_000
    query = api.asked[0].query
    assert query.pop("timeoutSeconds").isdigit()
    assert query == {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": "42"}


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        (line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}), Gone),
        (line("ERROR", {"kind": "Status", "code": 500, "reason": "Expired", "message": "too old"}), Gone),
        (line("ERROR", {"kind": "Status", "code": 500, "message": "etcd"}), ServerBusy),
        (line("ERROR", {"kind": "Status", "code": None}), ServerBusy),
        (b'{"type": "ADD', Unreachable),
        (b"<html>\n", KubeError),
        (b"[]\n", KubeError),
        (b"{}\n", KubeError),
        (b'{"type": "ADDED", "object": 7}\n', KubeError),
        (b'{"type": "ERROR", "object": "words"}\n', KubeError),
    ],
)
def test_a_watch_that_goes_wrong(
    use: Callable[[Work], Any], api: ApiServer, piece: bytes, kind: type[KubeError]
) -> None:
    """Whatever it is, it is an error that the tracker knows: anything else would end its task without a word."""
    api.say(Answer(pieces=[line("ADDED", {"metadata": {"name": "a"}}), piece], hang_up=kind is Unreachable))
    seen: list[WatchEvent] = []

    async def work(kube: KubeAdapter) -> None:
        with pytest.raises(kind):
            async for event in kube.watch(PODS, "chat", resource_version="1"):
                seen.append(event)

    use(work)
    assert [event.object["metadata"]["name"] for event in seen] == ["a"]


def test_a_watch_refused_at_its_beginning(use: Callable[[Work], Any], api: ApiServer) -> None:
    api.say(status(410))

    async def work(kube: KubeAdapter) -> None:
        with pytest.raises(Gone):
            await watched(kube)

    use(work)


def test_a_watch_that_nobody_reads_any_more_is_closed(use: Callable[[Work], Any], api: ApiServer) -> None:
    async def work(kube: KubeAdapter) -> None:
        api.say(Answer(pieces=[line("ADDED", {"metadata": {"name": str(n)}}) for n in range(5)]))
        events = kube.watch(PODS, "chat", resource_version="1")
        assert (await anext(aiter(events))).object["metadata"]["name"] == "0"
        await events.aclose()  # type: ignore[attr-defined]  # an async generator, as the tracker's cancellation ends it

    use(work)


# Logs and the service proxy.


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"\x1b[31mred\x1b[0m \x1b[1;38;5;9mbold\x1b[K\n", ["red bold"]),
        (b"\x1b]0;evil title\x07text\n\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", ["text", "link"]),
        (b"pull 1 %\rpull 2 %\rpull 3 %\r\nend\r\n", ["pull 3 %", "end"]),
        (b"a\x00b\x07c\x08d\x7fe\x9bf\n", ["abcde\ufffdf"]),
        (b"tab\there\n", ["tab here"]),
        (b"\n\n  \n\x1b[2J\nlast", ["last"]),
        (b"bad \xff\xfe utf-8\n", ["bad \ufffd\ufffd utf-8"]),
        ("ünï 🙂\u009b31m\n".encode(), ["ünï 🙂"]),
        (b"x" * 9000 + b"\n", ["x" * 2000 + " … 7,000 more characters"]),
    ],
)
def test_logs_are_plain_bounded_lines(use: Callable[[Work], Any], api: ApiServer, raw: bytes, lines: list[str]) -> None:
    api.say(Answer(raw))
    assert use(lambda kube: kube.logs("chat", "web-0", container="web", tail=7, previous=True)) == lines
    (asked,) = api.asked
    assert asked.path == "/base/api/v1/namespaces/chat/pods/web-0/log"
    assert asked.query == {"tailLines": "7", "container": "web", "previous": "true"}


def test_logs_of_any_size_and_in_any_pieces(use: Callable[[Work], Any], api: ApiServer) -> None:
    api.say(Answer(pieces=[b"first\nsec", b"ond\nthird\n"]))
    assert use(lambda kube: kube.logs("chat", "web-0")) == ["first", "second", "third"]
    assert api.asked[0].query == {"tailLines": "20"}


@pytest.mark.parametrize("code", [200, 204, 302, 401, 404, 500, 503])
def test_the_answer_of_a_proxied_program_is_passed_on(use: Callable[[Work], Any], api: ApiServer, code: int) -> None:
    body = b"" if code == 204 else b"its words"
    api.say(Answer(body, code))
    assert use(lambda kube: kube.service_get("chat", "ollama", "http", "/api/tags?x=1")) == (code, body)
    (asked,) = api.asked
    assert asked.path == "/base/api/v1/namespaces/chat/services/ollama:http/proxy/api/tags"
    assert asked.query == {"x": "1"}


def test_a_proxied_body_in_pieces_is_whole_and_a_huge_one_bounded(use: Callable[[Work], Any], api: ApiServer) -> None:
    async def work(kube: KubeAdapter) -> None:
        api.say(Answer(pieces=[b'{"models": ["a",', b' "b",', b' "qwen3:0.6b"]}']))
        assert await kube.service_get("chat", "s", "80", "/") == (200, b'{"models": ["a", "b", "qwen3:0.6b"]}')
        api.say(Answer(b"x" * (kube_module._BODY_LIMIT + 100_000)))
        code, body = await kube.service_get("chat", "s", "80", "/")
        assert (code, len(body)) == (200, kube_module._BODY_LIMIT)
        api.say(Answer({"gitVersion": "v1"}))
        assert await kube.version() == "v1"

    use(work)


# The kubeconfig.


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", "words", "7", "a: [", "contexts: null\ncurrent-context: x", "contexts: words\ncurrent-context: x",
     "contexts: [1]\ncurrent-context: x", "contexts: [{name: x}]\ncurrent-context: x",
     "contexts: [{name: x, context: words}]\ncurrent-context: x\nclusters: []\nusers: []",
     "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\nclusters: [{name: c}]\nusers: []"],
)  # fmt: skip
def test_what_is_no_kubeconfig_is_a_finding(tmp_path: Path, text: str) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    _refused(path)


@pytest.mark.parametrize(
    "cluster",
    [
        {"server": "https://127.0.0.1:1", "certificate-authority": "/not/there"},
        {"server": "https://127.0.0.1:1", "certificate-authority-data": "bm8gcGVt"},
        {"server": "https://127.0.0.1:1", "certificate-authority-data": 7},
        {"server": 7},
    ],
)
def test_certificates_that_cannot_be_read_are_a_finding(tmp_path: Path, cluster: dict[str, Any]) -> None:
    _refused(kubeconfig(tmp_path / "k", cluster=cluster))


def test_a_missing_file_and_context_are_findings(tmp_path: Path, config: Path) -> None:
    _refused(tmp_path / "none")
    _refused(config, "other")


def _refused(path: Path, context: str | None = None) -> None:
    async def main() -> None:
        adapter = KubeAdapter(kubeconfig=path, context=context)
        with pytest.raises(PreflightError) as refused:
            await adapter.version()
        (finding,) = refused.value.findings
        assert finding.code == "kubeconfig"
        assert finding.detail
        assert finding.hint
        await adapter.close()

    asyncio.run(main())


PLUGIN = """#!{python}
import json, pathlib
count = pathlib.Path({count!r})
count.write_text(count.read_text() + "x")
status = {{"token": f"token-{{len(count.read_text())}}", **{expires}}}
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}))
"""


@pytest.mark.parametrize(
    ("expires", "tokens"),
    [
        ({"expirationTimestamp": "2020-01-01T00:00:00Z"}, 3),
        ({"expirationTimestamp": "2199-01-01T00:00:00Z"}, 1),
        ({}, 1),
    ],
)
def test_a_token_of_a_plugin_is_renewed_when_it_expires(
    tmp_path: Path, api: ApiServer, pem: Pem, expires: dict[str, str], tokens: int
) -> None:
    """EKS tokens are good for a quarter of an hour: less than a long deployment. And it is not run for each request."""
    plugin, count = tmp_path / "plugin", tmp_path / "count"
    count.write_text("")
    plugin.write_text(PLUGIN.format(python=sys.executable, count=str(count), expires=expires))
    plugin.chmod(0o700)
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    }
    cluster = {"server": api.url, "certificate-authority": str(pem.certificate)}
    path = kubeconfig(tmp_path / "k", cluster=cluster, user=user)
    api.say(Answer({"gitVersion": "v1"}))

    async def main() -> None:
        adapter = KubeAdapter(kubeconfig=path, context=None)
        for _ in range(3):
            await adapter.version()
        await adapter.close()

    asyncio.run(main())
    used = [asked.headers["authorization"] for asked in api.asked]
    assert all(each.startswith("Bearer token-") for each in used)
    assert len(set(used)) == tokens


def test_closing_twice_or_unused_is_fine(config: Path) -> None:
    async def main() -> None:
        adapter = KubeAdapter(kubeconfig=config, context=None)
        await adapter.close()
        await adapter.close()

    asyncio.run(main())
