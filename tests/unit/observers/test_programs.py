"""What programs answer: Alertmanager, Prometheus and Ollama; and where they are found."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.observers.cluster import (
    NAMESPACE,
    Cluster,
    FakeClock,
    RealClock,
    broken,
    busy,
    pod,
    until,
)
from tests.unit.observers.shapes import CREATED, named, service
from wizard.domain.finding import UsageError
from wizard.domain.live import AlertRow
from wizard.observers.alerts import AlertFeed
from wizard.observers.amounts import epoch
from wizard.observers.models import ModelFeed
from wizard.observers.pods import PodFeed
from wizard.observers.scope import Scope
from wizard.observers.services import Program, Services

# Alerts.

ALERTS = "/api/v1/namespaces/chat/services/alertmanager:9093/proxy/api/v2"


def alert(**labels: str) -> dict[str, Any]:
    return {
        "fingerprint": "f1",
        "labels": {"alertname": "PodCrashLooping", "severity": "critical", **labels},
        "annotations": {"summary": "it \x1b[5mcrashes", "description": "again", "runbook_url": "https://x"},
        "startsAt": "2026-11-23T10:00:00Z",
        "status": {"state": "active", "silencedBy": []},
    }


def alerts_of(cluster: Cluster, clock: FakeClock | None = None) -> AlertFeed:
    clock = clock or RealClock()
    return AlertFeed(cluster, cluster, clock, Services(cluster, clock, Scope(cluster, NAMESPACE)))


def test_alerts_and_silences() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.put("services", named("alertmanager", "chat", 9093, "alertmanager"))
        matchers = [
            {"name": "a", "value": "b", "isEqual": True, "isRegex": False},
            {"name": "c", "value": "d", "isEqual": False, "isRegex": True},
        ]
        silences: list[dict[str, Any]] = [
            {"id": "s1", "matchers": matchers, "createdBy": "me", "comment": "known", "endsAt": "2026-11-23T10:00:00Z",
             "status": {"state": "active"}},
            {"id": "s0", "matchers": [], "status": {"state": "expired"}},
        ]  # fmt: skip
        cluster.documents[f"{ALERTS}/alerts"] = [alert(pod="a\nb"), "nonsense"]
        cluster.documents[f"{ALERTS}/silences"] = silences
        feed = alerts_of(cluster)
        await feed.start()
        await until(lambda: feed.state.live)
        (row,) = feed.rows()
        assert row == AlertRow(
            "f1", "PodCrashLooping", "critical", "active", CREATED, "it crashes", "again", "https://x",
            (("alertname", "PodCrashLooping"), ("pod", "a b"), ("severity", "critical")),
        )  # fmt: skip
        (silence,) = feed.silences
        assert (silence.id, silence.by, silence.why, silence.until) == ("s1", "me", "known", CREATED)
        assert silence.matchers == ('a="b"', 'c!~"d"')

        cluster.answer = {"silenceID": "s2"}
        assert await feed.silence(row, "me", "known", 3600) == "s2"
        method, path, body = cluster.sent[-1]
        assert (method, path) == ("POST", f"{ALERTS}/silences")
        assert {each["name"]: each["value"] for each in body["matchers"]}["pod"] == "a\nb", "to the letter"
        assert (epoch(body["endsAt"]) or 0) - (epoch(body["startsAt"]) or 0) == 3600
        silenced = alert(pod="a\nb")
        silenced["status"] = {"state": "suppressed", "silencedBy": ["s2"]}
        cluster.documents[f"{ALERTS}/alerts"] = [silenced]
        await until(lambda: feed.rows()[0].silenced_by == ("s2",))
        assert feed.rows()[0].state == "suppressed"

        cluster.answer = None
        await feed.expire("s2/../x")
        assert cluster.sent[-1][:2] == ("DELETE", f"{ALERTS}/silence/s2%2F..%2Fx")

        cluster.documents[f"{ALERTS}/alerts"] = lambda query: busy()
        await until(lambda: not feed.state.live)
        assert len(feed) == 1, "what was last known stays"
        cluster.documents[f"{ALERTS}/alerts"] = []
        await until(lambda: feed.state.live and not len(feed))
        await feed.stop()

    asyncio.run(main())


def test_a_cluster_without_alertmanager() -> None:
    async def main() -> None:
        feed = alerts_of(Cluster())
        await feed.start()
        await until(lambda: feed.state.unavailable)
        assert feed.state.finding is not None and feed.state.finding.code == "no-alertmanager"
        with pytest.raises(UsageError):
            await feed.expire("x")
        await feed.stop()

    asyncio.run(main())


def test_a_bare_prometheus_shows_what_fires() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.put("services", named("prometheus", "monitoring", 9090, "prometheus"))
        firing = {"labels": {"alertname": "X"}, "annotations": {}, "activeAt": "2026-11-23T10:00:00Z"}
        cluster.documents["/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/alerts"] = {
            "data": {"alerts": [{**firing, "state": "firing"}, {**firing, "state": "pending"}]}
        }
        feed = alerts_of(cluster)
        await feed.start()
        await until(lambda: feed.state.live)
        assert [row.name for row in feed.rows()] == ["X"]
        assert feed.state.finding is not None and "nobody is told" in feed.state.finding.summary
        with pytest.raises(UsageError):
            await feed.silence(feed.rows()[0], "me", "why", 60)
        await feed.stop()

    asyncio.run(main())


# Services.


@pytest.mark.parametrize(
    ("services", "program", "found"),
    [
        ([named("loki-headless", "l", 3100, "loki"), named("loki", "l", 3100, "loki")], Program.LOKI, "l/loki"),
        ([named("prometheus", "x", 9090, "prometheus"), named("prometheus", "chat", 9090, "prometheus")],
         Program.PROMETHEUS, "chat/prometheus"),
        ([named("x", "m", 80, "alertmanager"), named("y", "m", 9093, "alertmanager")], Program.ALERTMANAGER, "m/y"),
    ],
)  # fmt: skip
def test_the_best_service(services: list[Any], program: Program, found: str) -> None:
    async def main() -> None:
        cluster = Cluster()
        for each in services:
            cluster.put("services", each)
        at = await Services(cluster, FakeClock(), Scope(cluster, NAMESPACE)).one(program)
        assert str(at) == found

    asyncio.run(main())


def test_the_stack_of_others_and_names_where_labels_may_not_be_asked() -> None:
    async def main() -> None:
        cluster = Cluster()
        stack = service("kps-kube-prometheus-st-alertmanager", "monitoring", 9093)
        stack["metadata"]["labels"] = {"app": "kube-prometheus-stack-alertmanager"}
        cluster.put("services", stack)
        clock = FakeClock()
        services = Services(cluster, clock, Scope(cluster, NAMESPACE))
        assert str(await services.one(Program.ALERTMANAGER)) == "monitoring/kps-kube-prometheus-st-alertmanager"
        cluster.forbid = {("services", ""), ("services", "wizard-system"), ("namespaces", "")}
        cluster.put("services", service("loki", "chat", 3100))
        assert await services.one(Program.LOKI) is None, "what was found is good for a while"
        services.forget()
        assert str(await services.one(Program.LOKI)) == "chat/loki"

    asyncio.run(main())


# Models.

OLLAMA = "/api/v1/namespaces/chat/services/ollama:11434/proxy/api"


def test_models() -> None:
    async def main() -> None:
        cluster, clock = Cluster(), RealClock()
        cluster.put("services", named("ollama", "chat", 11434, "ollama"))
        details = {"parameter_size": "0.6B", "quantization_level": "Q4_K_M"}
        models = [{"name": "qwen3:0.6b", "size": 500, "details": details}, {"name": "big", "size": 9}, "nonsense"]
        cluster.documents[f"{OLLAMA}/tags"] = {"models": models}
        loaded = {"name": "qwen3:0.6b", "size": 700, "size_vram": 600, "expires_at": "2026-11-23T10:00:00Z"}
        cluster.documents[f"{OLLAMA}/ps"] = {"models": [loaded]}
        scope = Scope(cluster, NAMESPACE)
        pods = PodFeed(cluster, clock, scope)
        feed = ModelFeed(cluster, clock, Services(cluster, clock, scope), pods)
        labels = {"labels": {"app.kubernetes.io/name": "ollama"}}
        cluster.put("pods", pod("ollama-0", metadata=labels))
        await pods.start()
        await until(lambda: len(pods))
        await feed.start()
        await until(lambda: feed.state.live)
        by_name = {row.name: row for row in feed.rows()}
        row = by_name["qwen3:0.6b"]
        assert (row.size, row.parameters, row.quantisation, row.pod) == (500, "0.6B", "Q4_K_M", "ollama-0")
        assert (row.loaded, row.loaded_bytes, row.vram_bytes, row.until) == (True, 700, 600, CREATED)
        assert (by_name["big"].loaded, by_name["big"].until) == (False, None)

        cluster.put("pods", pod("ollama-1", metadata=labels))
        for number, said in enumerate([{"models": []}, {"models": [loaded]}]):
            path = f"/api/v1/namespaces/chat/pods/ollama-{number}:11434/proxy/api/ps"
            cluster.documents[path] = said
        await until(lambda: {row.name: row.pod for row in feed.rows()}["qwen3:0.6b"] == "ollama-1")
        cluster.documents[f"{OLLAMA}/tags"] = broken()
        await until(lambda: not feed.state.live)
        await feed.stop()
        await pods.stop()

    asyncio.run(main())
