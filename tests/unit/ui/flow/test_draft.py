"""The draft: nothing is lost, findings as one types, undo, the file's data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from wizard.domain.profile import parse_profile, profile_from_data, to_data
from wizard.ui.flow.chapters import questions
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.presets import KINDS, choose_kind, new_draft
from wizard.ui.flow.tree import MISSING, parts_of

SHIPPED = sorted((Path(__file__).resolve().parents[4] / "profiles").glob("*.yaml"))
ASKED = {question.path: question for question in questions()}


@pytest.fixture
def draft() -> Draft:
    return Draft({"name": "x", "target": {"kind": "sandbox"}, "models": ["qwen3:0.6b"]})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_profile_comes_out_as_it_went_in(path: Path) -> None:
    data = yaml.safe_load(path.read_text())
    draft = Draft(data, path)
    assert draft.findings() == () and not draft.changed
    assert profile_from_data(draft.data) == profile_from_data(data) == draft.profile()
    assert parse_profile(draft.yaml(), file="x") == draft.profile()


def test_get_value_set_unset(draft: Draft) -> None:
    assert draft.get("access.domain") is MISSING and draft.value("access.domain") is None
    assert draft.get("target.sandbox.nodes") is MISSING and draft.value("target.sandbox.nodes") == 1
    assert draft.value("tiers.premium.min") == 0  # of a section that is not there
    draft.set("access.tls.issuer", "none")
    assert draft.data["access"] == {"tls": {"issuer": "none"}}
    draft.unset("access.tls.issuer")
    assert "access" not in draft.data  # no empty sections stay
    draft.unset("access.tls.issuer")
    assert not draft.changed


def test_answers_that_are_the_default_leave_no_trace(draft: Draft) -> None:
    for path, value in (("target.sandbox.nodes", 1), ("footprint", "lean"), ("target.sandbox.speed", 10)):
        draft.answer(ASKED[path], value)
    assert not draft.changed
    draft.answer(ASKED["target.aws.vpc.endpoints"], [])  # not the default: none at all
    assert draft.get("target.aws.vpc.endpoints") == []
    draft.answer(ASKED["target.aws.vpc.endpoints"], list(ASKED["target.aws.vpc.endpoints"].default))
    assert not draft.changed


def test_a_written_default_stays_written() -> None:
    draft = Draft({"name": "x", "target": {"kind": "k3s", "k3s": {"host": "h", "port": 22}}})
    draft.answer(ASKED["target.k3s.port"], 22)
    assert draft.get("target.k3s.port") == 22
    draft.answer(ASKED["target.k3s.port"], 2222)
    draft.answer(ASKED["target.k3s.port"], 22)
    assert draft.get("target.k3s.port") is MISSING


def test_going_back_and_forth_between_kinds_loses_nothing(draft: Draft) -> None:
    draft.set("target.kind", "k3s")
    draft.set("target.k3s.port", 2222)  # no host yet: not valid by itself
    assert [finding.where.path for finding in draft.findings()] == ["target.k3s.host"]
    draft.set("target.kind", "sandbox")
    assert draft.findings() == () and draft.profile() is not None
    assert "k3s" not in draft.data["target"]  # a profile cannot be saved with it
    assert draft.everything["target"]["k3s"] == {"port": 2222}  # a draft can
    draft.set("target.kind", "k3s")
    assert draft.value("target.k3s.port") == 2222


def test_settings_of_another_kind_that_are_right_are_saved(draft: Draft) -> None:
    draft.set("target.k3s.host", "server.example.com")
    assert draft.data["target"]["k3s"] == {"host": "server.example.com"} and draft.profile() is not None


def test_a_kind_asks_for_what_it_needs_by_name(draft: Draft) -> None:
    draft.set("target.kind", "aws")
    draft.set("database.kind", "external")
    assert {finding.where.path for finding in draft.findings()} == {"target.aws.region", "database.external.host"}


def test_a_switched_off_section_comes_back_as_it_was(draft: Draft) -> None:
    premium = ASKED["tiers.premium"]
    draft.answer(premium, True)
    assert draft.answered(premium) is True and draft.data["tiers"] == {"premium": {}}
    draft.set("tiers.premium.max", 5)
    draft.answer(premium, False)
    assert "tiers" not in draft.data
    draft.answer(premium, True)
    assert draft.get("tiers.premium.max") == 5
    draft.unset("tiers.premium.max")
    assert draft.has("tiers.premium")  # it means something by being there


def test_rows(draft: Draft) -> None:
    assert draft.rows("models") == [{"name": "qwen3:0.6b"}] and draft.data["models"] == ["qwen3:0.6b"]
    assert draft.add_row("tenants", {"name": "a", "models": ["qwen3:0.6b"]}) == 0
    draft.add_row("tenants", {"name": "b"})
    draft.set("tenants[1].quota.cpu", "2")
    assert draft.move_row("tenants", 1, -1) == 0 and draft.move_row("tenants", 0, -1) == 0
    assert draft.data["tenants"] == [{"name": "b", "quota": {"cpu": "2"}}, {"name": "a", "models": ["qwen3:0.6b"]}]
    draft.rows("tenants")[0]["name"] = "changed"  # a copy
    assert draft.get("tenants[0].name") == "b"
    draft.remove_row("tenants", 0)
    draft.remove_row("tenants", 0)
    assert "tenants" not in draft.data
    draft.set("models[0].tiers", ["standard"])
    assert draft.data["models"] == [{"name": "qwen3:0.6b", "tiers": ["standard"]}]


def test_findings_of_a_field_and_of_a_section(draft: Draft) -> None:
    draft.add_row("tenants", {"name": "Bad Name"})
    draft.add_row("tenants", {"name": "ok", "tier": "premium"})
    assert len(draft.findings()) == 2
    assert len(draft.findings_at("tenants")) == 2 and len(draft.findings_at("tenants[1]")) == 1
    assert draft.findings_at("tenants[1].tier") and not draft.findings_at("tenants[1].t")
    assert draft.profile() is None and draft.gaps() == ()


def test_what_this_version_does_not_deploy_is_said_of_a_valid_draft() -> None:
    draft = new_draft("aws")
    draft.set("target.aws.region", "eu-central-1")
    draft.set("admin.email", "a@example.com")
    assert draft.profile() is not None
    assert draft.gaps()[0].where.path == "target.kind"


@pytest.mark.parametrize("data", [{"target": "k3s"}, {"tenants": "acme"}, {"tenants": [7]}, {"models": {"a": 1}}, {}])
def test_a_broken_file_is_a_draft_that_can_be_mended(data: dict[str, Any]) -> None:
    draft = Draft(data)
    assert draft.findings() and isinstance(draft.rows("tenants"), list) and isinstance(draft.kind, str)
    draft.set("name", "x")
    draft.set("target.kind", "sandbox")
    draft.set("tenants", [])
    draft.set("models", [])
    assert draft.profile() is not None


def test_empty_keys_are_as_not_said() -> None:
    draft = Draft(
        {"name": "x", "target": {"kind": "sandbox"}, "tenants": None, "components": {"ollama": {"values": {"a": None}}}}
    )
    assert not draft.has("tenants") and "tenants" not in draft.data
    assert draft.data["components"] == {"ollama": {"values": {"a": None}}}  # there null takes a default away


def test_undo_and_redo(draft: Draft) -> None:
    for text in ("e", "ex", "example.com"):
        draft.set("access.domain", text)
    draft.set("footprint", "full")
    assert draft.undo() and draft.value("footprint") == "lean"
    assert draft.undo() and draft.get("access.domain") is MISSING  # typing is one step
    assert not draft.undo() and not draft.changed
    assert draft.redo() and draft.redo() and not draft.redo()
    assert draft.value("footprint") == "full"
    draft.undo()
    draft.set("name", "y")
    assert not draft.can_redo


def test_a_batch_is_one_step_and_told_once(draft: Draft) -> None:
    told: list[bool] = []
    end = draft.subscribe(lambda: told.append(draft.changed))
    with draft.batch():
        draft.set("name", "y")
        with draft.batch():
            draft.set("footprint", "full")
        assert told == []
    assert told == [True] and draft.undo() and draft.name == "x"
    assert len(told) == 2 and not told[-1]
    with pytest.raises(KeyError), draft.batch():
        draft.set("name", "z")
        draft.set({"there": "no"}["path"], 1)
    assert draft.name == "x" and not draft.changed and draft.findings() == ()
    end()
    draft.set("name", "z")
    assert not told[-1]


def test_changed_is_since_it_was_saved(draft: Draft, tmp_path: Path) -> None:
    draft.set("name", "y")
    seen = [draft.changed]
    draft.saved(tmp_path / "y.yaml")
    seen.append(draft.changed)
    draft.undo()
    seen.append(draft.changed)
    assert seen == [True, False, True] and draft.origin == tmp_path / "y.yaml"


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_draft_needs_little(kind: str) -> None:
    draft = new_draft(kind)
    assert not draft.changed
    needed = {finding.where.path for finding in draft.findings()}
    assert needed <= {"target.k3s.host", "target.aws.region"}
    for path, value in (("target.k3s.host", "h.example.com"), ("target.aws.region", "eu-central-1")):
        if path in needed:
            draft.set(path, value)
    draft.set("access.domain", "example.com")
    draft.set("admin.email", "a@example.com")
    profile = draft.profile()
    assert profile is not None and to_data(profile)["target"]["kind"] == kind


def test_choosing_kinds_in_turn_ends_where_it_began() -> None:
    draft = new_draft("sandbox")
    for kind in ("aws", "k3s", "cluster", "sandbox"):
        choose_kind(draft, kind)
    assert not draft.changed
    choose_kind(draft, "aws")
    assert draft.undo() and draft.kind == "sandbox" and draft.value("footprint") == "lean"


def test_choosing_a_kind_keeps_what_the_operator_said() -> None:
    draft = new_draft("k3s")
    draft.set("storage.models", "7Gi")
    choose_kind(draft, "cluster")
    assert draft.get("storage.models") == "7Gi" and not draft.has("storage.openWebui")
    saved = Draft(new_draft("k3s").everything, Path("x.yaml"))
    choose_kind(saved, "cluster")
    assert saved.has("storage.models")  # nobody knows any more who said that


def test_validation_as_one_types_is_quick() -> None:
    draft = Draft(yaml.safe_load(next(path for path in SHIPPED if path.stem == "prod").read_text()))
    draft.findings()
    times = []
    for number in range(20):
        draft.set("access.domain", f"example{number}.com")
        began = time.perf_counter()
        draft.findings()
        times.append(time.perf_counter() - began)
    assert min(times) < 0.010


def test_paths_as_findings_write_them() -> None:
    assert parts_of("tenants[2].quota.cpu") == ("tenants", 2, "quota", "cpu")
    assert parts_of(r"target.aws.tags.a\.b") == ("target", "aws", "tags", "a.b")
