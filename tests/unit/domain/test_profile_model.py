"""What a profile means: defaults of a short one, derived names, immutability."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from wizard.domain.finding import UsageError
from wizard.domain.profile import (
    Access,
    Admin,
    K3sTarget,
    Model,
    PremiumTier,
    Profile,
    Target,
    Tenant,
    Tier,
    Tiers,
    cpu_millis,
    duration_seconds,
    full_model_name,
    parse_profile,
    show_path,
    size_bytes,
)

ROOT = Path(__file__).parents[3]
SIX_LINES = """\
name: chat
target:
  kind: cluster
access:
  domain: example.com
models: [qwen3:0.6b]
"""


def test_six_lines_are_enough() -> None:
    profile = parse_profile(SIX_LINES, file="p.yaml")
    assert profile.namespace == "chat"
    assert profile.footprint == "lean"
    assert (profile.chat_host, profile.monitor_host) == ("chat.example.com", "monitor.example.com")
    assert profile.admin_email == "admin@example.com"
    assert profile.access.tls.issuer == "own-ca"
    assert profile.access.ingress_class == "traefik"
    assert profile.database.kind == "internal"
    assert profile.database.internal.storage == "5Gi"
    assert [model.name for model in profile.models] == ["qwen3:0.6b"]
    assert profile.default_model == profile.models[0]
    assert list(profile.tiers.present()) == ["standard"]
    assert profile.tiers.standard.spot_share == 0.7
    alert = profile.observability.ollama_memory_alert
    assert (alert.percent, alert.for_) == (80, "5m")
    assert profile.shared_chat
    assert profile.exposed
    assert not profile.simulated


def test_a_profile_without_a_domain_is_reached_by_port_forward() -> None:
    profile = parse_profile("name: a\ntarget: {kind: cluster}\n", file="p.yaml")
    assert not profile.exposed
    assert (profile.chat_host, profile.monitor_host) == (None, None)
    assert profile.admin_email == "admin@localhost"
    assert profile.default_model is None


def test_a_profile_in_python() -> None:
    profile = Profile(
        name="x",
        target=Target(kind="k3s", k3s=K3sTarget(host="10.0.0.1", user="ubuntu")),
        access=Access(domain="example.com", chat="ai.example.com"),
        admin=Admin(email="me@example.com"),
        tiers=Tiers(standard=Tier(max=3)),
        models=(Model(name="a"), Model(name="b:1", default=True, tiers=("standard",))),
        tenants=(Tenant(name="acme"), Tenant(name="globex", models=("a:latest",), host="g.example.com")),
    )
    acme, globex = profile.tenants
    assert profile.default_model == profile.models[1]
    assert not profile.shared_chat
    assert profile.tenant_namespace(acme) == "chat-acme"
    assert profile.tenant_host(acme) == "acme.example.com"
    assert profile.tenant_host(globex) == "g.example.com"
    assert profile.tenant_models(acme) == profile.models
    assert [model.name for model in profile.tenant_models(globex)] == ["a"]
    assert profile.target.need_k3s().user == "ubuntu"
    with pytest.raises(UsageError, match=r"target\.aws"):
        profile.target.need_aws()


def test_the_checks_hold_for_profiles_made_in_python_too() -> None:
    with pytest.raises(ValidationError) as caught:
        Profile(name="x", target=Target(kind="k3s"), tenants=(Tenant(name="a"), Tenant(name="a")))
    assert [error["loc"] for error in caught.value.errors()] == [("target", "k3s"), ("tenants", 1, "name")]


def test_a_profile_does_not_change() -> None:
    profile = parse_profile(SIX_LINES, file="p.yaml")
    with pytest.raises(ValidationError, match="frozen"):
        profile.access.domain = "example.org"


def test_the_premium_tier_has_defaults_of_its_own() -> None:
    tiers = Tiers(premium=PremiumTier())
    premium = tiers.present()["premium"]
    assert (premium.min, premium.max, premium.on_demand_base, premium.per_zone) == (0, 2, 0, True)
    assert premium.instance_types == ("p5.4xlarge",)


def test_models_offered_by_tier() -> None:
    profile = Profile(
        name="x",
        target=Target(kind="sandbox"),
        tiers=Tiers(premium=PremiumTier()),
        models=(Model(name="all"), Model(name="big", tiers=("premium",))),
    )
    assert [model.name for model in profile.tier_models("standard")] == ["all"]
    assert [model.name for model in profile.tier_models("premium")] == ["all", "big"]


@pytest.mark.parametrize(
    ("text", "simulated"),
    [("target: {kind: sandbox}", True), ("target: {kind: cluster}\nsandbox: true", True)],
)
def test_simulated(text: str, simulated: bool) -> None:
    assert parse_profile(f"name: x\n{text}\n", file="p.yaml").simulated is simulated


@pytest.mark.parametrize(
    "name",
    [
        "qwen3",
        "qwen3:0.6b",
        "library/qwen3:8b",
        "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
        "registry.example.com:5000/team/model:v1",
    ],
)
def test_model_names_as_ollama_has_them(name: str) -> None:
    assert Model(name=name).name == name
    assert Model.model_validate(name).name == name


def test_full_model_names() -> None:
    assert full_model_name("qwen3") == "qwen3:latest"
    assert full_model_name("localhost:5000/a/b") == "localhost:5000/a/b:latest"
    assert full_model_name("a/b:c") == "a/b:c"


def test_units() -> None:
    assert size_bytes("5Gi") == 5 * 2**30
    assert size_bytes("1.5M") == 1_500_000
    assert (cpu_millis("500m"), cpu_millis("2"), cpu_millis("0.25")) == (500, 2000, 250)
    assert duration_seconds("1h30m") == 5400
    assert duration_seconds("15d") == 15 * 86_400
    for convert, wrong in ((size_bytes, "5GB"), (cpu_millis, "2 cores"), (duration_seconds, "5 minutes")):
        with pytest.raises(ValueError, match="not a"):
            convert(wrong)


def test_processors_may_be_numbers() -> None:
    text = "name: x\ntarget: {kind: sandbox}\ntenants: [{name: a, quota: {cpu: 1.5}}]\n"
    assert parse_profile(text, file="p.yaml").tenants[0].quota.cpu == "1.5"


def test_paths_are_shown_as_operators_write_them() -> None:
    assert show_path(("tenants", 2, "tier")) == "tenants[2].tier"
    assert show_path(("a.b", "c")) == "a\\.b.c"
    assert show_path(()) == ""


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, wizard.domain.profile; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert not loaded & {"kubernetes", "boto3", "textual", "asyncssh", "asyncio", "questionary", "jsonschema"}
