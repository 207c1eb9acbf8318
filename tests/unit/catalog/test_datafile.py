"""Shipped data is taken as it is at run time: here it is validated, and both ways give the same."""

from __future__ import annotations

import pytest

from wizard.catalog import instances, models, prices


@pytest.mark.parametrize("room", [instances, models, prices], ids=lambda room: room.__name__)
def test_what_is_shipped_is_valid_and_read_the_same_without_validation(room: object) -> None:
    validated = room.load()  # type: ignore[attr-defined]
    assert room.catalog() == validated  # type: ignore[attr-defined]
