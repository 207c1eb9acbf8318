"""``python -m tests.controlplane up`` runs one in the foreground; ``... build`` only builds its binaries."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from . import build, cluster, netns
from .nodes import NodeSpec


def main(argv: list[str] | None = None) -> int:
    """0: ended by a signal, or built. 1: could not start; says why."""
    parser = argparse.ArgumentParser(prog="python -m tests.controlplane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the binaries into the cache")
    up = commands.add_parser("up", help="start one and stay until Ctrl-C")
    up.add_argument("--nodes", type=int, default=1, help="how many (each 3 CPUs, 4 GiB)")
    up.add_argument("--dir", type=Path, help="where the kubeconfig and the logs go (default: a new one)")
    options = parser.parse_args(argv)
    if options.command == "build":
        return build.main()
    return _up(options.nodes, options.dir or Path(tempfile.mkdtemp(prefix="wizard-controlplane-up-")))


def _up(count: int, directory: Path) -> int:
    names = ["server"] if count == 1 else [f"server-{number}" for number in range(1, count + 1)]
    try:
        # Either raises KeyboardInterrupt, also in the middle of the start, and what runs is stopped.
        # SIGINT is set too: a shell script starts its background jobs with it ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        with cluster.ControlPlane.start(
            directory,
            nodes=[NodeSpec(name) for name in names],
            programs=netns.pod_network_is_local(),
            say=lambda line: print(line, file=sys.stderr, flush=True),
        ) as plane:
            print(_describe(plane), flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except (cluster.ControlPlaneError, build.BuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _describe(plane: cluster.ControlPlane) -> str:
    programs = "answer" if plane.programs else "off (start it under tests.controlplane.netns to have them)"
    return "\n".join(
        [
            f"kubeconfig  {plane.layout.kubeconfig}",
            f"server      {plane.server}",
            f"pods        {plane.layout.pod_cidr}, their programs {programs}",
            f"logs        {plane.workdir}",
            f"ready after {plane.timings['ready']:.1f} s; Ctrl-C ends it",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
