"""Hostile text on every screen of the walk: it is shown as text, obeyed by nothing, and shifts no border."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tui.desk import STEPS, FakeDesk, plan_of
from tests.tui.play import Player, new_profile, play
from tests.tui.test_review import profile
from wizard.domain import events as ev
from wizard.domain.finding import ExitCode, UsageError, WizardError, error
from wizard.domain.plan import Action, Change, FieldConflict, Plan
from wizard.domain.profile import Profile
from wizard.domain.secret import Secret
from wizard.engine.inventory import Credential
from wizard.ui.services import ContextEntry, ProfileEntry, Reachability, SecretPlace, UnfinishedRun
from wizard.ui.tui.app import Start

MARKUP = "[bold red]x[/bold red] [/nothing] [@click=app.exit]y[/] $primary {z}"
HOSTILE = {
    "markup": MARKUP,
    "control": "\x1b[2J\x1b]0;title\x07bell\x9b31m one\ntwo\r\nthree\tfour \u202ertl\u2066\u200bmark\ufeff",
    "width": "漢字👩‍👩‍👧‍👦🇩🇪❤️e" + "\u0301" * 40 + " \ud800 \ue000 \uffff \u0378",
    "length": "x" * 1_000_000,
}


def intact(player: Player) -> None:
    """Every line as wide as the screen, and nothing in it that a terminal would obey."""
    width = player.app.size.width
    for strip in player.app.screen._compositor.render_strips():
        assert strip.cell_length == width, (strip.cell_length, strip.text)
        assert strip.text.isprintable(), ascii(strip.text)
    assert player.app._exception is None


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_home_and_what_it_says(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = FakeDesk()
    desk.entries = [ProfileEntry(words, Path("/p") / "a.yaml", words, words), ProfileEntry("b", Path("/p/b"), "x", "b")]
    run = UnfinishedRun("r", words, words, time.time(), 1, 2, words, str(desk.entries[0].path))
    desk.runs_before = [run]

    def unreadable(entry: ProfileEntry) -> Any:
        raise UsageError(error("bad", words, hint=words))

    monkeypatch.setattr(desk, "read", unreadable)

    async def story(player: Player) -> None:
        await player.sees("Continue ", "Yours")
        intact(player)
        await player.press("enter")
        await player.sees("cannot be opened")
        intact(player)
        if words is MARKUP:
            assert "[bold red]x[/bold red]" in player.text

    play(story, desk)


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_the_walk_its_lists_its_look_ups_its_notes(words: str) -> None:
    desk = FakeDesk()
    desk.kube_contexts = [ContextEntry(words, words, words, current=True), ContextEntry("b", "b")]
    desk.reached = {words: Reachability(False, words, words), None: Reachability(False, words, words)}
    desk.save_problem = UsageError(error("bad", words))

    async def secrets(_: Profile) -> list[SecretPlace]:
        return [SecretPlace(words, words, words, (words,))]

    desk.secrets = secrets  # type: ignore[assignment, method-assign]

    async def story(player: Player) -> None:
        await new_profile(player, "cluster")
        draft = player.walk.draft
        await player.jump("where")
        await player.sees("✗")
        await player.to("target.cluster.context")
        await player.press("f3")
        await player.on("Choose")
        intact(player)
        await player.press("enter")
        await player.on("WalkScreen")
        assert draft.get("target.cluster.context") == words
        intact(player)
        draft.set("name", words)
        draft.set("tenants", [{"name": words, "displayName": words, "models": [words]}])
        draft.set("observability.receivers", [{"name": words, "kind": words, "to": words}])
        await player.settle()
        intact(player)
        for chapter in ("target", "tenants", "observability"):
            await player.jump(chapter)
            intact(player)
        draft.unset("name")
        draft.unset("tenants")
        draft.unset("observability.receivers")
        draft.set("name", "chat")
        if draft.profile() is None:  # a surrogate in the context's name: no file could hold it
            draft.unset("target.cluster.context")
        await player.jump("secrets")
        await player.sees("●")
        intact(player)
        await player.press("ctrl+s")
        await player.on("Prompt")
        await player.press("enter")
        await player.sees("not saved")
        intact(player)

    play(story, desk, size=(100, 40))


def hostile_plan(words: str, each: Profile) -> Plan:
    conflict = FieldConflict(words, words, words)
    diff = "\n".join((f"+{words}", f"-{words}", words))
    actions = (
        Action("release", words, words, Change.UPDATE, (words, words), diff, (conflict,)),
        Action("secret", words, "", Change.CREATE, (words,)),
    )
    steps = tuple(replace(step, title=words) for step in STEPS)
    warned = replace(
        error("w", words, detail=words, hint=words), severity=conflict.finding(error("", "").severity).severity
    )
    return replace(
        plan_of(each),
        actions=actions,
        steps=steps,
        findings=(replace(warned, severity=type(warned.severity)("warning")),),
    )


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_review_deploy_explain_done(words: str) -> None:
    desk = FakeDesk()
    desk.plan = lambda each: hostile_plan(words, each)

    async def story(player: Player) -> None:
        await player.sees("1 to create, 1 to change")
        intact(player)
        await player.press("enter")
        await player.settle()
        intact(player)
        for key in "2345":
            await player.press(key)
            await player.settle()
            intact(player)
        await player.press("d")
        await player.on("DeployScreen")
        await player.until(lambda: desk.runs)
        run = desk.run
        run.start("namespace")
        run.emit(
            ev.StepProgress("namespace", words), ev.StepLog("namespace", words, words),
            ev.Noticed(error("n", words)), ev.StepRetrying("namespace", 1, 2.0, error("r", words)),
        )  # fmt: skip
        await player.sees("↻")
        intact(player)
        run.fail("namespace", error("f", words, detail=words, hint=words))
        run.emit(ev.StepSkipped("secrets", words))
        await player.on("ExplainScreen")
        intact(player)
        run.finish(ExitCode.DEPLOYMENT)
        await player.press("escape")
        await player.on("DeployScreen")
        await player.sees("Failed after")
        intact(player)
        desk.apply_problem = WizardError(error("p", words, detail=words, hint=words))
        await player.press("r")
        await player.until(lambda: player.app.deployment is not None and player.app.deployment.problem)
        await player.settle()
        intact(player)
        desk.apply_problem = None
        await player.press("r")
        await player.until(lambda: len(desk.runs) == 2)
        desk.run.all_done()
        await player.sees("Deployed and ready")
        await player.press("c")
        await player.on("DoneScreen")

        async def credentials() -> list[Credential]:
            ref = (await run.credentials())[0].ref
            return [Credential(replace(ref, name=words), (), Secret(words))]

        desk.run.credentials = credentials  # type: ignore[method-assign]
        await player.press("p")
        await player.sees("Log in as")
        intact(player)

    play(story, desk, Start(profile()))


def test_a_profile_s_own_yaml_is_shown_and_not_obeyed() -> None:
    desk = FakeDesk()
    words = MARKUP + "\u202e\u2066"
    data: dict[str, Any] = {
        "name": "chat",
        "target": {"kind": "sandbox"},
        "components": {"ollama": {"values": {"a": words}}},
    }
    desk.add("chat", data)

    async def story(player: Player) -> None:
        await player.sees("about chat")
        await player.press("down", "down", "enter")
        await player.on("ReviewScreen")
        await player.press("5")
        await player.sees("[bold red]x")
        intact(player)

    play(story, desk, size=(200, 40))
