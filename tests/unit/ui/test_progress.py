"""The talk of a run: a scripted course of events -> the exact lines, on a pipe and live on a terminal."""

from __future__ import annotations

import io
import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.test_events import EXAMPLES
from wizard.domain import events as ev
from wizard.domain.events import Event, name_of
from wizard.domain.finding import Where, error, warning
from wizard.domain.plan import StepSpec
from wizard.ui.headless.progress import Lines, LiveLines
from wizard.ui.headless.words import Paint

DB = StepSpec("release:db", "release", "db", (), "db: helm release")
READY = StepSpec("ready:db", "ready", "db", ("release:db",), "db: ready")
WEB = StepSpec("ready:web", "ready", "web", ("ready:db",), "web: ready")
BUSY = warning("busy", "the API server answers 429")
PULL = error(
    "image-pull-failed", "db: no image", detail="ErrImagePull\nlog: x", hint="check", where=Where(resource="pod a")
)

SCRIPT: list[tuple[float, Event]] = [
    (1000.0, ev.RunStarted("run-1", "prod", (DB, READY, WEB))),
    (1000.1, ev.Noticed(warning("note", "the keyring is empty"))),
    (1000.2, ev.StepStarted("release:db")),
    (1001.0, ev.StepRetrying("release:db", 1, 2.0, BUSY)),
    (1003.0, ev.StepStarted("release:db", 2)),
    (1004.0, ev.ReleaseChanged("release:db", "db", "chat", 0, 1)),
    (1004.5, ev.StepSucceeded("release:db", True)),
    (1004.6, ev.StepStarted("ready:db")),
    (1006.0, ev.StepProgress("ready:db", "0 of 1 pods ready")),
    (1007.0, ev.StepLog("ready:db", "db-0", "pulling 10 %")),
    (1010.0, ev.Draining("SIGINT received")),
    (1065.0, ev.StepFailed("ready:db", (PULL,))),
    (1065.1, ev.StepSkipped("ready:web", "ready:db failed")),
    (1065.2, ev.RunFinished("run-1", 4)),
]

ON_A_PIPE = """\
    0.0s apply prod: 3 steps, run run-1
warning: the keyring is empty [note]
    0.2s release:db started
    1.0s release:db again in 2.0 s: the API server answers 429
    3.0s release:db started (attempt 2)
    4.0s release:db helm release db: revision none -> 1
    4.5s release:db done in 4.3 s
    4.6s ready:db started
    6.0s ready:db 0 of 1 pods ready
    7.0s ready:db db-0: pulling 10 %
   10.0s stopping: SIGINT received; what runs is let finish, again to force
   65.0s ready:db failed
  error: db: no image (pod a) [image-pull-failed]
    ErrImagePull
    log: x
    do: check
   65.1s ready:web skipped: ready:db failed
   65.2s finished with exit code 4
"""


def told(kind: type[Lines], script: list[tuple[float, Event]], paint: Paint) -> str:
    stream = io.StringIO()
    subscriber = kind(stream, paint)
    for at, event in script:
        subscriber(event, at)
    return stream.getvalue()


def test_on_a_pipe() -> None:
    assert told(Lines, SCRIPT, Paint(colour=False)) == ON_A_PIPE


def test_an_unchanged_step_and_a_changed_one() -> None:
    script = [SCRIPT[0], (1001.0, ev.StepStarted("ready:db")), (1003.0, ev.StepSucceeded("ready:db", False))]
    assert told(Lines, script, Paint(colour=False)).splitlines()[-1] == "    3.0s ready:db ok in 2.0 s"
    again: list[tuple[float, Event]] = [(1004.0, ev.ReleaseChanged("release:db", "db", "chat", 4, 5))]
    assert told(Lines, again, Paint(colour=False)).endswith("release:db helm release db: revision 4 -> 5\n")


def test_what_is_simulated_says_so() -> None:
    script: list[tuple[float, Event]] = [(5.0, ev.RunStarted("r", "demo", (DB,), "apply", True))]
    for face in (Lines, LiveLines):
        assert told(face, script, Paint(colour=False)) == "    0.0s apply demo: 1 steps, run r SIMULATED\n"


def test_time_counts_from_the_first_run_of_a_command() -> None:
    """A rollback follows a failed run: its seconds go on."""
    script = [*SCRIPT, (1070.0, ev.RunStarted("run-1", "prod", (DB,), "rollback"))]
    assert told(Lines, script, Paint(colour=False)).splitlines()[-1] == "   70.0s rollback prod: 1 steps, run run-1"


def test_colour() -> None:
    told_in_colour = told(Lines, SCRIPT, Paint(colour=True))
    assert re.sub(r"\x1b\[\d+m", "", told_in_colour) == ON_A_PIPE
    assert "ready:db \x1b[31mfailed\x1b[0m" in told_in_colour
    assert "release:db \x1b[32mdone\x1b[0m" in told_in_colour


class Terminal:
    """As much of a terminal as LiveLines uses: lines, cursor up, erase below. Anything else is an error."""

    def __init__(self, width: int) -> None:
        self.width, self.lines, self.row = width, [""], 0

    def feed(self, data: str) -> None:
        for part in re.findall(r"\x1b\[\d*[AJm]|\n|[^\x1b\n]+|\x1b", data):
            if part == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            elif part.endswith("A") and part.startswith("\x1b["):
                self.row -= int(part[2:-1])
                assert self.row >= 0
            elif part == "\x1b[J":
                del self.lines[self.row + 1 :]
                self.lines[self.row] = ""
            elif part.startswith("\x1b["):
                assert re.fullmatch(r"\x1b\[\d+m", part)
            else:
                assert "\x1b" not in part
                self.lines[self.row] += part


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "40")
    return Terminal(40)


