"""Rows in plain mode: tenants, models, receivers and tolerations are added, edited, moved and removed."""

from __future__ import annotations

from typing import Any

from wizard.catalog import models
from wizard.domain.finding import UsageError
from wizard.domain.profile.tenants import full_model_name
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Question, Source
from wizard.ui.flow.tenants_csv import columns, export_tenants, import_tenants
from wizard.ui.headless.words import size
from wizard.ui.plain.drawers import Desk, put, row_title, shown_value
from wizard.ui.plain.prompts import Option

_DONE, _ADD, _PICK, _IMPORT, _EXPORT = "done", "add", "pick", "import", "export"


def edit_rows(desk: Desk, draft: Draft, question: Question) -> None:
    """The list as a menu, until it is left."""
    while True:
        rows = draft.rows(question.path)
        options = [Option(_DONE, "Done")]
        for index, row in enumerate(rows):
            wrong = "!" if draft.findings_at(f"{question.path}[{index}]") else " "
            options.append(Option(index, f"{wrong} {row_title(row)}", _summary(question, row)))
        if any(field.source is Source.CATALOG for field in question.fields):
            options.append(Option(_PICK, "Pick from the catalog"))
        options.append(Option(_ADD, "Add one"))
        if question.path == "tenants":
            options.append(Option(_IMPORT, "Import from a CSV file"))
            options += [Option(_EXPORT, "Write them into a CSV file")] if rows else []
        chosen = desk.prompts.select(question.label, options, _DONE if rows else _default(options), menu=True)
        if chosen == _DONE:
            return
        if isinstance(chosen, int):
            _edit_row(desk, draft, question, chosen)
        else:
            {_ADD: _add, _PICK: _pick, _IMPORT: _import, _EXPORT: _export}[chosen](desk, draft, question)


def _default(options: list[Option]) -> Any:
    return next((option.value for option in options if option.value == _PICK), _DONE)


def _summary(question: Question, row: dict[str, Any]) -> str:
    """What else was said of a row, in the order of its questions."""
    said = []
    for field in question.fields[1:]:
        value: Any = row
        for key in field.key.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, bool):
            said += [field.label.lower()] if value else []
        elif value:
            said.append(", ".join(map(str, value)) if isinstance(value, list) else str(value))
    return "; ".join(said)


def _add(desk: Desk, draft: Draft, question: Question) -> None:
    """Asks what a row cannot do without; the rest has defaults, and is edited where wanted."""
    index = draft.add_row(question.path)
    for field in question.row_fields({}, index, draft):
        if field.required:
            put(desk, draft, field)
    if draft.get(f"{question.path}[{index}]") in ({}, None):
        draft.remove_row(question.path, index)
        return
    _edit_row(desk, draft, question, index)


def _edit_row(desk: Desk, draft: Draft, question: Question, index: int) -> None:
    while True:
        at = f"{question.path}[{index}]"
        rows = draft.rows(question.path)
        row = rows[index]
        desk.talk.findings(draft.findings_at(at))
        fields = question.row_fields(row, index, draft)
        width = max(len(field.label) for field in fields)
        options = [Option(_DONE, "Done")]
        options += [Option(f, f"{f.label:<{width}}  {shown_value(draft, f)}") for f in fields if not f.advanced]
        advanced = [field for field in fields if field.advanced]
        options += [Option("advanced", f"Advanced: {', '.join(f.label.lower() for f in advanced)}")] if advanced else []
        options += [Option("up", "Move up")] if index else []
        options += [Option("down", "Move down")] if index < len(rows) - 1 else []
        options.append(Option("remove", "Remove it"))
        chosen = desk.prompts.select(row_title(row), options, _DONE, menu=True)
        if chosen == "advanced":
            labels = [Option(_DONE, "Done"), *(Option(f, f"{f.label}  {shown_value(draft, f)}") for f in advanced)]
            chosen = desk.prompts.select(f"{row_title(row)}: advanced", labels, _DONE, menu=True)
            if chosen == _DONE:
                continue
        if chosen == _DONE:
            return
        if chosen == "remove":
            draft.remove_row(question.path, index)
            return
        if chosen in ("up", "down"):
            index = draft.move_row(question.path, index, -1 if chosen == "up" else 1)
        else:
            put(desk, draft, chosen)


def _pick(desk: Desk, draft: Draft, question: Question) -> None:
    """Ticks models of the catalog; rows of other names, and what was said of rows that stay, are kept."""
    rows = draft.rows(question.path)
    known = models.catalog().select()
    there = {full_model_name(str(row.get("name", ""))).casefold(): row for row in rows}
    options = [
        Option(model.name, model.name, f"{size(model.size)}, {model.license}, {', '.join(model.purpose)}")
        for model in known
    ]
    ticked = [model.name for model in known if model.name.casefold() in there]
    chosen = desk.prompts.several("Models", options, ticked)
    gone = {name.casefold() for name in ticked} - {name.casefold() for name in chosen}
    kept = [row for row in rows if full_model_name(str(row.get("name", ""))).casefold() not in gone]
    fresh = [{"name": name} for name in chosen if name.casefold() not in there]
    draft.set(question.path, [*kept, *fresh])


def _import(desk: Desk, draft: Draft, question: Question) -> None:
    desk.talk.help(f"One line a tenant. Columns: {', '.join(columns())}. Lists are separated by ';'.")
    path = desk.prompts.text("CSV file (empty: none):").strip()
    if not path:
        return
    before = len(draft.rows(question.path))
    try:
        findings = import_tenants(draft, desk.services.read_file(path), file=path)
    except UsageError as problem:
        findings = problem.findings
    desk.talk.findings(findings)
    added = len(draft.rows(question.path)) - before
    desk.talk.say("Nothing was imported." if findings else f"{added} tenant{'' if added == 1 else 's'} imported.")


def _export(desk: Desk, draft: Draft, question: Question) -> None:
    path = desk.prompts.text("CSV file (empty: none):", "tenants.csv").strip()
    if not path:
        return
    try:
        written = desk.services.write_file(path, export_tenants(draft.rows(question.path)))
    except UsageError as problem:
        desk.talk.findings(problem.findings)
    else:
        desk.talk.say(f"written: {written}")
