"""Lines of logs: when, how severe, and whether they are wanted."""

from __future__ import annotations

import re
from collections.abc import Callable

from wizard.domain.live import LogLine, LogSelection, LogSeverity
from wizard.domain.text import LINE_LIMIT, decoded, plain
from wizard.observers.amounts import epoch

RAW_LIMIT = 4 * LINE_LIMIT + 64
"""Bytes of a line that are looked at: UTF-8 takes at most four a character."""
_LOOKED_AT = 300
"""Characters in which a level is looked for: words like ERROR in the middle of a text mean little."""

_LEVEL = re.compile(
    r'\b(?:level|lvl|severity|loglevel)"?\s?[=:]\s?"?([A-Za-z]+)'
    r"|\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|FATAL|PANIC|EMERG|LOG(?=:)|[Pp]anic(?=:))\b"
    r"|^([IWEF])\d{4} \d\d:"
)
_LEVELS = {
    **dict.fromkeys(("trace", "debug", "dbug"), LogSeverity.DEBUG),
    **dict.fromkeys(("info", "notice", "log", "i", "information"), LogSeverity.INFO),
    **dict.fromkeys(("warn", "warning", "w"), LogSeverity.WARNING),
    **dict.fromkeys(
        ("err", "error", "eror", "crit", "critical", "fatal", "panic", "emerg", "alert", "e", "f"), LogSeverity.ERROR
    ),
}


def severity(text: str) -> LogSeverity:
    """By the conventions of logfmt, JSON, klog, PostgreSQL and most others."""
    match = _LEVEL.search(text, 0, _LOOKED_AT)
    if match is None:
        return LogSeverity.UNKNOWN
    return _LEVELS.get((match[1] or match[2] or match[3]).lower(), LogSeverity.UNKNOWN)


def line_of(at: float | None, namespace: str, pod: str, container: str, raw: str, cut: int = 0) -> LogLine:
    # Progress bars overwrite their line: what stands last in it is what a reader would have seen.
    text = raw.rstrip("\r\n")
    if "\r" in text:
        text = text.rpartition("\r")[2]
    text = plain(text, cut=cut)
    return LogLine(at, namespace, pod, container, text, severity(text))


def stamped(namespace: str, pod: str, container: str) -> Callable[[bytes, int], LogLine]:
    """For lines that begin with a time stamp, as the API server sends them when asked to."""

    def take(line: bytes, cut: int) -> LogLine:
        stamp, _, rest = line.partition(b" ")
        at = epoch(stamp.decode("ascii", "replace")) if 20 <= len(stamp) <= 40 else None
        text = decoded(rest if at is not None else line)
        return line_of(at, namespace, pod, container, text, cut)

    return take


def wants(selection: LogSelection) -> Callable[[LogLine], bool]:
    """Whether a line holds the text that is looked for."""
    text = selection.query
    if not text or text.startswith("{"):
        return lambda line: True
    if text == text.lower():
        return lambda line: text in line.text.lower()
    return lambda line: text in line.text
