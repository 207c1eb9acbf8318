"""Lists and mappings as one line of text, or one item a line; both are read back alike.

Items are separated by commas or line breaks. What holds one of these itself stands in double quotes, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping


def read_list(text: str) -> list[str]:
    """`a, b` or one a line. ValueError where a quote is not closed."""
    return [item for item, _ in _items(text)]


def read_mapping(text: str) -> dict[str, str]:
    """`key=value` items. ValueError names the item that is none."""
    read: dict[str, str] = {}
    for key, value in _items(text, equals=True):
        if value is None or not key:
            raise ValueError(f"write key=value (got {key!a}); a value with a comma stands in quotes")
        if key in read:
            raise ValueError(f"{key!a} is there twice")
        read[key] = value
    return read


def write_list(items: Iterable[object], *, lines: bool = False) -> str:
    """The text that `read_list` reads back."""
    return ("\n" if lines else ", ").join(_quoted(str(item), ',\n"') for item in items)


def write_mapping(items: Mapping[str, object], *, lines: bool = False) -> str:
    """The text that `read_mapping` reads back."""
    written = (f"{_quoted(key, _KEY)}={_quoted(str(value), _VALUE)}" for key, value in items.items())
    return ("\n" if lines else ", ").join(written)


_KEY, _VALUE = ',\n"=', ',\n"'


def _quoted(text: str, special: str) -> str:
    plain = text and text == text.strip() and text.isprintable() and not any(one in text for one in special)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _items(text: str, *, equals: bool = False) -> Iterable[tuple[str, str | None]]:
    at = 0
    while at < len(text):
        if text[at] in ", \t\r\n":
            at += 1
            continue
        value: str | None = None
        key, at = _one(text, at, ",\n=" if equals else ",\n")
        if at < len(text) and text[at] == "=":
            value, at = _one(text, at + 1, ",\n")
        yield key, value


def _one(text: str, at: int, ends: str) -> tuple[str, int]:
    """One key, value or item from `at` on, and where it ends."""
    while at < len(text) and text[at] in " \t":
        at += 1
    if text[at : at + 1] == '"':
        try:
            read, at = json.JSONDecoder(strict=False).raw_decode(text, at)
        except ValueError:
            raise ValueError(f"the quote before {text[at + 1 : at + 21]!a} is not closed") from None
        while at < len(text) and text[at] in " \t\r":
            at += 1
        if at < len(text) and text[at] not in ends:
            raise ValueError(f"write a comma after the closing quote of {json.dumps(read)[:40]}")
        return str(read), at
    begin = at
    while at < len(text) and text[at] not in ends:
        at += 1
    return text[begin:at].strip(), at
