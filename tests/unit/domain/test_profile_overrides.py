"""`--set a.b=c`."""

from __future__ import annotations

from typing import Any

import pytest

from wizard.domain.finding import Finding, UsageError
from wizard.domain.profile import parse_profile, to_data

TEXT = """\
name: chat
target: {kind: k3s, k3s: {host: server.example.com}}
access: {domain: example.com}
models:
  - qwen3
  - {name: llama3}
tenants:
  - name: acme
  - name: globex
"""


def with_set(*overrides: str) -> dict[str, Any]:
    return to_data(parse_profile(TEXT, file="p.yaml", overrides=overrides))


def findings_of(*overrides: str) -> tuple[Finding, ...]:
    with pytest.raises(UsageError) as caught:
        parse_profile(TEXT, file="p.yaml", overrides=overrides)
    return caught.value.findings


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("target.kind=cluster", ("target", "kind"), "cluster"),
        ("sandbox=true", ("sandbox",), True),
        ("tiers.standard.max=9", ("tiers", "standard", "max"), 9),
        ("tiers.standard.spotShare=0.5", ("tiers", "standard", "spotShare"), 0.5),
        ("tiers.standard.instanceTypes=[m5.large, m5a.large]",
         ("tiers", "standard", "instanceTypes", 1), "m5a.large"),
        ("tiers.premium={gpu: {count: 2}}", ("tiers", "premium", "gpu", "count"), 2),
        ("models[0]=gemma3", ("models", 0), "gemma3"),
        ("models.0=gemma3", ("models", 0), "gemma3"),
        ("models[2]=gemma3", ("models", 2), "gemma3"),
        ("models[0].default=true", ("models", 0), {"name": "qwen3", "default": True}),
        ("models.llama3.warm=true", ("models", 1), {"name": "llama3", "warm": True}),
        ("models.qwen3.warm=true", ("models", 0), {"name": "qwen3", "warm": True}),
        ("tenants.globex.quota.cpu=2", ("tenants", 1, "quota", "cpu"), "2"),
        ("tenants[1].quota={memory: 4Gi}", ("tenants", 1, "quota", "memory"), "4Gi"),
        ("tenants[2].name=initech", ("tenants", 2, "name"), "initech"),
        # Where text is expected, what is unquoted is taken as it stands.
        ("chat.title=2026", ("chat", "title"), "2026"),
        ("admin.name=no", ("admin", "name"), "no"),
        ("database.internal.version=16", ("database", "internal", "version"), "16"),
        ("target.aws={region: eu-west-1}", ("target", "aws", "region"), "eu-west-1"),
        ("chat.title=a=b", ("chat", "title"), "a=b"),
        ("chat.title='a: b'", ("chat", "title"), "a: b"),
        (r"tiers.standard.nodeSelector.kubernetes\.io/os=linux",
         ("tiers", "standard", "nodeSelector", "kubernetes.io/os"), "linux"),
        ("components.loki.values.a.b=[1, {c: null}]",
         ("components", "loki", "values", "a", "b", 1, "c"), None),
    ],
)  # fmt: skip
def test_a_value_is_set(override: str, path: tuple[str | int, ...], value: Any) -> None:
    at: Any = with_set(override)
    for part in path:
        at = at[part]
    assert at == value


def test_an_empty_value_unsets() -> None:
    assert "access" not in with_set("access.domain=")
    assert "tenants" not in with_set("tenants=")


def test_later_ones_win_and_build_on_earlier_ones() -> None:
    data = with_set(
        "tiers.standard.max=7",
        "tiers.standard.max=8",
        "target.aws.region=eu-west-1",
        "target.aws.zones=2",
        "target.aws.eksVersion=1.34",
    )
    assert data["tiers"]["standard"]["max"] == 8
    assert data["target"]["aws"] == {"region": "eu-west-1", "zones": 2, "eksVersion": "1.34"}


@pytest.mark.parametrize(
    ("override", "code", "path", "says"),
    [
        ("target.kind", "profile-override", None, "PATH=VALUE"),
        ("=x", "profile-override", None, "PATH=VALUE"),
        ("a[x]=1", "profile-override", None, "not a path"),
        ("a..b=1", "profile-override", None, "not a path"),
        ("[0]=1", "profile-override", None, "not a path"),
        ("a[=1", "profile-override", None, "not a path"),
        (".".join("a" * 100) + "=1", "profile-override", None, "deeper"),
        ("models[7]=x", "profile-override", "models", "2 items"),
        ("tenants.acmo.tier=premium", "profile-override", "tenants", "there are: acme, globex"),
        ("name.x=1", "profile-override", "name", "single value"),
        ("target.kindd=aws", "profile-unknown-key", "target.kindd", "`kind`"),
        ("acces.domain=x.org", "profile-unknown-key", "acces", "`access`"),
        ("domain=x.org", "profile-unknown-key", "domain", "`access.domain`"),
        ("components.lokii.enabled=true", "profile-unknown-key", "components.lokii", "`loki`"),
        ("target.kind=awss", "profile-choice", "target.kind", "did you mean 'aws'?"),
        ("tiers.standard.max=many", "profile-type", "tiers.standard.max", "whole number"),
        ("tiers.standard.max='9'", "profile-type", "tiers.standard.max", "whole number"),
        ("tenants[1].tier=premium", "profile-reference", "tenants[1].tier", "no tier"),
        ("target.sandbox.speed=[1", "profile-yaml", "target.sandbox.speed", "not valid YAML"),
        ("access={domain: a.org, domain: b.org}", "profile-duplicate-key", "access", "twice"),
        ("chat.title=*x", "profile-alias", "chat.title", "alias"),
        ("database.external.port=1", "profile-missing", "database.external.host", "is missing"),
        ("admin.email=\x1b[31m", "profile-encoding", "admin.email", "U+001B"),
    ],
)
def test_a_wrong_override(override: str, code: str, path: str | None, says: str) -> None:
    (finding,) = findings_of(override)
    assert (finding.code, finding.where.file, finding.where.line) == (code, "--set", None)
    assert finding.where.path == path
    assert says in f"{finding.summary} {finding.hint} {finding.detail}"


def test_the_value_of_a_malformed_override_is_not_repeated() -> None:
    for override in ("a[=hunter2", "nosuch=hunter2", "observability.receivers={secret: hunter2!}"):
        for finding in findings_of(override):
            assert "hunter2" not in str(finding.as_dict())


def test_findings_of_the_file_come_first_and_keep_their_line() -> None:
    with pytest.raises(UsageError) as caught:
        parse_profile("footprint: x\n" + TEXT, file="p.yaml", overrides=["bogus=1", "nonsense"])
    found = [(finding.where.file, finding.where.line) for finding in caught.value.findings]
    assert found == [("p.yaml", 1), ("--set", None), ("--set", None)]
    assert caught.value.findings[0].where.path == "footprint"


def test_a_mistake_that_an_override_brings_out_is_at_the_override() -> None:
    (finding,) = findings_of("target.kind=aws")
    assert (finding.where.path, finding.code) == ("target.aws", "profile-missing")


def test_an_override_mends_what_the_file_has_wrong() -> None:
    profile = parse_profile("name: A\ntarget: {kind: x}\n", file="p", overrides=["name=a", "target.kind=cluster"])
    assert (profile.name, profile.target.kind) == ("a", "cluster")


def test_overrides_alone_make_a_profile_of_an_empty_file() -> None:
    assert parse_profile("", file="p", overrides=["name=a", "target.kind=sandbox"]).simulated
