"""Hostile text: nothing that a terminal would obey, nothing too long, nothing that takes long."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.domain.text import LINE_LIMIT, decoded, plain, text_of
from wizard.observers.amounts import age, epoch, millicores, quantity, rfc3339, size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all well", "all well"),
        ("ünï 🙂 日本", "ünï 🙂 日本"),
        ("[red]markup[/] is for the screen to leave alone", "[red]markup[/] is for the screen to leave alone"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mtrue\x1b[K", "true"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0;2;0;0;0#0~~@@\x1b\\after", "after"),
        ("\x9b31mC1", "C1"),
        ("\x1b", ""),
        ("\x1b[", ""),
        ("\x1b]never ended", ""),
        ("a\x00b\x07c\x08d\x7fe", "abcde"),
        ("one\ttwo\nthree\r\nfour\u2028five", "one two three four five"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("\u2066isolate\u2069 \u200fmark zero\u200bwidth \ufeffbom", "isolate mark zerowidth bom"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("tags\U000e0041\U000e007f", "tags"),
    ],
)
def test_what_is_left(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(), st.integers(1, 50))
def test_nothing_unseen_is_left(text: str, limit: int) -> None:
    found = plain(text, limit)
    assert not {unicodedata.category(character) for character in found} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(found) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x1b")
    assert len(found) <= limit + len(" …  more characters") + 12
    assert plain(found, 10_000) == found, "once is enough"


@given(st.binary(max_size=200))
def test_bytes_of_any_kind(line: bytes) -> None:
    plain(decoded(line)).encode()


def test_how_much_was_cut_is_said() -> None:
    assert plain("x" * 5000, 10) == "xxxxxxxxxx … 4,990 more characters"
    assert plain("x" * 10, 10) == "x" * 10
    assert plain("x" * 10, 10, cut=7) == "xxxxxxxxxx … 7 more bytes"
    assert text_of(None) == "" and text_of(7) == "7" and text_of(["x"]) == "['x']"


@pytest.mark.parametrize("unit", ["x", "\x1b[31m", "\x1b]", "\x1b[" + "1" * 50, "\u202e", "\n", "\x1b"])
def test_a_megabyte_takes_no_longer_than_it_must(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    began = time.perf_counter()
    for _ in range(20):
        plain(text)
    assert time.perf_counter() - began < 1.0
    assert len(plain(text)) <= LINE_LIMIT + 40


@pytest.mark.parametrize(
    ("text", "value"),
    [("250m", 0.25), ("2", 2.0), ("1.5Gi", 1.5 * 2**30), ("1e3", 1000.0), ("12E", 12e18), ("100n", 1e-7), (3, 3.0),
     ("", None), ("x", None), (None, None), ("1.2.3", None), ("--1", None)],
)  # fmt: skip
def test_quantities(text: object, value: float | None) -> None:
    found = quantity(text)
    assert found == (pytest.approx(value) if value is not None else None)
    assert millicores("1500m") == 1500 and size("1Ki") == 1024 and size("?") is None


def test_times() -> None:
    assert epoch("2026-11-23T10:00:00Z") == epoch("2026-11-23T11:00:00.000000000+01:00")
    assert epoch("never") is None and epoch(None) is None and epoch("") is None
    assert rfc3339(epoch("2026-11-23T10:00:00.9Z") or 0) == "2026-11-23T10:00:00Z"
    assert age("2d3h") == 183600.0 and age("5m10s") == 310.0 and age("<unknown>") is None
