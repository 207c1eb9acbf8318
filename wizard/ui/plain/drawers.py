"""How each kind of question is put in plain mode: one table, keyed by `Ask`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from wizard.domain.finding import UsageError
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.presets import choose_kind
from wizard.ui.flow.question import Ask, Question, Source, parse, show
from wizard.ui.plain.prompts import Option, Prompts
from wizard.ui.plain.talk import Talk
from wizard.ui.services import Services

_TYPE = object()
"""Stands for "let me type it" in a list of what is known."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every drawer has at hand."""

    services: Services
    prompts: Prompts
    talk: Talk


def put(desk: Desk, draft: Draft, question: Question) -> None:
    """Asks until the answer is right, or is kept as it is; says what it leads to. Raises Interrupted."""
    help_words = [question.help]
    if question.allowed or question.unit:
        help_words.append(f"({' '.join(part for part in (question.allowed, question.unit) if part)})")
    desk.talk.help(" ".join(help_words))
    while True:
        before = draft.get(question.path)
        DRAWERS[question.ask](desk, draft, question)
        wrong = draft.findings_at(question.path)
        desk.talk.findings(wrong)
        if question.source is Source.HOSTS and not wrong and draft.get(question.path) is not before:
            _say_where(desk, draft, question)
        if not wrong or question.ask is Ask.ROWS:
            return
        again = [Option(True, "Answer again"), Option(False, "Leave it for now")]
        if not desk.prompts.select("That is not right yet", again, True):
            return


def shown_value(draft: Draft, question: Question) -> str:
    """The answer in a line of a menu."""
    value = draft.answered(question)
    if question.ask is Ask.ROWS:
        return ", ".join(row_title(row) for row in value) or "none"
    if question.ask is Ask.YAML:
        return ", ".join(value) if value else "none"
    text = show(question, value)
    if not text:
        return "(needed)" if question.required else f"({question.placeholder})" if question.placeholder else "none"
    return f"{text} {question.unit}".rstrip()


def row_title(row: Any) -> str:
    """What a row is called."""
    return str(row.get("name") or row.get("key") or "(no name)")


def _text(desk: Desk, draft: Draft, question: Question) -> None:
    known = _known(desk, draft, question)
    if known:
        now = draft.answered(question)
        extra = [Option(None, question.placeholder or "none")] if not question.required else []
        options = [*known, *extra, Option(_TYPE, "another one, typed")]
        if now is not None and all(option.value != now for option in known):
            options.insert(0, Option(now, str(now)))
        chosen = desk.prompts.select(question.label, options, now)
        if chosen is not _TYPE:
            draft.answer(question, chosen)
            _say_reach(desk, draft, question)
            return
    _typed(desk, draft, question)


def _typed(desk: Desk, draft: Draft, question: Question) -> None:
    said = draft.get(question.path)
    now = _one_line(question, draft.answered(question)) if said or question.default is not None else ""

    def check(text: str) -> str:
        try:
            parse(question, text)
        except ValueError as problem:
            return str(problem)
        return ""

    hint = f" ({question.placeholder})" if question.placeholder and not now else ""
    text = desk.prompts.text(f"{question.label}{hint}:", now, check)
    draft.answer(question, parse(question, text))


def _one_line(question: Question, value: Any) -> str:
    if question.ask in (Ask.YAML, Ask.ROWS):
        if not value:
            return ""
        flow: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
        return flow.strip()
    return show(question, value)


def _choice(desk: Desk, draft: Draft, question: Question) -> None:
    options = [Option(choice.value, choice.label, choice.note) for choice in question.offered(draft)]
    chosen = desk.prompts.select(question.label, options, draft.answered(question))
    if question.path == "target.kind":
        choose_kind(draft, chosen)
    else:
        draft.answer(question, chosen)


def _flag(desk: Desk, draft: Draft, question: Question) -> None:
    draft.answer(question, desk.prompts.confirm(f"{question.label}?", bool(draft.answered(question))))


def _list(desk: Desk, draft: Draft, question: Question) -> None:
    now = list(draft.answered(question) or ())
    known = [Option(choice.value, choice.label, choice.note) for choice in question.offered(draft)]
    known = known or list(_known(desk, draft, question))
    if not known:
        _typed(desk, draft, question)
        return
    others = [Option(value, str(value)) for value in now if all(option.value != value for option in known)]
    more = [] if question.choices else [Option(_TYPE, "others, typed")]
    chosen = desk.prompts.several(question.label, [*others, *known, *more], now)
    draft.answer(question, [value for value in chosen if value is not _TYPE])
    if _TYPE in chosen:
        _typed(desk, draft, question)


def _rows(desk: Desk, draft: Draft, question: Question) -> None:
    from wizard.ui.plain.rows import edit_rows

    edit_rows(desk, draft, question)


DRAWERS: dict[Ask, Callable[[Desk, Draft, Question], None]] = {
    Ask.TEXT: _text,
    Ask.NUMBER: _typed,
    Ask.CHOICE: _choice,
    Ask.FLAG: _flag,
    Ask.LIST: _list,
    Ask.MAPPING: _typed,
    Ask.ROWS: _rows,
    Ask.YAML: _typed,
}


def _known(desk: Desk, draft: Draft, question: Question) -> Sequence[Option]:
    """Good answers, where something knows them."""
    match question.source:
        case Source.CONTEXTS:
            try:
                found = desk.services.contexts(draft.value("target.cluster.kubeconfig"))
            except UsageError as problem:
                desk.talk.findings(problem.findings)
                return ()
            return [Option(c.name, c.name, f"{c.server}{', current' if c.current else ''}") for c in found]
        case Source.SCENARIOS:
            return [Option(name, name, title) for name, title, _ in desk.services.scenarios()]
        case Source.OFFERED:
            names = [str(row["name"]) for row in draft.rows("models") if row.get("name")]
            return [Option(name, name) for name in names]
        case Source.INSTANCES:
            from wizard.catalog.instances import catalog

            types = catalog().select(gpus=".premium." in question.path, region=draft.value("target.aws.region"))
            return [Option(of.name, of.name, f"{of.vcpu} vCPU, {of.memory} GiB") for of in types]
    return ()


def _say_where(desk: Desk, draft: Draft, question: Question) -> None:
    host = draft.get(question.path)
    if isinstance(host, str) and draft.kind != "sandbox":
        found = asyncio.run(desk.services.resolve(host))
        desk.talk.say(f"{host}: {found.words}")
        if found.hint and not found.ok:
            desk.talk.help(found.hint)


def _say_reach(desk: Desk, draft: Draft, question: Question) -> None:
    if question.source is Source.CONTEXTS:
        said = draft.get(question.path)
        kubeconfig = draft.value("target.cluster.kubeconfig")
        found = asyncio.run(desk.services.reach(said if isinstance(said, str) else None, kubeconfig))
        desk.talk.say(found.words)
        if found.hint and not found.ok:
            desk.talk.help(found.hint)
