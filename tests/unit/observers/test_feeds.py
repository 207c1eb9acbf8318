"""Rows of pods, nodes and events, and what one asks of a pod."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.unit.observers.cluster import (
    NAMESPACE,
    Cluster,
    FakeClock,
    forbidden,
    missing,
    pod,
    until,
)
from tests.unit.observers.shapes import CREATED, named, node, watching
from wizard.domain.finding import WizardError
from wizard.domain.live import EventRow, NodeRow, PodRow
from wizard.observers.asks import asks_of
from wizard.observers.describe import duration
from wizard.observers.events import EventFeed, event_row
from wizard.observers.nodes import NodeFeed
from wizard.observers.pods import Asks, PodFeed
from wizard.observers.scope import Scope

# Pods.


def decoded(obj: dict[str, Any], clock: FakeClock | None = None) -> PodRow:
    cluster = Cluster()
    feed = PodFeed(cluster, clock or FakeClock(), Scope(cluster, NAMESPACE))
    return feed.decode(obj["cells"], obj).row


def test_a_row_of_the_table() -> None:
    labels = {"app.kubernetes.io/name": "open-webui", "wizard.dev/tier": "premium"}
    row = decoded(pod("web-0", "chat-acme", uid="u", metadata={"labels": labels}, cells={"Restarts": "3 (5m ago)"}))
    assert row == PodRow(
        "chat-acme", "web-0", "u", "1/1", "Running", 3, 1_000_000.0 - 300, CREATED, "one", "10.0.0.1", "acme",
        "premium", "open-webui",
    )  # fmt: skip


def test_a_pod_that_nobody_placed() -> None:
    row = decoded(pod("web-0", cells={"Node": "<none>", "IP": "<none>", "Restarts": "nonsense"}))
    assert (row.node, row.ip, row.restarts, row.restarted_at, row.tenant) == ("", "", 0, None, "")


def test_hostile_names_are_only_text() -> None:
    row = decoded(pod("a\x1b[2Jb", status="\u202eevil" + "x" * 1000, metadata={"labels": {"app": "[bold]x[/]\n"}}))
    assert row.name == "ab" and row.component == "[bold]x[/] "
    assert row.status.startswith("evilx") and len(row.status) < 300


def test_nothing_at_all_is_a_row_too() -> None:
    cluster = Cluster()
    feed = PodFeed(cluster, FakeClock(), Scope(cluster, NAMESPACE))
    assert feed.decode({}, {}).row.key == "/"


@pytest.mark.parametrize(
    ("containers", "inits", "asks"),
    [
        ([{}], [], Asks()),
        ([{"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}], [],
         Asks(250, None, 2**30, 2 * 2**30)),
        ([{"limits": {"cpu": "1"}}, {}], [], Asks()),
        ([{"requests": {"cpu": "1"}}, {"requests": {"cpu": "2"}}], [{"requests": {"cpu": "500m"}}], Asks(3000)),
        ([{"requests": {"cpu": "1"}}], [{"requests": {"cpu": "4"}}], Asks(4000)),
    ],
)  # fmt: skip
def test_what_a_pod_asks_for(containers: list[Any], inits: list[Any], asks: Asks) -> None:
    spec = {
        "containers": [{"resources": each} for each in containers],
        "initContainers": [{"resources": each} for each in inits],
    }
    assert asks_of({"spec": spec}) == asks


def owned(name: str, owner: str, template: str) -> dict[str, Any]:
    meta = {"ownerReferences": [{"uid": owner, "controller": True}], "labels": {"pod-template-hash": template}}
    found = pod(name, metadata=meta)
    found["spec"] = {"containers": [{"resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Mi"}}}]}
    return found


def counted(asked: list[str], path: str, found: dict[str, Any]) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    def answer(query: Mapping[str, str]) -> dict[str, Any]:
        asked.append(path)
        return found

    return answer


def test_requests_cost_one_pod_of_each_owner() -> None:
    async def main() -> None:
        cluster = Cluster()
        asked: list[str] = []
        for number in range(40):
            found = owned(f"p{number}", f"o{number % 4}", "t")
            cluster.put("pods", found)
            path = f"/api/v1/namespaces/chat/pods/p{number}"
            cluster.documents[path] = counted(asked, path, found)
        watch = watching(cluster)
        await watch.start()
        await until(lambda: len(watch.pods) and all(row.cpu_request == 100 for row in watch.pods.rows()))
        assert len(asked) == 4
        assert {row.memory_limit for row in watch.pods.rows()} == {2**20}
        cluster.put("pods", owned("p99", "o1", "t"))
        await until(lambda: len(watch.pods) == 41)
        assert watch.pods.get("chat-p99").cpu_request == 100  # type: ignore[union-attr]
        assert len(asked) == 4, "its owner is known"
        await watch.stop()

    asyncio.run(main())


# Usage.


def test_usage_from_metrics_server() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.put("pods", pod("a"))
        cluster.put("nodes", node(**{"wizard.dev/tier": "premium"}))
        used = [{"usage": {"cpu": "250m", "memory": "1Gi"}}, {"usage": {"cpu": "100n", "memory": "1Mi"}}]
        base = "/apis/metrics.k8s.io/v1beta1"
        cluster.documents[f"{base}/pods"] = {
            "items": [{"metadata": {"namespace": "chat", "name": "a"}, "containers": used}]
        }
        cluster.documents[f"{base}/nodes"] = {
            "items": [{"metadata": {"name": "one"}, "usage": {"cpu": "1500m", "memory": "2Gi"}}]
        }
        watch = watching(cluster)
        await watch.start()
        await until(lambda: watch.usage.state.live and len(watch.pods) and len(watch.nodes))
        await until(lambda: watch.pods.rows()[0].cpu == 250 and watch.nodes.rows()[0].pods == 1)
        row = watch.pods.rows()[0]
        assert (row.memory, row.tier) == (2**30 + 2**20, "premium")
        assert watch.nodes.rows()[0] == NodeRow(
            "one", "Ready", "", "v1.37.2", CREATED, "premium", 3000, 4 * 2**30, 1500, 2 * 2**30, 1,
            ("MemoryPressure: low memory",),
        )  # fmt: skip
        assert watch.usage.source == "metrics-server"
        await watch.stop()

    asyncio.run(main())


def test_usage_from_prometheus_where_there_is_no_metrics_server() -> None:
    async def main() -> None:
        cluster = Cluster()
        cluster.put("pods", pod("a"))
        cluster.put("services", named("prometheus", "monitoring", 9090, "prometheus"))

        def query(asked: Mapping[str, str]) -> dict[str, Any]:
            text = asked["query"]
            labels = {"namespace": "chat", "pod": "a"} if "namespace" in text else {"node": "one"}
            value = "0.5" if "cpu" in text else "1048576"
            return {"status": "success", "data": {"result": [{"metric": labels, "value": [1, value]}]}}

        cluster.documents["/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query"] = query
        watch = watching(cluster)
        await watch.start()
        await until(lambda: len(watch.pods) and watch.pods.rows()[0].cpu == 500)
        assert watch.pods.rows()[0].memory == 2**20
        assert watch.usage.source == "Prometheus monitoring/prometheus"
        await watch.stop()

    asyncio.run(main())


def test_memory_that_hardly_moves_is_no_change() -> None:
    cluster = Cluster()
    feed = PodFeed(cluster, FakeClock(), Scope(cluster, NAMESPACE))
    obj = pod("a")
    feed.replace("", [feed.decode(obj["cells"], obj)])
    feed.set_usage({("chat", "a"): (10, 10 * 2**20)})
    version = feed.version
    feed.set_usage({("chat", "a"): (10, 10 * 2**20 + 5)})
    assert feed.version == version
    feed.set_usage({("chat", "a"): (11, 10 * 2**20 + 5)})
    assert feed.version > version
    feed.set_usage(None)
    assert feed.rows()[0].cpu is None and feed.rows()[0].memory is None


# Events.


def test_events_of_both_generations() -> None:
    about = {"kind": "Pod", "name": "web-0", "namespace": "chat"}
    meta = {"uid": "u", "namespace": "chat", "creationTimestamp": "2026-11-23T10:00:00Z"}
    counted = {
        "metadata": meta, "involvedObject": about, "type": "Warning", "reason": "BackOff", "count": 7,
        "message": "Back-off\nrestarting \x1b[31mfailed\x1b[0m", "lastTimestamp": "2026-11-23T10:00:00Z",
    }  # fmt: skip
    row = EventRow("u", "chat", CREATED, "Warning", "BackOff", "pod/web-0", "Back-off restarting failed", 7)
    assert event_row(counted) == row
    series = {"count": 9, "lastObservedTime": "2026-11-23T10:00:00.000000Z"}
    assert event_row({**counted, "count": None, "lastTimestamp": None, "series": series}).count == 9
    bare = event_row({"metadata": meta})
    assert (bare.at, bare.count, bare.type, bare.object) == (CREATED, 1, "Normal", "/")


def test_only_the_newest_events_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.observers.events._KEPT", 10)
    monkeypatch.setattr("wizard.observers.events._SLACK", 2)
    feed = EventFeed(Cluster(), FakeClock(), Scope(Cluster(), NAMESPACE))
    feed.replace("", [EventRow(str(n), "chat", float(n), "Normal", "", "", "", 1) for n in range(30)])
    assert {row.at for row in feed.rows()} == set(map(float, range(20, 30)))


# Nodes.


def test_nodes() -> None:
    feed = NodeFeed(Cluster(), FakeClock(), Scope(Cluster(), NAMESPACE))
    obj = node(**{"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "master"})
    obj["spec"]["unschedulable"] = True
    obj["status"]["conditions"] = [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]
    row = feed.decode({}, obj)
    assert (row.status, row.roles) == ("NotReady,SchedulingDisabled", "control-plane,master")
    assert row.conditions == ("Ready: NodeStatusUnknown",)
    assert feed.decode({}, {"metadata": {"name": "x"}}).status == "Unknown"


# What one asks of a pod.


def test_describe_logs_and_delete() -> None:
    async def main() -> None:
        cluster = Cluster()
        watch = watching(cluster)
        obj = pod("web-0")
        row = watch.pods.decode(obj["cells"], obj).row
        path = "/api/v1/namespaces/chat/pods/web-0"
        with pytest.raises(WizardError):
            await watch.describe(row)
        cluster.documents[path] = {
            **obj,
            "spec": {
                "nodeName": "one",
                "containers": [
                    {"name": "web", "image": "x\x1b[0m", "env": [{"name": "TOKEN", "value": "hush"}],
                     "readinessProbe": {"httpGet": {"path": "/health", "port": 8080}}},
                ],
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-0"}}],
            },
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
                "containerStatuses": [
                    {"name": "web", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                     "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137,
                                                  "finishedAt": "2026-11-23T10:00:00Z"}}},
                ],
            },
        }  # fmt: skip
        about = {"kind": "Pod", "name": "web-0", "namespace": "chat"}
        cluster.documents["/api/v1/namespaces/chat/events"] = {
            "items": [{"metadata": {"uid": "e"}, "involvedObject": about, "reason": "BackOff", "message": "again"}]
        }
        text = await watch.describe(row)
        assert "\x1b" not in text and "hush" not in text
        for part in ("waiting: CrashLoopBackOff", "OOMKilled, exit code 137", "TOKEN", "GET /health on port 8080",
                     "ContainersNotReady", "persistentVolumeClaim data-0", "BackOff: again"):  # fmt: skip
            assert part in text
        cluster.documents["/api/v1/namespaces/chat/events"] = forbidden()
        assert "No events" in await watch.describe(row)

        cluster.texts[f"{path}/log"] = lambda query: [b"2026-11-23T10:00:00Z " + query["tailLines"].encode()]
        (line,) = await watch.pod_logs(row, previous=True, tail=7)
        assert (line.text, line.at, line.container) == ("7", CREATED, "web")
        cluster.texts[f"{path}/log"] = lambda query: missing()
        assert await watch.pod_logs(row) == []

        await watch.delete_pod(row)
        method, where, body = cluster.sent[-1]
        assert (method, where) == ("DELETE", path)
        assert body["preconditions"] == {"uid": "chat-web-0"}
        await watch.stop()

    asyncio.run(main())


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (190, "3m10s"), (90000, "1d1h"), (3600, "1h")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
