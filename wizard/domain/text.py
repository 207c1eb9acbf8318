"""Text of others: what a cluster, a program in it or its users wrote, made fit to be shown.

Pod names, log lines, annotations and messages are untrusted: an escape sequence could repaint the
screen, a bidirectional mark turn a line around, a megabyte of one line stop the drawing.
"""

from __future__ import annotations

import re
import unicodedata

LINE_LIMIT = 4096
"""Characters of a log line that are kept."""

_ESCAPES = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*+[ -/]*+[@-~]"  # CSI: colours, cursor
    r"|[\]PX^_][^\x07\x1b\x9c]*+(?:\x07|\x9c|\x1b\\)?"  # OSC, DCS and the like, ended or not
    r"|[ -/]*+[0-~]"  # two-character ones
    r")?"
    r"|\x9b[0-?]*+[ -/]*+[@-~]?"  # CSI as one character
)
_SPACES = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Unicode's control, format (bidirectional marks, zero width, tags) and surrogate characters."""


def plain(text: str, limit: int = LINE_LIMIT, *, cut: int = 0) -> str:
    """One line without control characters, escape sequences and invisible marks, of at most `limit` characters
    and a note of how many more there were. `cut` says how many bytes somebody has cut off before.

    Linear in the limit, whatever the length: nothing looks at what will not be shown.
    """
    if len(text) <= limit and not cut and text.isascii() and text.isprintable():
        return text
    seen = text
    if len(text) > limit:
        seen = text[: limit + 256]  # escape sequences are short; a longer one may leave less than the limit
    if not (seen.isascii() and seen.isprintable()):
        seen = _UNSEEN.sub("", _SPACES.sub(" ", _ESCAPES.sub("", seen)))
    if len(text) <= limit and not cut:
        return seen
    lost = max(0, len(text) - limit)
    if not lost and not cut:
        return seen
    return f"{seen[:limit]} … {lost + cut:,} more {'bytes' if cut else 'characters'}"


def decoded(line: bytes) -> str:
    """UTF-8, with `\N{REPLACEMENT CHARACTER}` for what is none."""
    return line.decode(errors="replace")


def text_of(value: object, limit: int = 253) -> str:
    """A field that should be a string, as `plain`; empty where there is none. The limit is that of a name."""
    if isinstance(value, str):
        return plain(value, limit)
    return "" if value is None else plain(str(value), limit)


_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's control, format (bidirectional overrides, zero-width), surrogate and line-breaking characters."""


def harmless(text: str) -> str:
    """What a terminal can show without obeying it: pod names, log lines and messages come from a cluster, and
    an escape sequence in one could repaint the screen or forge a line. Such characters are shown as `\\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in _FORBIDDEN:
        return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
    return character
