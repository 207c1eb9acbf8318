"""The walk at a terminal: from the start menu to the review, back and forth, and out."""

from __future__ import annotations

from typing import Any

import pytest
from prompt_toolkit.output import DummyOutput

from tests.unit.ui.plain.conftest import (
    CTRL_C,
    CTRL_D,
    CTRL_U,
    DOWN,
    ENTER,
    SPACE,
    UP,
    Services,
    Terminal,
)
from wizard.domain.finding import ExitCode, UsageError, error
from wizard.domain.plan import Action, Change, Plan, StepSpec
from wizard.domain.profile import Profile
from wizard.ui.flow.chapters import CHAPTERS, questions
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.presets import new_draft
from wizard.ui.flow.question import Ask
from wizard.ui.plain.app import run_plain
from wizard.ui.plain.drawers import DRAWERS, Desk, put, shown_value
from wizard.ui.plain.prompts import Interrupted, Numbers
from wizard.ui.plain.review import review
from wizard.ui.plain.walk import walk
from wizard.ui.services import ContextEntry, Outcome, UnfinishedRun

ASKED = {question.path: question for question in questions()}
GO_ON = ENTER
REVIEW = UP + ENTER  # the last entry of every chapter's menu but the last one's
QUIT = UP + ENTER


def play(terminal: Terminal, services: Services, *keys: str, draft: Draft | None = None) -> Outcome:
    terminal.type(*keys)
    return run_plain(services, draft=draft, asking=terminal.asking, talk=terminal.talk)  # type: ignore[arg-type]


def desk(terminal: Terminal, services: Services | None = None) -> Desk:
    return Desk(services or Services(), terminal.asking, terminal.talk)  # type: ignore[arg-type]


def test_every_kind_of_question_is_drawn() -> None:
    """By both front ends: neither may lack what the other has."""
    from wizard.ui.tui.widgets.controls import CONTROLS

    assert set(DRAWERS) == set(Ask) == set(CONTROLS)


@pytest.mark.parametrize("kind", ["sandbox", "cluster", "k3s", "aws"])
def test_every_setting_has_a_line_in_a_menu(kind: str) -> None:
    draft = new_draft(kind)
    for chapter in CHAPTERS:
        for _, asked in chapter.shown(draft):
            for question in asked:
                assert shown_value(draft, question)


def test_a_new_profile_with_every_default(terminal: Terminal) -> None:
    services = Services()
    new = ENTER + ENTER + GO_ON * len(CHAPTERS)  # the menu's first entry, the sandbox, then on and on
    save, leave = DOWN + ENTER + ENTER, QUIT
    outcome = play(terminal, services, new, save, leave)
    assert outcome == Outcome(int(ExitCode.OK))
    assert services.files["chat"] == new_draft().data
    for number, chapter in enumerate(CHAPTERS, 1):
        assert f"{number}/12 {chapter.title}" in terminal.said
    assert "admin-password" in terminal.said and "will be generated" in terminal.said
    assert "yours to give: WIZARD_SECRET_HOOK" in terminal.said and "there already: keyring" in terminal.said
    assert "SIMULATED" in terminal.said


def test_what_has_no_default_is_asked_for_first(terminal: Terminal) -> None:
    services = Services()
    k3s = ENTER + DOWN * 2 + ENTER + GO_ON
    outcome = play(terminal, services, k3s, "server.example.com" + ENTER, REVIEW, UP * 3, CTRL_C, "y")
    assert outcome.exit_code == 6 and "drafts/chat.yaml" in outcome.words[0]
    assert services.drafts["chat"]["target"] == {"kind": "k3s", "k3s": {"host": "server.example.com"}}
    assert services.asked == ["resolve server.example.com"] and "203.0.113.7" in terminal.said
    assert "chat: namespace chat" in terminal.said  # the plan: a server can be deployed to


def test_a_wrong_answer_is_said_and_asked_again(terminal: Terminal) -> None:
    draft = new_draft()
    terminal.type(CTRL_U, "Bad Name", ENTER, ENTER, CTRL_U, "good", ENTER)
    put(desk(terminal), draft, ASKED["name"])
    assert draft.name == "good" and "did you mean 'bad-name'?" in terminal.said
    terminal.type(CTRL_U, "Bad Name", ENTER, DOWN, ENTER)
    put(desk(terminal), draft, ASKED["name"])
    assert draft.name == "Bad Name"  # left for now


def test_what_cannot_be_read_is_not_accepted(terminal: Terminal) -> None:
    draft = new_draft()
    terminal.type(CTRL_U, "many", ENTER, CTRL_U, "4", ENTER)
    put(desk(terminal), draft, ASKED["target.sandbox.nodes"])
    assert draft.value("target.sandbox.nodes") == 4


