"""Helm through pyhelm3, which runs the helm binary."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyhelm3 import Command
from pyhelm3 import errors as vendor

from wizard.domain.finding import Where, WizardError, error
from wizard.ports import (
    HelmError,
    HelmFieldConflict,
    Release,
    ReleaseBusy,
    ReleaseMissing,
    ReleaseRequest,
    Unreachable,
    Upgraded,
)

_HISTORY = 10
"""Revisions kept of each release, as pyhelm3's own default."""


class _Command(Command):  # type: ignore[misc]  # pyhelm3 ships no types
    """pyhelm3's commands, with helm started by us.

    In a session of its own, because the terminal sends Ctrl-C to the whole foreground group, and a helm
    that dies of it leaves a `pending-install` behind; the engine decides when helm ends. And without
    a shell between us and helm, so that SIGTERM reaches helm itself.
    """

    def __init__(self, environment: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._environment = dict(environment)

    async def run(self, command: list[Any], input: bytes | None = None) -> bytes:
        argv = [str(self._executable), *map(str, command)]
        if self._kubeconfig:
            argv += ["--kubeconfig", str(self._kubeconfig)]
        if self._kubecontext:
            argv += ["--kube-context", self._kubecontext]
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE if input is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )
        try:
            stdout, stderr = await process.communicate(input)
        except asyncio.CancelledError:
            if process.returncode is None:
                process.terminate()
            await asyncio.shield(process.communicate())
            raise
        if process.returncode == 0:
            return stdout
        words = stderr.decode(errors="replace").encode()  # the vendor's error decodes it again, strictly
        raise vendor.Error(process.returncode, stdout, words)


class HelmAdapter:
    """Implements ports.Helm. `binary` is the helm that adapters/helm_binary.py found."""

    def __init__(self, binary: Path, *, kubeconfig: Path | None, context: str | None, version: str = "4") -> None:
        self._server_side = int(version.partition(".")[0]) >= 4
        # A proxy or debug variable of the operator stays; HELM_* of another tool must not redirect us.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HELM_", "WIZARD_SECRET_"))}
        self._command = _Command(
            environment,
            executable=str(binary),
            kubeconfig=kubeconfig,
            kubecontext=context,
            history_max_revisions=_HISTORY,
        )

    @property
    def server_side(self) -> bool:
        return self._server_side

    async def version(self) -> str:
        with _translated("helm"):
            return str(await self._command.version())

    async def render(self, request: ReleaseRequest) -> str:
        command = ["template", request.name, request.chart, "--namespace", request.namespace, "--values", "-"]
        with _translated(f"chart {Path(request.chart).name}"):
            rendered = await self._command.run(command, json.dumps(request.values).encode())
        return bytes(rendered).decode()

    async def manifest(self, name: str, namespace: str) -> str:
        with _translated(f"release {namespace}/{name}"):
            text = await self._command.run(["get", "manifest", name, "--namespace", namespace])
        return bytes(text).decode()

    async def history(self, name: str, namespace: str) -> list[Release]:
        try:
            with _translated(f"release {namespace}/{name}"):
                rows = await self._command.history(name, namespace=namespace)
                return sorted((_release(row, name, namespace) for row in rows), key=lambda r: r.revision)
        except ReleaseMissing:
            return []

    async def list(self, namespace: str) -> list[Release]:
        with _translated(f"namespace {namespace}"):
            # Every state by its own flag: helm 4 dropped --all, and pyhelm3 names each of them.
            rows = await self._command.list(
                namespace=namespace,
                include_failed=True,
                include_pending=True,
                include_uninstalling=True,
                include_superseded=False,
            )
            return [_release(row, row["name"], namespace) for row in rows]

    async def upgrade(self, request: ReleaseRequest) -> Upgraded:
        with _translated(f"release {request.namespace}/{request.name}"):
            done = await self._command.install_or_upgrade(
                request.name,
                request.chart,
                request.values,
                create_namespace=False,
                description=request.description,
                force_conflicts=request.take_back_conflicts and self._server_side,
                namespace=request.namespace,
                timeout=f"{request.timeout}s",
            )
            info = done["info"]
            release = Release(
                request.name,
                request.namespace,
                int(done["version"]),
                str(info.get("status", "")),
                description=str(info.get("description", "")),
            )
            return Upgraded(release, str(done.get("manifest", "")))

    async def rollback(self, name: str, namespace: str, revision: int) -> None:
        with _translated(f"release {namespace}/{name}"):
            await self._command.rollback(name, revision, namespace=namespace)

    async def uninstall(self, name: str, namespace: str) -> None:
        with _translated(f"release {namespace}/{name}"):
            await self._command.uninstall(name, namespace=namespace)


