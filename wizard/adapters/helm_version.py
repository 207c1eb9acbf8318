"""Asks a helm or kubectl for its version, and remembers the answer for the next start."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from wizard.adapters.helm_download import last_lines, run
from wizard.adapters.helm_install import read_json, write_json

_VERSION = r"v?([0-9]{1,5})\.([0-9]{1,5})\.([0-9]{1,5})([-+.0-9A-Za-z]*)"
_PROBES: dict[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    "helm": (("version", "--template", "{{ .Version }}"), re.compile(rf"\s*{_VERSION}\s*")),
    "kubectl": (
        ("version", "--client", "--output", "json"),
        re.compile(rf'(?s).*"gitVersion": "{_VERSION}".*'),
    ),
}
"""Arguments, and what the whole of stdout must look like."""
TOOLS = tuple(_PROBES)
PROBE_SECONDS = 10.0
"""Takes 0.05 s; the rest is for a cold network home directory. Helm 2 would wait longer, for its server."""
_REMEMBERED = 32
"""Binaries in the version cache; a machine has two or three."""


class Unusable(Exception):
    """It has no version to compare: the message says what it did instead."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code


def version_of(path: Path, tool: str, cache: Path, env: Mapping[str, str], timeout: float) -> str:
    """Asks the binary, or remembers: the answer belongs to this path, size and mtime.

    A script, or a link to a program of another name (mise, snap), picks the real helm by the working
    directory or its own settings, and stays the same file when that changes: those are asked each time.
    """
    try:
        stat = path.stat()
    except OSError as problem:
        raise Unusable(f"{tool}-not-found", f"does not exist ({problem.strerror})") from problem
    if not path.is_file() or not os.access(path, os.X_OK):
        raise Unusable(f"{tool}-not-executable", "is not an executable file, or is on a file system mounted noexec")
    if not _answers_for_itself(path, tool):
        return _ask(path, tool, env, timeout)
    memory = cache / "versions.json"
    entries = read_json(memory)
    if not isinstance(entries, dict):
        entries = {}
    match entries.get(str(path)):
        case [stat.st_size, stat.st_mtime_ns, str(version)] if re.fullmatch(_VERSION, version):
            return version
    version = _ask(path, tool, env, timeout)
    # Two wizards at once may each lose the other's entry, which costs a probe.
    kept = [(key, value) for key, value in entries.items() if key != str(path)][-_REMEMBERED + 1 :]
    write_json(memory, {**dict(kept), str(path): [stat.st_size, stat.st_mtime_ns, version]})
    return version


def _answers_for_itself(path: Path, tool: str) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(2) != b"#!" and path.resolve().name.startswith(tool)
    except OSError:
        return False


def _ask(path: Path, tool: str, env: Mapping[str, str], timeout: float) -> str:
    import errno
    import subprocess
    import time

    arguments, answer = _PROBES[tool]
    code = f"{tool}-not-executable"
    for attempt in range(5):
        try:
            status, out, err = run((str(path), *arguments), env=env, timeout=timeout)
            break
        except subprocess.TimeoutExpired as problem:
            raise Unusable(code, f"did not tell its version within {timeout:g} s") from problem
        except OSError as problem:
            # Text file busy: another thread forked while the file was still open for writing, and its child
            # has not reached its exec yet. It passes within milliseconds.
            if problem.errno != errno.ETXTBSY or attempt == 4:
                raise Unusable(code, f"cannot be run ({problem.strerror})") from problem
            time.sleep(0.05)
    if status:
        raise Unusable(code, f"failed with exit code {status} when asked for its version: {last_lines(err or out)}")
    if not (found := answer.fullmatch(out)):
        raise Unusable(code, f"is not {tool}: asked for its version, it said {last_lines(out) or 'nothing'!r}")
    major, minor, patch, rest = found.groups()
    return f"{major}.{minor}.{patch}{rest}"


def number(version: str) -> tuple[int, ...]:
    """A pre-release counts as its release: 4.0.0-rc.1 has the flags of 4.0.0."""
    found = re.match(_VERSION, version)
    assert found, version
    return tuple(int(part) for part in found.groups()[:3])
