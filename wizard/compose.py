"""The only place that wires adapters to the engine. Everything heavy is imported when it is first used."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wizard.adapters import places
from wizard.catalog import shipped
from wizard.domain.finding import Finding, PreflightError, UsageError, error
from wizard.domain.profile import Profile, SandboxTarget, to_data
from wizard.planning.coverage import undeployable

if TYPE_CHECKING:
    from wizard.adapters.helm_binary import HelmBinary
    from wizard.adapters.kube_live import QuickLive
    from wizard.adapters.kube_live_aio import AioLive
    from wizard.adapters.server_link import ServerLink
    from wizard.domain.secret import Secret
    from wizard.engine.session import Session
    from wizard.observers.watch import Watch
    from wizard.ports import Asker, Helm, Kube, KubeReader
    from wizard.sandbox.manager import Running as Sandbox
    from wizard.steps.base import Options

T = TypeVar("T")
config_dir, state_dir = places.config_dir, places.state_dir


def load_profile(name: str, overrides: Sequence[str]) -> Profile:
    """The profile of that name or path. Raises UsageError with every finding."""
    from wizard.adapters import profile_files

    return profile_files.load_profile(
        name, cwd=Path.cwd(), config_dir=config_dir(), shipped_dir=shipped.profiles(), overrides=overrides
    )


def find_profile(name: str) -> Path:
    """The file of the profile of that name or path. Raises UsageError."""
    from wizard.adapters import profile_files

    return profile_files.find_profile(name, cwd=Path.cwd(), config_dir=config_dir(), shipped_dir=shipped.profiles())


def find_helm(progress: Callable[[str], None] | None = None) -> HelmBinary:
    """Raises PreflightError."""
    from wizard.adapters.helm_binary import find_helm as find

    return find(tools=shipped.assets("catalog", "tools.yaml"), progress=progress)


def new_run() -> str:
    """Run ids sort by time: `20261123T201500Z-1f3a`."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + "-" + secrets.token_hex(2)


class Reach(Enum):
    """What a command may do to get at its target."""

    START = auto()
    """A sandbox that does not run is started."""
    THERE = auto()
    """It must be there already."""
    NONE = auto()
    """Nothing is asked of it: plan for an empty one."""


def missing(profile: Profile) -> Finding | None:
    """Why there is nothing to look at for this profile yet; None where there is."""
    if gap := undeployable(profile):
        return gap
    if profile.target.kind == "sandbox" and sandbox_status(profile.name) is None:
        return error(
            "no-sandbox",
            f"no sandbox runs for {profile.name}",
            hint=f"`wizard sandbox up --name {profile.name}` starts one that stays",
        )
    return None


def sandbox_dir(name: str) -> Path:
    return state_dir() / "sandboxes" / name


def server_dir(name: str) -> Path:
    """What is kept here of the server of target k3s: its kubeconfig."""
    return state_dir() / "servers" / name


def sandbox_status(name: str) -> Sandbox | None:
    from wizard.sandbox import manager

    return manager.status(sandbox_dir(name))


def sandbox_up(name: str, settings: SandboxTarget, *, keep: bool) -> Sandbox:
    """Started if it does not run. Raises PreflightError where it will not start."""
    from wizard.sandbox import manager

    extra = {"scenario": settings.scenario} if settings.scenario else {}
    options = manager.UpOptions(speed=settings.speed, seed=settings.seed, nodes=str(settings.nodes), extra=extra)
    try:
        return manager.up(sandbox_dir(name), keep=keep, options=options)
    except manager.SandboxError as problem:
        raise PreflightError(
            error("sandbox-failed", "the sandbox did not start", detail=str(problem), hint="see its log above")
        ) from problem


def sandbox_down(name: str) -> bool:
    """False if none ran."""
    from wizard.sandbox import manager

    return manager.down(sandbox_dir(name))


