"""What this version does not deploy says so, before anything is touched; what it deploys is not complained about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.planning.conftest import Obj, plan_of, profile, shipped
from wizard.domain.finding import Severity
from wizard.planning.coverage import gaps, undeployable
from wizard.planning.diff import make_plan
from wizard.planning.observed import Observed

QUIET: Obj = {"observability": {"enabled": False}}
PREMIUM: Obj = {"tiers": {"premium": {"gpu": {"count": 1, "memory": "24Gi"}}}}
ERRORS: list[tuple[Obj, str]] = [
    ({"tenants": [{"name": "acme"}]}, "tenants"),
    ({"footprint": "full"}, "footprint"),
    ({"footprint": "full", "database": {"internal": {"instances": 3}}}, "database.internal.instances"),
    (PREMIUM, "tiers.premium"),
    ({"chat": {"replicas": 2}}, "chat.replicas"),
    ({"chat": {"maxReplicas": 2}}, "chat.replicas"),
    ({"chat": {"enabled": False}}, "chat.enabled"),
    ({"backup": {"enabled": True}}, "backup.enabled"),
    ({"access": {"domain": "example.com", "routes": "gateway"}}, "access.routes"),
    ({"components": {"ollama": {"enabled": False}}}, "components.ollama.enabled"),
    ({"components": {"open-webui": {"enabled": False}}}, "components.open-webui.enabled"),
    ({"components": {"postgresql": {"enabled": False}}}, "components.postgresql.enabled"),
    ({"observability": {"enabled": True}, "components": {"loki": {"enabled": False}}}, "components.loki.enabled"),
]
LATER: list[tuple[Obj, str]] = [
    ({"access": {"domain": "example.com"}}, "certificates by own-ca (the ingress serves its own until then)"),
    ({"models": [{"name": "qwen3:0.6b", "warm": True}]}, "loading models before the first question"),
    ({"security": {"podSecurity": "baseline"}}, "Pod Security baseline (restricted is enforced)"),
    ({"components": {"valkey": {"enabled": True}}}, "component valkey"),
]
NEITHER: list[Obj] = [
    {},
    {"database": {"kind": "external", "external": {"host": "db"}}},
    {"database": {"kind": "external", "external": {"host": "db"}}, "components": {"postgresql": {"enabled": False}}},
    {"components": {"ollama": {"enabled": True}, "valkey": {"enabled": False}}},
    {"access": {"domain": "example.com", "tls": {"issuer": "none"}}},
    {"access": {"domain": "example.com", "tls": {"issuer": "cluster-issuer", "issuerName": "x"}}},
    {"access": {"domain": "example.com", "ingress": False, "routes": "gateway"}},
    {"chat": {"enabled": True}},
    {"observability": {"enabled": True}},
    {"observability": {"enabled": True, "logs": {"backend": "none"}}},
    {"observability": {"enabled": True}, "components": {"grafana": {"enabled": True}}},
    {"models": [{"name": "qwen3:0.6b", "warm": False}]},
]


def made(given: Obj) -> Any:
    return profile(**{**QUIET, **given})


@pytest.mark.parametrize(("given", "path"), ERRORS, ids=[f"{path} {number}" for number, (_, path) in enumerate(ERRORS)])
def test_what_would_break_a_promise_is_an_error(given: Obj, path: str) -> None:
    findings = gaps(made(given))
    (finding,) = [finding for finding in findings if finding.where.path == path]
    assert finding.severity is Severity.ERROR
    assert finding.code == "not-in-this-version"
    assert finding.hint and f"`{path}`" in finding.detail
    blocked = make_plan(plan_of(made(given)), Observed(), profile={}, budget={}).blocked
    assert finding in blocked  # and so nothing is applied


@pytest.mark.parametrize(("given", "words"), LATER, ids=[words for _, words in LATER])
def test_what_is_left_out_is_said_once(given: Obj, words: str) -> None:
    (finding,) = gaps(made(given))
    assert finding.severity is Severity.INFO
    assert finding.summary == f"left out by this version: {words}"


@pytest.mark.parametrize("given", NEITHER, ids=range(len(NEITHER)))
def test_what_is_deployed_is_not_complained_about(given: Obj) -> None:
    assert gaps(made(given)) == ()


def test_several_things_left_out_are_one_finding() -> None:
    (finding,) = gaps(profile(access={"domain": "example.com"}, security={"podSecurity": "baseline"}))
    assert finding.summary.count(";") == 1


@pytest.mark.parametrize(
    ("name", "changes", "target"),
    [
        ("cluster", {}, None),
        ("k3s-4gb", {}, None),
        ("prod", {}, "target aws"),
        ("demo", {}, None),
        ("prod", {"sandbox": True}, "target sandbox"),
        ("cluster", {"sandbox": True}, "target sandbox"),
        ("k3s-4gb", {"target": {"kind": "cluster"}}, None),
    ],
)
def test_targets(name: str, changes: Obj, target: str | None) -> None:
    finding = undeployable(shipped(name, **changes))
    if target is None:
        assert finding is None
    else:
        assert finding is not None
        assert finding.summary.startswith(target + ":") and finding.severity is Severity.ERROR
        assert finding.where.path == "target.kind" and "--plan" in finding.hint


def test_aurora() -> None:
    assert "database.kind" in {finding.where.path for finding in gaps(shipped("prod"))}


def test_each_path_is_one_of_the_profile() -> None:
    """A hint that names a key which does not exist sends the operator looking."""
    import json

    schema = json.loads((Path(__file__).resolve().parents[3] / "assets/schema/profile.schema.json").read_text())
    for _, path in ERRORS:
        at = schema
        for part in path.split("."):
            while "$ref" in at or "anyOf" in at:
                at = schema["$defs"][at["$ref"].split("/")[-1]] if "$ref" in at else next(
                    option for option in at["anyOf"] if option.get("type") != "null")  # fmt: skip
            at = at["properties"][part] if part in at.get("properties", {}) else at["additionalProperties"]
