"""The declared questions: all of the profile, each once, in words, read from the model."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.domain.profile import leaves, to_data
from wizard.domain.profile.parse import parse_profile
from wizard.planning.coverage import DEPLOYABLE
from wizard.ui.flow.chapters import CHAPTERS, RAIL, chapter_of, findings_of, question_of, questions
from wizard.ui.flow.declare import LATER
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.presets import KINDS, new_draft
from wizard.ui.flow.question import Ask, Question, parse, show

ALL = list(questions())
BY_PATH = {question.path: question for question in ALL}
YAML = "name: x\ntarget: {kind: sandbox}\n"


def test_every_field_of_the_profile_is_asked_for_exactly_once() -> None:
    asked = [question.path for question in ALL if question.ask is not Ask.ROWS and not question.switch]
    assert sorted(asked) == sorted(path for path, _ in leaves())


def test_and_nothing_else_but_rows_and_switches() -> None:
    more = [question for question in ALL if question.ask is Ask.ROWS or question.switch]
    assert len({question.path for question in ALL}) == len(ALL)
    for question in more:
        assert any(path.startswith((f"{question.path}.", f"{question.path}[]")) for path, _ in leaves())


def test_a_new_field_of_the_profile_would_be_missed() -> None:
    """The test above compares with what the model has, not with a list of our own."""
    assert len(ALL) > 200 and {question.ask for question in ALL} == set(Ask)


@pytest.mark.parametrize("question", ALL, ids=lambda question: question.path)
def test_words(question: Question) -> None:
    assert question.label[0].isupper() or question.label.startswith(("k3s", "kube"))
    assert len(question.label) <= 40 and not question.label.endswith((".", ":", "?"))
    assert question.help.endswith((".", ").")), question.help
    assert question.spot.description.partition("; empty")[0].rstrip(".") in question.help
    labels = [choice.label for choice in question.choices]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("question", ALL, ids=lambda question: question.path)
def test_choices_are_the_model_s(question: Question) -> None:
    if question.ask is Ask.CHOICE and question.spot.choices:
        assert [choice.value for choice in question.choices if choice.value is not None] == list(question.spot.choices)
    assert set(question.only) <= {choice.value for choice in question.choices}


@pytest.mark.parametrize("question", ALL, ids=lambda question: question.path)
def test_a_default_is_shown_and_read_back(question: Question) -> None:
    if question.default is None or question.switch or question.ask is Ask.ROWS:
        return
    default = list(question.default) if isinstance(question.default, tuple) else question.default
    for lines in (False, True):
        read = parse(question, show(question, default, lines=lines))
        assert read == default or (read is None and not default)  # empty: the field keeps to its default


def test_the_targets_that_are_not_deployed_say_so_and_the_others_do_not() -> None:
    notes = {choice.value: choice.note for choice in BY_PATH["target.kind"].choices}
    assert {kind for kind, note in notes.items() if LATER not in note} == set(DEPLOYABLE)


def test_what_else_this_version_does_not_deploy_says_so() -> None:
    later = {(q.path, choice.value) for q in ALL for choice in q.choices if LATER in choice.note}
    assert {("footprint", "full"), ("database.kind", "aurora"), ("access.routes", "gateway")} <= later
    assert ("database.kind", "external") not in later and ("footprint", "lean") not in later


def _draft(**said: Any) -> Draft:
    data = to_data(parse_profile(YAML, file="x"))
    draft = Draft(data)
    for path, value in said.items():
        draft.set(path.replace("__", "."), value)
    return draft


def _shown(draft: Draft) -> set[str]:
    return {q.path for chapter in CHAPTERS for _, asked in chapter.shown(draft) for q in asked}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_settings_of_the_chosen_kind_are_asked_for(kind: str) -> None:
    draft = new_draft(kind)
    sections = {path.split(".")[1] for path in _shown(draft) if path.startswith("target.") and path.count(".") > 1}
    assert sections == {kind}
    nodes = {path for path in _shown(draft) if re.match(r"tiers\.standard\.(min|max|spotShare|instanceTypes)$", path)}
    assert bool(nodes) is (kind == "aws")


def test_dependence_on_other_answers() -> None:
    assert not {path for path in _shown(_draft()) if path.startswith("tiers.premium.")}
    assert "tiers.premium.ollama.keepAlive" in _shown(_draft(tiers__premium={}))
    assert "tiers.premium.ollama.resources.limits.cpu" in _shown(_draft(tiers__premium={"ollama": {"resources": {}}}))
    assert "access.tls.issuer" not in _shown(_draft())
    own = _draft(access__domain="example.com")
    assert "access.tls.issuer" in _shown(own) and "access.tls.email" not in _shown(own)
    own.set("access.tls.issuer", "letsencrypt-staging")
    assert "access.tls.email" in _shown(own)
    assert "database.external.host" in _shown(_draft(database__kind="external"))
    assert "backup.schedule" not in _shown(_draft()) and "backup.schedule" in _shown(_draft(backup__enabled=True))


def test_what_is_wrong_is_asked_for_even_where_it_makes_no_sense() -> None:
    draft = _draft(tiers__standard__min="many")
    assert "tiers.standard.min" in _shown(draft)


def test_choices_that_cannot_be_taken_are_not_offered_unless_they_stand_there() -> None:
    kind = BY_PATH["database.kind"]
    assert "aurora" not in [choice.value for choice in kind.offered(_draft())]
    assert "aurora" in [choice.value for choice in kind.offered(new_draft("aws"))]
    assert "aurora" in [choice.value for choice in kind.offered(_draft(database__kind="aurora"))]


def test_fields_of_a_row_depend_on_the_row() -> None:
    draft = _draft()
    draft.add_row("observability.receivers", {"name": "ops", "kind": "slack", "secret": "hook"})
    rows = BY_PATH["observability.receivers"]
    asked = [field.path for field in rows.row_fields(draft.rows(rows.path)[0], 0, draft)]
    assert "observability.receivers[0].channel" in asked and "observability.receivers[0].smarthost" not in asked


def test_every_finding_belongs_to_one_chapter() -> None:
    draft = _draft(tiers__premium={}, access__tls={"issuer": "letsencrypt-staging"}, nonsense=1, target__kind="k3s")
    draft.add_row("tenants", {"name": "a", "tier": "gold"})
    found = [finding for chapter in CHAPTERS for finding in findings_of(draft, chapter)]
    assert len(found) == len(draft.findings()) >= 3
    assert chapter_of("tenants[0].tier").id == "tenants"
    assert chapter_of("target.k3s.host").id == "where" and chapter_of("target.k3s").id == "where"
    assert chapter_of("tiers.premium").id == "tiers" and chapter_of("").id == "target"
    owner = question_of("tenants[3].quota.cpu")
    assert owner is not None and owner.path == "tenants"


def test_the_rail_names_every_stage() -> None:
    assert [id_ for id_, _ in RAIL][-3:] == ["review", "deploy", "done"]
    assert [id_ for id_, _ in RAIL][:-3] == [chapter.id for chapter in CHAPTERS]
    assert all(chapter.lead.endswith("?") for chapter in CHAPTERS)


# --- answers as text


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("target.k3s.port", " 2222 ", 2222),
        ("tiers.standard.spotShare", "70%", 0.7),
        ("tiers.standard.spotShare", ".5", 0.5),
        ("target.sandbox.speed", "20", 20),
        ("backup.enabled", "Y", True),
        ("backup.enabled", "off", False),
        ("access.tls.issuer", "letsencrypt-p", "letsencrypt-production"),
        ("access.tls.issuer", "OWN-CA", "own-ca"),
        ("chat.enabled", "automatic", None),
        ("chat.enabled", "yes", True),
        ("tenants[].models", "a:1b, b\nc", ["a:1b", "b", "c"]),
        ("target.aws.controlPlaneLogs", "api, sched", ["api", "scheduler"]),
        ("target.aws.tags", 'owner=platform, note="a, b"', {"owner": "platform", "note": "a, b"}),
        ("components", "{ollama: {enabled: true}}", {"ollama": {"enabled": True}}),
        ("access.domain", "", None),
    ],
)
def test_parse(path: str, text: str, value: Any) -> None:
    assert parse(BY_PATH[path], text) == value


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("target.k3s.port", "ssh", "must be a whole number, such as 22 (got 'ssh')"),
        ("target.k3s.port", "2.5", "must be a whole number"),
        ("target.sandbox.speed", "inf", "must be a number"),
        ("target.k3s.host", "  ", "needs an answer"),
        ("backup.enabled", "maybe", "must be yes or no (got 'maybe')"),
        ("access.tls.issuer", "letsencrypt", "must be one of: own-ca, letsencrypt-staging"),
        ("access.tls.issuer", "own-ka", "did you mean own-ca?"),
        ("target.aws.tags", "owner", "write key=value (got 'owner')"),
        ("target.aws.tags", "a=1, a=2", "'a' is there twice"),
        ("target.aws.tags", 'a="1', "is not closed"),
        ("components", "- a", "must be a mapping"),
        ("components", "{a: [", "YAML"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(path: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parse(BY_PATH[path], text)


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@given(st.lists(_TEXT, min_size=1, max_size=5), st.booleans())
def test_lists_are_read_back(items: list[str], lines: bool) -> None:
    question = BY_PATH["tenants[].operators"]
    assert parse(question, show(question, items, lines=lines)) == items


@given(st.dictionaries(_TEXT, st.text(max_size=12), min_size=1, max_size=5), st.booleans())
def test_mappings_are_read_back(items: dict[str, str], lines: bool) -> None:
    question = BY_PATH["target.aws.tags"]
    assert parse(question, show(question, items, lines=lines)) == items


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back(number: float) -> None:
    question = BY_PATH["target.sandbox.speed"]
    assert parse(question, show(question, number)) == number


def test_bounds_in_words() -> None:
    assert BY_PATH["target.k3s.port"].allowed == "1 to 65535"
    assert BY_PATH["target.aws.budget.monthly"].allowed == "more than 0"
    assert BY_PATH["target.sandbox.seed"].allowed == "at least 0"
    assert BY_PATH["access.domain"].allowed == ""
