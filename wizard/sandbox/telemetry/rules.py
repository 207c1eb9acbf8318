"""Alerting rules: where they come from, and Prometheus' rule manager (rules/alerting.go) that evaluates them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from wizard.sandbox.clock import micro_stamp
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import CONFIG_MAPS, Obj
from wizard.sandbox.telemetry.evaluate import vector
from wizard.sandbox.telemetry.promql import BadQuery, Expr, parse, seconds
from wizard.sandbox.telemetry.series import NAME, Database, Labels

PROMETHEUS_RULES = ("monitoring.coreos.com", "prometheusrules")

# What is evaluated where the Prometheus that runs has brought no rules of its own.
DEFAULT: tuple[Mapping[str, Any], ...] = (
    {
        "alert": "OllamaMemoryHigh",
        "expr": 'container_memory_working_set_bytes{container="ollama"} '
        '/ (container_spec_memory_limit_bytes{container="ollama"} > 0) > 0.8',
        "for": "5m",
        "labels": {"severity": "warning", "component": "ollama"},
        "annotations": {
            "summary": "Ollama memory above 80 % for 5 minutes",
            "description": "{{ $labels.namespace }}/{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its "
            "memory limit. Unload a model, choose a smaller one, or raise the limit.",
        },
    },
    {
        "alert": "PodCrashLooping",
        "expr": 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1',
        "for": "2m",
        "labels": {"severity": "critical"},
        "annotations": {"summary": "{{ $labels.namespace }}/{{ $labels.pod }} crashes again and again"},
    },
    {
        "alert": "ImagePullFailing",
        "expr": 'kube_pod_container_status_waiting_reason{reason=~"ErrImagePull|ImagePullBackOff"} >= 1',
        "for": "2m",
        "labels": {"severity": "critical"},
        "annotations": {"summary": "{{ $labels.namespace }}/{{ $labels.pod }}: its image cannot be pulled"},
    },
    {
        "alert": "ContainerOutOfMemory",
        "expr": "increase(kube_pod_container_status_restarts_total[10m]) > 0 and on (namespace, pod, container) "
        'kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}',
        "labels": {"severity": "critical"},
        "annotations": {"summary": "{{ $labels.namespace }}/{{ $labels.pod }} was killed for memory"},
    },
    {
        "alert": "NodeNotReady",
        "expr": 'kube_node_status_condition{condition="Ready",status="true"} == 0',
        "for": "1m",
        "labels": {"severity": "critical"},
        "annotations": {"summary": "Node {{ $labels.node }} is not ready"},
    },
    {
        "alert": "NodeDiskFilling",
        "expr": "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.15",
        "for": "1m",
        "labels": {"severity": "warning"},
        "annotations": {"summary": "Node {{ $labels.node }} has {{ $value | humanizePercentage }} of its disk left"},
    },
    {
        "alert": "VolumeFull",
        "expr": "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.05",
        "for": "1m",
        "labels": {"severity": "critical"},
        "annotations": {"summary": "Claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is full"},
    },
)


@dataclass(slots=True)
class Alert:
    """One instance of a rule: pending until its `for` has passed, then firing."""

    labels: dict[str, str]
    annotations: dict[str, str]
    value: float
    since: float
    firing: bool = False

    def shown(self) -> Obj:
        """As /api/v1/alerts has it."""
        return {
            "labels": self.labels,
            "annotations": self.annotations,
            "state": "firing" if self.firing else "pending",
            "activeAt": micro_stamp(self.since),
            "value": f"{self.value:e}",
        }


@dataclass(slots=True)
class Rule:
    name: str
    text: str
    expr: Expr | None
    wait: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    group: str
    active: dict[Labels, Alert] = field(default_factory=dict)
    error: str = ""
    record: bool = False

    def evaluate(self, database: Database, now: float) -> None:
        if self.expr is None:
            return
        try:
            found = vector(database, self.expr, now)
            self.error = ""
        except BadQuery as problem:
            self.error = str(problem)
            return
        if self.record:
            for labels, value in found:
                database.add(self.name, {**{k: v for k, v in labels.items() if k != NAME}, **self.labels}, value, now)
            return
        before, self.active = self.active, {}
        for labels, value in found:
            bare = {key: each for key, each in labels.items() if key != NAME}
            own = {key: _filled(text, bare, value) for key, text in self.labels.items()}
            whole = {**bare, **own, "alertname": self.name}
            key = tuple(sorted(whole.items()))
            alert = before.get(key) or Alert(whole, {}, value, now)
            alert.value = value
            alert.annotations = {key: _filled(text, bare, value) for key, text in self.annotations.items()}
            alert.firing = alert.firing or now - alert.since >= self.wait
            self.active[key] = alert

    def shown(self) -> Obj:
        """As /api/v1/rules has it."""
        states = [alert.firing for alert in self.active.values()]
        body: Obj = {
            "name": self.name,
            "query": self.text,
            "labels": dict(self.labels),
            "health": "err" if self.error else "ok",
            "type": "recording" if self.record else "alerting",
        }
        if self.error:
            body["lastError"] = self.error
        if not self.record:
            body |= {
                "state": "firing" if any(states) else "pending" if states else "inactive",
                "duration": self.wait,
                "annotations": dict(self.annotations),
                "alerts": [alert.shown() for alert in self.active.values()],
            }
        return body


class Rules:
    """The rules in force; those that stay the same keep their alerts when others change."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.rules: dict[tuple[str, str, str], Rule] = {}

    def refresh(self, namespace: str, volumes: Iterable[Obj]) -> None:
        """From ConfigMaps that the Prometheus pod mounts and from PrometheusRule objects, else the defaults."""
        found: list[tuple[str, Mapping[str, Any]]] = []
        for volume in volumes:
            name = (volume.get("configMap") or {}).get("name")
            config = self._cluster.get(CONFIG_MAPS, namespace, name) if name else None
            for key, text in ((config or {}).get("data") or {}).items():
                if key.endswith((".yml", ".yaml", ".rules")) and "groups:" in text:
                    found += _groups(text)
        for each in self._cluster.objects(PROMETHEUS_RULES):
            for group in each["spec"].get("groups") or ():
                found += [(group["name"], rule) for rule in group.get("rules") or ()]
        fresh: dict[tuple[str, str, str], Rule] = {}
        for group, rule in found or [("wizard", rule) for rule in DEFAULT]:
            name = str(rule.get("alert") or rule.get("record"))
            key = (group, name, str(rule["expr"]))
            fresh[key] = self.rules.get(key) or _rule(group, name, rule)
        self.rules = fresh

    def evaluate(self, database: Database, now: float) -> None:
        for rule in self.rules.values():
            rule.evaluate(database, now)

    def alerts(self) -> list[Alert]:
        return [alert for rule in self.rules.values() for alert in rule.active.values()]

    def shown(self) -> list[Obj]:
        groups: dict[str, list[Obj]] = {}
        for rule in self.rules.values():
            groups.setdefault(rule.group, []).append(rule.shown())
        return [
            {"name": name, "file": f"/etc/prometheus/rules/{name}.yaml", "interval": 15, "limit": 0, "rules": rules}
            for name, rules in groups.items()
        ]


