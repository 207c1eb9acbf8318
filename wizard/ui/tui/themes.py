"""The app's own themes: dark, light, high contrast; Textual brings the two of the terminal's own colours."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="wizard-dark",
    primary="#6cb2eb",
    secondary="#8fb8a8",
    accent="#f0b866",
    success="#74c69d",
    warning="#e9c46a",
    error="#f07178",
    foreground="#d6dde6",
    background="#0e1319",
    surface="#141b23",
    panel="#1c2530",
    dark=True,
    variables={"muted": "#8b98a8", "faint": "#5d6875"},
)
LIGHT = Theme(
    name="wizard-light",
    primary="#1c6ca8",
    secondary="#3f6f5f",
    accent="#a2600a",
    success="#1f7a4d",
    warning="#8f6400",
    error="#b8303a",
    foreground="#20262d",
    background="#fafaf7",
    surface="#f1f1ec",
    panel="#e4e5df",
    dark=False,
    variables={"muted": "#5d6670", "faint": "#8d949b"},
)
CONTRAST = Theme(
    name="wizard-contrast",
    primary="#00d7ff",
    secondary="#ffffff",
    accent="#ffff00",
    success="#00ff87",
    warning="#ffd700",
    error="#ff8787",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    boost="#262626",
    dark=True,
    text_alpha=1.0,
    variables={"muted": "#d0d0d0", "faint": "#b0b0b0", "text-muted": "#d0d0d0", "border": "#ffffff"},
)
OURS = (DARK, LIGHT, CONTRAST)
BY_NAME = {theme.name: theme for theme in OURS}
FALLBACK = {"muted": "ansi_bright_black", "faint": "ansi_bright_black"}
"""Our two greys in themes that are not ours. Textual's own `$text-muted` is worked out from what is behind it, which
not every widget tells it."""
CHOICES = ("wizard-dark", "wizard-light", "wizard-contrast", "ansi-dark", "ansi-light")
"""The order in which the theme key goes round."""


def first_theme(kept: object, *, no_color: bool) -> str:
    """The theme to start with: the kept one where there still is one of that name. NO_COLOR starts with the
    high-contrast theme, whose greys are told apart best once Textual has taken the colours out."""
    if no_color:
        return CONTRAST.name
    return kept if isinstance(kept, str) and kept in CHOICES else DARK.name
