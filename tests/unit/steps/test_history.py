"""What helm's history tells of our runs; nothing in it, however odd, is followed for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fakes import START, ours, revision
from wizard.steps.history import Origin, last_good, last_run, origin


def test_what_a_run_writes_it_can_read() -> None:
    assert origin(revision(1, ours("20261123T201500Z-1f3a", "0123456789abcdef"))) == Origin(
        "20261123T201500Z-1f3a", "0123456789abcdef"
    )


@pytest.mark.parametrize(
    "description",
    ["", "Upgrade complete", "Install complete", 'Upgrade "web" failed: wizard run=x digest=aa', "wizard run=x",
     "wizard run= digest=aa", "xwizard run=x digest=aa", "Rollback to", "Rollback to x"],
)  # fmt: skip
def test_another_hand(description: str) -> None:
    assert origin(revision(3, description), [revision(1, ours("r1"))]) == Origin()


def test_a_chain_of_rollbacks_has_the_first_ones_digest_and_no_run() -> None:
    past = [
        revision(1, ours("r1", "aa")),
        revision(2, ours("r2", "bb")),
        revision(3, "Rollback to 1"),
        revision(4, "Rollback to 3"),
        revision(5, "Rollback to 4"),
    ]
    assert [origin(each, past) for each in past[2:]] == [Origin("", "aa")] * 3


@pytest.mark.parametrize(
    "chain",
    [
        {5: "Rollback to 5"},
        {4: "Rollback to 5", 5: "Rollback to 4"},
        {3: "Rollback to 5", 4: "Rollback to 3", 5: "Rollback to 4"},
        {5: "Rollback to 9"},
        {5: "Rollback to 1"},
        {4: "Rollback to 2", 5: "Rollback to 4"},
    ],
)
def test_cycles_and_missing_revisions_end_without_a_digest(chain: dict[int, str]) -> None:
    past = [revision(number, description) for number, description in chain.items()]
    assert origin(past[-1], past) == Origin()


@given(st.dictionaries(st.integers(1, 12), st.integers(0, 13), min_size=1))
def test_no_chain_is_followed_for_ever(links: dict[int, int]) -> None:
    past = [revision(n, f"Rollback to {to}" if to else ours("r", "aa")) for n, to in sorted(links.items())]
    for each in past:
        assert origin(each, past).digest in ("", "aa")


def test_the_last_good_one_was_deployed_once() -> None:
    past = [
        revision(1, status="superseded"),
        revision(2, status="deployed"),
        revision(3, status="failed"),
        revision(4, status="pending-upgrade"),
        revision(5, status="superseded"),
    ]
    found = {before: last_good(past, before=before) for before in (1, 2, 5, 6)}
    assert {before: good and good.revision for before, good in found.items()} == {1: None, 2: 1, 5: 2, 6: 5}


def test_the_last_run_is_of_the_newest_revisions_only() -> None:
    web = [revision(1, ours("r1"), updated=START + 90), revision(2, ours("r2"), updated=START + 10)]
    db = [revision(1, ours("r3"), updated=START + 20)]
    foreign = [revision(1, ours("r9"), updated=START), revision(2, "Upgrade complete", updated=START + 99)]
    assert last_run([web, db, foreign, []]) == "r3"
    assert last_run([foreign, []]) == ""
