"""All feeds on a running sandbox, over HTTP: what they show is what is there, whatever its scenarios break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from wizard.adapters.clock import SystemClock
from wizard.adapters.kube_access import load
from wizard.adapters.kube_live import QuickLive
from wizard.domain.live import LogSelection
from wizard.observers.watch import Watch, WatchPorts
from wizard.ports import PODS, NotFound
from wizard.sandbox import manager

NS = "chat"
PROGRAMS = {
    "prometheus": ("docker.io/prom/prometheus:v3.8.1", 9090),
    "alertmanager": ("docker.io/prom/alertmanager:v0.30.0", 9093),
    "loki": ("docker.io/grafana/loki:3.6.3", 3100),
    "ollama": ("docker.io/ollama/ollama:0.32.15", 11434),
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[manager.Running]:
    state = tmp_path_factory.mktemp("sandbox")
    yield manager.up(state, options=manager.UpOptions(speed=20.0, seed=1))
    manager.down(state)


def client(sandbox: manager.Running) -> QuickLive:
    access = load(Path(sandbox.kubeconfig), None)
    assert access is not None
    return QuickLive(access)


@asynccontextmanager
async def watching(sandbox: manager.Running) -> AsyncIterator[tuple[Watch, QuickLive]]:
    live = client(sandbox)
    watch = Watch(WatchPorts(live, live, SystemClock(), live.close), NS)
    await watch.start()
    try:
        yield watch, live
    finally:
        await watch.stop()


async def eventually(check: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Feeds are looked at, as a screen does it."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                if check():
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen in {seconds:g} s") from None


async def deploy(live: QuickLive, name: str, image: str, port: int, replicas: int = 1, ns: str = NS) -> None:
    labels = {"app.kubernetes.io/name": name}
    resources = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}}
    container = {"name": name, "image": image, "ports": [{"containerPort": port}], "resources": resources}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    body: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    await live.send("POST", f"/apis/apps/v1/namespaces/{ns}/deployments", body)
    ports = [{"name": "http", "port": port, "targetPort": port}]
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels},
        "spec": {"selector": labels, "ports": ports},
    }  # fmt: skip
    await live.send("POST", f"/api/v1/namespaces/{ns}/services", service)


async def namespace(live: QuickLive, name: str) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await live.send("POST", "/api/v1/namespaces", body)


async def listed(watch: Watch, live: QuickLive) -> set[tuple[str, str, str]]:
    found = await live.listed(PODS, "", watch.pods.decode)
    return {(seen.row.uid, seen.row.name, seen.row.status) for seen in found.rows}


def shown(watch: Watch) -> set[tuple[str, str, str]]:
    return {(row.uid, row.name, row.status) for row in watch.pods.rows()}


def test_every_feed(sandbox: manager.Running) -> None:
    async def main() -> None:
        async with watching(sandbox) as (watch, live):
            await namespace(live, NS)
            for name, (image, port) in PROGRAMS.items():
                await deploy(live, name, image, port)
            await eventually(
                lambda: sum(row.ready == "1/1" for row in watch.pods.rows() if row.namespace == NS) == len(PROGRAMS),
                "all pods to be ready",
            )
            for feed in (watch.pods, watch.nodes, watch.events):
                assert feed.state.live and feed.state.finding is None
            row = next(row for row in watch.pods.rows() if row.component == "ollama")
            assert row.node and row.ip and row.status == "Running"
            await eventually(lambda: _pod(watch, row.uid).memory_limit == 512 * 2**20, "limits")
            await eventually(lambda: watch.nodes.rows()[0].pods, "pods to be counted")
            assert any(each.object == f"pod/{row.name}" for each in watch.events.rows())
            for polled in (watch.alerts, watch.models):
                polled.nudge()
            await eventually(lambda: watch.alerts.state.live and watch.models.state.live, "programs to answer", 60)
            await eventually(lambda: _pod(watch, row.uid).memory, "something to measure memory", 90)
            assert _pod(watch, row.uid).cpu is not None
            assert "Container ollama" in await watch.describe(row)
            said = await watch.pod_logs(row)
            assert any("Listening on" in line.text for line in said)
            # Every line has its time, by the cluster's own clock, which runs ahead of or behind ours.
            times = [line.at for line in said]
            assert all(at is not None and row.created - 5 <= at <= watch.now() + 60 for at in times)

            chosen = ((NS, row.name),)
            for source in ("pods", "loki"):
                logs = watch.logs(LogSelection(pods=chosen, source=source))
                await logs.start()
                await eventually(lambda logs=logs: logs.received, f"lines by {source}")  # type: ignore[misc]
                assert logs.state.live and logs.dropped == 0
                await eventually(lambda logs=logs: any("Listening" in x.text for x in logs.take()), "its first words")  # type: ignore[misc]
                await logs.stop()

            await watch.delete_pod(row)
            await eventually(lambda: watch.pods.get(row.uid) is None, "the pod to go")
            await eventually(lambda: any(each.component == "ollama" for each in watch.pods.rows()), "another to come")
            with pytest.raises(NotFound):
                await watch.describe(row)

    asyncio.run(main())


def _pod(watch: Watch, uid: str) -> Any:
    return watch.pods.get(uid)


@pytest.mark.parametrize("scenario", ["api-watches-end", "api-dropped", "api-errors"])
def test_what_scenarios_break_is_caught_up_with(sandbox: manager.Running, scenario: str) -> None:
    async def main() -> None:
        ns = f"chat-{scenario}"
        async with watching(sandbox) as (watch, live):
            await eventually(lambda: watch.pods.state.live, "pods")
            await namespace(live, ns)
            manager.tell(sandbox, f"scenario/{scenario}")
            try:
                for number in range(6):
                    await _insist(lambda number=number: deploy(live, f"web-{number}", "sound:1", 80, 2, ns))  # type: ignore[misc]
                    await asyncio.sleep(0.3)
            finally:
                manager.tell(sandbox, "reset")
            await eventually(
                lambda: sum(row.namespace == ns and row.ready == "1/1" for row in watch.pods.rows()) == 12,
                "twelve pods",
                60,
            )
            assert {row.tenant for row in watch.pods.rows() if row.namespace == ns} == {scenario}
            await live.send("DELETE", f"/api/v1/namespaces/{ns}")
            await eventually(lambda: not any(row.namespace == ns for row in watch.pods.rows()), "all to go", 60)
            await eventually(lambda: watch.pods.state.live, "sight")
            assert shown(watch) == await listed(watch, live)

    asyncio.run(main())


async def _insist(work: Callable[[], Any]) -> None:
    """Through the scenario's own refusals: what was made before one is there already."""
    from wizard.ports import Conflict, KubeError

    for _ in range(50):
        try:
            await work()
        except Conflict:
            return
        except KubeError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError("refused fifty times")
