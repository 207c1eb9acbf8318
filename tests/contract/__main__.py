"""``python -m tests.contract record KUBECONFIG [CASE...]``: asks a real API server, and keeps its answers.

What kubectl prints is among them, as `kubectl_SCRIPT`. ``python -m tests.contract tools``: fetches kubectl and
both helms where they are missing, for a network namespace that leads nowhere; exit code 3 if one cannot be had.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from . import generate
from .cases import ALL
from .client import Client
from .compare import record
from .play import play
from .scripts import SCRIPTS
from .shell import Kubectl
from .tools import Missing, helm, kubectl


def main(argv: list[str]) -> int:
    if argv == ["tools"]:
        return _fetch()
    if len(argv) < 2 or argv[0] != "record":
        print(__doc__, file=sys.stderr)
        return 2
    client, wanted = Client(Path(argv[1])), argv[2:]
    for case in [*ALL, *generate.fixed()]:
        if not wanted or case.name in wanted:
            record(case.name, play(client, case))
            print(case.name)
    with tempfile.TemporaryDirectory() as home:
        for script in SCRIPTS:
            name = f"kubectl_{script.name}"
            if not wanted or name in wanted:
                record(name, Kubectl(kubectl(), Path(argv[1]), Path(home)).play(script))
                print(name)
    return 0


def _fetch() -> int:
    try:
        print("\n".join((kubectl(), helm("4"), helm("3"))))
    except Missing as problem:
        print(problem, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
