"""A desk that a test sets: profiles and drafts in memory, clusters that answer as told, runs that a test plays.

`FakeDesk` is what `wizard.ui.services.Services` asks for; `FakeSession` stands for the engine's façade, and a test
is its engine: it emits the events of a run one by one, on a clock that only events move.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.tui.fakes import FakeWatch
from wizard.domain import events as ev
from wizard.domain.finding import ExitCode, Finding, PreflightError, UsageError, WizardError, error
from wizard.domain.plan import Action, Change, Plan, StepSpec
from wizard.domain.profile import Profile
from wizard.domain.secret import Secret, SecretRef
from wizard.engine.inventory import Credential
from wizard.planning.coverage import undeployable
from wizard.planning.desired import Desired
from wizard.ui.services import ContextEntry, ProfileEntry, Reachability, Saved, SecretPlace, UnfinishedRun

NOON = 1_780_000_000.0
"""Seconds since the epoch at which every run begins."""
PASSWORD = "correct-horse-battery"

_BOTH = ("release:open-webui", "ready:postgresql")
STEPS = (
    StepSpec("namespace", "namespace", "chat", (), "namespace chat"),
    StepSpec("secrets", "secrets", "chat", ("namespace",), "Secrets"),
    StepSpec("release:postgresql", "release", "postgresql", ("secrets",), "install postgresql"),
    StepSpec("ready:postgresql", "ready", "postgresql", ("release:postgresql",), "postgresql is ready"),
    StepSpec("release:ollama", "release", "ollama", ("secrets",), "install ollama"),
    StepSpec("ready:ollama", "ready", "ollama", ("release:ollama",), "ollama is ready"),
    StepSpec("release:open-webui", "release", "open-webui", ("secrets",), "install open-webui"),
    StepSpec("ready:open-webui", "ready", "open-webui", _BOTH, "open-webui is ready"),
)  # fmt: skip
EXPECTED = {step.id: 20.0 if step.kind == "ready" else 3.0 for step in STEPS}
DIFF = (
    "--- deployment/open-webui\n+++ deployment/open-webui\n@@ -1,2 +1,2 @@\n-  replicas: 1\n+  replicas: 2\n image: x"
)


def plan_of(profile: Profile, *, findings: Sequence[Finding] = (), fingerprint: str = "f1") -> Plan:
    """A first deployment, with one thing that changes so that there is a diff."""
    namespace = profile.namespace
    actions = (
        Action("namespace", namespace, "", Change.CREATE, ("not there yet",)),
        Action("secret", "chat-secrets", namespace, Change.CREATE, ("not there yet",)),
        Action("release", "postgresql", namespace, Change.LEAVE, ("as desired",)),
        Action("release", "ollama", namespace, Change.CREATE, ("not installed",)),
        Action("release", "open-webui", namespace, Change.UPDATE, ("values changed", "1 replica too few"), DIFF),
    )
    return Plan(
        profile.name, namespace, "uid", actions, STEPS, tuple(findings), fingerprint, simulated=profile.simulated
    )


def failure() -> Finding:
    return error(
        "image-pull-failed",
        "ollama/ollama:0.12 cannot be pulled",
        detail="registry answers: 429 too many requests",
        hint="log in to the registry, or set images.registry",
    )


class FakeSession:
    """One run's façade; the test that holds it is its engine."""

    def __init__(self, desk: FakeDesk, profile: Profile) -> None:
        self._desk, self.profile = desk, profile
        urls = (f"https://{profile.chat_host}",) if profile.exposed and profile.chat_host else ()
        self.desired = Desired(profile.name, profile.namespace, (), (), (), urls, profile.simulated)
        self.subscribers: list[Callable[[ev.Event, float], None]] = []
        self.running = False
        self.at = NOON
        self.drained: list[str] = []
        self.forced = self.closed = 0
        self._end: asyncio.Future[ExitCode] | None = None

    def subscribe(self, subscriber: Callable[[ev.Event, float], None]) -> None:
        self.subscribers.append(subscriber)

    def now(self) -> float:
        return self.at

    async def plan(self, *, closer: bool = True) -> tuple[Plan, None]:
        self._desk.planned += 1
        await self._desk.planning.wait()
        if self._desk.plan_problem is not None:
            raise self._desk.plan_problem
        return self._desk.plan(self.profile), None

    async def apply(self, *, expected: str = "") -> ExitCode:
        plan, _ = await self.plan()
        if plan.blocked:
            raise PreflightError(*plan.blocked)
        if expected and expected != plan.fingerprint:
            raise PreflightError(error("plan-stale", "the cluster has moved since this plan was made"))
        if self._desk.apply_problem is not None:
            raise self._desk.apply_problem
        return await self._play("apply", plan.steps)

    async def rollback(self) -> ExitCode:
        return await self._play("rollback", (StepSpec("undo:ollama", "release", "ollama", (), "ollama back"),))

    async def _play(self, what: str, steps: tuple[StepSpec, ...]) -> ExitCode:
        self._end = asyncio.get_running_loop().create_future()
        self.running = True
        self._desk.runs.append((what, self))
        self.emit(ev.RunStarted(f"r{len(self._desk.runs)}", self.profile.name, steps, what, self.profile.simulated))
        try:
            return await self._end
        finally:
            self.running = False

    def emit(self, *events: ev.Event, after: float = 1.0) -> None:
        """Each `after` seconds after the one before."""
        for event in events:
            self.at += after
            for subscriber in self.subscribers:
                subscriber(event, self.at)

    def start(self, *steps: str) -> None:
        self.emit(*(ev.StepStarted(step) for step in steps))

    def done(self, *steps: str) -> None:
        """Started and succeeded; releases with their revision."""
        for step in steps:
            self.emit(ev.StepStarted(step))
            if step.startswith("release:"):
                self.emit(ev.ReleaseChanged(step, step.partition(":")[2], self.profile.namespace, 0, 1))
            self.emit(ev.StepSucceeded(step, True))

    def fail(self, step: str, finding: Finding | None = None) -> None:
        self.emit(ev.StepFailed(step, (finding or failure(),)))

    def finish(self, code: ExitCode = ExitCode.OK) -> None:
        self.emit(ev.RunFinished("r", int(code)))
        assert self._end is not None, "no run is under way"
        if not self._end.done():
            self._end.set_result(code)

    def all_done(self) -> None:
        self.done(*(step.id for step in STEPS))
        self.finish()

    def drain(self, reason: str) -> None:
        self.drained.append(reason)
        self.emit(ev.Draining(reason))

    def force(self) -> None:
        self.forced += 1
        self.finish(ExitCode.ABORTED)

    async def credentials(self) -> list[Credential]:
        if self._desk.credentials_problem is not None:
            raise self._desk.credentials_problem
        ref = SecretRef("admin-password", "chat-secrets", "password")
        return [Credential(ref, ("cluster",), Secret(PASSWORD)), Credential(replace(ref, name="webhook"), (), None)]

    async def close(self) -> None:
        self.closed += 1


