"""``python -m wizard.sandbox serve --state DIR``: the child process that is the cluster."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """0 when ended by a signal."""
    parser = argparse.ArgumentParser(prog="python -m wizard.sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve until ended by a signal")
    serve.add_argument("--state", type=Path, required=True, help="where kubeconfig and sandbox.json go")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one")
    serve.add_argument("--keep", action="store_true", help="outlive the process that started it")
    serve.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a real one")
    serve.add_argument("--seed", type=int, help="makes names, uids and load the same every time")
    serve.add_argument("--nodes", default="k3s-4gb", help="which nodes it has")
    serve.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for the controllers")
    serve.add_argument("--no-controllers", action="store_true", help="the API alone: nothing moves")
    told = parser.parse_args(argv)

    from wizard.sandbox.ports import SandboxOptions
    from wizard.sandbox.serve import run

    extra = dict(each.partition("=")[::2] for each in told.set)
    options = SandboxOptions(speed=told.speed, seed=told.seed, nodes=told.nodes, extra=extra)
    return run(told.state, options, port=told.port, keep=told.keep, controllers=not told.no_controllers)


if __name__ == "__main__":
    sys.exit(main())
