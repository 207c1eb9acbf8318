"""Tenants from a table and back: one row a tenant, named columns, all of the file or nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wizard.domain.finding import Finding, Where, error
from wizard.domain.profile.checks.problem import did_you_mean
from wizard.domain.profile.text import MAX_BYTES
from wizard.ui.flow import tree
from wizard.ui.flow.chapters import question_of
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Ask, Question, parse

MAX_FINDINGS = 100
"""More than anyone reads of a table that is wrong from top to bottom."""

_PATH = "tenants"


def import_tenants(draft: Draft, raw: bytes | str, *, file: str = "tenants.csv") -> tuple[Finding, ...]:
    """Adds the table's tenants to the draft, as one step of undo; where there is a finding, nothing is added.

    Columns are named as the profile's keys, in any case and with spaces or dots (`Admin e-mail`, `quota.cpu`);
    lists (`models`) are separated by `;`. The separator of columns is a comma, a semicolon or a tab.
    """
    rows, lines, findings = _read(raw, file)
    if not findings:
        findings = _refused(draft, rows, lines, file)
    if findings:
        return tuple(findings[:MAX_FINDINGS])
    with draft.batch():
        for row in rows:
            draft.add_row(_PATH, row)
    return ()


def export_tenants(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table that `import_tenants` reads: the name, and the columns that any tenant uses."""
    used = [f for f in _fields() if f.key == "name" or any(_cell(row, f) != "" for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.key for field in used)
    writer.writerows([_cell(row, field) for field in used] for row in rows)
    return text.getvalue()


def columns() -> tuple[str, ...]:
    """The names that columns may have, as an operator is told them."""
    return tuple(field.key for field in _fields())


def _fields() -> tuple[Question, ...]:
    rows = question_of(_PATH)
    return rows.fields if rows else ()


def _cell(row: Mapping[str, Any], field: Question) -> str:
    value = tree.get(row, tree.parts_of(field.key))
    if value is tree.MISSING:
        return ""
    if isinstance(value, list):
        return ";".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(raw: bytes | str, file: str) -> tuple[list[dict[str, Any]], list[int], list[Finding]]:
    """Rows, the line each begins at, and what is wrong with the table's form."""
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        hint = "save it as CSV in UTF-8"
        return [], [], [error("csv-encoding", f"not UTF-8: {problem.reason}", hint=hint, where=Where(file=file))]
    if len(text) > MAX_BYTES:
        summary = f"the table is larger than {MAX_BYTES // 1024} KiB"
        return [], [], [error("csv-size", summary, where=Where(file=file))]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    findings: list[Finding] = []
    fields: list[Question | None] | None = None
    line = 1
    try:
        for cells in table:
            begins, line = line, table.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if fields is None:
                fields, wrong = _header(cells, Where(file, begins))
                findings += wrong
                continue
            row, wrong = _row(fields, cells, Where(file, begins))
            findings += wrong
            rows.append(row)
            lines.append(begins)
    except csv.Error as problem:
        findings.append(error("csv-syntax", f"not a table: {problem}", where=Where(file, table.line_num)))
    if not rows and not findings:
        hint = "the first line names the columns, such as: name,tier,models,adminEmail"
        findings.append(error("csv-empty", "there are no tenants in the table", hint=hint, where=Where(file=file)))
    return rows, lines, findings


def _delimiter(text: str) -> str:
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=head.count)


def _header(cells: list[str], where: Where) -> tuple[list[Question | None], list[Finding]]:
    known = {_folded(field.key): field for field in _fields()}
    fields: list[Question | None] = []
    findings: list[Finding] = []
    for cell in cells:
        field = known.get(_folded(cell))
        if field is None and cell.strip():
            near = did_you_mean(cell.strip()[:60], list(columns()))
            findings.append(error("csv-column", f"unknown column {cell.strip()[:60]!a}", hint=near, where=where))
        elif field is not None and field in fields:
            findings.append(error("csv-column", f"column {field.key} is there twice", where=where))
        fields.append(field)
    if not any(field is not None and field.key == "name" for field in fields):
        hint = "the first line names the columns, such as: name,tier,models,adminEmail"
        findings.append(error("csv-column", "there is no column `name`", hint=hint, where=where))
    return fields, findings


def _folded(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _row(fields: list[Question | None], cells: list[str], where: Where) -> tuple[dict[str, Any], list[Finding]]:
    row: dict[str, Any] = {}
    findings: list[Finding] = []
    if len(cells) > len(fields) and any(cell.strip() for cell in cells[len(fields) :]):
        hint = "put what holds the separator in double quotes"
        findings.append(error("csv-cells", f"{len(cells)} cells under {len(fields)} columns", hint=hint, where=where))
    for field, cell in zip(fields, cells, strict=False):
        if field is None or not cell.strip():
            continue
        try:
            value: Any = _value(field, cell.strip())
        except ValueError as problem:
            findings.append(error("csv-value", f"{field.key}: {problem}", where=where))
        else:
            row = tree.put(row, tree.parts_of(field.key), value)
    return row, findings


def _value(field: Question, cell: str) -> Any:
    if field.ask is Ask.LIST:
        return [item.strip() for item in cell.split(";") if item.strip()]
    return parse(field, cell)


def _refused(draft: Draft, rows: Iterable[Mapping[str, Any]], lines: list[int], file: str) -> list[Finding]:
    """What the profile would say of them, each at its line of the table."""
    before = len(draft.rows(_PATH))
    trial = Draft(draft.everything)
    with trial.batch():
        for row in rows:
            trial.add_row(_PATH, row)
    refused = []
    for finding in trial.findings():
        parts = tree.parts_of(finding.where.path or "")
        if parts[:1] == (_PATH,) and len(parts) > 1 and isinstance(parts[1], int) and parts[1] >= before:
            at = f"{_PATH}[{parts[1]}]"
            summary = finding.summary.removeprefix(at).removeprefix(".").removeprefix(": ")
            refused.append(replace(finding, summary=summary, where=Where(file, lines[parts[1] - before])))
    return sorted(refused, key=lambda finding: finding.where.line or 0)