class FakeDesk:
    """Everything in memory; what a test does not set goes well."""

    def __init__(self, *, cwd: Path | None = None) -> None:
        self.entries: list[ProfileEntry] = []
        self.files: dict[Path, Mapping[str, Any]] = {}
        self.inspected: list[str] = []
        self.server: Sequence[Finding] | WizardError = ()
        """What is found of a server, or why it is not reached."""
        self.kept_secrets: dict[str, Secret] = {}
        self.saved: list[tuple[str, dict[str, Any], bool]] = []
        self.save_problem: WizardError | None = None
        self.runs_before: list[UnfinishedRun] = []
        self.kube_contexts: list[ContextEntry] = []
        self.contexts_problem: WizardError | None = None
        self.reached: dict[str | None, Reachability] = {}
        self.resolved: dict[str, Reachability] = {}
        self.https_answer = Reachability(True, "HTTP 200")
        self.sessions: list[FakeSession] = []
        self.session_problem: WizardError | None = None
        self.planned, self.planning = 0, asyncio.Event()
        self.planning.set()
        self.plan_problem: WizardError | None = None
        self.apply_problem: WizardError | None = None
        self.credentials_problem: WizardError | None = None
        self.plan: Callable[[Profile], Plan] = plan_of
        self.runs: list[tuple[str, FakeSession]] = []
        self.kept: dict[str, Any] = {}
        self.times: Mapping[str, float] = EXPECTED
        self.live = FakeWatch()
        self._cwd = cwd or Path("/nowhere")

    # --- for tests

    def add(self, name: str, data: Mapping[str, Any], *, draft: bool = False, shipped: bool = False) -> ProfileEntry:
        path = Path("/drafts" if draft else "/profiles") / f"{name}.yaml"
        kind = str(dict(data.get("target", {})).get("kind", ""))
        self.files[path] = data
        self.entries.append(ProfileEntry(name, path, kind, f"about {name}", draft, shipped))
        return self.entries[-1]

    @property
    def run(self) -> FakeSession:
        """The session of the run that began last."""
        return self.runs[-1][1]

    # --- Services

    def profiles(self) -> Sequence[ProfileEntry]:
        return list(self.entries)

    def unfinished(self) -> Sequence[UnfinishedRun]:
        return list(self.runs_before)

    def read(self, entry: ProfileEntry) -> Mapping[str, Any]:
        if entry.path not in self.files:
            raise UsageError(error("profile-unreadable", f"{entry.path} cannot be read"))
        return self.files[entry.path]

    def save(self, name: str, data: Mapping[str, Any], *, draft: bool = False, path: Path | None = None) -> Saved:
        if self.save_problem is not None:
            raise self.save_problem
        self.saved.append((name, dict(data), draft))
        place = Path("/drafts" if draft else "/profiles") / f"{name}.yaml"
        self.files[place] = dict(data)
        return Saved(name, place)

    def forget(self, name: str) -> None: ...

    def read_file(self, path: str) -> bytes:
        try:
            return (self._cwd / path).read_bytes()
        except OSError as wrong:
            raise UsageError(error("file-unreadable", f"{path}: {wrong.strerror}")) from wrong

    def write_file(self, path: str, text: str) -> Path:
        raise NotImplementedError

    def contexts(self, kubeconfig: str | None = None) -> Sequence[ContextEntry]:
        if self.contexts_problem is None:
            return self.kube_contexts
        raise self.contexts_problem

    async def reach(self, context: str | None, kubeconfig: str | None = None) -> Reachability:
        return self.reached.get(context, Reachability(True, "Kubernetes v1.37.2, answered in 12 ms"))

    async def resolve(self, host: str) -> Reachability:
        return self.resolved.get(host, Reachability(True, "203.0.113.7"))

    async def inspect(self, profile: Profile) -> Sequence[Finding]:
        self.inspected.append(profile.target.need_k3s().host)
        if isinstance(self.server, WizardError):
            raise self.server
        return self.server

    async def keep_secret(self, profile: Profile, name: str, value: Secret) -> bool:
        self.kept_secrets[name] = value
        return True

    async def secrets(self, profile: Profile) -> Sequence[SecretPlace]:
        return [
            SecretPlace("admin-password", "the first admin's password", "WIZARD_SECRET_ADMIN_PASSWORD"),
            SecretPlace("postgresql-password", "the database", "WIZARD_SECRET_POSTGRESQL_PASSWORD", ("keyring",)),
            SecretPlace("slack-url", "where alerts go", "WIZARD_SECRET_SLACK_URL", (), generated=False),
        ]

    def session(self, profile: Profile, say: Callable[[str], None]) -> FakeSession:
        if self.session_problem is not None:
            raise self.session_problem
        if gap := undeployable(profile):
            raise UsageError(gap)
        say("starting the sandbox")
        self.sessions.append(FakeSession(self, profile))
        return self.sessions[-1]

    def offline_plan(self, profile: Profile) -> Plan:
        return plan_of(profile)

    def expected(self, profile: Profile) -> Mapping[str, float]:
        return self.times

    def kubeconfig(self, profile: Profile) -> str:
        return "/sandbox/kubeconfig" if profile.target.kind == "sandbox" else ""

    async def https(self, url: str) -> Reachability:
        return self.https_answer

    def watch(self, profile: Profile) -> FakeWatch:
        return self.live

    def scenarios(self) -> Sequence[tuple[str, str, str]]:
        return [("crash-loop", "A crash loop", "read the pod's last words"), ("disk-full", "A full disk", "make room")]

    def tell_sandbox(self, profile: Profile, path: str) -> None: ...

    def remember(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def recall(self, key: str) -> Any:
        return self.kept.get(key)
