"""Where an operator's files are, by the XDG base directory specification."""

from __future__ import annotations

from pathlib import Path

_APP = "wizard"


def config_dir() -> Path:
    import platformdirs

    return platformdirs.user_config_path(_APP)


def state_dir() -> Path:
    """runs/DEPLOYMENT: journals; sandboxes/NAME: what runs there."""
    import platformdirs

    return platformdirs.user_state_path(_APP)
