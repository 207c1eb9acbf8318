"""The gate for foreign text: whatever comes in, what goes out is printable, bounded, and as wide as we think."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.test_table import HOSTILE
from wizard.ui.tui.text import clean, fit, plain, squeezed, width, wrapped

anything = st.one_of(
    st.text(max_size=80), st.sampled_from(HOSTILE), st.text("e\u0301\u200d漢👍🏽🇩🇪\x1b[\n\t ", max_size=40)
)


@given(anything)
def test_clean_text_is_printable_and_its_width_is_true(text: str) -> None:
    once = clean(text)
    assert once.isprintable()
    assert width(once) == cell_len(once)
    assert clean(once) == once, "and may be cleaned twice"


@given(anything, st.integers(0, 60), st.booleans())
def test_fitted_text_fills_its_cells_exactly(text: str, cells: int, right: bool) -> None:
    assert cell_len(fit(clean(text), cells, right=right)) == cells


@given(anything, st.integers(2, 60))
def test_wrapped_text_loses_nothing(text: str, cells: int) -> None:
    pieces = wrapped(clean(text), cells)
    assert "".join(pieces) == clean(text)
    assert all(cell_len(piece) <= cells for piece in pieces)


def test_a_line_break_cannot_forge_a_line_unless_lines_are_wanted() -> None:
    assert plain("a\nb").plain == "a↵b"
    assert plain("a\r\nb\n", lines=True).plain == "a\nb\n"
    assert len(plain("x" * 10**6).plain) == 20_000
    assert plain("[b]x[/b]", "bold").plain == "[b]x[/b]"


def test_emblems_are_told_as_letters() -> None:
    assert clean("🇩🇪 ❤️ 👍🏽") == "DE ❤ 👍"


@given(anything, st.integers(8, 60))
def test_squeezed_text_keeps_both_ends(text: str, cells: int) -> None:
    once = clean(text)
    short = squeezed(once, cells)
    assert cell_len(short) <= cells
    assert short == once or short[-1:] == once[-1:] or cell_len(once[-1:]) == 0
    assert squeezed("open-webui-597894c97c-hd7rh", 16) == "open-webui…hd7rh"