@pytest.mark.parametrize(
    ("path", "keys", "value"),
    [
        ("access.domain", CTRL_U + "example.com" + ENTER, "example.com"),
        ("access.domain", CTRL_U + ENTER, None),
        ("target.sandbox.speed", CTRL_U + "2.5" + ENTER, 2.5),
        ("footprint", DOWN + ENTER, "full"),
        ("backup.enabled", "y", True),
        ("observability.enabled", "n", False),
        ("tiers.premium", "y", {}),
        ("images.pullSecrets", "one, two" + ENTER, ["one", "two"]),
        ("target.k3s.disable", SPACE + DOWN + SPACE + ENTER, ["traefik", "servicelb"]),
        ("tiers.standard.nodeSelector", "pool=llm, a=b" + ENTER, {"pool": "llm", "a": "b"}),
        ("components", "{ollama: {values: {a: 1}}}" + ENTER, {"ollama": {"values": {"a": 1}}}),
        ("target.sandbox.scenario", UP + ENTER, "crash-loop"),
        ("target.sandbox.scenario", ENTER, None),
        ("target.sandbox.scenario", DOWN + ENTER + "oom" + ENTER, "oom"),
        ("chat.embeddingModel", UP + ENTER, "qwen3:0.6b"),
        ("tiers.standard.instanceTypes", UP + SPACE + ENTER + CTRL_U + "m7i.2xlarge" + ENTER, ["m7i.2xlarge"]),
    ],
)
def test_each_kind_of_question(terminal: Terminal, path: str, keys: str, value: Any) -> None:
    draft = new_draft()
    terminal.type(keys)
    put(desk(terminal), draft, ASKED[path])
    assert (draft.get(path) or None) == (value or None) or draft.get(path) == value
    assert ASKED[path].help.split()[0] in terminal.said


def test_contexts_are_listed_and_asked_for_an_answer(terminal: Terminal) -> None:
    services = Services(
        clusters=[ContextEntry("kind", "https://127.0.0.1:6443", current=True), ContextEntry("prod", "")]
    )
    draft = new_draft("cluster")
    terminal.type(UP, ENTER)
    put(desk(terminal, services), draft, ASKED["target.cluster.context"])
    assert draft.get("target.cluster.context") == "prod" and services.asked == ["reach prod"]
    assert "no answer within 5 s" in terminal.said and "check the VPN" in terminal.said


def test_tenants_are_added_edited_moved_removed_and_imported(terminal: Terminal) -> None:
    services = Services(tables={"t.csv": "name,adminEmail\nglobex,it@globex.example\n", "bad.csv": "name\nBad Name\n"})
    draft = new_draft()
    add = DOWN + ENTER + "acme" + ENTER + ENTER  # add one, its name, done with it
    imported = DOWN * 3 + ENTER + "t.csv" + ENTER
    refused = DOWN * 4 + ENTER + "bad.csv" + ENTER
    missing = DOWN * 4 + ENTER + "none.csv" + ENTER
    terminal.type(add, imported, refused, missing, ENTER)
    put(desk(terminal, services), draft, ASKED["tenants"])
    assert draft.rows("tenants") == [{"name": "acme"}, {"name": "globex", "adminEmail": "it@globex.example"}]
    assert "1 tenant imported." in terminal.said and "Nothing was imported." in terminal.said
    assert "bad.csv:2" in terminal.said and "there is no none.csv" in terminal.said
    remove_first, export = DOWN + ENTER + UP + ENTER, UP + ENTER + CTRL_U + "out.csv" + ENTER
    terminal.type(remove_first, export, ENTER)
    put(desk(terminal, services), draft, ASKED["tenants"])
    assert [row["name"] for row in draft.rows("tenants")] == ["globex"]
    assert services.tables["out.csv"] == "name,adminEmail\nglobex,it@globex.example\n"
    terminal.type(DOWN, ENTER, DOWN, ENTER, CTRL_U, "initech", ENTER, ENTER, ENTER)
    put(desk(terminal, services), draft, ASKED["tenants"])
    assert draft.get("tenants[0].name") == "initech"


def test_models_are_ticked_in_the_catalog(terminal: Terminal) -> None:
    draft = Draft({"name": "x", "target": {"kind": "sandbox"}, "models": [{"name": "mine:1b", "warm": True}]})
    pick = DOWN * 2 + ENTER + SPACE + ENTER
    terminal.type(pick, ENTER)
    put(desk(terminal), draft, ASKED["models"])
    rows = draft.rows("models")
    assert rows[0] == {"name": "mine:1b", "warm": True} and len(rows) == 2


