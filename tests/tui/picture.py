"""Screens as SVG, compared with those in `snapshots/`; UPDATE_SNAPSHOTS=1 writes them anew."""

from __future__ import annotations

import difflib
import html
import os
import re
from pathlib import Path

from textual.widgets import Footer, Input

from tests.tui.play import Player

KEPT = Path(__file__).with_name("snapshots")
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))
_TEXT = re.compile(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
_CELL = 12.2
"""Width of a cell in Rich's SVG."""


async def take(player: Player) -> str:
    """The screen as it stands, without what changes by itself: blinking cursors, toasts on their way out."""
    player.app.clear_notifications()
    await player.until(lambda: not player.app.screen.query("Toast"))
    for field in player.app.screen.query(Input):
        field.cursor_blink = False
        field._cursor_visible = True
    player.app.screen.refresh()
    seen: list[str] = []

    def still() -> bool:
        seen.append(normal(player.app.export_screenshot(title="wizard")))
        # The footer is made anew a moment after the focus has moved: with no keys at all the picture is no screen.
        footers = player.app.screen.query(Footer)
        return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3] and all(footer.children for footer in footers)

    await player.until(still, "a screen that stands still")
    return seen[-1]


def normal(svg: str) -> str:
    """Rich names everything after a checksum of the whole, and asks the web for fonts."""
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def words(svg: str) -> list[str]:
    """The text of a picture, line by line."""
    lines: dict[float, dict[int, str]] = {}
    for x, y, text in _TEXT.findall(svg):
        lines.setdefault(float(y), {})[round(float(x) / _CELL)] = html.unescape(text).replace("\xa0", " ")
    drawn = []
    for y in sorted(lines):
        line = ""
        for x, text in sorted(lines[y].items()):
            line = line.ljust(x) + text
        drawn.append(line.rstrip())
    return drawn


def compare(name: str, svg: str) -> str:
    """What differs from the kept picture, in words; empty where nothing does."""
    path = KEPT / f"{name}.svg"
    if UPDATE:
        path.write_text(svg)
        return ""
    if not path.exists():
        return f"{name}: there is no such picture yet; UPDATE_SNAPSHOTS=1 makes it"
    kept = path.read_text()
    if kept == svg:
        return ""
    diff = list(difflib.unified_diff(words(kept), words(svg), f"{name} as kept", f"{name} now", lineterm="", n=1))
    if not diff:
        changed = len(set(kept.splitlines()) ^ set(svg.splitlines())) // 2
        return f"{name}: the same text in other colours ({changed} elements of the picture)"
    return "\n".join(diff)
