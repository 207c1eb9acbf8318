"""`Desk`: what interactive front ends need of the outside, wired to the adapters."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import compose
from wizard.adapters import journal, kubeconfig, outside, profile_files
from wizard.adapters.preferences import Preferences
from wizard.catalog import shipped
from wizard.commands import browse
from wizard.commands.base import Choices
from wizard.domain.finding import UsageError, WizardError, error
from wizard.domain.profile import Profile, profile_from_data
from wizard.planning.coverage import undeployable
from wizard.ui.services import (
    ContextEntry,
    ProfileEntry,
    Reachability,
    Saved,
    SecretPlace,
    UnfinishedRun,
)

if TYPE_CHECKING:
    from wizard.domain.finding import Finding
    from wizard.domain.plan import Plan
    from wizard.domain.secret import Secret
    from wizard.engine.session import Session
    from wizard.observers.watch import Watch
    from wizard.ports import Asker

PATIENCE = 5.0
"""Seconds that a look at the outside may take."""


class Desk:
    """Implements `ui.services.Services`. Sandboxes that it starts end with `close`, unless told to keep them."""

    def __init__(self, choices: Choices, *, cwd: Path | None = None, asker: Asker | None = None) -> None:
        """`asker` answers what SSH wants to know; None: nobody does, and the finding says how to give it."""
        self._choices, self._cwd, self._asker = choices, cwd or Path.cwd(), asker
        self._preferences = Preferences(compose.config_dir() / "preferences.json")
        self._started: list[str] = []
        self._begun: Watch | None = None

    # --- profiles

    @property
    def _drafts(self) -> Path:
        return compose.config_dir() / "drafts"

    def profiles(self) -> Sequence[ProfileEntry]:
        named = profile_files.list_profiles(
            cwd=self._cwd, config_dir=compose.config_dir(), shipped_dir=shipped.profiles()
        )
        drafts = [browse.entry(path, draft=True) for path in profile_files.list_drafts(self._drafts)]
        return [*drafts, *(browse.entry(path, shipped=self._is_shipped(path)) for path in named.values())]

    def _is_shipped(self, path: Path) -> bool:
        return path.resolve().parent == shipped.profiles().resolve()

    def unfinished(self) -> Sequence[UnfinishedRun]:
        return browse.unfinished(journal.last_runs(compose.state_dir() / "runs"), self.profiles())

    def read(self, entry: ProfileEntry) -> Mapping[str, Any]:
        return profile_files.read_data(entry.path)

    def save(self, name: str, data: Mapping[str, Any], *, draft: bool = False, path: Path | None = None) -> Saved:
        if not profile_files.is_name(name):
            hint = "letters, digits, '-', '_' and '.', such as prod"
            raise UsageError(error("profile-name", f"{name[:60]!a} is no name for a file", hint=hint))
        place = self._drafts / f"{name}.yaml" if draft else self._place(name, path)
        profile_files.write_profile(place, data, private=draft)
        if not draft:
            self.forget(name)
        return Saved(name, place)

    def _place(self, name: str, opened: Path | None) -> Path:
        """Where a profile of that name is written: its own file; else profiles/ here, where there is one."""
        own = opened is not None and opened.stem == name and not self._is_shipped(opened)
        if opened is not None and own and opened.resolve().parent != self._drafts.resolve():
            return opened
        known = profile_files.list_profiles(
            cwd=self._cwd, config_dir=compose.config_dir(), shipped_dir=shipped.profiles()
        )
        here = known.get(name)
        if here is not None and not self._is_shipped(here):
            return here
        if here is not None and (self._cwd / "profiles").resolve() == shipped.profiles().resolve():
            hint = "save it under another name"
            raise UsageError(error("profile-shipped", f"{name} is an example that came with the wizard", hint=hint))
        local = self._cwd / "profiles"
        folder = local if local.is_dir() else compose.config_dir() / "profiles"
        return folder / f"{name}.yaml"

    def forget(self, name: str) -> None:
        profile_files.forget(self._drafts / f"{name}.yaml")

    def read_file(self, path: str) -> bytes:
        return profile_files.read_profile(self._cwd / Path(path).expanduser())

    def write_file(self, path: str, text: str) -> Path:
        place = self._cwd / Path(path).expanduser()
        profile_files.write_new(place, text)
        return place

    # --- looks at the outside

    def contexts(self, kubeconfig_file: str | None = None) -> Sequence[ContextEntry]:
        explicit = Path(kubeconfig_file).expanduser() if kubeconfig_file else None
        found = kubeconfig.contexts(explicit)
        return [ContextEntry(each.name, each.server, each.namespace, each.current) for each in found]

    async def reach(self, context: str | None, kubeconfig: str | None = None) -> Reachability:
        cluster = {key: value for key, value in (("context", context), ("kubeconfig", kubeconfig)) if value}
        began = asyncio.get_running_loop().time()
        try:
            profile = profile_from_data({"name": "probe", "target": {"kind": "cluster", "cluster": cluster}})
            session = compose.session(profile, self._choices.options())
            try:
                async with asyncio.timeout(PATIENCE):
                    version = await session.server_version()
            finally:
                await session.close()
        except TimeoutError:
            return Reachability(False, f"no answer within {PATIENCE:g} s", "check the network, or the VPN")
        except WizardError as problem:
            first = problem.findings[0]
            return Reachability(False, first.summary, first.hint or first.detail)
        took = (asyncio.get_running_loop().time() - began) * 1000
        return Reachability(True, f"Kubernetes {version}, answered in {took:.0f} ms")

    async def inspect(self, profile: Profile) -> Sequence[Finding]:
        session = compose.session(profile, self._choices.options(), asker=self._asker)
        try:
            return await session.inspect()
        finally:
            await session.close()

    async def resolve(self, host: str) -> Reachability:
        if outside.is_address(host):
            return Reachability(True, "an IP address")
        if host == "localhost" or host.endswith(".localhost"):
            return Reachability(True, "this machine, for browsers on it")
        try:
            found = await outside.addresses(host, seconds=PATIENCE)
        except TimeoutError:
            return Reachability(False, f"no answer from DNS within {PATIENCE:g} s", "check this machine's resolver")
        except (OSError, UnicodeError) as problem:
            words = problem.strerror if isinstance(problem, socket.gaierror) else str(problem)
            hint = "point an A record at the server, or at the cluster's load balancer"
            return Reachability(False, f"does not resolve: {words}", hint)
        return Reachability(True, ", ".join(found[:4]))

    async def https(self, url: str) -> Reachability:
        try:
            status, issuer = await outside.first_answer(url, seconds=PATIENCE)
        except TimeoutError:
            return Reachability(False, f"no answer within {PATIENCE:g} s", "check DNS and the firewall")
        except ssl.SSLCertVerificationError as problem:
            return Reachability(False, f"certificate: {problem.verify_message}", "trust its CA, or use Let's Encrypt")
        except (OSError, ValueError) as problem:
            return Reachability(False, str(getattr(problem, "strerror", None) or problem), "check DNS and the firewall")
        return Reachability(status < 500, f"HTTP {status}" + (f", certificate by {issuer}" if issuer else ""))

    async def secrets(self, profile: Profile) -> Sequence[SecretPlace]:
        # A keyring asks D-Bus, and may ask the operator: not on the loop that draws.
        return await asyncio.to_thread(self._secrets, profile)

    def _secrets(self, profile: Profile) -> Sequence[SecretPlace]:
        refs = compose.session(profile, self._choices.options(), reach=compose.Reach.NONE).desired.secrets
        try:
            kept = {} if compose.missing(profile) else asyncio.run(self._kept(profile))
        except (WizardError, TimeoutError):
            kept = {}  # the target does not answer: what this machine itself gives can be said all the same
        return browse.secrets(profile, refs, kept, compose.environment_has_secret)

    async def _kept(self, profile: Profile) -> dict[str, tuple[str, ...]]:
        session = compose.session(profile, self._choices.options())
        try:
            async with asyncio.timeout(PATIENCE):
                return {row.ref.name: row.kept for row in await session.credentials()}
        finally:
            await session.close()

    async def keep_secret(self, profile: Profile, name: str, value: Secret) -> bool:
        # What a simulated platform uses stays out of the operator's keyring, and it looks for nothing there.
        return not profile.simulated and await asyncio.to_thread(compose.keep_secret, profile.name, name, value)

    # --- the engine

    def session(self, profile: Profile, say: Callable[[str], None]) -> Session:
        if gap := undeployable(profile):
            raise UsageError(gap)
        if profile.target.kind == "sandbox" and compose.sandbox_status(profile.name) is None:
            say(f"starting the sandbox {profile.name} (SIMULATED)")
            compose.sandbox_up(profile.name, profile.target.sandbox, keep=self._choices.keep)
            self._started.append(profile.name)
        return compose.session(profile, self._choices.options(), progress=say, asker=self._asker)

    def close(self) -> list[str]:
        """Ends what it started; the names of the sandboxes that it ended."""
        ended = []
        while self._started:
            name = self._started.pop()
            if not self._choices.keep:
                compose.sandbox_down(name)  # or it has gone already, with the thread that started it
                ended.append(name)
        return ended

    def offline_plan(self, profile: Profile) -> Plan:
        return compose.session(profile, self._choices.options(), reach=compose.Reach.NONE).offline_plan()

    def expected(self, profile: Profile) -> Mapping[str, float]:
        return journal.durations(compose.state_dir() / "runs" / profile.name)

    def kubeconfig(self, profile: Profile) -> str:
        if profile.target.kind == "sandbox":
            found = compose.sandbox_status(profile.name)
            return str(found.kubeconfig) if found else ""
        if profile.target.kind == "k3s":
            kept = compose.server_dir(profile.name) / "kubeconfig"
            return str(kept) if kept.is_file() else ""
        return profile.target.cluster.kubeconfig or ""

    def begin_watch(self, profile: Profile) -> None:
        """The pods are asked for while the screen is still being loaded. Raises WizardError."""
        self._begun = compose.watch(profile)
        self._begun.begin()

    def watch(self, profile: Profile) -> Watch:
        begun, self._begun = self._begun, None
        return begun or compose.watch(profile)

    def scenarios(self) -> Sequence[tuple[str, str, str]]:
        from wizard.catalog.scenarios import scenarios

        return [(each.name, each.title, each.lesson) for each in scenarios()]

    def tell_sandbox(self, profile: Profile, path: str) -> None:
        compose.sandbox_tell(profile.name, path)

    # --- preferences

    def remember(self, key: str, value: Any) -> None:
        self._preferences.remember(key, value)

    def recall(self, key: str) -> Any:
        return self._preferences.recall(key)
