"""Finds the helm that the wizard uses: the one named, the one on PATH, or the wizard's own verified copy.

`python -m wizard.adapters.helm_binary [helm|kubectl]` prints its path, for the Makefile: exit code 0, or 3 if
there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.adapters.helm_download import Fetch, fetch_source
from wizard.adapters.helm_install import Pin, Progress, cached, install, install_hint, load_pin
from wizard.adapters.helm_version import PROBE_SECONDS, TOOLS, Unusable, number, version_of
from wizard.catalog import shipped
from wizard.domain.finding import Finding, PreflightError, error


@dataclass(frozen=True, slots=True)
class HelmBinary:
    path: Path
    """Absolute."""
    version: str
    """Without a leading v: `4.3.1`."""
    source: str
    """`WIZARD_HELM`, `PATH`, `cache` or `downloaded`."""
    why: str
    """One sentence for `wizard doctor`: which one is in use and why, and what was passed over."""


def find_helm(
    *,
    env: Mapping[str, str] | None = None,
    tools: Path,
    allow_fetch: bool = True,
    progress: Progress | None = None,
    fetch: Fetch = fetch_source,
    timeout: float = PROBE_SECONDS,
) -> HelmBinary:
    """The first of: `WIZARD_HELM`, PATH, the wizard's cache, a download into that cache.

    `tools` is assets/catalog/tools.yaml; `timeout` is for one probe, in seconds. Blocks (a download takes
    seconds to minutes): in async code, call it in a thread. Raises PreflightError with the finding
    helm-not-found, helm-too-old, helm-too-new, helm-not-executable, helm-hash-mismatch or helm-fetch-failed.
    """
    return _find("helm", os.environ if env is None else env, tools, allow_fetch, progress, fetch, timeout)


def find_kubectl(
    *,
    env: Mapping[str, str] | None = None,
    tools: Path,
    allow_fetch: bool = True,
    progress: Progress | None = None,
    fetch: Fetch = fetch_source,
    timeout: float = PROBE_SECONDS,
) -> Path | None:
    """The same for kubectl, which only tests and demos use: None if there is none and none can be fetched.

    A `WIZARD_KUBECTL` that does not work and a download with the wrong hash still raise PreflightError.
    """
    environment = os.environ if env is None else env
    try:
        return _find("kubectl", environment, tools, allow_fetch, progress, fetch, timeout).path
    except PreflightError as problem:
        if environment.get("WIZARD_KUBECTL") or problem.findings[0].code == "kubectl-hash-mismatch":
            raise
        return None


def _find(
    tool: str,
    env: Mapping[str, str],
    tools: Path,
    allow_fetch: bool,
    progress: Progress | None,
    fetch: Fetch,
    timeout: float,
) -> HelmBinary:
    pin = load_pin(tools, tool)
    cache = cache_home(env)
    variable = f"WIZARD_{tool.upper()}"
    if named := env.get(variable):
        path = Path(named).expanduser().absolute()
        version = _check(path, pin, cache, env, timeout, named_by=variable)
        return HelmBinary(path, version, variable, f"{tool} {version} at {path}: {variable} names it")

    passed_over: list[Finding] = []
    for path in _on_path(tool, env):
        try:
            version = _check(path, pin, cache, env, timeout)
        except PreflightError as problem:
            passed_over += problem.findings
            continue
        why = f"{tool} {version} at {path}: the first on PATH that is {pin.accept_from} or newer"
        return HelmBinary(path, version, "PATH", why + _also(passed_over))

    context = _also(passed_over) or f"; there is no {tool} on PATH"
    own = cached(pin, cache)
    if isinstance(own, Path):
        version = _check(own, pin, cache, env, timeout)
        return HelmBinary(own, version, "cache", f"{tool} {version} at {own}: the wizard's own copy{context}")
    if own is not None:
        # Fetched anew rather than refused: a damaged cache heals itself, and what replaces it is verified.
        passed_over.append(own)
        context = _also(passed_over)

    if not pin.sources or not allow_fetch:
        raise _none_found(pin, passed_over)
    own = install(pin, cache, env=env, fetch=fetch, progress=progress or (lambda _: None))
    # Its hash is right, yet it may not run: a home directory that is mounted noexec is the usual reason.
    version = _check(own, pin, cache, env, timeout)
    return HelmBinary(own, version, "downloaded", f"{tool} {version} at {own}: fetched and verified just now{context}")


def cache_home(env: Mapping[str, str]) -> Path:
    """The XDG rule: a relative XDG_CACHE_HOME is invalid and ignored."""
    named = env.get("XDG_CACHE_HOME", "")
    base = Path(named) if Path(named).is_absolute() else Path(env.get("HOME") or Path.home()) / ".cache"
    return base / "wizard"


def _on_path(tool: str, env: Mapping[str, str]) -> Iterator[Path]:
    """Each one, not only the first: an outdated one in /usr/local/bin must not hide a good one behind it.

    Empty and relative entries mean the working directory, and a helm that lies in a checkout must not run.
    """
    seen: set[Path] = set()
    for directory in env.get("PATH", "").split(os.pathsep):
        path = Path(directory) / tool
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            target = path.resolve()
            if target not in seen:
                seen.add(target)
                yield path


def _check(path: Path, pin: Pin, cache: Path, env: Mapping[str, str], timeout: float, *, named_by: str = "") -> str:
    """The version of the binary if it is one the wizard can use."""
    subject = f"{path} ({named_by})" if named_by else str(path)
    hint = f"correct {named_by}, or unset it" if named_by else install_hint(pin)
    try:
        version = version_of(path, pin.tool, cache, env, timeout)
    except Unusable as problem:
        raise PreflightError(error(problem.code, f"{subject} {problem}", hint=hint)) from problem
    wanted = f"{pin.accept_from} or newer, before {pin.accept_before}"
    if number(version) < number(pin.accept_from):
        raise PreflightError(error(f"{pin.tool}-too-old", f"{subject} is {version}, not {wanted}", hint=hint))
    if number(version) >= number(pin.accept_before):
        raise PreflightError(error(f"{pin.tool}-too-new", f"{subject} is {version}, not {wanted}", hint=hint))
    return version


def _also(passed_over: list[Finding]) -> str:
    return "; passed over: " + "; ".join(finding.summary for finding in passed_over) if passed_over else ""


def _none_found(pin: Pin, passed_over: list[Finding]) -> PreflightError:
    hint = install_hint(pin)
    reason = "fetching it is switched off"
    if not pin.sources:
        reason = f"none is pinned for {pin.platform}, so the wizard cannot fetch it here"
    # The most telling of what was passed over: with a helm 3.10 on PATH, "not found" would be puzzling.
    code = passed_over[0].code if passed_over else f"{pin.tool}-not-found"
    summary = f"there is no {pin.tool} that the wizard can use, and {reason}"
    return PreflightError(error(code, summary, detail="; ".join(f.summary for f in passed_over), hint=hint))


def main(arguments: list[str]) -> int:
    tools = shipped.assets("catalog", "tools.yaml")
    tool = arguments[0] if arguments else "helm"
    if tool not in TOOLS or len(arguments) > 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    try:
        found = _find(tool, os.environ, tools, True, say, fetch_source, PROBE_SECONDS)
    except PreflightError as problem:
        for finding in problem.findings:
            say("\n  ".join(filter(None, (finding.summary, finding.detail, finding.hint))))
        return int(problem.exit_code)
    say(found.why)
    sys.stdout.write(f"{found.path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
