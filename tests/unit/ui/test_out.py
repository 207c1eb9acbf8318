"""Where headless output goes, in which form, and with which characters."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from tests.unit.domain.test_events import EXAMPLES
from tests.unit.domain.test_plan import PLAN
from wizard.domain.events import EVENT_SCHEMA, Event, as_wire, from_wire, name_of
from wizard.domain.finding import LockedError, UsageError, Where, error
from wizard.domain.plan import Plan
from wizard.ui.headless.out import Out, paint_for
from wizard.ui.headless.progress import Lines, LiveLines
from wizard.ui.headless.words import Paint


class Stream(io.TextIOWrapper):
    def __init__(self, encoding: str = "utf-8", *, terminal: bool = False) -> None:
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def text(self) -> str:
        return self.raw_bytes.getvalue().decode(self.encoding)


class Both:
    def __init__(self, *, json_lines: bool, encoding: str = "utf-8", terminal: bool = False) -> None:
        self.stdout, self.stderr = Stream(encoding, terminal=terminal), Stream(encoding, terminal=terminal)
        self.out = Out(json_lines=json_lines, stdout=self.stdout, stderr=self.stderr)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    yield


def test_the_answer_and_the_talk_do_not_mix() -> None:
    both = Both(json_lines=False)
    both.out.answer(["one", "two"])
    both.out.talk(["hm"])
    assert (both.stdout.text, both.stderr.text) == ("one\ntwo\n", "hm\n")


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),  # no-color.org: not when empty
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour(terminal: bool, variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert paint_for(Stream(terminal=terminal))("x", "red") == ("\x1b[31mx\x1b[0m" if coloured else "x")


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "utf-8", "UTF8", "utf-16"])
def test_ascii_where_the_stream_cannot_do_more(encoding: str) -> None:
    expected = "…" if encoding.lower().startswith("utf") else "..."
    assert paint_for(Stream(encoding))("…") == expected


def test_text_that_the_stream_has_no_characters_for() -> None:
    both = Both(json_lines=False, encoding="ascii")
    both.out.answer(["Grüße … 漢 \ud800"])
    both.out.plan(PLAN)
    assert both.stdout.text.startswith("Gr??e ... ? \\ud800\n")


def test_a_secret_comes_out_as_it_is() -> None:
    both = Both(json_lines=False)
    both.out.verbatim("tab\there \u200b ü")
    assert both.stdout.text == "tab\there \u200b ü\n"


@pytest.mark.parametrize("kind", get_args(Event), ids=name_of)
def test_events_are_json_lines(kind: type[Any]) -> None:
    both = Both(json_lines=True)
    event = EXAMPLES[kind]
    both.out.event(event, 12.5)
    both.out.event(event, 13.5)
    lines = both.stdout.text.splitlines()
    assert [json.loads(line) for line in lines] == [
        json.loads(json.dumps(as_wire(event, at=at))) for at in (12.5, 13.5)
    ]
    assert all(json.loads(line)["v"] == EVENT_SCHEMA for line in lines)
    assert from_wire(json.loads(lines[0])) == event
    assert both.stderr.text == ""


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "utf-8"])
@pytest.mark.parametrize("text", ["Grüße 漢", "\x1b[2J", "\x9b\x7f\u2028\u202e", "\ud800", 'quote" \\ \n \t'])
def test_json_is_the_same_in_every_locale_and_harmless(text: str, encoding: str) -> None:
    both = Both(json_lines=True, encoding=encoding)
    both.out.data({"a": text})
    assert both.stdout.text.isascii() and both.stdout.text[:-1].isprintable()
    assert json.loads(both.stdout.text) == {"a": text}


def test_a_plan_as_json_is_one_that_can_be_applied() -> None:
    both = Both(json_lines=True, encoding="ascii")
    both.out.plan(PLAN)
    assert Plan.from_dict(json.loads(both.stdout.text)) == PLAN


def test_a_plan_as_text() -> None:
    both = Both(json_lines=False)
    both.out.plan(PLAN, diffs=False)
    assert both.stdout.text.startswith("prod: namespace chat SIMULATED\n= leave   namespace chat: as desired\n")
    assert "+++ b" not in both.stdout.text
    both.out.plan(PLAN)
    assert "+++ b" in both.stdout.text


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_reader_that_has_gone_ends_nothing(json_lines: bool) -> None:
    """`wizard --yes --json | head -5`: an exception here would stop a deployment half-way."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        out = Out(json_lines=json_lines, stdout=stream, stderr=stream)
        lines = Lines(stream, Paint(colour=False))
        live = LiveLines(stream, Paint(colour=True))
        out.data({"a": 1})
        assert os.read(reader, 100) == b'{"a": 1}\n'
        os.close(reader)
        for number, event in enumerate(EXAMPLES.values()):
            out.event(event, number)
            lines(event, number)
            live(event, number)
            live.tick(number)
        out.failure(UsageError(error("a", "x")))
        out.plan(PLAN)


def test_failures_as_text_go_to_the_talk() -> None:
    both = Both(json_lines=False)
    both.out.failure(UsageError(error("a", "first", where=Where("p.yaml", 3)), error("b", "second")))
    assert both.stdout.text == ""
    assert both.stderr.text == "error: first (p.yaml:3) [a]\nerror: second [b]\n"


def test_failures_as_json_are_the_answer() -> None:
    both = Both(json_lines=True)
    both.out.failure(LockedError(error("locked", "by ana since 10:00")))
    assert json.loads(both.stdout.text) == {
        "v": 1,
        "event": "error",
        "exit_code": 5,
        "findings": [{"severity": "error", "code": "locked", "summary": "by ana since 10:00"}],
    }
    assert both.stderr.text == ""
