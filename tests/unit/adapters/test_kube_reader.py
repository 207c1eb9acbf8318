"""The quick reader: which kubeconfigs it takes, and what it makes of a real server's answers."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.adapters.api_server import Answer, ApiServer, Pem, kubeconfig, serving, status
from wizard.adapters import kube_reader
from wizard.adapters.kube_reader import Access, QuickReader, kubeconfig_paths, load
from wizard.domain.finding import ExitCode, PreflightError
from wizard.ports import (
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    NotFound,
    ServerBusy,
    Unauthenticated,
    Unreachable,
)

SERVER = {"server": "http://127.0.0.1:1"}


def loaded(path: Path, context: str | None = None) -> Access:
    access = load(path, context)
    assert access is not None
    return access


def b64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


# The kubeconfig.


def test_where_kubectl_would_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kubeconfig_paths(None) == [tmp_path / ".kube" / "config"]
    monkeypatch.setenv("KUBECONFIG", ":/a::/b:")
    assert kubeconfig_paths(None) == [Path("/a"), Path("/b")]
    assert kubeconfig_paths(Path("/c")) == [Path("/c")]
    assert load(None, None) is None, "merging several files is the whole client's work"


def test_the_current_context_or_the_named_one(tmp_path: Path) -> None:
    contexts = [{"name": name, "context": {"cluster": name, "user": "u"}} for name in ("one", "two")]
    clusters = [{"name": name, "cluster": {"server": f"http://{name}"}} for name in ("one", "two")]
    path = kubeconfig(tmp_path / "k", cluster={}, contexts=contexts, clusters=clusters, context="one")
    assert loaded(path) == Access("http://one", None, "the-token", "one")
    assert loaded(path, "two") == Access("http://two", None, "the-token", "two")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no-such-context"),
        ("{}", "no-such-context"),
        ("current-context: gone", "no-such-context"),
        ("contexts: null\ncurrent-context: x", "no-such-context"),
        ("contexts: [{name: other, context: {}}]\ncurrent-context: x", "no-such-context"),
        ("contexts: [{name: other, context: {}}]", "no-such-context"),
        ("[1, 2]", "kubeconfig"),
        ("just words", "kubeconfig"),
        ("7", "kubeconfig"),
        ("a: [", "kubeconfig"),
        ("a: \x00", "kubeconfig"),
        ("contexts: words\ncurrent-context: x", "no-such-context"),
        ("contexts: [1, null, words]\ncurrent-context: x", "no-such-context"),
        ("contexts: {x: y}\ncurrent-context: x", "no-such-context"),
        ("contexts: [{name: x, context: words}]\ncurrent-context: x", "kubeconfig"),
        ("contexts: [{name: x, context: [1]}]\ncurrent-context: x", "kubeconfig"),
        ("contexts: []\ncurrent-context: [x]", "no-such-context"),
    ],
)
def test_what_is_no_kubeconfig_is_a_finding(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    with pytest.raises(PreflightError) as refused:
        load(path, None)
    (finding,) = refused.value.findings
    assert finding.code == code
    assert str(path) in finding.summary
    assert finding.hint


def test_a_missing_file_or_context_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(PreflightError) as refused:
        load(tmp_path / "none", None)
    assert refused.value.findings[0].code == "kubeconfig"
    with pytest.raises(PreflightError, match="no context 'other'") as refused:
        load(kubeconfig(tmp_path / "k", cluster=SERVER), "other")
    assert refused.value.findings[0].detail == "It has: here"
    with pytest.raises(PreflightError):
        load(tmp_path, None)


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        (SERVER, {"exec": {"command": "aws"}}),
        (SERVER, {"auth-provider": {"name": "oidc"}}),
        (SERVER, {"username": "u", "password": "p"}),
        (SERVER, {"token": "t", "as": "somebody"}),
        ({**SERVER, "proxy-url": "http://proxy"}, {}),
        ({**SERVER, "tls-server-name": "x"}, {}),
        ({}, {}),
        ({"server": "127.0.0.1:6443"}, {}),
        ({"server": "https://host:port"}, {}),
        ({"server": "https://"}, {}),
        ({"server": "https://x", "certificate-authority": "/not/there"}, {}),
        ({"server": "https://x", "certificate-authority-data": "!"}, {}),
        ({"server": "https://x", "certificate-authority-data": 7}, {}),
        ({"server": "https://x", "certificate-authority": 7}, {}),
        ({"server": "https://x"}, {"client-certificate": "/not/there", "client-key": "/not/there"}),
        ({"server": "https://x"}, {"client-certificate-data": "eA=="}),
        ({"server": "https://x"}, {"client-certificate-data": "eA==", "client-key-data": 7}),
        ({"server": "https://x"}, {"client-certificate": "x"}),
        (SERVER, {"tokenFile": "/not/there"}),
        (SERVER, {"tokenFile": ["x"]}),
        ("words", {}),
        (SERVER, [1]),
    ],
)  # fmt: skip
def test_anything_that_is_not_plain_is_left_to_the_whole_client(tmp_path: Path, cluster: Any, user: Any) -> None:
    assert load(kubeconfig(tmp_path / "k", cluster=cluster, user=user), None) is None


@pytest.mark.parametrize("part", ["clusters", "users"])
@pytest.mark.parametrize("value", [None, [], "words", [1], {"c": 1}])
def test_a_context_whose_parts_are_not_there(tmp_path: Path, part: str, value: Any) -> None:
    config = {**yaml.safe_load(kubeconfig(tmp_path / "k", cluster=SERVER).read_text()), part: value}
    (tmp_path / "k").write_text(yaml.safe_dump(config))
    assert load(tmp_path / "k", None) is None


def test_a_token_file_and_authorities_beside_the_kubeconfig(tmp_path: Path, pem: Pem, api: ApiServer) -> None:
    (tmp_path / "token").write_text("from-file\n")
    (tmp_path / "ca.crt").write_bytes(pem.certificate.read_bytes())
    path = kubeconfig(
        tmp_path / "k",
        cluster={"server": api.url, "certificate-authority": "ca.crt", "extensions": []},
        user={"tokenFile": "token"},
    )
    api.say(Answer({"gitVersion": "v1.37.2"}))
    assert run(QuickReader(loaded(path)).version()) == "v1.37.2"
    assert api.asked[0].headers["authorization"] == "Bearer from-file"


def test_inline_certificates_leave_no_file_behind(
    tmp_path: Path, pem: Pem, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    cluster = {"server": api.url, "certificate-authority-data": b64(pem.certificate)}
    user = {"client-certificate-data": b64(pem.certificate), "client-key-data": b64(pem.key)}
    access = loaded(kubeconfig(tmp_path / "k", cluster=cluster, user=user))
    assert list(folder.iterdir()) == []
    api.say(Answer({"gitVersion": "v1"}))
    assert run(QuickReader(access).version()) == "v1"
    assert "authorization" not in api.asked[0].headers


def test_an_unknown_authority_is_refused_and_may_be_waived(tmp_path: Path, api: ApiServer, other_pem: Pem) -> None:
    cluster = {"server": api.url, "certificate-authority-data": b64(other_pem.certificate)}
    api.say(Answer({"gitVersion": "v1"}))
    with pytest.raises(Unreachable, match="no answer from the API server") as refused:
        run(QuickReader(loaded(kubeconfig(tmp_path / "k", cluster=cluster))).version())
    assert "certificate verify failed" in refused.value.findings[0].detail
    assert api.asked == []
    waived = kubeconfig(tmp_path / "k", cluster={"server": api.url, "insecure-skip-tls-verify": True})
    assert run(QuickReader(loaded(waived)).version()) == "v1"


def test_inline_authority_data_wins_over_a_file(tmp_path: Path, api: ApiServer, pem: Pem, other_pem: Pem) -> None:
    """As for kubectl: what stands in the file beside is not trusted then."""
    api.say(Answer({"gitVersion": "v1"}))
    data, file = b64(other_pem.certificate), str(pem.certificate)
    cluster = {"server": api.url, "certificate-authority-data": data, "certificate-authority": file}
    with pytest.raises(Unreachable):
        run(QuickReader(loaded(kubeconfig(tmp_path / "k", cluster=cluster))).version())


# Answers.


@pytest.fixture
def reader(tmp_path: Path, api: ApiServer, pem: Pem) -> QuickReader:
    cluster = {"server": api.url + "/k8s/clusters/c-1/", "certificate-authority": str(pem.certificate)}
    return QuickReader(loaded(kubeconfig(tmp_path / "k", cluster=cluster)))


def test_get_and_list_ask_as_the_api_wants_it(reader: QuickReader, api: ApiServer) -> None:
    async def work() -> None:
        api.say(Answer({"metadata": {"name": "web"}}))
        assert (await reader.get(DEPLOYMENTS, "chat", "web"))["metadata"]["name"] == "web"
        api.say(Answer({"items": None, "metadata": {}}))
        assert (await reader.list(PODS, "chat", labels="a=b,c=d", metadata_only=True))["items"] == []
        await reader.list(NAMESPACES)

    run(work())
    got, listed, bare = api.asked
    base = "/k8s/clusters/c-1"
    assert (got.method, got.path, got.query) == ("GET", f"{base}/apis/apps/v1/namespaces/chat/deployments/web", {})
    assert got.headers["authorization"] == "Bearer the-token"
    assert got.headers["accept"] == "application/json"
    assert (listed.path, listed.query) == (f"{base}/api/v1/namespaces/chat/pods", {"labelSelector": "a=b,c=d"})
    assert "as=PartialObjectMetadataList" in listed.headers["accept"]
    assert (bare.path, bare.query) == (f"{base}/api/v1/namespaces", {})


REFUSALS: list[tuple[Answer, type[KubeError], str]] = [
    (status(401), Unauthenticated, "credentials-refused"),
    (status(403), Forbidden, "forbidden"),
    (status(403, "pods is forbidden: exceeded quota: q"), Forbidden, "quota-exceeded"),
    (status(403, "namespace chat is being terminated"), Forbidden, "namespace-terminating"),
    (status(404), NotFound, "not-found"),
    (status(409), Conflict, "conflict"),
    (status(410), Gone, "gone"),
    (status(400, reason="Expired"), Gone, "gone"),
    (status(422), Invalid, "invalid"),
    (status(400), Invalid, "invalid"),
    (status(429), ServerBusy, "server-busy"),
    (status(500), ServerBusy, "server-busy"),
    (status(503), ServerBusy, "server-busy"),
    (Answer(b"<html>bad gateway</html>", 502), ServerBusy, "server-busy"),
    (Answer(b"", 504), ServerBusy, "server-busy"),
    (Answer(b"[1]", 404), NotFound, "not-found"),
    (status(404, details="words"), NotFound, "not-found"),
    (status(409, details={"causes": ["words", {"field": ".a"}]}), Conflict, "conflict"),
    (status(409, details={"causes": 7}), Conflict, "conflict"),
]


@pytest.mark.parametrize(("answer", "kind", "code"), REFUSALS)
def test_each_refusal_has_its_error(
    reader: QuickReader, api: ApiServer, answer: Answer, kind: type[KubeError], code: str
) -> None:
    api.say(answer)
    with pytest.raises(KubeError) as refused:
        run(reader.get(PODS, "chat", "web-0"))
    assert type(refused.value) is kind
    assert refused.value.findings[0].code == code
    assert refused.value.findings[0].summary
    assert refused.value.temporary is (kind is ServerBusy)
    assert "the-token" not in str(refused.value.findings)
    assert len(api.asked) == 1, "whether to ask again is the engine's decision"


@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [("Retry-After", "7", 7.0), ("retry-after", "7", 7.0), ("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_how_long_to_wait(reader: QuickReader, api: ApiServer, name: str, value: str, seconds: float | None) -> None:
    """Proxies write header names in lower case."""
    answer = status(429)
    answer.headers[name] = value
    api.say(answer)
    with pytest.raises(ServerBusy) as refused:
        run(reader.version())
    assert refused.value.retry_after == seconds


@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"[]", b"7", b'{"a": ', b"\xff\xfe"])
def test_an_answer_that_is_no_object_is_a_finding(reader: QuickReader, api: ApiServer, body: bytes) -> None:
    api.say(Answer(body))

    async def work() -> None:
        for asking in (reader.get(PODS, "chat", "x"), reader.list(PODS), reader.version()):
            with pytest.raises(KubeError) as refused:
                await asking
            assert refused.value.findings[0].code == "not-an-api-server"
            assert refused.value.findings[0].hint

    run(work())


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    reader = QuickReader(loaded(kubeconfig(tmp_path / "k", cluster={"server": url})))
    with pytest.raises(Unreachable) as refused:
        run(reader.version())
    assert refused.value.exit_code is ExitCode.PREFLIGHT
    assert refused.value.temporary
    assert url in refused.value.findings[0].summary
    assert "refused" in refused.value.findings[0].detail


def on_one_connection(work: Coroutine[Any, Any, None]) -> None:
    """The reader keeps one connection a thread."""

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        await work

    asyncio.run(main())


def test_a_server_that_does_not_answer(reader: QuickReader, api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_reader, "_TIMEOUT", 0.1)
    answered = threading.Event()
    api.say(Answer({"gitVersion": "v1"}), Answer({}, wait=answered))

    async def work() -> None:
        await reader.version()
        with pytest.raises(Unreachable, match="no answer"):
            await reader.version()

    on_one_connection(work())
    answered.set()
    assert len(api.asked) == 2, "a slow server is not asked twice"


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(reader: QuickReader, api: ApiServer) -> None:
    """API servers and load balancers end idle connections; a GET may be sent again."""

    async def work() -> None:
        api.say(Answer({"gitVersion": "v1"}))
        assert await reader.version() == "v1"
        assert await reader.version() == "v1"
        assert len({asked.port for asked in api.asked}) == 1, "the connection is kept"
        api.say(Answer({"gitVersion": "v2"}, close_after=True), Answer({"gitVersion": "v3"}))
        assert await reader.version() == "v2"
        assert await reader.version() == "v3"
        assert len({asked.port for asked in api.asked}) == 2
        api.say(Answer(hang_up=True), Answer({"gitVersion": "v4"}))
        assert await reader.version() == "v4", "ended after the request was sent"

    on_one_connection(work())


def test_a_fresh_connection_that_is_closed_is_not_tried_for_ever(reader: QuickReader, api: ApiServer) -> None:
    api.say(Answer(hang_up=True))
    with pytest.raises(Unreachable):
        run(reader.version())
    assert len(api.asked) == 1


def test_an_answer_that_breaks_off(reader: QuickReader, api: ApiServer) -> None:
    api.say(Answer(pieces=[b'{"gitVersion": '], hang_up=True))
    with pytest.raises(Unreachable):
        run(reader.version())


def test_plain_http_and_parallel_reads(tmp_path: Path) -> None:
    with serving(None) as plain:
        reader = QuickReader(loaded(kubeconfig(tmp_path / "k", cluster={"server": plain.url})))
        plain.say(Answer({"gitVersion": "v1"}))

        async def work() -> list[str]:
            return await asyncio.gather(*(reader.version() for _ in range(8)))

        assert run(work()) == ["v1"] * 8
