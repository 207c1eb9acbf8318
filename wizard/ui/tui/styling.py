"""Which style files a screen brings with it: the app itself has only the base, or its first frame would wait."""

from __future__ import annotations

from pathlib import Path, PurePath

FOLDER = Path(__file__).with_name("styles")


def styles(*names: str) -> list[str | PurePath]:
    """For `CSS_PATH`: a screen's rules come with its first appearance, and hold for the whole app from then on."""
    return [FOLDER / f"{name}.tcss" for name in names]


BASE = styles("10_base")
RUN = styles("20_run")
WALK = styles("30_walk")
DIALOG = styles("dialog")
DASHBOARD = styles("table", "watch", "pod", "dialog")
BOTH = [*RUN, *DASHBOARD]
