"""Edits of a profile's text: it says the new data, and its comments are still there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.domain.profile.edit import dump, edit_yaml

PROFILES = {p.stem: p.read_text() for p in (Path(__file__).resolve().parents[3] / "profiles").glob("*.yaml")}
PROD = PROFILES["prod"]

Change = Callable[[dict[str, Any]], object]


def _after(text: str, change: Change) -> str:
    data = yaml.safe_load(text)
    change(data)
    wanted = copy.deepcopy(data)
    made = edit_yaml(text, data)
    assert yaml.safe_load(made) == wanted and data == wanted
    return made


@pytest.mark.parametrize("name", PROFILES)
def test_nothing_new_changes_nothing(name: str) -> None:
    assert edit_yaml(PROFILES[name], yaml.safe_load(PROFILES[name])) == PROFILES[name]


@pytest.mark.parametrize(
    ("change", "gone", "new"),
    [
        (lambda d: d["tiers"]["standard"].update(min=4), ["    min: 3"], ["    min: 4"]),
        (lambda d: d["tiers"]["standard"].update(spotShare=0.5), [], ["    spotShare: 0.5 # ... and of"]),
        (lambda d: d["target"]["aws"].update(eksVersion="1.36"), [], ["    eksVersion: '1.36' # in quotes"]),
        (lambda d: d["tenants"].pop(1), ["  - name: globex"], []),
        (lambda d: d["tenants"].append({"name": "new"}), [], ["  - name: new"]),
        (lambda d: d["tenants"][0].update(tier="standard"), ["    tier: premium"], ["    tier: standard"]),
        (lambda d: d["models"].insert(0, "a:1b"), [], ["  - a:1b"]),
        (lambda d: d.pop("backup"), ["backup:", "  keep: 30"], []),
        (lambda d: d.update(chat={"title": "X"}), [], ["chat:", "  title: X"]),
        (lambda d: d["access"]["tls"].update(email="a@b.de"), [], ["    email: a@b.de"]),
        (lambda d: d["observability"]["logs"].pop("size"), [], ["  logs: {backend: loki, retention: 14d}"]),
        (lambda d: d.update(database={"kind": "internal"}), ["  aurora:"], ["  kind: internal"]),
        (lambda d: d.update(footprint={"a": [1]}), [], ["footprint:", "  a:", "  - 1"]),
    ],
)  # fmt: skip
def test_the_least_is_changed(change: Change, gone: list[str], new: list[str]) -> None:
    made = _after(PROD, change)
    before, after = PROD.splitlines(), made.splitlines()
    assert not [line for line in gone if line in after] and all(line in before for line in gone)
    assert all(any(line.startswith(part) for line in after) for part in new), made
    kept = sum(line in after for line in before)
    assert kept >= len(before) - 16
    assert after[:3] == before[:3]  # what the file begins with


def test_a_commented_out_list_is_filled_beside_its_comments() -> None:
    text = "name: x\ntenants:\n  # - name: acme\ntarget:\n  kind: sandbox # simulated\n"
    made = _after(text, lambda d: d.update(tenants=[{"name": "new"}]))
    assert "# - name: acme" in made and "kind: sandbox # simulated" in made
    made = _after(text, lambda d: d.update(tenants=3))
    assert "tenants: 3\n  # - name: acme" in made
    assert edit_yaml(text, {"name": "x", "target": {"kind": "sandbox"}}) == text  # an empty key says nothing


def test_null_in_helm_values_is_not_lost() -> None:
    text = "# mine\nname: x\ncomponents:\n  ollama:\n    values: {a: 1}\n"
    data = {"name": "x", "components": {"ollama": {"values": {"a": None}}}}
    made = edit_yaml(text, data)
    assert yaml.safe_load(made) == data and made.startswith("# mine\n")


@pytest.mark.parametrize(
    "text", ["a: [", "", "# only\n", "- a\n", "{name: x}\n", "a: &x {b: 1}\nc: *x\n", "a: 1\na: 2\n"]
)
def test_what_is_no_plain_mapping_is_written_anew(text: str) -> None:
    made = edit_yaml(text, {"name": "y"})
    assert yaml.safe_load(made) == {"name": "y"}
    assert made.startswith("# only") is text.startswith("# only")


def test_texts_over_several_lines_and_without_a_last_line_break() -> None:
    text = "a: |\n  one\n  two\nb:\n  - x\n  - y"
    for change in (
        lambda d: d.update(a="three"),
        lambda d: d.pop("a"),
        lambda d: d.update(c=1),
        lambda d: d["b"].append("z"),
        lambda d: d["b"].clear(),
    ):
        _after(text, change)


_KEYS = st.sampled_from(["a", "b", "c", "name"])
_VALUES = st.recursive(
    st.integers(0, 99) | st.booleans() | st.sampled_from(["x", "1.35", "a: b", "#", "- x", "", "two\nlines"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4), st.dictionaries(_KEYS, _VALUES, max_size=4), st.booleans())
def test_whatever_is_there_it_says_what_it_is_told(old: dict[str, Any], new: dict[str, Any], flow: bool) -> None:
    text = (
        dump(old) if not flow else "".join(f"{k}: {yaml.safe_dump(v, default_flow_style=True)}" for k, v in old.items())
    )
    if "...\n" in text:
        return
    assert (yaml.safe_load(edit_yaml(text, new)) or {}) == new
