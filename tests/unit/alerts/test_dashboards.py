"""Dashboards as code: every query is one that Prometheus and Loki take, on series that are really kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import wizard.sandbox.controllers  # noqa: F401 - first: its telemetry imports back into it
from tests.unit.alerts.conftest import Obj, check, profile, tool
from tests.unit.planning.conftest import plan_of
from wizard.catalog.alerts import rule_files
from wizard.catalog.charts import chart
from wizard.catalog.dashboards import dashboards
from wizard.planning.alerts import rules
from wizard.sandbox.telemetry.loki import logql

BOARDS = dashboards()
MACROS = {
    "$__rate_interval": "5m", "$__auto": "1m", "$__range": "1h", "$__interval": "30s", "$namespace": ".+",
    "$node": ".+", "$app": ".+", "$search": "word",
}  # fmt: skip
DURATION = r"\[(\d+[smhd])\]"
SOURCES = {
    # node-exporter's collectors -> the beginnings of their series' names (its README).
    "cpu": ("node_cpu_",), "diskstats": ("node_disk_",), "filesystem": ("node_filesystem_",), "loadavg": ("node_load",),
    "meminfo": ("node_memory_",), "pressure": ("node_pressure_",), "stat": (), "time": (), "uname": (), "vmstat": (),
}  # fmt: skip


def panels() -> Iterator[tuple[str, Obj]]:
    for uid, board in BOARDS.items():
        for panel in board["panels"]:
            yield f"{uid}: {panel['title']}", panel


def queries(kind: str) -> list[tuple[str, str]]:
    found = []
    for where, panel in panels():
        for target in panel.get("targets", ()):
            if target["datasource"]["type"] == kind:
                text = target["expr"]
                for macro, value in MACROS.items():
                    text = text.replace(macro, value)
                assert "$" not in text, f"{where}: {text}"
                found.append((where, text))
    return found


@pytest.mark.parametrize("uid", sorted(BOARDS))
def test_a_dashboard_is_whole(uid: str) -> None:
    board = BOARDS[uid]
    assert board["uid"] == uid and board["title"] and board["description"] and board["editable"] is False
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, f"{panel['title']} lies upon another"
        taken |= cells
    used = set(re.findall(r"\$(namespace|node|app|search)\b", json.dumps(board["panels"])))
    assert used == {variable["name"] for variable in board["templating"]["list"]}


def test_there_is_one_for_each_matter() -> None:
    assert set(BOARDS) == {"platform", "nodes", "ollama", "open-webui", "postgresql", "logs"}


def test_each_data_source_is_one_that_is_provisioned() -> None:
    component = plan_of(profile()).component("grafana")
    there = {(source["type"], source["uid"]) for source in component.values["datasources"]}
    for where, panel in panels():
        if panel["type"] != "row":
            assert (panel["datasource"]["type"], panel["datasource"]["uid"]) in there, where


def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    """As recording rules: promtool has no command for a single query."""
    made = [{"record": f"query:{number}", "expr": text} for number, (_, text) in enumerate(queries("prometheus"))]
    assert len(made) > 40
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": made}]}))
    said = check(tool("promtool"), "check", "rules", str(file))
    assert f"{len(made)} rules found" in said


_SELECTION = re.compile(r'\{[^{}]*\}(?:\s*(?:\|=|\|~|!=|!~)\s*"(?:[^"\\]|\\.)*")*\s*')


@pytest.mark.parametrize(("where", "text"), queries("loki"))
def test_loki_takes_every_query(where: str, text: str, tmp_path: Path) -> None:
    """No parser of Loki's is at hand: selectors and line filters are judged by the sandbox's own, regular expressions
    by Python's, and what is around them, which is PromQL's grammar, by promtool."""
    selections = _SELECTION.findall(text)
    assert selections, where
    for selection in selections:
        assert logql(selection.strip()).selector.matchers
    if "(" not in _SELECTION.sub("", text):
        assert _SELECTION.fullmatch(text), f"{where}: {text}"
        return
    around = _SELECTION.sub("lines", text).replace("bytes_rate", "rate")
    assert re.search(rf"lines{DURATION}", around), "a metric query has a range"
    file = tmp_path / "query.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "q", "rules": [{"record": "q", "expr": around}]}]}))
    check(tool("promtool"), "check", "rules", str(file))


def asked_for() -> set[str]:
    """Names of all series that rules and dashboards ask for."""
    texts = [text for _, text in queries("prometheus")]
    for file in rules(profile(), rule_files()).values():
        texts += [rule["expr"] for group in file["groups"] for rule in group["rules"]]
    # Without strings, labels in braces, and labels of by (...) and on (...).
    bare = [re.sub(r'"(?:[^"\\]|\\.)*"', "", text) for text in texts]
    bare = [re.sub(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)", "", text) for text in bare]
    return {name for text in bare for name in re.findall(r"\b[a-z]+_[a-z_A-Z0-9]+\b", text)}


def test_what_is_asked_for_is_kept() -> None:
    """A series that the scrape configuration drops, or that an exporter is told not to make, would never show."""
    config = (chart("prometheus").path / "templates" / "_config.tpl").read_text()
    kept = [re.compile(found) for found in re.findall(r"regex: (\S+)\n        action: keep\n", config) if "_" in found]
    dropped = [re.compile(found) for found in re.findall(r"regex: (\S+)\n *action: drop\n", config) if ";" not in found]
    allowed = [re.compile(found) for found in chart("kube-state-metrics").defaults["metrics"]]
    collected = tuple(
        beginning for name in chart("node-exporter").defaults["collectors"] for beginning in SOURCES[name]
    )
    functions = re.compile(r"(max|min|count|sum|avg)_over_time|histogram_quantile|sort_desc")
    names = {name for name in asked_for() if not functions.fullmatch(name)}
    assert len(names) > 35
    for name in sorted(names):
        if name.startswith("kube_"):
            assert any(pattern.fullmatch(name) for pattern in allowed), f"kube-state-metrics does not make {name}"
        elif name.startswith("node_"):
            assert name.startswith(collected), f"node-exporter does not collect {name}"
        elif name.startswith(("container_", "kubelet_", "traefik_", "certmanager_")):
            assert any(pattern.fullmatch(name) for pattern in kept), f"{name} is not kept"
        elif name.startswith(("loki_", "alertmanager_", "prometheus_")):
            assert not any(pattern.fullmatch(name) for pattern in dropped), f"{name} is dropped"
        else:
            raise AssertionError(f"nobody is known to make {name}")


def test_panels_on_logs_go_with_the_logs() -> None:
    values = plan_of(profile(logs={"backend": "none"})).component("grafana").values
    assert set(values["dashboards"]) == set(BOARDS) - {"logs"}
    assert not any('"type":"loki"' in text for text in values["dashboards"].values())
    assert {source["type"] for source in values["datasources"]} == {"prometheus", "alertmanager"}
    assert {component.name for component in plan_of(profile(logs={"backend": "none"})).components} == {
        "postgresql", "ollama", "open-webui", "prometheus", "alertmanager", "grafana", "node-exporter",
        "kube-state-metrics",
    }  # fmt: skip


def test_they_fit_a_config_map() -> None:
    values = plan_of(profile()).component("grafana").values
    assert sum(map(len, values["dashboards"].values())) < 500_000, "a ConfigMap holds 1 MiB, and so does Helm's Secret"
    assert values["homeDashboard"] in values["dashboards"]
