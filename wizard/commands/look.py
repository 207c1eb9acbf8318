"""status, credentials, doctor: commands that only look."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from wizard import __version__, compose
from wizard.commands.base import Choices, open_session
from wizard.domain.finding import ExitCode, Finding, Severity, UsageError, WizardError, error
from wizard.engine.inventory import ComponentStatus, Credential
from wizard.engine.session import Session
from wizard.planning.coverage import undeployable
from wizard.ui.headless.out import Out


def status(choices: Choices) -> int:
    out = Out(json_lines=choices.json)
    session = open_session(choices, out)

    async def look() -> list[ComponentStatus]:
        try:
            return await session.status()
        finally:
            await session.close()

    rows: list[ComponentStatus] = compose.run(look())
    urls = list(session.desired.urls)
    if choices.json:
        out.data({"deployment": session.desired.deployment, "components": list(map(asdict, rows)), "urls": urls})
    else:
        for row in rows:
            state = out.paint("ready", "green") if row.ready else out.paint(f"not ready {row.why}", "yellow")
            out.answer([f"{row.name:<14} {row.release:<16} revision {row.revision:<3} {state}"])
        out.answer(urls)
    return int(ExitCode.OK if all(row.ready for row in rows) else ExitCode.DEPLOYMENT)


def credentials(choices: Choices, name: str | None) -> int:
    """`name` None lists; else prints that one value, alone on stdout."""
    out = Out(json_lines=choices.json)
    session = open_session(choices, out)
    rows: list[Credential] = compose.run(_credentials(session))
    if name is None:
        listed = [{"name": row.ref.name, "kept": list(row.kept), "env": row.ref.env} for row in rows]
        if choices.json:
            out.data(listed)
        else:
            width = max(len(row.ref.name) for row in rows)
            out.answer(f"{row.ref.name:<{width}}  {', '.join(row.kept) or 'not made yet'}" for row in rows)
            out.talk(["`wizard credentials show NAME` prints one"])
        return int(ExitCode.OK)
    row = next((row for row in rows if row.ref.name == name), None)
    if row is None or row.value is None:
        known = ", ".join(row.ref.name for row in rows)
        summary = f"no secret {name!r}" if row is None else f"{name} is not made yet"
        raise UsageError(error("no-such-secret", summary, hint=f"there are: {known}"))
    if choices.json:
        out.data({"name": name, "value": row.value.reveal()})
    else:
        out.verbatim(row.value.reveal())
    return int(ExitCode.OK)


async def _credentials(session: Session) -> list[Credential]:
    try:
        return await session.credentials()
    finally:
        await session.close()


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    ok: bool
    words: str
    hint: str = ""
    detail: str = ""
    warns: bool = False


def doctor(choices: Choices) -> int:
    out = Out(json_lines=choices.json)
    checks = [_python(), _helm(out), _keyring(), _state()]
    if choices.profile:
        checks += _target(choices, out)
    if choices.json:
        out.data([asdict(check) for check in checks])
    else:
        for check in checks:
            mark = out.paint("ok  ", "green") if check.ok else out.paint("FAIL", "red")
            mark = out.paint("warn", "yellow") if check.warns else mark
            out.answer([f"{mark} {check.name:<8} {check.words}"])
            if check.detail:
                out.answer([f"     {line}" for line in check.detail.splitlines()])
            if check.hint and (check.warns or not check.ok):
                out.answer([f"     do: {check.hint}"])
    return int(ExitCode.OK if all(check.ok for check in checks) else ExitCode.PREFLIGHT)


def _python() -> _Check:
    return _Check("wizard", True, f"{__version__} on Python {platform.python_version()}, {platform.platform()}")


def _helm(out: Out) -> _Check:
    try:
        return _Check("helm", True, compose.find_helm(lambda words: out.talk([words])).why)
    except WizardError as problem:
        return _failed("helm", problem)


def _failed(name: str, problem: WizardError) -> _Check:
    first = problem.findings[0]
    return _Check(name, False, f"{first.summary}: {first.detail}" if first.detail else first.summary, first.hint)


def _keyring() -> _Check:
    name, usable = compose.keyring_backend()
    words = f"secrets are kept in {name}" if usable else "no back end: secrets are kept in the cluster only"
    return _Check("keyring", True, words)


def _state() -> _Check:
    folder = compose.state_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\n")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as problem:
        hint = "free space, or set XDG_STATE_HOME to another disk"
        return _Check("state", False, f"journals cannot be written to {folder}: {problem}", hint)
    return _Check("state", True, f"journals go to {_home(folder)}")


def _home(path: Path) -> str:
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)


def _target(choices: Choices, out: Out) -> list[_Check]:
    try:
        profile = choices.load()
        if gap := undeployable(profile):
            return [_Check("target", False, gap.summary, gap.hint)]
        return asyncio.run(_looked(open_session(choices, out, profile=profile)))
    except WizardError as problem:
        return [_failed("target", problem)]


async def _looked(session: Session) -> list[_Check]:
    try:
        findings = await session.inspect()
        checks = [_of(each) for each in findings]
        if session.server is not None:
            if not session.server.up:
                blocked = any(not check.ok for check in checks)
                words = "no k3s of this wizard runs on the server" + ("" if blocked else " yet: it can be installed")
                return [
                    *checks,
                    _Check("target", not blocked, words, "put right what is said above" if blocked else ""),
                ]
            checks.append(_Check("server", True, "; ".join(session.server.action.reasons)))
        await session.status()  # answers only to credentials that may read what the wizard reads
        return [*checks, _Check("target", True, f"the cluster answers: Kubernetes {await session.server_version()}")]
    except WizardError as problem:
        return [_failed("target", problem)]
    finally:
        await session.close()


def _of(finding: Finding) -> _Check:
    ok, warns = finding.severity is not Severity.ERROR, finding.severity is Severity.WARNING
    return _Check("server", ok, finding.summary, finding.hint, finding.detail, warns)
