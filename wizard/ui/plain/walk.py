"""The walk in plain mode: a chapter is a menu of its settings, each with its default filled in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum, auto

from wizard.domain.finding import WizardError
from wizard.ui.flow.chapters import CHAPTERS, RAIL, Chapter, chapter_of, findings_of
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Question
from wizard.ui.plain.drawers import Desk, put, shown_value
from wizard.ui.plain.prompts import Option


class Way(Enum):
    """Where a chapter leads."""

    ON = auto()
    BACK = auto()
    REVIEW = auto()


def walk(desk: Desk, draft: Draft, start: str = "") -> bool:
    """From a chapter (the first one by default) to the review; False where the operator went back before it."""
    at = next((index for index, chapter in enumerate(CHAPTERS) if chapter.id == start), 0)
    asked: set[str] = set()
    while at < len(CHAPTERS):
        if not CHAPTERS[at].when(draft):
            at += 1
            continue
        _heading(desk, CHAPTERS[at])
        if CHAPTERS[at].id not in asked:
            _ask_what_is_needed(desk, draft, CHAPTERS[at], new=not start)
        way = _chapter(desk, draft, CHAPTERS[at])
        asked.add(CHAPTERS[at].id)
        if way is Way.REVIEW:
            return True
        at += 1 if way is Way.ON else -1
        while at >= 0 and at < len(CHAPTERS) and not CHAPTERS[at].when(draft):
            at += 1 if way is Way.ON else -1
        if at < 0:
            return False
    return True


def _heading(desk: Desk, chapter: Chapter) -> None:
    number = next(index for index, (id_, _) in enumerate(RAIL, 1) if id_ == chapter.id)
    desk.talk.heading(f"{number}/{len(RAIL)} {chapter.title}", chapter.lead)


def _chapter(desk: Desk, draft: Draft, chapter: Chapter) -> Way:
    if chapter.id == "secrets":
        _say_secrets(desk, draft)
    while True:
        desk.talk.findings(findings_of(draft, chapter))
        chosen = desk.prompts.select(chapter.title, _menu(draft, chapter), Way.ON, menu=True)
        if isinstance(chosen, Way):
            return chosen
        if isinstance(chosen, Question):
            put(desk, draft, chosen)
        else:
            _advanced(desk, draft, chapter)


def _ask_what_is_needed(desk: Desk, draft: Draft, chapter: Chapter, *, new: bool) -> None:
    """What has no default and is not said yet; in a new profile, the kind of target as well."""
    for group in chapter.groups:
        for question in group.questions:
            unsaid = question.required and not question.fields and not draft.has(question.path)
            first = new and question.path == "target.kind" and draft.origin is None
            if question in group.shown(draft) and (unsaid or first):
                put(desk, draft, question)


def _menu(draft: Draft, chapter: Chapter) -> list[Option]:
    index = CHAPTERS.index(chapter)
    following = next((c for c in CHAPTERS[index + 1 :] if c.when(draft)), None)
    options = [Option(Way.ON, f"Go on: {following.title if following else 'Review'}")]
    shown = [(group.title, question) for group, questions in chapter.shown(draft) for question in questions]
    plain = [(title, question) for title, question in shown if not question.advanced]
    options += _entries(draft, plain, chapter.title if len({title for title, _ in plain}) > 1 else "")
    if folded := [question for _, question in shown if question.advanced]:
        options.append(Option("advanced", f"More ({len(folded)}), where the defaults are right for almost everyone"))
    options.append(Option(Way.BACK, "Go back"))
    if following:
        options.append(Option(Way.REVIEW, "Keep the rest as it is: Review"))
    return options


def _entries(draft: Draft, shown: Sequence[tuple[str, Question]], above: str) -> list[Option]:
    """With the groups' titles where there are several; `above` is the title over the menu, empty for one group."""
    labels = [f"{title}: {q.label}" if above and title not in (q.label, above) else q.label for title, q in shown]
    width = max(map(len, labels), default=0)
    return [
        Option(q, f"{'!' if draft.findings_at(q.path) else ' '} {label:<{width}}  {shown_value(draft, q)}")
        for label, (_, q) in zip(labels, shown, strict=True)
    ]


def _advanced(desk: Desk, draft: Draft, chapter: Chapter) -> None:
    while True:
        shown = [
            (group.title, question)
            for group, questions in chapter.shown(draft)
            for question in questions
            if question.advanced
        ]
        options = [Option(None, "Keep the rest as it is"), *_entries(draft, shown, chapter.title)]
        chosen = desk.prompts.select(f"{chapter.title}: more", options, menu=True)
        if chosen is None:
            return
        put(desk, draft, chosen)


def _say_secrets(desk: Desk, draft: Draft) -> None:
    """Which secrets there are and which will be made; never a value."""
    profile = draft.profile()
    if profile is None:
        first = chapter_of(draft.findings()[0].where.path or "")
        desk.talk.say(f"Which secrets it needs is known once the profile is right: see {first.title}.")
        return
    try:
        places = asyncio.run(desk.services.secrets(profile))
    except WizardError as problem:
        desk.talk.findings(problem.findings)
        return
    width = max((len(place.name) for place in places), default=0)
    for place in places:
        state = f"there already: {', '.join(place.kept)}" if place.kept else "will be generated"
        if not place.kept and not place.generated:
            state = f"yours to give: {place.env}"
        desk.talk.lines([f"  {place.name:<{width}}  {place.purpose}: {state}"])
    desk.talk.help("Values are not shown here; `wizard credentials show NAME` prints one.")