def test_back_and_forth_loses_nothing(terminal: Terminal) -> None:
    draft = new_draft()
    back = UP * 2 + ENTER
    terminal.type(ENTER, GO_ON, GO_ON, back, back, GO_ON, REVIEW)
    assert walk(desk(terminal), draft) and not draft.changed
    terminal.type(ENTER, back)
    assert not walk(desk(terminal), draft)


def test_leaving_asks_once_whether_to_save(terminal: Terminal) -> None:
    services = Services(files={"mine": new_draft().data})
    draft = Draft(services.files["mine"])
    draft.set("access.domain", "example.com")
    outcome = play(terminal, services, QUIT, DOWN * 2 + ENTER, QUIT, DOWN + ENTER, draft=draft)  # stay, then drop it
    assert outcome.exit_code == 0 and not services.drafts


@pytest.mark.parametrize(("keys", "saved"), [("y", True), ("n", False), (CTRL_C, False)])
@pytest.mark.parametrize("stop", [CTRL_C, CTRL_D])
def test_ctrl_c_at_a_question(terminal: Terminal, stop: str, keys: str, saved: bool) -> None:
    services = Services()
    draft = new_draft()
    draft.set("access.domain", "example.com")
    name = UP * 3 + ENTER + ENTER + DOWN * 2 + ENTER  # change something: the target's name, a line of text
    outcome = play(terminal, services, name, CTRL_U + stop, keys, draft=draft)
    assert outcome.exit_code == 6 and bool(services.drafts) is saved


def test_ctrl_c_where_nothing_was_said_asks_nothing(terminal: Terminal) -> None:
    assert play(terminal, Services(), CTRL_C) == Outcome(6)


def test_a_draft_is_gone_on_with_and_a_profile_is_reviewed(terminal: Terminal) -> None:
    services = Services(files={"mine": new_draft(name="mine").data}, drafts={"half": {"name": "half", "target": {}}})
    keys = ENTER + UP * 2 + CTRL_C  # the draft comes first; its target is asked for
    assert play(terminal, services, keys).exit_code == 6
    assert "1/12 Target" in terminal.said
    terminal.type(DOWN * 2 + ENTER, ENTER, QUIT)
    assert run_plain(services, asking=terminal.asking, talk=terminal.talk).exit_code == 0  # type: ignore[arg-type]
    assert "mine: namespace chat SIMULATED" in terminal.said


def test_an_unfinished_run_is_offered_with_what_became_of_it(terminal: Terminal) -> None:
    run = UnfinishedRun("r", "mine", "apply", 0.0, 3, 8, "cut off", profile="profiles/mine.yaml")
    services = Services(files={"mine": new_draft(name="mine").data}, runs=[run])
    assert play(terminal, services, ENTER, QUIT).exit_code == 0
    assert "mine: namespace chat SIMULATED" in terminal.said


def test_an_invalid_profile_is_put_right_from_the_review(terminal: Terminal) -> None:
    draft = Draft({"name": "x", "target": {"kind": "sandbox"}, "observability": {"metrics": {"retention": "long"}}})
    right = ENTER + DOWN * 2 + ENTER + CTRL_U + "9d" + ENTER + GO_ON + GO_ON  # the chapter, the field, on to the review
    terminal.type(right, QUIT, DOWN + ENTER)
    outcome = review(desk(terminal), draft)
    assert outcome == Outcome(0) and draft.get("observability.metrics.retention") == "9d"
    assert "must be a duration" in terminal.said


# --- deploying, with a session that is told what to answer


class Session:
    """Answers `apply` with the codes it is given, one a run; a WizardError is raised."""

    def __init__(self, codes: list[Any], asked: list[str]) -> None:
        self._codes, self._asked, self.running = codes, asked, False

    def subscribe(self, subscriber: object) -> None: ...

    def now(self) -> float:
        return 0.0

    async def apply(self, *, expected: str = "", **_: object) -> ExitCode:
        self._asked.append(f"apply {expected}".strip())
        return self._next()

    async def rollback(self, **_: object) -> ExitCode:
        self._asked.append("rollback")
        return self._next()

    async def plan(self) -> tuple[Plan, None]:
        self._asked.append("plan")
        return _plan(), None

    async def close(self) -> None:
        self._asked.append("close")

    def _next(self) -> ExitCode:
        code = self._codes.pop(0)
        if isinstance(code, Exception):
            raise code
        return ExitCode(code)


def _plan(simulated: bool = False) -> Plan:
    action = Action("release", "ollama", "chat", Change.CREATE, ("not installed",), diff="+ a: 1")
    steps = (StepSpec("release:ollama", "release", "ollama"),)
    return Plan("x", "chat", "uid", (action,), steps, fingerprint="f00", simulated=simulated)


