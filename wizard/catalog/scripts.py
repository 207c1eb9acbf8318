"""The shell scripts that are run on a server (assets/server)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from wizard.catalog import shipped


def script(name: str, variables: Mapping[str, str]) -> str:
    """assets/server/`name`.sh with its variables set before it. No secrets: a command line is seen by others."""
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
    return head + shipped.assets("server", f"{name}.sh").read_text()