_CHART = re.compile(r"^(?P<name>.+?)-(?P<version>v?\d+\.\d+\.\d+.*)$")


def _release(row: Mapping[str, Any], name: str, namespace: str) -> Release:
    """A row of `helm list -o json` or `helm history -o json`."""
    chart = _CHART.match(str(row.get("chart", "")))
    return Release(
        name,
        namespace,
        int(row["revision"]),
        str(row["status"]),
        chart["name"] if chart else "",
        chart["version"] if chart else "",
        str(row.get("description", "")),
        _seconds(str(row.get("updated", ""))),
    )


_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)? ?(Z|[+-]\d\d:?\d\d)")


def _seconds(text: str) -> float:
    """`2026-11-23 19:36:01.123456789 +0000 UTC` (list) and RFC 3339 (history) -> seconds; 0 if neither."""
    match = _TIME.match(text)
    if not match:
        return 0.0
    fraction = (match[3] or ".0")[:7]
    zone = "+00:00" if match[4] == "Z" else match[4]
    try:
        return dt.datetime.fromisoformat(f"{match[1]}T{match[2]}{fraction}{zone}").timestamp()
    except ValueError:
        return 0.0


# helm's words -> code and hint. helm has one exit code for everything; its words are all there is.
_KNOWN: tuple[tuple[re.Pattern[str], type[WizardError], str, str, bool], ...] = (
    # First, because it stands beside "not found" at times (so pyhelm3): a live release must not look absent.
    (re.compile(r"etcdserver|too many requests|InternalError|server is currently unable"), Unreachable,
     "helm-server-busy", "the API server is overloaded or restarting", True),
    (re.compile(r"release: not found|release not loaded"), ReleaseMissing, "release-missing",
     "it was removed meanwhile; run again", False),
    (re.compile(r"another operation \(install/upgrade/rollback\) is in progress"), ReleaseBusy, "release-busy",
     "another helm works on it, or was cut off; the next attempt repairs what was cut off", True),
    (re.compile(r"conflict with \"|Apply failed with \d+ conflict"), HelmFieldConflict, "field-conflict",
     "`wizard plan` lists each field and its owner; --take-back-conflicts takes them back", False),
    (re.compile(r"exceeded quota"), HelmError, "quota-exceeded",
     "raise the namespace's ResourceQuota or lower the requests", False),
    (re.compile(r"is being terminated"), HelmError, "namespace-terminating",
     "wait until the namespace is gone, then run again", False),
    (re.compile(r"cannot be imported into the current release|invalid ownership metadata"), HelmError,
     "foreign-object", "remove that object, or choose another namespace", False),
    (re.compile(r"values don't meet the specifications of the schema"), HelmError, "chart-values",
     "correct `components.<name>.values` in the profile", False),
    (re.compile(r"(?i)unauthorized|must be logged in|provide credentials|forbidden"), HelmError, "helm-denied",
     "these credentials may not do that: ask for the rights, or use another context", False),
    (re.compile(r"connection refused|no such host|i/o timeout|unreachable|TLS handshake|EOF|connection reset"),
     Unreachable, "helm-unreachable", "check that the API server is up", True),
)  # fmt: skip


class _translated:
    """Turns pyhelm3's errors into ours, with helm's own last words as the detail."""

    def __init__(self, resource: str) -> None:
        self._resource = resource

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, vendor.Error):
            words = bytes(problem.stderr or b"").decode(errors="replace").strip() or "helm gave no reason"
            raise self._named(words) from problem
        if isinstance(problem, ValueError | LookupError | TypeError):
            raise HelmError(
                error(
                    "helm-answer",
                    f"helm's answer on {self._resource} cannot be read",
                    detail=f"{type(problem).__name__}: {problem}",
                    hint="see `wizard doctor`: another program may stand under helm's name",
                    where=Where(resource=self._resource),
                )
            ) from problem
        if isinstance(problem, OSError):
            raise HelmError(
                error(
                    "helm-not-executable",
                    "helm cannot be started",
                    detail=str(problem),
                    hint="see `wizard doctor`",
                )
            ) from problem

    def _named(self, words: str) -> WizardError:
        where = Where(resource=self._resource)
        for pattern, kind, code, hint, temporary in _KNOWN:
            if pattern.search(words):
                named = kind(error(code, f"helm: {self._resource}: {code}", detail=words, hint=hint, where=where))
                named.temporary = temporary
                return named
        hint = "see helm's words above; run again when the cause is mended"
        return HelmError(error("helm-failed", f"helm failed on {self._resource}", detail=words, hint=hint, where=where))