def _deployment(*codes: Any, kind: str = "cluster") -> tuple[Services, Draft, list[str]]:
    asked: list[str] = []
    left = list(codes)
    services = Services(sessions=lambda _: Session(left, asked))
    services.offline_plan = lambda profile: _plan(profile.simulated)  # type: ignore[method-assign]
    draft = Draft({"name": "x", "target": {"kind": kind}})
    return services, draft, asked


def test_deploying_to_a_cluster_applies_the_plan_that_was_shown(terminal: Terminal) -> None:
    services, draft, asked = _deployment(0)
    outcome = play(terminal, services, ENTER, ENTER, ENTER, "mine" + ENTER, draft=draft)
    assert asked == ["plan", "close", "apply f00", "close"]
    assert outcome.exit_code == 0 and "x is deployed and ready." in terminal.answers.getvalue()
    # It was never saved: leaving asks, and the whole profile is kept.
    assert "xmine" in services.files


def test_a_failed_run_can_be_tried_again_rolled_back_or_left(terminal: Terminal) -> None:
    services, draft, asked = _deployment(4, 4, 0, kind="sandbox")
    again, undo, leave = ENTER, DOWN + ENTER, QUIT
    outcome = play(terminal, services, ENTER, again, undo, leave, draft=draft)
    assert [word for word in asked if word != "close"] == ["apply", "apply", "rollback"]
    assert outcome.exit_code == 0 and "Rolled back." in terminal.said
    services, draft, _ = _deployment(UsageError(error("x", "no helm", hint="install it")), kind="sandbox")
    outcome = play(terminal, services, ENTER, QUIT, draft=draft)
    assert outcome.exit_code == 2 and "no helm" in terminal.said and "install it" in terminal.said


def test_a_target_that_cannot_be_looked_at_is_planned_for_an_empty_one(terminal: Terminal) -> None:
    services, draft, _ = _deployment()

    def refuse(profile: Profile) -> Session:
        raise UsageError(error("kubeconfig", "there is no kubeconfig"))

    services.sessions = refuse
    outcome = play(terminal, services, DOWN * 2 + ENTER, QUIT, draft=draft)  # no "Deploy": the plan, with its diffs
    assert outcome.exit_code == 0
    assert "there is no kubeconfig" in terminal.said and "+ a: 1" in terminal.said


def test_a_target_of_a_later_version_is_shown_and_not_deployed(terminal: Terminal) -> None:
    services, draft, asked = _deployment()
    draft = new_draft("aws")
    draft.set("target.aws.region", "eu-central-1")
    draft.saved()
    assert play(terminal, services, DOWN + ENTER, QUIT, draft=draft).exit_code == 0
    assert "target aws: not deployed by this version" in terminal.said and not asked
    assert "region: eu-central-1" in terminal.said  # the YAML


# --- terminals without a cursor


def numbers(terminal: Terminal) -> Numbers:
    return Numbers(terminal.pipe, DummyOutput())


def test_a_dumb_terminal_is_asked_by_number(terminal: Terminal) -> None:
    services = Services()
    keys = ["1", "1", "3", "mine", *[""] * len(CHAPTERS), "2", "", "7"]
    terminal.type(*(key + ENTER for key in keys))
    outcome = run_plain(services, asking=numbers(terminal), talk=terminal.talk)  # type: ignore[arg-type]
    assert outcome.exit_code == 0 and services.files["mine"]["name"] == "mine"


def test_numbers(terminal: Terminal) -> None:
    from wizard.ui.plain.prompts import Option

    options = [Option("a", "A", "the first"), Option("b", "B"), Option("c", "C")]
    asking = numbers(terminal)
    terminal.type("9" + ENTER + "2" + ENTER)
    assert asking.select("Which?", options) == "b"
    terminal.type(ENTER)
    assert asking.select("Which?", options, "c") == "c"
    terminal.type("3, 1" + ENTER)
    assert asking.several("Which?", options, ["b"]) == ["a", "c"]
    terminal.type(ENTER, "-" + ENTER)
    assert asking.several("Which?", options, ["b"]) == ["b"]
    assert asking.several("Which?", options, ["b"]) == []
    terminal.type(ENTER, "-" + ENTER, "new" + ENTER)
    assert [asking.text("Name:", "old") for _ in range(3)] == ["old", "", "new"]
    terminal.type(ENTER, "yes" + ENTER, "n" + ENTER)
    assert [asking.confirm("Sure?", True) for _ in range(3)] == [True, True, False]
    terminal.type(CTRL_C)
    with pytest.raises(Interrupted):
        asking.select("Which?", options)


def test_the_terminal_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    from wizard.ui.plain.prompts import Arrows, prompts

    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(prompts(), Arrows)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(prompts(), Numbers)
