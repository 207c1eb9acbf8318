"""The gate through which foreign text reaches the screen: pod names, log lines, annotations, error messages.

`words.harmless` keeps a terminal from obeying such text. A cell grid needs more: every character must be as wide as
we think it is, because one that a terminal draws wider or narrower shifts the rest of its line, borders included.
"""

from __future__ import annotations

import unicodedata

from rich.cells import get_character_cell_size
from textual.content import Content

from wizard.domain.text import harmless

LINE = 2_000
"""Characters kept of one line unless told otherwise; nobody reads more of a cell, and layout costs per character."""
TEXT = 20_000
"""Characters kept of a text of several lines."""
_MARKS = 2
"""Combining marks kept per character: enough for Vietnamese and Hebrew, too few to climb over other lines."""
_ELLIPSIS = "…"


def clean(text: str, limit: int = LINE) -> str:
    """One line of harmless text in which `width` tells the truth; a line break shows as `↵`.

    The text is cut first, so that a line of a megabyte costs no more than one of `limit` characters.
    """
    if len(text) > limit:
        text = text[: limit - 1] + _ELLIPSIS
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").rstrip("\n").replace("\n", "↵").expandtabs(4)
    return _steady(text)


def _steady(text: str) -> str:
    """Replaces what terminals disagree about the width of."""
    out: list[str] = []
    marks = 0
    for character in text:
        code = ord(character)
        if code < 0x300:
            marks = 0
            out.append(" " if character == "\xa0" else character)
        elif unicodedata.category(character) == "Zs":
            marks = 0
            out.append(" " * get_character_cell_size(character))  # one of a dozen spaces: looks like what it is
        elif 0xFE00 <= code <= 0xFE0F or 0x1F3FB <= code <= 0x1F3FF or 0xE0100 <= code <= 0xE01EF:
            continue  # variation selectors and skin tones: they change the width of what is before them, or not
        elif 0x1F1E6 <= code <= 0x1F1FF:
            out.append(chr(code - 0x1F1E6 + ord("A")))  # half a flag: its letter
            marks = 0
        elif unicodedata.category(character) in ("Cn", "Co"):
            out.append(f"\\u{code:04x}")  # unassigned and private use: any font, any width
            marks = 0
        elif get_character_cell_size(character) == 0:
            marks += 1
            if marks <= _MARKS and out and out[-1] != " ":
                out.append(character)
        else:
            marks = 0
            out.append(character)
    return harmless("".join(out))


def width(text: str) -> int:
    """Cells that cleaned text takes."""
    if text.isascii():
        return len(text)
    return sum(map(get_character_cell_size, text))


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Cleaned text in exactly `cells` cells: cut with an ellipsis or filled with spaces."""
    if cells <= 0:
        return ""
    if text.isascii():
        if len(text) > cells:
            return text[: cells - 1] + _ELLIPSIS
        return text.rjust(cells) if right else text.ljust(cells)
    room = width(text)
    if room > cells:
        taken, kept = 0, []
        for character in text:
            size = get_character_cell_size(character)
            if taken + size > cells - 1:
                break
            taken += size
            kept.append(character)
        text = "".join(kept) + _ELLIPSIS
        room = taken + 1
    fill = " " * (cells - room)
    return fill + text if right else text + fill


def squeezed(text: str, cells: int) -> str:
    """Cleaned text in at most `cells` cells, cut in its middle: names of one kind differ at their ends."""
    if width(text) <= cells or cells < 8:
        return text
    tail = (cells - 1) // 3
    end = text[-tail:]
    while width(end) > tail:
        end = end[1:]
    return fit(text, cells - width(end)) + end


def wrapped(text: str, cells: int) -> list[str]:
    """Cleaned text cut into pieces of at most `cells` cells, anywhere: log lines have no words to respect."""
    if cells <= 0:
        return [text]
    if text.isascii():
        return [text[at : at + cells] for at in range(0, len(text), cells)] or [""]
    pieces, start, taken = [], 0, 0
    for at, character in enumerate(text):
        size = get_character_cell_size(character)
        if taken + size > cells:
            pieces.append(text[start:at])
            start, taken = at, 0
        taken += size
    pieces.append(text[start:])
    return pieces


def plain(text: str, style: str = "", *, lines: bool = False, limit: int = TEXT) -> Content:
    """Untrusted text as it may be given to any widget: no markup, nothing a terminal obeys, bounded.

    `style` is ours and may use theme variables (`$muted`, `bold $error`). With `lines`, lines stay lines;
    else a line break shows as `↵`, so that a name cannot forge a line below it.
    """
    if not lines:
        return Content.styled(clean(text, limit), style)
    if len(text) > limit:
        text = text[: limit - 1] + _ELLIPSIS
    each = text.replace("\r\n", "\n").split("\n")
    return Content.styled("\n".join(clean(line, limit) for line in each), style)
