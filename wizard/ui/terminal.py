"""What there is to draw on. Imports nothing: it is asked before anything else is loaded."""

from __future__ import annotations

import os


def somebody_is_there() -> bool:
    """Whether somebody can be asked: both ends of the talk are a terminal, and CI says nothing else."""
    return os.isatty(0) and os.isatty(2) and not os.environ.get("CI")


def can_draw() -> bool:
    """Whether a full-screen app can be shown there (or in a browser, which brings its own driver)."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return somebody_is_there() and os.isatty(1) and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
