"""PromQL, rules, Alertmanager and Loki, on series that are given and on the simulated cluster."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from multidict import MultiDict

from tests.unit.sandbox.moving_cluster import Sandbox, simulated
from tests.unit.sandbox.platform_cluster import all_ready, monitoring, ollama, open_webui, postgresql
from wizard.sandbox.clock import micro_stamp
from wizard.sandbox.controllers.programs.base import Request
from wizard.sandbox.controllers.shapes import JOBS, PODS
from wizard.sandbox.telemetry.alertmanager import Alertmanager
from wizard.sandbox.telemetry.evaluate import evaluate
from wizard.sandbox.telemetry.loki import logql
from wizard.sandbox.telemetry.promql import BadQuery, parse
from wizard.sandbox.telemetry.rules import DEFAULT, _filled
from wizard.sandbox.telemetry.series import Database

START = 1000.0


def database() -> Database:
    found = Database()
    for step in range(41):
        when = START + 15 * step
        for pod, rate in (("a", 1.0), ("b", 3.0)):
            found.add("requests_total", {"pod": pod, "ns": "x"}, 15 * step * rate, when)
        found.add("limit", {"pod": "a", "ns": "x", "team": "red"}, 10.0, when)
        found.add("limit", {"pod": "b", "ns": "x", "team": "blue"}, 0.0, when)
        found.add("used", {"pod": "a", "ns": "x"}, 9.0, when)
        found.add("used", {"pod": "b", "ns": "x"}, 1.0, when)
        found.add("resets_total", {}, float(step % 10), when)
    return found


QUERIES: dict[str, object] = {
    "1 + 2 * 3 ^ 2": 19.0,
    "-2 ^ 2": -4.0,
    "7 % 4 == bool 3": 1.0,
    'used{pod="a"}': {"a": 9.0},
    'used{pod=~"a|c"}': {"a": 9.0},
    'used{pod!="a"}': {"b": 1.0},
    "used > 5": {"a": 9.0},
    "used > bool 5": {"a": 1.0, "b": 0.0},
    "10 - used": {"a": 1.0, "b": 9.0},
    "used / (limit > 0)": {},
    "used / on(pod) (limit > 0) > 0.8": {"a": 0.9},
    "used / on(pod) group_left(team) (limit > 0)": {"a": 0.9},
    "used and on(pod) limit == 0": {"b": 1.0},
    "used unless on(pod) limit == 0": {"a": 9.0},
    "rate(requests_total[5m])": {"a": 1.0, "b": 3.0},
    "increase(requests_total[1m])": {"a": 60.0, "b": 180.0},
    "sum(rate(requests_total[5m]))": {"": 4.0},
    "sum by (ns) (used)": {"": 10.0},
    "max without (pod) (used)": {"": 9.0},
    "avg(used)": {"": 5.0},
    "count(used)": {"": 2.0},
    "topk(1, used)": {"a": 9.0},
    "absent(nothing)": {"": 1.0},
    "absent(used)": {},
    "max_over_time(resets_total[5m])": {"": 9.0},
    "clamp_max(used, 5)": {"a": 5.0, "b": 1.0},
    "scalar(sum(used)) + 1": 11.0,
    "used offset 5m": {"a": 9.0, "b": 1.0},
    "vector(1)": {"": 1.0},
    "1 / 0": math.inf,
}


@pytest.mark.parametrize("query", QUERIES)
def test_queries(query: str) -> None:
    value = evaluate(database(), parse(query), START + 600)
    if isinstance(value, list):
        value = {labels.get("pod", ""): pytest.approx(number) for labels, number in value}  # type: ignore[assignment]
    assert value == QUERIES[query]


def test_labels_that_a_join_brings_along() -> None:
    found = evaluate(database(), parse("used * on(pod) group_left(team) (limit > bool -1)"), START + 600)
    assert isinstance(found, list)
    assert {labels["team"] for labels, _ in found} == {"red", "blue"}


def test_a_counter_that_restarts() -> None:
    found = evaluate(database(), parse("increase(resets_total[10m])"), START + 600)
    assert isinstance(found, list) and found[0][1] == pytest.approx(36, abs=2)


@pytest.mark.parametrize("query", ["", "sum(", "used{pod}", "nonsense(used)", "rate(used)", "used[5m]", "used @ x"])
def test_what_is_no_query(query: str) -> None:
    with pytest.raises(BadQuery):
        evaluate(database(), parse(query), START)


def test_the_default_rules_are_sound() -> None:
    for rule in DEFAULT:
        evaluate(database(), parse(str(rule["expr"])), START)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $labels.pod }} at {{ $value | humanizePercentage }}", "a at 87.5%"),
        ('{{ printf "%.1f" $value }}', "0.9"),
        ("{{ unknown }}", "{{ unknown }}"),
    ],
)
def test_templates_of_alerts(text: str, expected: str) -> None:
    assert _filled(text, {"pod": "a"}, 0.875) == expected


@pytest.mark.parametrize(
    ("query", "line", "kept"),
    [
        ('{app="x"}', "anything", True),
        ('{app="x"} |= "err"', "an error", True),
        ('{app="x"} |= "err" != "an"', "an error", False),
        ('{app="x"} |~ "e.+r$"', "an error", True),
        ('{app="x"} !~ `e.+r`', "an error", False),
    ],
)
def test_line_filters(query: str, line: str, kept: bool) -> None:
    assert logql(query).keeps(line) is kept


@pytest.mark.parametrize("query", ["", "{}", 'rate({app="x"}[5m])', '{app="x"} | json'])
def test_what_is_no_logql(query: str) -> None:
    with pytest.raises(BadQuery):
        logql(query)


# On the simulated cluster ---------------------------------------------------------------------------------


class Asking:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    async def get(self, service: str, path: str, method: str = "GET", body: object = None, **query: str) -> Any:
        port = {"prometheus": "9090", "alertmanager": "9093", "loki": "3100"}[service]
        data = json.dumps(body).encode() if body is not None else b""
        status, _, answer = await self.box.moving.proxy("t", "services", service, port, method, path, query, {}, data)
        assert status == 200, answer
        return json.loads(answer) if answer else None

    async def query(self, text: str) -> list[tuple[dict[str, str], float]]:
        found = await self.get("prometheus", "/api/v1/query", query=text)
        return [(each["metric"], float(each["value"][1])) for each in found["data"]["result"]]

    async def alerts(self, **query: str) -> dict[str, dict[str, Any]]:
        found = await self.get("alertmanager", "/api/v2/alerts", **query)
        return {each["labels"]["alertname"]: each for each in found}


@simulated([{"name": "big", "cpu": "16", "memory": "64Gi"}])
async def test_the_alert_fires_because_memory_is_high_for_five_minutes(box: Sandbox) -> None:
    monitoring(box)
    postgresql(box)
    open_webui(box)
    ollama(box)
    await box.until(lambda: all_ready(box, "prometheus", "alertmanager", "loki", "ollama", "open-webui"))
    await box.until(lambda: box.status(JOBS, "pull").get("succeeded"))
    await box.clock.advance(400)
    ask = Asking(box)
    ratio = 'container_memory_working_set_bytes{container="ollama"} / container_spec_memory_limit_bytes'
    ((labels, value),) = await ask.query(ratio)
    assert labels["namespace"] == "t" and 0.02 < value < 0.8
    assert await ask.alerts() == {}

    shown = box.moving.scenario("ollama-memory")
    assert shown["name"] == "ollama-memory" and shown["lesson"]
    began = box.clock.now()
    await box.clock.advance(240)
    (pending,) = (await ask.get("prometheus", "/api/v1/alerts"))["data"]["alerts"]
    assert pending["state"] == "pending"
    assert await ask.alerts() == {}
    while "OllamaMemoryHigh" not in await ask.alerts():
        await box.clock.advance(15)
        assert box.clock.now() - began < 500
    assert 300 <= box.clock.now() - began <= 400
    alert = (await ask.alerts())["OllamaMemoryHigh"]
    assert alert["annotations"]["summary"] == "Ollama memory above 80 % for 5 minutes"
    assert alert["labels"]["pod"].startswith("ollama-") and alert["status"]["state"] == "active"
    groups = (await ask.get("prometheus", "/api/v1/rules"))["data"]["groups"]
    assert "firing" in {rule["state"] for group in groups for rule in group["rules"]}

    matcher = {"name": "alertname", "value": "OllamaMemoryHigh", "isRegex": False, "isEqual": True}
    silence = {"matchers": [matcher], "endsAt": "2030-01-01T00:00:00Z", "createdBy": "me", "comment": "looking"}
    identity = (await ask.get("alertmanager", "/api/v2/silences", "POST", silence))["silenceID"]
    assert (await ask.alerts())["OllamaMemoryHigh"]["status"] == {
        "inhibitedBy": [], "mutedBy": [], "silencedBy": [identity], "state": "suppressed",
    }  # fmt: skip
    assert await ask.alerts(silenced="false") == {}
    assert (await ask.get("alertmanager", "/api/v2/alerts/groups"))[0]["labels"] == {"alertname": "OllamaMemoryHigh"}
    await ask.get("alertmanager", f"/api/v2/silence/{identity}", "DELETE")
    assert (await ask.alerts(filter='alertname="OllamaMemoryHigh"'))["OllamaMemoryHigh"]["status"]["state"] == "active"

    several = MultiDict([("filter", 'alertname="OllamaMemoryHigh"'), ("filter", "namespace=~t|u")])
    path = "/api/v2/alerts"
    for more, count in (("severity!=none", 1), ("namespace=other", 0)):
        query = MultiDict([*several.items(), ("filter", more)])
        _, _, answer = await box.moving.proxy("t", "services", "alertmanager", "9093", "GET", path, query, {}, b"")
        assert len(json.loads(answer)) == count, "all filters count, not only the last"

    box.moving.reset()
    await box.clock.advance(60)
    assert await ask.alerts() == {}

    matrix = await ask.get(
        "prometheus", "/api/v1/query_range", query=ratio, start=str(began - 60), end=str(began + 300), step="30s"
    )
    values = [float(value) for _, value in matrix["data"]["result"][0]["values"]]
    assert len(values) == 13 and values[-1] > 0.8 > values[0]


@simulated([{"name": "big", "cpu": "16", "memory": "64Gi"}])
async def test_logs_over_loki_outlive_their_pod(box: Sandbox) -> None:
    monitoring(box)
    ollama(box)
    await box.until(lambda: box.status(JOBS, "pull").get("succeeded") and all_ready(box, "loki"))
    await box.clock.advance(120)
    ask = Asking(box)
    assert "pod" in (await ask.get("loki", "/loki/api/v1/labels"))["data"]
    query = '{namespace="t", container="pull"} |= "ready"'
    found = (await ask.get("loki", "/loki/api/v1/query_range", query=query, direction="forward"))["data"]["result"]
    assert [line.split(" ", 1)[1] for _, line in found[0]["values"]] == ["qwen3:0.6b: ready", "all 1 models are ready"]
    box.store.delete("batch", "jobs", "t", "pull")
    await box.until(lambda: not any("pull" in name for name in box.names(PODS)))
    again = (await ask.get("loki", "/loki/api/v1/query_range", query=query, direction="forward"))["data"]["result"]
    assert again[0]["values"] == found[0]["values"]
    tail = await ask.get("loki", "/loki/api/v1/tail", query='{container="ollama"}', limit="2")
    assert len(tail["streams"][0]["values"]) == 2


@pytest.mark.parametrize("apart", [0.0, 15_000.0, -15_000.0])
def test_a_silence_from_now_on_begins_now_by_whichever_clock(apart: float) -> None:
    simulated_now = time.time() - apart
    for clock in (simulated_now, time.time()):
        manager = Alertmanager()
        matcher = {"name": "alertname", "value": "A"}
        body = {"matchers": [matcher], "startsAt": micro_stamp(clock), "endsAt": micro_stamp(clock + 3600)}
        request = Request("POST", "/api/v2/silences", body=json.dumps(body).encode())
        assert (answer := manager.answer(request, simulated_now)) is not None and answer.status == 200
        (silence,) = manager.silences.values()
        assert abs(silence.starts - simulated_now) < 5
        assert abs(silence.ends - simulated_now - 3600) < 5
