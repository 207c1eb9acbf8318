"""Tenants from a table: tolerant of how it looks, strict in what it says, nothing by halves."""

from __future__ import annotations

import pytest

from wizard.ui.flow.draft import Draft
from wizard.ui.flow.tenants_csv import MAX_FINDINGS, columns, export_tenants, import_tenants


@pytest.fixture
def draft() -> Draft:
    data = {"name": "x", "target": {"kind": "sandbox"}, "models": ["a:1b", "b"], "tenants": [{"name": "first"}]}
    return Draft(data)


def test_import(draft: Draft) -> None:
    text = (
        "Name, Admin E-mail ,display name,quota.cpu,Quota pods,models,dedicated\r\n"
        'acme,it@acme.example,"ACME, Inc.",2,30,a:1b; b,yes\r\n'
        "\r\n"
        "globex,,,,,,\r\n"
    )
    assert import_tenants(draft, b"\xef\xbb\xbf" + text.encode()) == ()
    assert draft.rows("tenants") == [
        {"name": "first"},
        {
            "name": "acme",
            "adminEmail": "it@acme.example",
            "displayName": "ACME, Inc.",
            "quota": {"cpu": "2", "pods": 30},
            "models": ["a:1b", "b"],
            "dedicated": True,
        },
        {"name": "globex"},
    ]
    assert draft.undo() and draft.rows("tenants") == [{"name": "first"}]  # one step


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_of_columns(draft: Draft, separator: str) -> None:
    text = f'name{separator}tier{separator}models\nacme{separator}standard{separator}"a:1b;b"\n'
    assert import_tenants(draft, text) == ()
    assert draft.rows("tenants")[1] == {"name": "acme", "tier": "standard", "models": ["a:1b", "b"]}


def test_what_is_exported_is_imported_again(draft: Draft) -> None:
    draft.add_row("tenants", {"name": "acme", "models": ["a:1b", "b"], "quota": {"cpu": "2"}, "dedicated": True})
    text = export_tenants(draft.rows("tenants"))
    assert text.splitlines()[0] == "name,models,quota.cpu,dedicated"
    other = Draft({"name": "x", "target": {"kind": "sandbox"}, "models": ["a:1b", "b"]})
    assert import_tenants(other, text) == () and other.rows("tenants") == draft.rows("tenants")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name,modls\na,b\n", 1, "unknown column 'modls'"),
        ("tier\nstandard\n", 1, "there is no column `name`"),
        ("name,Name\na,b\n", 1, "column name is there twice"),
        ("name,tier\na,gold\n", 2, "tier: must be one of"),
        ("name\nok\n\nBad Name\n", 4, "name: must be a DNS label"),
        ("name\nfirst\n", 2, "'first' is already the name of tenants[0]"),
        ("name,models\na,c\n", 2, "there is no model 'c'"),
        ('name,displayName\na,"two\nlines"\nb,x\nb,y\n', 5, "'b' is already the name of tenants[2]"),
        ("name,tier\na,standard,more\n", 2, "3 cells under 2 columns"),
        ('name\n"a\n', 2, "not a table"),
        ("name,tier\n,standard\n", 2, "name: is missing"),
        ("name\n", None, "there are no tenants in the table"),
        ("", None, "there are no tenants in the table"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_nothing_is_imported(
    draft: Draft, text: str, line: int | None, words: str
) -> None:
    findings = import_tenants(draft, text, file="t.csv")
    assert words in findings[0].summary, findings
    assert findings[0].where.file == "t.csv"
    assert line is None or findings[0].where.line == line
    assert not draft.changed


def test_other_bytes_and_huge_tables(draft: Draft) -> None:
    assert import_tenants(draft, b"name\n\xff\n")[0].code == "csv-encoding"
    assert import_tenants(draft, "name\n" + "x" * 2_000_000)[0].code == "csv-size"
    many = "name\n" + "".join(f"Bad {number}\n" for number in range(300))
    assert len(import_tenants(draft, many)) == MAX_FINDINGS


def test_what_was_wrong_before_does_not_stand_in_the_way(draft: Draft) -> None:
    draft.set("access.domain", "not a domain")
    assert import_tenants(draft, "name\nacme\n") == ()


def test_columns_are_the_fields() -> None:
    assert {"name", "adminEmail", "quota.cpu", "maxReplicas"} <= set(columns())
