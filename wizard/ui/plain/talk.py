"""What plain mode says between questions: headings, help, findings; all of it on stderr."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

from wizard.domain.finding import Finding
from wizard.ui.headless.out import Out
from wizard.ui.headless.words import all_lines

WIDEST = 100
"""Columns: longer lines are hard to read."""


class Talk:
    def __init__(self, out: Out | None = None) -> None:
        self.out = out or Out(json_lines=False)

    def heading(self, text: str, under: str = "") -> None:
        self.out.talk(["", self.out.talk_paint(text, "bold"), *self._wrapped(under)])

    def say(self, text: str = "") -> None:
        self.out.talk(self._wrapped(text) or [""])

    def help(self, text: str) -> None:
        self.out.talk(self.out.talk_paint(line, "dim") for line in self._wrapped(text, "  "))

    def lines(self, lines: Iterable[str]) -> None:
        """As they are: they may be long, and may be copied."""
        self.out.talk(lines)

    def findings(self, findings: Iterable[Finding]) -> None:
        self.out.talk(all_lines(findings, self.out.talk_paint))

    def _wrapped(self, text: str, indent: str = "") -> list[str]:
        width = max(20, min(WIDEST, shutil.get_terminal_size().columns - 1))
        return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
