"""YAML as operators write it, and as an attacker would: every bad text ends in findings with a line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from wizard.domain.finding import ExitCode, Finding, UsageError
from wizard.domain.profile import parse_profile, text
from wizard.domain.profile.text import MAX_BYTES, MAX_DEPTH, MAX_NODES, plain_value, read_yaml


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of PyYAML's parsers: where libyaml is missing, the other takes its place."""
    if request.param == "python":
        monkeypatch.setattr(text, "_LOADER", yaml.SafeLoader)


def findings_of(source: bytes | str) -> tuple[Finding, ...]:
    with pytest.raises(UsageError) as caught:
        parse_profile(source, file="p.yaml")
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value.findings


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
ENCODING, SIZE = "profile-encoding", "profile-size"


@pytest.mark.parametrize(
    ("source", "code", "line", "says"),
    [
        (b"name: x\ntitle: \xff\xfe", ENCODING, 2, "offset 15"),
        (b"name: caf\xe9", ENCODING, 1, "offset 9"),
        ("name: x".encode("utf-16"), ENCODING, 1, "UTF-16"),
        (b"name: x\nb: \x00", ENCODING, 2, "U+0000"),
        ("name: x\nb: \x1b[31m", ENCODING, 2, "U+001B"),
        ("name: \ud800", ENCODING, 1, "U+D800"),
        ("name: [a", "profile-yaml", 1, "brackets and quotes are closed"),
        ("name: x\na: b: c", "profile-yaml", 2, "quote a value"),
        ("name: x\ntarget:\n\tkind: k3s", "profile-yaml", 3, "spaces, not tabs"),
        ("name: x\nb: @c", "profile-yaml", 2, "quote values"),
        ("name: x\n  y: z", "profile-yaml", 2, "not valid YAML"),
        ("name: 'x", "profile-yaml", 1, "not valid YAML"),
        (BOMB, "profile-alias", 2, "alias *a"),
        ("a: &a [*a]", "profile-alias", 1, "alias *a"),
        ("a: !!python/object/apply:os.system [id]", "profile-tag", 1, "python/object"),
        ("a: !secret x", "profile-tag", 1, "!secret"),
        ("name: x\n---\nname: y\n", "profile-multi-document", 2, "more than one"),
        ("? [a, b]\n: c", "profile-key", 1, "must be text"),
        ("{a: b}: c", "profile-key", 1, "must be text"),
        ("- a\n- b", "profile-type", 1, "got a list"),
        ("\n\njust text", "profile-type", 3, "got a single value"),
        ("[" * 100_000, SIZE, 1, f"{MAX_DEPTH} levels"),
        ("{a: " * 100_000, SIZE, 1, f"{MAX_DEPTH} levels"),
        ("\n".join(" " * depth + "a:" for depth in range(100)), SIZE, MAX_DEPTH + 1, "levels"),
        ("a: [" + "1," * MAX_NODES + "1]", SIZE, 1, "values"),
        (b"#" * (MAX_BYTES + 1), SIZE, None, "larger than 1024 KiB"),
        ("#" * (MAX_BYTES + 1), SIZE, None, "larger than 1024 KiB"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_unusable_text(source: bytes | str, code: str, line: int | None, says: str) -> None:
    (finding,) = findings_of(source)
    assert (finding.code, finding.where.file, finding.where.line) == (code, "p.yaml", line)
    assert says in " ".join((finding.summary, finding.detail, finding.hint))


def test_duplicate_keys_are_all_found_with_both_lines() -> None:
    source = "name: a\ntarget: {kind: sandbox}\nname: b\naccess:\n  domain: a.example\n\n  domain: b.example\n"
    first, second = findings_of(source)
    assert first.code == second.code == "profile-duplicate-key"
    assert "line 1 and again on line 3" in first.summary
    assert (second.where.line, second.where.path) == (7, "access.domain")


def test_a_duplicate_key_does_not_hide_other_findings_nor_a_later_syntax_error() -> None:
    codes = [finding.code for finding in findings_of("name: a\nname: b\ntarget: {kind: nowhere}\n")]
    assert codes == ["profile-duplicate-key", "profile-choice"]
    codes = [finding.code for finding in findings_of("name: a\nname: {b: [c]}\ntarget: [\n")]
    assert codes == ["profile-duplicate-key", "profile-yaml"]


def test_nothing_of_a_duplicates_value_is_read_as_if_it_stood_elsewhere() -> None:
    document = read_yaml("a: {b: 1}\na: {c: [2, {d: 3}], e: 4}\nf: 5\n", "p.yaml")
    assert document.data == {"a": {"b": 1}, "f": 5}
    assert set(document.marks) == {(), ("a",), ("a", "b"), ("f",)}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("yes", True),
        ("off", False),
        ("True", True),
        ("12", 12),
        ("-3", -3),
        ("1.35", 1.35),
        ("1e3", 1000.0),
        # What YAML 1.1 turns into something else than what was written stays as written.
        ("0600", "0600"),
        ("22:22", "22:22"),
        ("2026-11-01", "2026-11-01"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_what_an_unquoted_scalar_means(source: str, value: Any) -> None:
    assert plain_value(source) == value
    assert type(plain_value(source)) is type(value)


def test_marks_tell_keys_from_values() -> None:
    document = read_yaml("a:\n  b: 'no'\nc:\n  - x\n  - {y: no}\n", "p.yaml")
    assert document.data == {"a": {"b": "no"}, "c": ["x", {"y": False}]}
    marks = {path: (mark.key_line, mark.line, mark.plain) for path, mark in document.marks.items()}
    assert marks[("a",)] == (1, 2, False)
    assert marks[("a", "b")] == (2, 2, False)
    assert marks[("c", 1)] == (5, 5, False)
    assert marks[("c", 1, "y")] == (5, 5, True)


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbfname: a\r\ntarget:\r\n  kind: sandbox\r\n",
        "---\nname: a\ntarget: {kind: sandbox}\n...\n",
    ],
)
def test_byte_order_mark_windows_line_ends_and_document_marks_are_fine(source: bytes | str) -> None:
    assert parse_profile(source, file="p.yaml").name == "a"


def test_keys_are_text_as_written() -> None:
    values = "{on: yes, 8080: null, x: {'y': no}}"
    source = f"name: a\ntarget: {{kind: sandbox}}\ncomponents: {{loki: {{values: {values}}}}}\n"
    profile = parse_profile(source, file="p.yaml")
    assert profile.components["loki"].values == {"on": True, "8080": None, "x": {"y": False}}
