"""The published schema, the shipped profiles, and the way back to YAML."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.domain.finding import UsageError
from wizard.domain.profile import (
    Profile,
    check_data,
    leaves,
    parse_profile,
    profile_from_data,
    spot_at,
    to_data,
    to_yaml,
)
from wizard.domain.profile.components import ComponentName
from wizard.domain.profile.schema import schema, schema_text

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "profiles").glob("*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_the_kept_schema_is_the_current_one() -> None:
    kept = (ROOT / "assets/schema/profile.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text(), "python -m wizard.domain.profile.schema > assets/schema/profile.schema.json"


def test_the_module_prints_the_schema() -> None:
    command = [sys.executable, "-m", "wizard.domain.profile.schema"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == schema()
    assert run.stderr == ""


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$id"]
    assert schema()["title"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_profiles_are_valid_and_come_back_from_yaml(path: Path) -> None:
    profile = parse_profile(path.read_bytes(), file=path.name)
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    for defaults in (False, True):
        written = to_yaml(profile, defaults=defaults)
        assert parse_profile(written, file=path.name) == profile
        VALIDATOR.validate(yaml.safe_load(written))


def test_the_shipped_profiles_are_what_they_say() -> None:
    profiles = {path.stem: parse_profile(path.read_bytes(), file=path.name) for path in SHIPPED}
    assert {"cluster", "demo", "k3s-4gb", "prod"} <= set(profiles)
    assert profiles["demo"].simulated
    assert profiles["k3s-4gb"].target.need_k3s().host == "server.example.com"
    prod = profiles["prod"]
    assert (prod.target.need_aws().zones, prod.database.aurora.readers, len(prod.tenants)) == (3, 2, 3)
    assert set(prod.tiers.present()) == {"standard", "premium"}


@pytest.mark.parametrize(
    ("name", "override"),
    [("k3s-4gb", "target.kind=cluster"), ("k3s-4gb", "sandbox=true"), ("prod", "sandbox=true")],
)
def test_shipped_profiles_can_be_turned_elsewhere(name: str, override: str) -> None:
    raw = (ROOT / f"profiles/{name}.yaml").read_bytes()
    assert parse_profile(raw, file=name, overrides=[override])


def test_the_minimal_profile_has_six_lines() -> None:
    lines = (ROOT / "profiles/cluster.yaml").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip() and not line.startswith("#")]) == 6


def test_every_field_is_described_in_one_line() -> None:
    defs: dict[str, Any] = schema()["$defs"]
    for name, section in {"Profile": schema(), **defs}.items():
        assert section["description"], name
        for key, field in section["properties"].items():
            assert field.get("description", "").endswith("."), f"{name}.{key}"
            assert "\n" not in field["description"], f"{name}.{key}"
            assert len(field["description"]) <= 150, f"{name}.{key}"


def test_leaves_are_the_fields_of_the_profile() -> None:
    fields = dict(leaves())
    assert {"name", "target.kind", "target.k3s.host", "tenants[].quota.cpu", "models[].name"} <= set(fields)
    assert fields["tiers.standard.spotShare"].default == 0.7
    assert fields["footprint"].choices == ("lean", "full")
    assert fields["observability.ollamaMemoryAlert.for"].default == "5m"
    spot = spot_at(("tenants", 5, "tier"))
    assert spot is not None
    assert spot.choices == ("standard", "premium")
    assert spot_at(("nowhere",)) is None


def test_component_names_are_in_order() -> None:
    names = ComponentName.__args__  # type: ignore[attr-defined]
    assert list(names) == sorted(set(names))


def test_yaml_has_what_differs_only_in_the_order_of_the_model() -> None:
    text = "models: [b, {name: c}, {default: true, name: d}]\ntarget: {kind: cluster}\nname: a\n"
    text += "footprint: lean\ntiers: {premium: {gpu: {}}}\nchat: {title: '2026'}\n"
    written = to_yaml(parse_profile(text, file="p.yaml"))
    assert written == (
        "name: a\ntarget:\n  kind: cluster\nchat:\n  title: '2026'\ntiers:\n  premium:\n    gpu: {}\n"
        "models:\n- b\n- c\n- name: d\n  default: true\n"
    )


def test_nulls_within_helm_values_survive() -> None:
    text = "name: a\ntarget: {kind: cluster}\ncomponents: {loki: {values: {x: null, y: {z: [null]}}}}\n"
    profile = parse_profile(text, file="p.yaml")
    assert profile.components["loki"].values == {"x": None, "y": {"z": [None]}}
    assert parse_profile(to_yaml(profile), file="p.yaml") == profile


LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)


@st.composite
def drafts(draw: st.DrawFn) -> dict[str, Any]:
    """Valid profiles as plain data."""
    draft: dict[str, Any] = {"name": draw(LABEL), "target": {"kind": "cluster"}}
    if draw(st.booleans()):
        draft["access"] = {"domain": draw(LABEL) + ".example.com"}
    if draw(st.booleans()):
        draft["models"] = draw(st.lists(LABEL, unique=True, max_size=4))
    if draw(st.booleans()):
        standard = {"spotShare": draw(st.floats(0, 1)), "min": draw(st.integers(0, 6))}
        draft["tiers"] = {"standard": standard}
    names = draw(st.lists(LABEL.map(lambda name: f"t-{name}"), unique=True, max_size=4))
    title = st.text(min_size=1, max_size=20).filter(str.isprintable)
    draft["tenants"] = [
        {"name": name, "displayName": draw(title), "quota": {"cpu": draw(st.integers(1, 64))}} for name in names
    ]
    return draft


@given(drafts())
@settings(max_examples=100, deadline=None)
def test_any_profile_comes_back_from_yaml(draft: dict[str, Any]) -> None:
    profile = profile_from_data(draft)
    assert parse_profile(to_yaml(profile), file="p.yaml") == profile
    assert parse_profile(to_yaml(profile, defaults=True), file="p.yaml") == profile
    assert profile_from_data(to_data(profile)) == profile
    VALIDATOR.validate(to_data(profile))


KEYS = ["name", "target", "kind", "k3s", "aws", "tenants", "models", "tiers", "standard", "access", "x"]
ANY_KEY = st.sampled_from(KEYS) | st.text(max_size=6)
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_KEY, inner, max_size=4),
    max_leaves=12,
)
KEYS = [
    "name",
    "target",
    "kind",
    "k3s",
    "aws",
    "tenants",
    "models",
    "tiers",
    "standard",
    "access",
    "domain",
    "x",
]


@given(st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_junk_ends_in_findings(draft: dict[str, Any]) -> None:
    for finding in check_data(draft):
        assert finding.summary.isprintable()
    text = yaml.safe_dump(draft, allow_unicode=True)
    try:
        assert isinstance(parse_profile(text, file="p.yaml"), Profile)
    except UsageError as problem:
        assert all(finding.where.line for finding in problem.findings)


@given(st.text(max_size=200) | st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_ends_in_findings(text: str | bytes) -> None:
    with pytest.raises(UsageError):
        parse_profile(text, file="p.yaml")


def test_a_thousand_tenants() -> None:
    tenants = "".join(f"  - {{name: t{number}, models: [a]}}\n" for number in range(1000))
    text = f"name: a\ntarget: {{kind: cluster}}\nmodels: [a]\ntenants:\n{tenants}"
    profile = parse_profile(text, file="p.yaml")
    assert len(profile.tenants) == 1000
    assert parse_profile(to_yaml(profile), file="p.yaml") == profile
