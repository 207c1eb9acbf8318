"""Every alerting rule by promtool: it fires when it should, and not a moment before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.alerts.conftest import Obj, check, profile, tool
from wizard.catalog.alerts import rule_files
from wizard.planning.alerts import RUNBOOKS, rules

Paths = Callable[..., list[Path]]
CASES: list[Obj] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
PROJECT = Path(__file__).resolve().parents[3]
STEP = "30s"


def alerts(**observability: Any) -> dict[str, Obj]:
    files = rules(profile(**observability), rule_files())
    return {rule["alert"]: rule for file in files.values() for group in file["groups"] for rule in group["rules"]}


def _suite(paths: list[Path], cases: list[Obj], **more: Any) -> Obj:
    return {
        "rule_files": [str(path) for path in paths],
        "evaluation_interval": STEP,
        "tests": [
            {
                "interval": STEP,
                "input_series": [{"series": name, "values": values} for name, values in case["series"].items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{case["alert"]}", alertstate="firing"}})',
                        "eval_time": at,
                        "exp_samples": [{"labels": "{}", "value": 1}] if firing else [],
                    }
                    for key, firing in (("silent", False), ("firing", True))
                    for at in case.get(key, ())
                ],
                **more,
            }
            for case in cases
        ],
    }


def _judged(tmp_path: Path, suite: Obj) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(yaml.safe_dump(suite, sort_keys=False))
    check(tool("promtool"), "test", "rules", str(file))


def test_promtool_takes_the_rules(rule_paths: Paths) -> None:
    said = check(tool("promtool"), "check", "rules", *map(str, rule_paths()))
    assert "SUCCESS" in said and "FAILED" not in said


@pytest.mark.parametrize("case", CASES, ids=[f"{case['alert']}-{number}" for number, case in enumerate(CASES)])
def test_it_fires_when_it_should(case: Obj, rule_paths: Paths, tmp_path: Path) -> None:
    assert case.get("silent") or case.get("firing")
    _judged(tmp_path, _suite(rule_paths(), [case]))


def test_every_rule_has_a_case_where_it_fires_and_one_moment_where_it_does_not() -> None:
    fires = {case["alert"] for case in CASES if case.get("firing")}
    quiet = {case["alert"] for case in CASES if case.get("silent")}
    assert fires == set(alerts())
    assert quiet == set(alerts()) - {"Watchdog"}


@pytest.mark.parametrize(("percent", "wait"), [(50, "90s"), (95, "15m")])
def test_the_profile_says_how_much_and_how_long(percent: int, wait: str, rule_paths: Paths, tmp_path: Path) -> None:
    given = {"ollamaMemoryAlert": {"percent": percent, "for": wait}}
    seconds = {"90s": 90, "15m": 900}[wait]
    series = {
        'container_memory_working_set_bytes{namespace="chat", pod="o", container="ollama"}': f"{percent + 1}x60",
        'container_spec_memory_limit_bytes{namespace="chat", pod="o", container="ollama"}': "100x60",
    }
    case = {
        "alert": "OllamaMemoryHigh",
        "series": series,
        "silent": [f"{seconds - 30}s"],
        "firing": [f"{seconds}s"],
    }
    _judged(tmp_path, _suite(rule_paths(**given), [case]))


def test_what_an_operator_reads(rule_paths: Paths, tmp_path: Path) -> None:
    """Labels and words of the alert, templates filled in."""
    case = CASES[0]
    expected = {
        "exp_labels": {
            "namespace": "chat", "pod": "ollama-1", "container": "ollama", "severity": "warning", "component": "ollama",
        },
        "exp_annotations": {
            "summary": "Ollama memory above 80 % of its limit for more than 5m",
            "description": "chat/ollama-1 uses 80.1% of its memory limit. A larger model or a longer context will not "
            "load, and the kernel kills the server at 100 %. Unload a model, shorten `keepAlive`, choose a smaller "
            "model or context, or raise the limit.",
            "runbook_url": "docs/runbooks/OllamaMemoryHigh.md",
        },
    }  # fmt: skip
    rule_test = [{"eval_time": "8m", "alertname": "OllamaMemoryHigh", "exp_alerts": [expected]}]
    _judged(tmp_path, _suite(rule_paths(), [case], alert_rule_test=rule_test))


@pytest.mark.parametrize("name", sorted(alerts()))
def test_each_says_what_it_means_and_where_to_read_on(name: str) -> None:
    rule = alerts()[name]
    assert rule["labels"]["severity"] in ("none", "info", "warning", "critical")
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url"}
    assert 10 < len(notes["summary"]) <= 110 and not notes["summary"].endswith(".")
    assert notes["description"].endswith(".")
    assert notes["runbook_url"] == f"{RUNBOOKS}/{name}.md"
    page = (PROJECT / notes["runbook_url"]).read_text()
    assert page.startswith(f"# {name}\n")
    for part in ("## What it means", "## What to look at", "## What to do"):
        assert part in page


def test_each_runbook_is_of_a_rule() -> None:
    assert {path.stem for path in (PROJECT / RUNBOOKS).glob("*.md")} == set(alerts())


def test_nothing_is_left_to_fill_in() -> None:
    for rule in alerts().values():
        assert "${" not in str(rule)


def test_rules_about_what_is_not_there_are_left_out() -> None:
    assert "LokiNotIngesting" in alerts()
    assert not {"LokiNotIngesting", "LogsDropped"} & set(alerts(logs={"backend": "none"}))
    external = profile().model_copy(update={"database": profile().database.model_copy(update={"kind": "external"})})
    assert "postgresql" in rules(profile(), rule_files())
    assert "postgresql" not in rules(external, rule_files())