def sandbox_tell(name: str, path: str) -> dict[str, Any]:
    """Starts a scenario (`scenario/NAME`) or ends all (`reset`). Raises PreflightError, UsageError."""
    from wizard.sandbox import manager

    found = manager.status(sandbox_dir(name))
    if found is None:
        hint = f"`wizard sandbox up --name {name}` starts it"
        raise PreflightError(error("no-sandbox", f"no sandbox {name} runs", hint=hint))
    try:
        return manager.tell(found, path)
    except manager.SandboxError as problem:
        hint = "`wizard sandbox scenario` lists what there is"
        raise UsageError(error("sandbox-refused", str(problem), hint=hint)) from problem


@dataclass(slots=True)
class _Cluster:
    """Makes the clients of one cluster when they are first needed, and closes them."""

    kubeconfig: Path | None
    context: str | None
    progress: Callable[[str], None] | None = None
    after: Callable[[], object] = lambda: None
    """Called when everything is closed."""
    server: ServerLink | None = None
    """What leads to the cluster, for target k3s."""
    _kube: Any = field(default=None)
    _reader: Any = field(default=None)
    _helm: Any = field(default=None)
    _live: Any = field(default=None)

    def reader(self) -> KubeReader:
        if self._kube is not None:
            made: KubeReader = self._kube
            return made
        if self._reader is None:
            from wizard.adapters.kube_reader import QuickReader, load

            access = load(self.kubeconfig, self.context)
            self._reader = QuickReader(access) if access else self.kube()
        reader: KubeReader = self._reader
        return reader

    def kube(self) -> Kube:
        if self._kube is None:
            from wizard.adapters.kube import KubeAdapter

            self._kube = KubeAdapter(kubeconfig=self.kubeconfig, context=self.context)
        made: Kube = self._kube
        return made

    def live(self) -> QuickLive | AioLive:
        """With connections of its own: streams outlive what a run does."""
        if self._live is None:
            from wizard.adapters.kube_access import load

            access = load(self.kubeconfig, self.context)
            if access:
                from wizard.adapters.kube_live import QuickLive

                self._live = QuickLive(access)
            else:
                from wizard.adapters.kube_live_aio import AioLive

                self._live = AioLive(kubeconfig=self.kubeconfig, context=self.context)
        made: QuickLive | AioLive = self._live
        return made

    def helm(self) -> Helm:
        if self._helm is None:
            from wizard.adapters.helm import HelmAdapter

            binary = find_helm(self.progress)
            self._helm = HelmAdapter(
                binary.path, kubeconfig=self.kubeconfig, context=self.context, version=binary.version
            )
        made: Helm = self._helm
        return made

    async def close(self) -> None:
        if self._kube is not None:
            await self._kube.close()
        if self._live is not None:
            await self._live.close()
        if self.server is not None:
            await self.server.close()
        self.after()


def _cluster(
    profile: Profile,
    progress: Callable[[str], None] | None,
    reach: Reach,
    *,
    keep: bool,
    asker: Asker | None = None,
) -> _Cluster:
    if profile.target.kind == "k3s":
        from wizard.adapters.servers import server_of
        from wizard.ports import Nobody

        link = server_of(profile, state_dir(), asker or Nobody())
        return _Cluster(link.path, None, progress, server=link)
    if profile.target.kind != "sandbox":
        target = profile.target.cluster
        kubeconfig = Path(target.kubeconfig).expanduser() if target.kubeconfig else None
        return _Cluster(kubeconfig, target.context, progress)
    if reach is Reach.NONE:
        return _Cluster(None, None, progress)
    found = sandbox_status(profile.name)
    if found is None:
        started = sandbox_up(profile.name, profile.target.sandbox, keep=keep)
        ended = (lambda: None) if keep else (lambda: sandbox_down(profile.name))
        return _Cluster(started.kubeconfig, None, progress, ended)
    return _Cluster(found.kubeconfig, None, progress)