def _groups(text: str) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        body = yaml.safe_load(text)
    except yaml.YAMLError:
        return []
    groups = body.get("groups") or () if isinstance(body, dict) else ()
    return [(str(group["name"]), rule) for group in groups for rule in group.get("rules") or ()]


def _rule(group: str, name: str, rule: Mapping[str, Any]) -> Rule:
    text = str(rule["expr"])
    expr, error = None, ""
    try:
        expr = parse(text)
    except BadQuery as problem:
        error = str(problem)
    labels, notes = rule.get("labels") or {}, rule.get("annotations") or {}
    wait = seconds(str(rule.get("for") or "0s"))
    return Rule(name, text, expr, wait, labels, notes, group, error=error, record="record" in rule)


def _filled(text: str, labels: Mapping[str, str], value: float) -> str:
    """The two things that alert texts do with templates: name a label, and show the value."""

    def one(match: re.Match[str]) -> str:
        inside = match[1].strip()
        if found := re.fullmatch(r"\$labels\.(\w+)", inside):
            return labels.get(found[1], "")
        if "$value" in inside:
            if "humanizePercentage" in inside:
                return f"{value * 100:.4g}%"
            if "humanize" in inside:
                return _humanized(value)
            if shape := re.search(r'printf "%\.(\d)f"', inside):
                return f"{value:.{shape[1]}f}"
            return f"{value:.6g}"
        return match[0]

    return re.sub(r"\{\{-?\s*(.*?)\s*-?\}\}", one, str(text))


def _humanized(value: float) -> str:
    for size, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{suffix}"
    return f"{value:.4g}"
