"""``python -m tests.contract record KUBECONFIG [CASE...]``: asks a real API server, and keeps its answers."""

from __future__ import annotations

import sys
from pathlib import Path

from . import generate
from .cases import ALL
from .client import Client
from .compare import record
from .play import play


def main(argv: list[str]) -> int:
    if len(argv) < 2 or argv[0] != "record":
        print(__doc__, file=sys.stderr)
        return 2
    client, wanted = Client(Path(argv[1])), argv[2:]
    for case in [*ALL, *generate.fixed()]:
        if not wanted or case.name in wanted:
            record(case.name, play(client, case))
            print(case.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
