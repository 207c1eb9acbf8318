"""The walk: chapters in the order in which an operator decides, and where each field of the profile is asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from wizard.domain.finding import Finding
from wizard.ui.flow.checking import lies_in
from wizard.ui.flow.declare import Chapter, Group
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Question
from wizard.ui.flow.questions import compute, places, platform

__all__ = ["CHAPTERS", "RAIL", "Chapter", "Group", "chapter_of", "findings_of", "question_of", "questions"]

CHAPTERS: tuple[Chapter, ...] = (
    Chapter("target", "Target", "What kind of place does the platform go to?", places.TARGET),
    Chapter("where", "Where", "Which one is it, and how does the wizard get there?", places.WHERE),
    Chapter("tiers", "Tiers", "What do the models run on?", compute.TIERS),
    Chapter("models", "Models", "Which models does it offer?", compute.MODELS),
    Chapter("tenants", "Tenants", "Who uses it: everyone together, or clients kept apart?", compute.TENANTS),
    Chapter("access", "Access", "At which address do people reach it?", platform.ACCESS),
    Chapter("data", "Data", "Where does its data live, and who backs it up?", platform.DATA),
    Chapter(
        "observability", "Observability", "How long is what happens kept, and who is told?", platform.OBSERVABILITY
    ),
    Chapter("secrets", "Secrets", "Which secrets are there, and which will be made?", platform.SECRETS),
)

RAIL: tuple[tuple[str, str], ...] = (
    *((chapter.id, chapter.title) for chapter in CHAPTERS),
    ("review", "Review"),
    ("deploy", "Deploy"),
    ("done", "Done"),
)
"""Id and title of every stage of the walk; the last three ask nothing of the profile."""


def questions() -> Iterator[Question]:
    """All of them; the fields of rows after the rows."""
    for chapter in CHAPTERS:
        for question in chapter.questions:
            yield question
            yield from question.fields


def question_of(path: str) -> Question | None:
    """The question that asks for what stands at a finding's path; that of the rows for what lies in one."""
    return next((question for _, question in _asked() if lies_in(path, question.path)), None)


def chapter_of(path: str) -> Chapter:
    """The chapter that a finding is shown in; the first one for what belongs to none."""
    inside = [chapter for chapter, question in _asked() if lies_in(path, question.path)]
    above = [chapter for chapter, question in _asked() if lies_in(question.path, path)]
    return (inside or above or [CHAPTERS[0]])[0]


def findings_of(draft: Draft, chapter: Chapter) -> tuple[Finding, ...]:
    """What is wrong in a chapter; every finding is in exactly one."""
    return tuple(found for found in draft.findings() if chapter_of(found.where.path or "") is chapter)


@cache
def _asked() -> list[tuple[Chapter, Question]]:
    """Longest path first: `tiers.premium` asks for the tier, `tiers.premium.min` for more than that."""
    found = [(chapter, question) for chapter in CHAPTERS for question in chapter.questions]
    return sorted(found, key=lambda pair: -len(pair[1].path))
