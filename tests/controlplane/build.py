"""Builds the control plane's binaries into a cache outside the checkout; needs Go only to fill that.

Standard library only, so that CI can run it before anything is installed:
``python -m tests.controlplane.build`` or ``python tests/controlplane/build.py``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KUBERNETES_VERSION = "v1.37.2"
KWOK_VERSION = "v0.8.0"
SOURCES = ("go.mod", "go.sum", "main.go")
KWOK_STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")

HERE = Path(__file__).resolve().parent


class BuildError(Exception):
    """The binaries are not there and could not be made; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Assets:
    """Where the built programs are."""

    directory: Path
    """One directory of the cache; never written to again once it exists."""

    @property
    def binary(self) -> Path:
        return self.directory / "controlplane"

    @property
    def kwok(self) -> Path:
        return self.directory / "kwok"

    @property
    def stages(self) -> list[Path]:
        """kwok's own stage files, in a fixed order."""
        return sorted((self.directory / "stages").glob("*.yaml"))

    def command(self, program: str) -> list[str]:
        """argv that starts one of PROGRAMS; from KUBEBUILDER_ASSETS where that has it."""
        given = os.environ.get("KUBEBUILDER_ASSETS")
        if given and (path := Path(given) / program).is_file():
            # Somebody else's binary knows nothing of our parent; the guard ends it when we are gone.
            return [str(self.binary), "guard", "--", str(path)]
        return [str(self.binary), program]


def cache_root() -> Path:
    """Where every build of this rig is kept, also by other checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "wizard" / "controlplane"


def fingerprint() -> str:
    """Changes with everything that goes into the binaries, and with nothing else."""
    digest = hashlib.sha256(f"kwok {KWOK_VERSION} kubernetes {KUBERNETES_VERSION}\n".encode())
    digest.update(json.dumps(_flags()).encode())
    for name in SOURCES:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def build(say: Callable[[str], None] = lambda line: None) -> Assets:
    """The binaries, built now if the cache lacks them. Cold: about nine minutes on two cores."""
    root = cache_root()
    target = root / fingerprint()
    if target.is_dir():
        say(f"cached: {target}")
        return Assets(target)
    root.mkdir(parents=True, exist_ok=True)
    with _lock(root / "lock", say):
        if target.is_dir():  # another build made it while we waited
            say(f"built meanwhile by another process: {target}")
            return Assets(target)
        go = shutil.which("go")
        if go is None:
            raise BuildError(
                "Go is not installed (no `go` on PATH), and the control plane is not in the cache"
                f" ({target}). Install Go 1.26 or newer, then run: python -m tests.controlplane.build"
            )
        started = time.monotonic()
        work = Path(tempfile.mkdtemp(prefix="building-", dir=root))
        try:
            made = _compile(go, work, say)
            # The rename is what makes a build visible: half a build never has the target's name.
            made.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        say(f"built in {time.monotonic() - started:.0f} s: {target}")
    return Assets(target)


def _compile(go: str, work: Path, say: Callable[[str], None]) -> Path:
    out = work / "out"
    (out / "stages").mkdir(parents=True)
    source = work / "source"
    source.mkdir()
    # Built from a copy: with GOFLAGS=-mod=mod in the caller's environment, go would rewrite go.mod in the
    # checkout.
    for name in SOURCES:
        shutil.copy(HERE / name, source / name)
    say(f"compiling etcd and Kubernetes {KUBERNETES_VERSION} (minutes when Go's build cache is cold) ...")
    _go(go, ["build", *_flags()["kubernetes"], "-o", str(out / "controlplane"), "."], source, say)
    say(f"compiling kwok {KWOK_VERSION} ...")
    module = f"sigs.k8s.io/kwok@{KWOK_VERSION}"
    package = f"sigs.k8s.io/kwok/cmd/kwok@{KWOK_VERSION}"
    _go(go, ["install", *_flags()["kwok"], package], work, say, {"GOBIN": str(out)})
    described = _go(go, ["mod", "download", "-json", module], work, say)
    kustomize = Path(json.loads(described)["Dir"]) / "kustomize" / "stage"
    for stage in KWOK_STAGES:
        for file in sorted((kustomize / stage).glob("*.yaml")):
            if file.name != "kustomization.yaml":
                # Module cache files are read-only; copyfile does not copy the mode.
                shutil.copyfile(file, out / "stages" / f"{stage.replace('/', '-')}-{file.name}")
    return out


def _flags() -> dict[str, list[str]]:
    version = "k8s.io/component-base/version"
    major, minor = KUBERNETES_VERSION.removeprefix("v").split(".")[:2]
    # Without these, /version says "v0.0.0-master+$Format:%H$", which clients cannot parse.
    variables = {
        "gitVersion": KUBERNETES_VERSION,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    stamped = " ".join(f"-X {version}.{name}={value}" for name, value in variables.items())
    return {
        "kubernetes": ["-mod=readonly", "-buildvcs=false", "-ldflags", f"-s -w {stamped}"],
        "kwok": ["-ldflags", "-s -w"],
    }


def _go(
    go: str,
    arguments: Sequence[str],
    cwd: Path,
    say: Callable[[str], None],
    extra: Mapping[str, str] | None = None,
) -> str:
    started = time.monotonic()
    # No C compiler needed; and no flags of the caller's, which would make another build than the fingerprint
    # says.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", **(extra or {})}
    result = subprocess.run([go, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        tail = "\n".join(result.stderr.splitlines()[-20:])
        raise BuildError(
            f"`go {arguments[0]}` failed with exit code {result.returncode}:\n{tail}\n"
            "(A build needs the Go module proxy, so not tests.controlplane.netns, which has no network.)"
        )
    say(f"  go {arguments[0]}: {time.monotonic() - started:.1f} s")
    return result.stdout


@contextlib.contextmanager
def _lock(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is under way; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Exit code 0 when the binaries are there."""
    try:
        build(lambda line: print(line, file=sys.stderr, flush=True))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
