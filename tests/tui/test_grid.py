"""The inside of the table, without a screen: which columns find room, and the order of rows as they change."""

from __future__ import annotations

import random

import pytest

from tests.tui.test_table import COLUMNS, GROUPS, Thing, things
from wizard.ui.tui.widgets.grid.columns import fitted
from wizard.ui.tui.widgets.grid.rows import Rows


def test_narrow_screens_lose_the_least_important_columns_first() -> None:
    wide = {"name": 60}
    assert [c.id for c, _ in fitted(COLUMNS, wide, 120)] == ["name", "team", "size", "long"]
    assert [c.id for c, _ in fitted(COLUMNS, wide, 50)] == ["name", "team", "size"]
    assert [c.id for c, _ in fitted(COLUMNS, wide, 25)] == ["name", "size"]
    assert dict((c.id, cells) for c, cells in fitted(COLUMNS, wide, 120))["name"] == 40
    assert fitted(COLUMNS, wide, 5) == [(COLUMNS[0], 5)]
    assert fitted(COLUMNS, {"name": 14}, 120)[0][1] == 14, "no wider than its longest text"


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("sort", ["name", "size"])
@pytest.mark.parametrize("filtered", ["", "team:a", "!001"])
def test_rows_changed_one_by_one_are_as_rows_sorted_anew(grouped: bool, sort: str, filtered: str) -> None:
    chance = random.Random(5)

    def empty() -> Rows[Thing]:
        rows = Rows(COLUMNS)
        rows.sort, rows.down, rows.filter = sort, sort == "size", filtered
        rows.group = GROUPS[0] if grouped else None
        return rows

    live, truth = empty(), {thing.key: thing for thing in things(300)}
    live.replace(truth.values())
    for _ in range(200):
        new = [Thing(f"thing-{chance.randrange(400):05}", chance.choice("abcd"), chance.randrange(9)) for _ in range(3)]
        gone = [chance.choice(list(truth))]
        for key in gone:
            truth.pop(key)
        truth |= {thing.key: thing for thing in new}
        live.update(new, gone)
        anew = empty()
        anew.replace(truth.values())
        lines = [live.line(at) for at in range(len(live))]
        assert lines == [anew.line(at) for at in range(len(anew))]
        assert [live.where(line.id) for line in lines if line] == list(range(len(lines)))
