"""Puts a pinned tool (helm, kubectl) into the wizard's own cache: the pinned binary, or nothing at all.

Which tool is used when a machine has several is decided in `helm_binary`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.adapters.helm_download import Fetch, FetchFailed, Source, sha256, unpack
from wizard.domain.finding import Finding, PreflightError, error

_STALE_SECONDS = 3600
"""Longer than any download may take: a scratch directory this old has no living owner."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pin:
    """What tools.yaml says about one tool, for the platform at hand."""

    tool: str
    version: str
    accept_from: str
    accept_before: str
    platform: str
    sha256: str
    """Of the binary; empty where the platform is not pinned."""
    size: int
    """Bytes of the binary."""
    sources: tuple[Source, ...]

    def home(self, cache: Path) -> Path:
        """The directory of this very version, so that several wizards of different age share one cache."""
        return cache / "tools" / f"{self.tool}-{self.version}-{self.platform}"


def host_platform() -> str:
    """As Go names it, and with it the releases of helm and kubectl: `linux-amd64`, `darwin-arm64`."""
    import platform

    machine = platform.machine().lower()
    return f"{sys.platform}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def load_pin(tools: Path, tool: str) -> Pin:
    import yaml

    data: dict[str, Any] = yaml.safe_load(tools.read_text(encoding="utf-8"))[tool]
    platform = host_platform()
    binary: dict[str, Any] = data["platforms"].get(platform, {})
    sources = tuple(
        Source(
            url=item.get("url", ""),
            package=item.get("package", ""),
            version=item.get("version", ""),
            sha256=item["sha256"],
            member=item["member"],
        )
        for item in binary.get("sources", ())
    )
    accepts = data["accepts"]
    return Pin(
        tool=tool,
        version=data["version"],
        accept_from=accepts["from"],
        accept_before=accepts["before"],
        platform=platform,
        sha256=binary.get("sha256", ""),
        size=binary.get("bytes", 0),
        sources=sources,
    )


def cached(pin: Pin, cache: Path) -> Path | Finding | None:
    """The installed copy if it is sound, else what is wrong with it; None where there is none.

    The binary is hashed when it is installed. Later starts compare size, mtime and pin with a marker beside
    it, which costs a stat instead of reading 66 MB (0.04 s warm, a second from a cold disk). This notices
    what happens by accident: a full disk, a restored backup, a changed pin. Against somebody who writes to
    the operator's home directory a hash at each start would not help either: they could as well change the
    wizard.
    """
    binary = pin.home(cache) / pin.tool
    try:
        stat = binary.stat()
    except OSError:
        return None
    if not os.access(binary, os.X_OK):
        return error(f"{pin.tool}-not-executable", f"{binary} is not executable")
    seen = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": pin.sha256}
    if read_json(_marker(binary)) == seen:
        return binary
    try:
        with binary.open("rb") as stream:
            actual = sha256(stream)
    except OSError as problem:
        return error(f"{pin.tool}-not-executable", f"{binary} cannot be read ({problem.strerror})")
    if actual != pin.sha256:
        summary = f"{binary} is not the pinned {pin.tool} {pin.version}: its SHA-256 is {actual}"
        return error(f"{pin.tool}-hash-mismatch", summary)
    write_json(_marker(binary), seen)
    return binary


def install(pin: Pin, cache: Path, *, env: Mapping[str, str], fetch: Fetch, progress: Progress) -> Path:
    """Fetch, verify and install the pinned binary.

    Two at once are safe without a lock: each works in a scratch directory of its own, and the last act is one
    rename of a verified file. The loser replaces it with the same bytes; a helm that is running keeps its
    inode.
    """
    import tempfile

    failures: list[str] = []
    root = cache / "tools"
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(root)
        for source in pin.sources:
            if source.sha256 is None:
                failures.append(f"{source}: not used, its checksum is not pinned")
                continue
            progress(f"fetching {pin.tool} {pin.version} from {source}")
            # In the cache, not in /tmp: a rename is atomic only within one file system.
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=root, ignore_cleanup_errors=True) as scratch:
                try:
                    staged = _stage(pin, source, Path(scratch), env, fetch)
                except FetchFailed as problem:
                    failures.append(f"{source}: {problem}")
                    continue
                staged.chmod(0o755)
                stat = staged.stat()
                binary = pin.home(cache) / pin.tool
                binary.parent.mkdir(exist_ok=True)
                # No fsync: what a power cut could leave behind, `cached` finds out by size or hash and
                # fetches again.
                staged.replace(binary)
            seen = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": pin.sha256}
            write_json(_marker(binary), seen)
            return binary
    except OSError as problem:
        failures.append(f"{root}: {problem.strerror or problem}")
    raise PreflightError(
        error(
            f"{pin.tool}-fetch-failed",
            f"{pin.tool} {pin.version} could not be fetched",
            detail="; ".join(failures),
            hint="check the network (proxy, package index), or " + install_hint(pin),
        )
    )


def install_hint(pin: Pin) -> str:
    return (
        f"install {pin.tool} {pin.accept_from} or newer (before {pin.accept_before}) and put it on PATH,"
        f" or set WIZARD_{pin.tool.upper()} to its path"
    )


def _stage(pin: Pin, source: Source, scratch: Path, env: Mapping[str, str], fetch: Fetch) -> Path:
    """The verified binary, as a file in `scratch`."""
    download = scratch / "download"
    download.mkdir()
    artefact = fetch(source, download, env)
    if artefact.is_file():
        with artefact.open("rb") as stream:
            actual = sha256(stream)
        if actual != source.sha256:
            raise _mismatch(pin, str(source), str(source.sha256), actual)
    staged = scratch / pin.tool
    actual = unpack(artefact, source.member, scratch, staged, limit=pin.size)
    if actual != pin.sha256:
        raise _mismatch(pin, f"{source.member} in {source}", pin.sha256, actual)
    return staged


def _mismatch(pin: Pin, what: str, expected: str, actual: str) -> PreflightError:
    return PreflightError(
        error(
            f"{pin.tool}-hash-mismatch",
            f"refused: the {pin.tool} that was fetched is not the pinned {pin.tool} {pin.version}",
            detail=f"{what}: expected SHA-256 {expected}, got {actual}; nothing of it was kept",
            hint="a proxy or mirror may have replaced the file: " + install_hint(pin),
        )
    )


def _marker(binary: Path) -> Path:
    return binary.with_name(binary.name + ".verified.json")


def _sweep(root: Path) -> None:
    """Remove what a wizard left that was killed outright; all other ends clean up after themselves."""
    import shutil
    import time

    for scratch in root.glob(".fetch-*"):
        with suppress(OSError):
            if time.time() - scratch.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(scratch, ignore_errors=True)


def read_json(path: Path) -> Any:
    """None for a file that is absent or corrupt: what the cache holds can always be found out again."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: Path, value: Any) -> None:
    """Atomically, and only if possible: a cache that cannot be written costs the next start time, no more."""
    import tempfile

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(value, out)
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