def test_live_on_a_terminal(narrow: Terminal) -> None:
    stream = io.StringIO()
    live = LiveLines(stream, Paint(colour=True))
    screens: dict[float, list[str]] = {}
    for at, event in SCRIPT:
        live(event, at)
        narrow.feed(stream.getvalue())
        stream.seek(0)
        stream.truncate()
        screens[at] = [line for line in narrow.lines if line]
        assert narrow.lines[-1] == ""  # the cursor is on a line of its own
    assert screens[1000.2] == [
        "    0.0s apply prod: 3 steps, run run-1",
        "warning: the keyring is empty [note]",
        "  db: helm release  0 s  ",
    ]
    assert screens[1001.0][-1] == "  db: helm release  1 s  the API server answers 429"[:39]
    assert screens[1004.5][-1] == "    4.5s release:db done in 4.3 s"
    assert screens[1006.0][-1] == "  db: ready  1 s  0 of 1 pods ready"
    assert screens[1007.0][-1] == "  db: ready  2 s  0 of 1 pods ready"
    # At the end all that happened stands there once, and no live line is left.
    silent = ("started", "0 of 1 pods ready", "db-0: pulling")
    assert screens[1065.2] == [line for line in ON_A_PIPE.splitlines() if not any(word in line for word in silent)]


def test_several_live_lines_replace_each_other(narrow: Terminal) -> None:
    script: list[tuple[float, Event]] = [
        SCRIPT[0],
        (1001.0, ev.StepStarted("release:db")),
        (1002.0, ev.StepStarted("ready:web")),
        (1003.0, ev.StepProgress("ready:web", "long words " * 9)),
        (1004.0, ev.StepSucceeded("release:db", True)),
    ]
    narrow.feed(told(LiveLines, script, Paint(colour=True)))
    assert [line for line in narrow.lines if line] == [
        "    0.0s apply prod: 3 steps, run run-1",
        "    4.0s release:db done in 3.0 s",
        "  web: ready  2 s  long words long words long words"[:39],
    ]
    assert all(len(line) < 40 for line in narrow.lines)  # a line that wraps could not be taken back


def test_seconds_go_on_between_events(narrow: Terminal) -> None:
    stream = io.StringIO()
    live = LiveLines(stream, Paint(colour=True))
    live.tick(999.0)
    assert stream.getvalue() == ""
    live(SCRIPT[0][1], 1000.0)
    live(ev.StepStarted("release:db"), 1001.0)
    live.tick(1002.0)
    live.tick(1009.0)
    narrow.feed(stream.getvalue())
    assert [line for line in narrow.lines if line][1:] == ["  db: helm release  8 s  "]
    live(ev.RunFinished("run-1", 0), 1010.0)
    written = stream.getvalue()
    live.tick(1011.0)
    assert stream.getvalue() == written


@pytest.mark.parametrize("kind", get_args(Event), ids=name_of)
@pytest.mark.parametrize("face", [Lines, LiveLines])
def test_every_event_has_words_without_its_run(kind: type[Event], face: type[Lines]) -> None:
    """A subscriber may join late; and a new event without words would pass unseen on a pipe."""
    lines = told(face, [(5.0, EXAMPLES[kind])], Paint(colour=False))
    assert lines or face is LiveLines


HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\rfake\nerror: forged\u202e\ud800"
hostile = st.just(HOSTILE) | st.text(st.characters() | st.sampled_from("\x1b\n\r\x07\x9b"), max_size=20)


@given(hostile, st.sampled_from([Lines, LiveLines]), st.booleans(), st.sampled_from(["utf-8", "ascii"]))
def test_hostile_text_reaches_no_terminal(bad: str, face: type[Lines], colour: bool, encoding: str) -> None:
    spec = StepSpec(bad, "release", bad, (), bad)
    finding = error(bad, bad, detail=bad, hint=bad, where=Where(resource=bad))
    script: list[Event] = [
        ev.RunStarted(bad, bad, (spec,), bad),
        ev.StepStarted(bad),
        ev.StepProgress(bad, bad),
        ev.StepLog(bad, bad, bad),
        ev.StepRetrying(bad, 1, 1.0, finding),
        ev.StepStarted(bad, 2),
        ev.ReleaseChanged(bad, bad, bad, 1, 2),
        ev.Noticed(finding),
        ev.Draining(bad),
        ev.StepFailed(bad, (finding,)),
        ev.StepSkipped(bad, bad),
        ev.StepSucceeded(bad, True),
        ev.RunFinished(bad, 4),
    ]
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    subscriber = face(stream, Paint(colour=colour, unicode=encoding == "utf-8"))
    for number, event in enumerate(script):
        subscriber(event, float(number))
    shown = raw.getvalue().decode(encoding)
    ours = r"\x1b\[(?:\d+A|J|0m|1m|2m|3[12356]m)" if colour or face is LiveLines else r"(?!)"
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", re.sub(ours, "", shown)
    )
    if not colour:
        assert "\x1b[3" not in shown and "\x1b[2J" not in shown
    if bad == HOSTILE:
        assert not [line for line in shown.splitlines() if line.startswith("error: forged")]