def session(
    profile: Profile,
    options: Options,
    *,
    progress: Callable[[str], None] | None = None,
    reach: Reach = Reach.THERE,
    keep: bool = False,
    asker: Asker | None = None,
) -> Session:
    """The façade for a profile. Raises UsageError where this version cannot deploy to its target, and PreflightError
    where it is not there and may not be started. `keep` leaves a sandbox running; `asker` answers what SSH wants to
    know (None: nobody does)."""
    from wizard.adapters.clock import SystemClock
    from wizard.adapters.journal import FileJournal
    from wizard.adapters.process import holder, proved_dead
    from wizard.adapters.secret_stores import EnvironmentStore, KeyringStore
    from wizard.catalog.charts import chart
    from wizard.engine.session import Session
    from wizard.engine.setting import Ports, Setting
    from wizard.planning.platform import desired

    if reach is not Reach.NONE and (gap := undeployable(profile)):
        raise UsageError(gap)
    if reach is Reach.THERE and (nothing := missing(profile)):
        raise PreflightError(nothing)
    cluster = _cluster(profile, progress, reach, keep=keep, asker=asker)
    # What is generated for a simulated cluster is worth nothing: it stays out of the operator's keyring.
    stores = (EnvironmentStore(),) if profile.simulated else (EnvironmentStore(), KeyringStore())
    ports = Ports(
        reader=cluster.reader,
        kube=cluster.kube,
        helm=cluster.helm,
        clock=SystemClock(),
        stores=stores,
        journal=lambda run: FileJournal(state_dir() / "runs" / profile.name / f"{run}.jsonl"),
        holder=holder(new_run()),
        dead=proved_dead,
        close=cluster.close,
    )
    wanted = desired(profile, chart)
    job = None
    if cluster.server is not None:
        from wizard.adapters.servers import job_on

        job = job_on(cluster.server, profile, wanted.components, config_dir())
    return Session(Setting(wanted, to_data(profile), ports, options, server=job))


def watch(
    profile: Profile,
    *,
    namespaces: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
    reach: Reach = Reach.THERE,
    keep: bool = False,
) -> Watch:
    """The dashboard's feeds for a profile, not started; `Watch.stop` closes everything. `namespaces`: only those.
    Raises PreflightError where its target is not there and may not be started, or the kubeconfig is none."""
    from wizard.adapters.clock import SystemClock
    from wizard.observers.watch import Watch, WatchPorts

    if reach is not Reach.NONE and (gap := undeployable(profile)):
        raise UsageError(gap)
    if reach is Reach.THERE and (nothing := missing(profile)):
        raise PreflightError(nothing)
    cluster = _cluster(profile, progress, reach, keep=keep)
    if cluster.server is not None:
        _at_once(cluster.server.connect())
    live = cluster.live()
    ports = WatchPorts(reader=live, writer=live, clock=SystemClock(), close=cluster.close)
    return Watch(ports, profile.namespace, namespaces=namespaces)


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end, also where a loop runs already: on a thread, and a loop, of its own."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(asyncio.run, work).result()


def keyring_backend() -> tuple[str, bool]:
    """(name, whether it can keep anything)."""
    from wizard.adapters.secret_stores import backend

    return backend()


def keep_secret(deployment: str, name: str, value: Secret) -> bool:
    """Into the operator's keyring; False where there is none that keeps it."""
    from wizard.adapters.secret_stores import KeyringStore

    return KeyringStore().set(deployment, name, value)


def environment_has_secret(name: str) -> bool:
    """Whether `WIZARD_SECRET_<NAME>` gives that one."""
    from wizard.adapters.secret_stores import EnvironmentStore

    return EnvironmentStore().get("", name) is not None


def run(main: Any) -> Any:
    """Runs a coroutine to its end on a fresh event loop."""
    gc.enable()
    return asyncio.run(main)


def environment_has_terminal() -> bool:
    from wizard.ui.terminal import somebody_is_there

    return somebody_is_there()
