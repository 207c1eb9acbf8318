"""Findings and plans as text: the exact words, with and without colour, in ASCII, and harmless."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.domain.finding import Finding, Severity, Where, error, warning
from wizard.domain.plan import Action, Change, FieldConflict, Plan, StepSpec
from wizard.domain.text import harmless
from wizard.ui.headless.words import Paint, all_lines, finding_lines, plan_lines, size, summary

PLAIN, COLOUR = Paint(colour=False), Paint(colour=True)
ASCII = Paint(colour=False, unicode=False)
SGR = re.compile(r"\x1b\[(?:0|1|2|31|32|33|35|36)m")

PLAN = Plan(
    deployment="prod",
    namespace="chat",
    cluster="uid",
    actions=(
        Action("namespace", "chat", "", Change.LEAVE, ("as desired",)),
        Action("secret", "auth", "chat", Change.CREATE, ("does not exist; keys password",)),
        Action("release", "web", "chat", Change.UPDATE, ("chart or values differ", "drift"),
               "--- a\n+++ b\n@@ -1 +1 @@\n-x: 1\n+x: 2\n y"),
        Action("release", "db", "chat", Change.REPAIR, ("Helm left revision 2 in pending-upgrade",)),
        Action("release", "old", "chat", Change.REMOVE, ("no longer in the profile",)),
        Action("release", "ollama", "chat", Change.WAIT, ("readiness was not yet confirmed",)),
    ),
    steps=(StepSpec("a", "release", "web"),),
    findings=(FieldConflict("deployment chat/web", ".spec.replicas", "kubectl").finding(Severity.WARNING),),
    budget={"total": {"cpuRequest": 0.7, "memoryRequest": 1536 * 2**20, "cpuLimit": 3.0, "memoryLimit": 3 * 2**30}},
)  # fmt: skip

SHOWN = """\
prod: namespace chat
= leave   namespace chat: as desired
+ create  secret chat/auth: does not exist; keys password
~ change  release chat/web: chart or values differ; drift
    --- a
    +++ b
    @@ -1 +1 @@
    -x: 1
    +x: 2
     y
! repair  release chat/db: Helm left revision 2 in pending-upgrade
- remove  release chat/old: no longer in the profile
… wait    release chat/ollama: readiness was not yet confirmed

warning: .spec.replicas of deployment chat/web belongs to kubectl (deployment chat/web) [field-conflict]
  Helm applies server-side: the upgrade would stop at this field.
  do: leave the field to its owner, or take it back with --take-back-conflicts
