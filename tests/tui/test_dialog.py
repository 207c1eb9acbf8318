"""Dialogs: answers by key and mouse, hostile words, danger starts on No, wrong values stay."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen

from tests.tui.host import Bare
from wizard.ui.tui.widgets.dialog import Choose, Confirm, Prompt

HOSTILE = "[bold red]x[/] [@click=app.quit]y[/] \x1b[2J\x07\u202e \ud800 " + "a\u0301\u0302\u0303\u0304" + "漢" * 300


def answer(
    dialog: ModalScreen[Any],
    *keys: str,
    size: tuple[int, int] = (80, 24),
    act: Callable[..., Awaitable[Any]] | None = None,
) -> Any:
    """What a dialog returns after these keys; the string `open` while it still asks."""

    async def run() -> Any:
        app, answers = Bare(), ["open"]
        async with app.run_test(size=size) as pilot:
            app.push_screen(dialog, lambda value: answers.append(value))
            await pilot.pause()
            if act:
                await act(pilot)
            await pilot.press(*keys)
            await pilot.pause()
        return answers[-1]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("keys", "expected"),
    [(["y"], True), (["n"], False), (["escape"], False), (["enter"], True), (["right", "enter"], False), ([], "open")],
)
def test_confirm_answers_by_key(keys: list[str], expected: object) -> None:
    assert answer(Confirm("Leave?", "The draft is saved."), *keys) == expected


def test_a_dangerous_question_starts_on_no() -> None:
    assert answer(Confirm("Delete pod x?", "It comes back.", danger=True), "enter") is False


def test_a_click_beside_the_box_means_no_and_a_click_on_yes_yes() -> None:
    assert answer(Confirm("t", "b"), act=lambda pilot: pilot.click(offset=(1, 1))) is False
    assert answer(Confirm("t", "b"), act=lambda pilot: pilot.click("#yes")) is True


def test_prompt_keeps_a_wrong_value_in_sight_until_it_is_right() -> None:
    def check(value: str) -> str | None:
        return None if value.isdigit() else "a number, please"

    assert answer(Prompt("t", "how long", "x", check), "enter") == "open"
    assert answer(Prompt("t", "how long", "x", check), "enter", "backspace", "7", "enter") == "7"
    assert answer(Prompt("t", "how long", "x", check), "escape") is None


def test_choose_by_arrows_letters_and_mouse() -> None:
    options = [("a", "Alpha", "first"), ("b", "Beta", "second"), ("c", "Bravo", "third")]
    assert answer(Choose("t", options), "down", "enter") == "b"
    assert answer(Choose("t", options), "b", "b", "enter") == "c"
    assert answer(Choose("t", options), "j", "j", "k", "enter") == "b"
    assert answer(Choose("t", options), "escape") is None
    assert answer(Choose("t", []), "enter", "escape") is None


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (160, 50)])
def test_hostile_words_are_shown_and_never_obeyed(size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        screen = pilot.app.export_screenshot()
        assert "[bold" in screen.replace("&#160;", " ")
        assert "\x1b" not in screen

    assert answer(Confirm(HOSTILE, HOSTILE, HOSTILE, HOSTILE), "y", size=size, act=look) is True
    assert answer(Choose(HOSTILE, [("k", HOSTILE, HOSTILE)]), "enter", size=size, act=look) == "k"
    assert answer(Prompt(HOSTILE, HOSTILE, "v"), "enter", size=size, act=look) == "v"
