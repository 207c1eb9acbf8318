"""What the plan makes of the models' memory: findings, and the memory of Ollama's pod."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.planning.conftest import SHIPPED, Obj, cached_chart, plan_of, profile, shipped, values_of
from tests.unit.planning.test_fit import AWS, NAMES, SETTINGS, limit, model, settings
from wizard.domain.finding import Finding, Severity
from wizard.domain.profile.tiers import OllamaSettings
from wizard.planning.budget import quantity
from wizard.planning.fit import RUNTIME, fit, mebibytes, need, ollama_memory


def limited(memory: str) -> Obj:
    return {"tiers": {"standard": {"ollama": {"resources": {"limits": {"memory": memory}}}}}}


def memory_findings(given_: Any) -> list[Finding]:
    return [f for f in plan_of(given_).findings if f.code in ("model-does-not-fit", "server-memory")]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_fit(name: str) -> None:
    assert memory_findings(shipped(name)) == []


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"models": ["qwen3:0.6b", "qwen3:8b"], **limited("2Gi")}, "models[1]", "limits.memory: 5888Mi"),
        ({"models": ["new:8b"], "components": {"ollama": {"resources": {"limits": {"memory": "2Gi"}}}}},
         "models[0]", "limits.memory"),
        ({"models": ["llama3.3:70b"], **AWS}, "models[0]", "`tiers.standard.instanceTypes: [m5.4xlarge]`"),
        ({"models": ["qwen3:235b"], "tiers": {"standard": {"instanceTypes": ["m5.24xlarge"]}, "premium": {}}, **AWS},
         "models[0]", "`tiers.premium.instanceTypes: [p4d.24xlarge]`"),
        ({"models": ["gpt-oss:120b"], "tiers": {"standard": {"gpu": {"count": 1, "memory": "24Gi"}}}},
         "models[0]", "61.7 GiB of GPU memory (`tiers.standard.gpu`); or a smaller model, such as qwen3.5:35b"),
    ],
    ids=range(5),
)  # fmt: skip
def test_a_model_that_surely_does_not_fit_is_a_warning(changes: Obj, path: str, words: str) -> None:
    (finding,) = memory_findings(profile(**changes))
    assert (finding.severity, finding.code) == (Severity.WARNING, "model-does-not-fit")
    assert finding.where.path == path and words in finding.hint and "needs" in finding.detail


def test_what_is_not_sure_is_not_said() -> None:
    tight = limited("1536Mi")
    assert memory_findings(profile(models=["llama3.2:1b"], **tight)) == []
    assert memory_findings(profile(models=["hf.co/who/knows:latest"], **tight)) == []
    only: Obj = {"models": [{"name": "qwen3:32b", "tiers": ["premium"]}], "tiers": {"premium": {"gpu": {"count": 1}}}}
    assert memory_findings(profile(**only)) == []  # a GPU whose memory nobody told


def test_a_server_is_told_what_it_needs() -> None:
    (finding,) = memory_findings(shipped("k3s-4gb", models=["qwen3:8b"]))
    assert (finding.severity, finding.code) == (Severity.INFO, "server-memory")
    assert "7.8 GiB" in finding.summary and finding.hint


def test_a_pod_gets_what_its_models_need() -> None:
    assert values_of(profile(models=["qwen3:8b"]), "ollama")["resources"] == {
        "requests": {"cpu": "500m", "memory": "5504Mi"},
        "limits": {"cpu": "3", "memory": "5888Mi"},
    }
    both = values_of(
        profile(models=["qwen3:8b", "llama3.2:3b", "qwen3:0.6b"], tiers={"standard": {"ollama": {"maxLoaded": 2}}}),
        "ollama",
    )
    wanted = need(model("qwen3:8b"), settings()).total + need(model("llama3.2:3b"), settings()).total - RUNTIME
    assert both["resources"]["limits"]["memory"] == mebibytes(wanted)
    assert quantity(both["resources"]["requests"]["memory"]) <= quantity(both["resources"]["limits"]["memory"])


@pytest.mark.parametrize(
    "changes",
    [
        {"models": ["qwen3:0.6b"]},  # the chart's limit is enough
        {"models": ["hf.co/who/knows:latest"]},
        {"models": []},
        {"models": ["qwen3:8b"], "tiers": {"standard": {"gpu": {"count": 1, "memory": "24Gi"}}}},
    ],
)
def test_a_pod_otherwise_keeps_the_charts_memory(changes: Obj) -> None:
    assert values_of(profile(**changes), "ollama")["resources"] == cached_chart("ollama").defaults["resources"]


def test_what_is_written_in_the_profile_wins() -> None:
    hand: Obj = {"limits": {"memory": "3Gi"}}
    given_ = profile(models=["qwen3:8b"], tiers={"standard": {"ollama": {"resources": hand}}})
    assert values_of(given_, "ollama")["resources"]["limits"]["memory"] == "3Gi"
    assert values_of(given_, "ollama")["resources"]["requests"]["memory"] == "1Gi"
    cpu = profile(models=["qwen3:8b"], tiers={"standard": {"ollama": {"resources": {"requests": {"cpu": "2"}}}}})
    assert values_of(cpu, "ollama")["resources"]["requests"] == {"cpu": "2", "memory": "5504Mi"}
    expert = profile(models=["qwen3:8b"], components={"ollama": {"values": {"resources": hand}}})
    assert values_of(expert, "ollama")["resources"]["requests"]["memory"] == "1Gi"


def test_memory_of_no_model_is_none() -> None:
    assert ollama_memory([], settings()) is None


@given(st.lists(NAMES, min_size=1, max_size=6), SETTINGS, st.integers(1, 8))
def test_a_request_never_exceeds_its_limit(names: list[str], base: OllamaSettings, loaded: int) -> None:
    memory = ollama_memory([model(name) for name in names], base.model_copy(update={"max_loaded": loaded}))
    assert memory is not None and quantity(memory[0]) <= quantity(memory[1])
    largest = max(need(model(name), base).total for name in names)
    assert quantity(memory[1]) >= largest and fit(model(names[0]), base, limit(int(quantity(memory[1])))).ok