requests 0.7 CPU, 1.5 GiB; limits 3 GiB; a 4 GiB server has 2.6 GiB beside k3s
1 to create, 1 to change, 1 to repair, 1 to remove, 1 to wait for, 1 left"""


def test_a_plan_in_words() -> None:
    assert "\n".join(plan_lines(PLAN, PLAIN)) == SHOWN


def test_a_plan_without_diffs() -> None:
    without = [line for line in SHOWN.splitlines() if not line.startswith("    ")]
    assert list(plan_lines(PLAN, PLAIN, diffs=False)) == without


def test_a_plan_in_ascii() -> None:
    assert "\n".join(plan_lines(PLAN, ASCII)) == SHOWN.replace("…", "...")
    assert "\n".join(plan_lines(PLAN, ASCII)).isascii()


def test_a_plan_in_colour_says_the_same_in_the_same_columns() -> None:
    lines = list(plan_lines(PLAN, COLOUR))
    assert "\n".join(SGR.sub("", line) for line in lines) == SHOWN
    assert lines[2].startswith("\x1b[32m+\x1b[0m \x1b[32mcreate \x1b[0m secret")
    assert "    \x1b[31m-x: 1\x1b[0m" in lines and "    \x1b[32m+x: 2\x1b[0m" in lines
    assert "    \x1b[36m@@ -1 +1 @@\x1b[0m" in lines
    for line in lines:  # each colour ends on its line, or the shell's prompt would have it
        assert line.count("\x1b[0m") * 2 == len(SGR.findall(line))


def test_what_is_simulated_says_so() -> None:
    assert next(plan_lines(replace(PLAN, simulated=True), PLAIN)) == "prod: namespace chat SIMULATED"


def test_nothing_to_do() -> None:
    plan = Plan("prod", "chat", "uid", PLAN.actions[:1], ())
    assert list(plan_lines(plan, PLAIN)) == [
        "prod: namespace chat",
        "= leave   namespace chat: as desired",
        "",
        "nothing to do: everything is as desired, and ready",
    ]
    assert summary(PLAN) == SHOWN.splitlines()[-1]


FULL = Finding(
    Severity.ERROR, "image-pull-failed", "it broke", "first\n  second", "do this", Where("p.yaml", 3, "a.b", "pod x")
)


@pytest.mark.parametrize(
    ("finding", "lines"),
    [
        (error("code", "it broke"), ["error: it broke [code]"]),
        (warning("code", "careful"), ["warning: careful [code]"]),
        (Finding(Severity.INFO, "code", "by the way"), ["info: by the way [code]"]),
        (
            FULL,
            [
                "error: it broke (p.yaml:3 a.b pod x) [image-pull-failed]",
                "  first",
                "    second",
                "  do: do this",
            ],
        ),
    ],
)
def test_findings_in_words(finding: Finding, lines: list[str]) -> None:
    assert list(finding_lines(finding, PLAIN)) == lines


def test_findings_in_colour() -> None:
    assert next(finding_lines(error("code", "it broke"), COLOUR)) == (
        "\x1b[31merror:\x1b[0m \x1b[1mit broke\x1b[0m \x1b[2m[code]\x1b[0m"
    )
    assert next(finding_lines(warning("c", "x"), COLOUR)).startswith("\x1b[33mwarning:")


def test_several_findings_follow_one_another() -> None:
    assert list(all_lines([error("a", "x"), error("b", "y")], PLAIN)) == ["error: x [a]", "error: y [b]"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (2**20 - 1, "1024 KiB"),
        (2**20, "1 MiB"), (48 * 2**20, "48 MiB"), (2**30, "1 GiB"), (1.5 * 2**30, "1.5 GiB"), (10 * 2**30, "10 GiB"),
        (100 * 2**30, "100 GiB"), (2668 * 2**20, "2.6 GiB"), (2**40, "1024 GiB"),
    ],
)  # fmt: skip
def test_size(number: float, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("style", "code"),
    [("bold", 1), ("dim", 2), ("red", 31), ("green", 32), ("yellow", 33), ("magenta", 35), ("cyan", 36)],
)
def test_paint(style: str, code: int) -> None:
    assert PLAIN("x", style) == "x"
    assert COLOUR("x", style) == f"\x1b[{code}mx\x1b[0m"
    assert COLOUR("x") == "x"


def test_ascii_paint() -> None:
    assert ASCII("wait … a · b é 漢") == "wait ... a - b ? ?"
    assert ASCII("…", "red") == "..."


HOSTILE = {
    "erases the screen": ("\x1b[2J\x1b[H", r"\x1b[2J\x1b[H"),
    "sets the title": ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
    "a hyperlink": ("\x1b]8;;https://x\x1b\\a", r"\x1b]8;;https://x\x1b" "\\a"),
    "colours": ("\x1b[31merror:\x1b[0m", r"\x1b[31merror:\x1b[0m"),
    "the 8-bit CSI": ("\x9b31m", r"\x9b31m"),
    "another line": ("ok\nerror: forged", r"ok\x0aerror: forged"),
    "back to the line's start": ("real\rfake", r"real\x0dfake"),
    "backspaces": ("rm\b\bls", r"rm\x08\x08ls"),
    "NUL and DEL": ("a\x00b\x7f", r"a\x00b\x7f"),
    "a tab": ("a\tb", "a b"),
    "turned around": ("a\u202egnp.exe", r"a\u202egnp.exe"),
    "isolated": ("\u2066x\u2069", r"\u2066x\u2069"),
    "zero width": ("ad\u200bmin", r"ad\u200bmin"),
    "Unicode's own line ends": ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
    "half a character": ("\ud800", r"\ud800"),
    "markup of Rich is only text": ("[red]x[/red] [link=x]", "[red]x[/red] [link=x]"),
    "letters of the world stay": ("Grüße, 漢字, Ω, 😀", "Grüße, 漢字, Ω, 😀"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_cluster_says_is_shown_and_not_obeyed(name: str) -> None:
    text, shown = HOSTILE[name]
    assert harmless(text) == shown
    assert PLAIN(text) == shown
    assert COLOUR(text, "red") == f"\x1b[31m{shown}\x1b[0m"
    assert PLAIN.line(text) == shown
    assert harmless(shown) == shown  # nothing is escaped twice on its way


def test_the_last_gate_keeps_our_colours_and_nothing_else() -> None:
    line = COLOUR("ok", "green") + " \x1b[2J " + COLOUR("…", "dim")
    assert COLOUR.line(line) == "\x1b[32mok\x1b[0m " + r"\x1b[2J" + " \x1b[2m…\x1b[0m"
    # Where there are no colours, not even an escape sequence that looks like ours is let through.
    assert PLAIN.line("\x1b[31mx\x1b[0m") == r"\x1b[31mx\x1b[0m"
    assert ASCII.line("é…") == "?..."


text = st.text(st.characters() | st.sampled_from("\x1b\n\r\t\x07\x9b\u202e[m"), max_size=30)


@given(text, st.sampled_from([PLAIN, COLOUR, ASCII]))
def test_no_text_gets_a_control_character_out(hostile: str, paint: Paint) -> None:
    finding = Finding(Severity.ERROR, hostile, hostile, hostile, hostile, Where(hostile, 1, hostile, hostile))
    plan = Plan(
        hostile, hostile, hostile,
        (Action("release", hostile, hostile, Change.UPDATE, (hostile, hostile), hostile),),
        (StepSpec("a", "release", hostile, (), hostile),),
        (finding,),
    )  # fmt: skip
    for line in [*finding_lines(finding, paint), *plan_lines(plan, paint)]:
        left = SGR.sub("", paint.line(line)) if paint is COLOUR else paint.line(line)
        assert not [c for c in left if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")], left
        assert paint.line(line) == line  # all of it had been painted already: the gate found nothing to do
