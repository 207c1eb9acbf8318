"""The process: HTTPS, tokens, how it starts and ends, and how it misbehaves when a scenario asks it to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.client import Client
from wizard.sandbox import manager

MAPS = "/api/v1/namespaces/default/configmaps"
_OPTIONS = manager.UpOptions(controllers=False, seed=1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[manager.Running]:
    state = tmp_path_factory.mktemp("sandbox")
    yield manager.up(state, options=_OPTIONS)
    manager.down(state)


@pytest.fixture
def client(running: manager.Running) -> Iterator[Client]:
    client = Client(running.kubeconfig)
    yield client
    client.request("POST", "/sandbox/reset")
    client.request("DELETE", MAPS)


def _map(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


def test_only_the_owner_can_read_the_kubeconfig(running: manager.Running) -> None:
    for path in (running.kubeconfig, running.kubeconfig.parent / "sandbox.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert running.token not in repr(running)


def test_nothing_answers_without_the_token(client: Client) -> None:
    for told in ("", "Bearer ", "Bearer wrong", "Basic abc"):
        answer = client.request("GET", "/api/v1/pods", headers={"Authorization": told})
        assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")
    assert client.request("POST", "/sandbox/reset", headers={"Authorization": ""}).status == 401
    assert client.request("GET", "/readyz", headers={"Authorization": ""}).raw == b"ok"


def test_plain_http_is_not_spoken(running: manager.Running) -> None:
    port = int(running.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(5)
        assert b"HTTP/1.1 200" not in connection.recv(100)


def test_two_sandboxes_do_not_meet(running: manager.Running, tmp_path: Path) -> None:
    other = manager.up(tmp_path, options=_OPTIONS)
    try:
        assert other.url != running.url
        mine, theirs = Client(running.kubeconfig), Client(other.kubeconfig)
        assert theirs.request("POST", MAPS, _map("theirs")).status == 201
        assert mine.request("GET", f"{MAPS}/theirs").status == 404
        bearer = {"Authorization": f"Bearer {running.token}"}
        assert theirs.request("GET", "/api/v1/pods", headers=bearer).status == 401
    finally:
        assert manager.down(tmp_path)
    assert manager.status(tmp_path) is None
    assert not manager.down(tmp_path)
    assert not (tmp_path / "kubeconfig").exists()


def test_up_twice_is_one_sandbox(tmp_path: Path) -> None:
    first = manager.up(tmp_path, options=_OPTIONS)
    try:
        assert manager.up(tmp_path, options=_OPTIONS) == first
    finally:
        manager.down(tmp_path)


_PARENT = """
import sys, time
from pathlib import Path
from wizard.sandbox import manager
running = manager.up(Path(sys.argv[1]), keep=sys.argv[2] == "keep", options=manager.UpOptions(controllers=False))
print(running.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("keep", [False, True])
def test_it_dies_with_its_parent_unless_kept(tmp_path: Path, keep: bool) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path), "keep" if keep else "no"]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    try:
        deadline = time.monotonic() + 5
        while not keep and manager.status(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (manager.status(tmp_path) is not None) is keep
    finally:
        manager.down(tmp_path)


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = manager.UpOptions(controllers=False, port=taken.getsockname()[1])
        with pytest.raises(manager.SandboxError, match="address already in use"):
            manager.up(tmp_path, options=options)


def test_a_state_file_of_a_dead_process_is_no_sandbox(tmp_path: Path) -> None:
    told = {"pid": os.getpid(), "url": "https://127.0.0.1:1", "token": "x", "kubeconfig": "/nowhere"}
    (tmp_path / "sandbox.json").write_text(json.dumps(told))
    assert manager.status(tmp_path) is None


def test_discovery_is_sent_once(client: Client) -> None:
    accept = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    first = client.request("GET", "/apis", headers=accept)
    assert first.body["kind"] == "APIGroupDiscoveryList"
    tag = {k.lower(): v for k, v in first.headers.items()}["etag"]
    assert client.request("GET", "/apis", headers={**accept, "If-None-Match": tag}).status == 304


def test_openapi_names_what_helm_looks_for(client: Client) -> None:
    assert "apis/apps/v1" in client.request("GET", "/openapi/v3").body["paths"]
    document = client.request("GET", "/openapi/v3/apis/apps/v1").body
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in {each["name"] for each in patch["parameters"]}


def test_a_compacted_version_is_told_to_watchers_and_lists(client: Client) -> None:
    client.request("POST", MAPS, _map("a"))
    old = client.request("GET", MAPS).body["metadata"]["resourceVersion"]
    page = client.request("GET", f"{MAPS}?limit=1").body["metadata"].get("continue")
    client.request("POST", MAPS, _map("b"))
    client.request("POST", "/sandbox/compact")
    (event,) = client.watch(f"{MAPS}?watch=true&resourceVersion={old}&timeoutSeconds=5")
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    exact = client.request("GET", f"{MAPS}?resourceVersion={old}&resourceVersionMatch=Exact")
    assert exact.status == 410
    late = client.request("GET", f"{MAPS}?limit=1&continue={page}")
    assert late.status == 410
    assert client.request("GET", f"{MAPS}?continue={late.body['metadata']['continue']}").status == 200


def test_pages_are_of_one_moment(client: Client) -> None:
    for name in "abcd":
        client.request("POST", MAPS, {"metadata": {"name": name, "labels": {"my": "1"}}})
    first = client.request("GET", f"{MAPS}?limit=2&labelSelector=my").body
    client.request("DELETE", f"{MAPS}/c")
    client.request("POST", MAPS, {"metadata": {"name": "bb", "labels": {"my": "1"}}})
    rest = client.request("GET", f"{MAPS}?limit=5&labelSelector=my&continue={first['metadata']['continue']}").body
    assert [each["metadata"]["name"] for each in (*first["items"], *rest["items"])] == list("abcd")
    assert first["metadata"]["resourceVersion"] == rest["metadata"]["resourceVersion"]


def test_a_version_to_come_is_a_timeout(client: Client) -> None:
    answer = client.request("GET", f"{MAPS}?resourceVersion=99999999999")
    assert answer.status == 504
    assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_the_api_misbehaves_as_asked(client: Client) -> None:
    client.request("POST", "/sandbox/faults?too_many=1")
    answer = client.request("GET", MAPS)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    client.request("POST", "/sandbox/faults?too_many=0&errors=1")
    assert client.request("GET", MAPS).body["reason"] == "InternalError"
    client.request("POST", "/sandbox/faults?errors=0&dropped=1")
    with pytest.raises((ConnectionError, OSError)):
        client.request("GET", MAPS)
    client.request("POST", "/sandbox/reset")
    assert client.request("GET", MAPS).status == 200


def test_watches_end_early_and_lists_are_stale(client: Client) -> None:
    client.request("POST", "/sandbox/faults?watch_seconds=0.1&stale=true")
    assert client.request("GET", f"{MAPS}?resourceVersion=0").status == 200
    client.request("POST", MAPS, _map("new"))
    began = time.monotonic()
    assert list(client.watch(f"{MAPS}?watch=true&resourceVersion=0&fieldSelector=metadata.name=none")) == []
    assert time.monotonic() - began < 5
    names = [each["metadata"]["name"] for each in client.request("GET", f"{MAPS}?resourceVersion=0").body["items"]]
    assert "new" not in names
    names = [each["metadata"]["name"] for each in client.request("GET", MAPS).body["items"]]
    assert "new" in names


def test_unknown_scenarios_and_faults_are_refused(client: Client) -> None:
    assert client.request("POST", "/sandbox/scenario/nothing").status == 404
    assert client.request("POST", "/sandbox/faults?colour=1").status == 404
    assert client.request("GET", "/sandbox/status").body["speed"] == 1.0


def test_a_body_too_large_is_refused(client: Client) -> None:
    body = {"metadata": {"name": "big"}, "data": {"a": "x" * (3 * 2**20 + 1)}}
    assert client.request("POST", MAPS, body).status in (413, 400)


def test_every_watcher_ends_with_the_same_state(running: manager.Running) -> None:
    """Eight clients write at random; four watchers, one of a selector, have to agree with a list."""
    import random

    stop = threading.Event()
    start = Client(running.kubeconfig).request("GET", MAPS).body
    seen: list[dict[str, str]] = [{} for _ in range(4)]

    def watch(number: int) -> None:
        version = start["metadata"]["resourceVersion"]
        selector = "&labelSelector=even%3Dyes" if number == 3 else ""
        state = seen[number]
        for each in start["items"]:
            state[each["metadata"]["name"]] = each["metadata"]["resourceVersion"]
        if selector:
            state.clear()
        path = f"{MAPS}?watch=true&resourceVersion={version}&timeoutSeconds=4{selector}"
        for event in Client(running.kubeconfig).watch(path):
            meta = event["object"]["metadata"]
            if event["type"] == "DELETED":
                del state[meta["name"]]
            else:
                state[meta["name"]] = meta["resourceVersion"]

    def write(number: int) -> None:
        chance, client = random.Random(number), Client(running.kubeconfig)
        while not stop.is_set():
            name = f"r{chance.randrange(20)}"
            labels = {"even": chance.choice(("yes", "no"))}
            kind = chance.randrange(4)
            if kind == 0:
                client.request("POST", MAPS, {"metadata": {"name": name, "labels": labels}})
            elif kind == 1:
                client.request("DELETE", f"{MAPS}/{name}")
            else:
                body = {"metadata": {"labels": labels}, "data": {"n": str(chance.random())}}
                client.request("PATCH", f"{MAPS}/{name}", body, content="application/merge-patch+json")

    threads = [threading.Thread(target=watch, args=(number,)) for number in range(4)]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for each in (*threads, *writers):
        each.start()
    time.sleep(1.5)
    stop.set()
    for each in (*writers, *threads):
        each.join()
    items = Client(running.kubeconfig).request("GET", MAPS).body["items"]
    truth = {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in items}
    even = {
        each["metadata"]["name"]: each["metadata"]["resourceVersion"]
        for each in items
        if each["metadata"].get("labels", {}).get("even") == "yes"
    }
    assert truth
    assert seen == [truth, truth, truth, even]
