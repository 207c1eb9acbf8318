"""One line on each profile, unfinished run and secret, for the lists of interactive front ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from wizard.adapters import profile_files
from wizard.adapters.journal import Past
from wizard.domain.finding import ExitCode, UsageError
from wizard.domain.profile import Profile, profile_from_data
from wizard.domain.run import StepStatus
from wizard.domain.secret import SecretRef
from wizard.ui.services import ProfileEntry, SecretPlace, UnfinishedRun

_PURPOSES = {
    "admin-password": "password of the first admin",
    "grafana-admin-password": "Grafana's first admin",
    "grafana-secret-key": "encrypts what Grafana keeps",
    "webui-secret-key": "signs the sessions of Open WebUI",
    "postgresql-password": "Open WebUI's password for PostgreSQL",
    "postgresql-superuser-password": "PostgreSQL's own superuser",
}
_DONE = frozenset({StepStatus.DONE, StepStatus.UNCHANGED})


def entry(path: Path, *, draft: bool = False, shipped: bool = False) -> ProfileEntry:
    """A profile or draft as the list shows it; a file that cannot be read says why."""
    kind = ""
    try:
        data = profile_files.read_data(path)
        target = data.get("target")
        kind = str(target.get("kind") or "") if isinstance(target, Mapping) else ""
        summary = _summary(profile_from_data(data))
    except UsageError as problem:
        count = len(problem.findings)
        summary = problem.findings[0].summary + (f" (and {count - 1} more)" if count > 1 else "")
    return ProfileEntry(path.stem, path, kind, summary, draft, shipped)


def _summary(profile: Profile) -> str:
    parts = [_counted(len(profile.models), "model")]
    parts += [_counted(len(profile.tenants), "tenant")] if profile.tenants else []
    parts += [profile.access.domain] if profile.access.domain else ["no domain"]
    return ", ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def unfinished(runs: Iterable[Past], profiles: Sequence[ProfileEntry]) -> list[UnfinishedRun]:
    """Of the last runs those that did not end well, with the profile to go on with."""
    return [
        UnfinishedRun(
            run=one.run,
            deployment=one.state.deployment,
            what=one.state.what,
            at=one.at,
            done=sum(step.status in _DONE for step in one.state.steps.values()),
            steps=len(one.state.steps),
            why=_why(one.state.exit_code),
            profile=_profile_of(one.state.deployment, profiles),
        )
        for one in runs
        if one.state.exit_code != ExitCode.OK
    ]


def _why(code: int | None) -> str:
    if code is None:
        return "cut off"
    return "stopped" if code == ExitCode.ABORTED else "failed"


def _profile_of(deployment: str, profiles: Sequence[ProfileEntry]) -> str:
    """Path of the profile whose `name` the run carried; the file is often called so too."""
    for each in sorted(profiles, key=lambda each: (each.draft, each.name != deployment)):
        try:
            if profile_files.read_data(each.path).get("name") == deployment:
                return str(each.path)
        except UsageError:
            continue
    return ""


def secrets(
    profile: Profile,
    refs: Sequence[SecretRef],
    kept: Mapping[str, tuple[str, ...]],
    given: Callable[[str], bool],
) -> list[SecretPlace]:
    """What the profile needs, and where it is kept; `given` tells whether the environment has it."""
    found = []
    for ref in refs:
        where = kept.get(ref.name) or (("environment",) if given(ref.name) else ())
        purpose = _PURPOSES.get(ref.name, "password of the external database" if not ref.generated else "")
        found.append(
            SecretPlace(ref.name, purpose or f"{ref.kubernetes_secret}/{ref.key}", ref.env, where, ref.generated)
        )
    for receiver in profile.observability.receivers if profile.observability.enabled else ():
        if receiver.secret:
            ref = SecretRef(receiver.secret, "", "", generated=False)
            where = ("environment",) if given(ref.name) else ()
            found.append(SecretPlace(ref.name, f"receiver {receiver.name} ({receiver.kind})", ref.env, where, False))
    return found
