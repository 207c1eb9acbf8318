"""What interactive front ends need beside a session; `commands/interactive.py` gives it to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from wizard.domain.finding import Finding
    from wizard.domain.plan import Plan
    from wizard.domain.profile import Profile
    from wizard.domain.secret import Secret
    from wizard.engine.session import Session
    from wizard.observers.watch import Watch


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """A profile that can be opened."""

    name: str
    path: Path
    target: str
    """`sandbox`, `cluster`, `k3s` or `aws`; empty where the file cannot be read."""
    summary: str
    """One line: models, tenants, domain; or what is wrong with the file."""
    draft: bool = False
    """Not finished: it may not be valid yet."""
    shipped: bool = False
    """An example that came with the wizard: saved under another name, never overwritten."""


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run whose journal has no end, or a bad one."""

    run: str
    deployment: str
    what: str
    """`apply`, `rollback` or `destroy`."""
    at: float
    """Seconds since the epoch: its last event."""
    done: int
    steps: int
    why: str
    """`failed`, `stopped` or `cut off`."""
    profile: str = ""
    """Name or path to open it with; empty where no profile of that name is found."""


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """A context of a kubeconfig."""

    name: str
    server: str
    namespace: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Reachability:
    """What a look at a target found."""

    ok: bool
    words: str
    """`Kubernetes v1.37.2, answered in 12 ms`, or what is wrong."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a profile or a draft went."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """A secret that the profile needs; its value is never in here."""

    name: str
    purpose: str
    env: str
    """Environment variable that gives it."""
    kept: tuple[str, ...] = ()
    """Where there is one already: `environment`, `keyring`, `cluster`."""
    generated: bool = True
    """Whether the wizard makes one where there is none; False: the operator must give it."""


class Services(Protocol):
    """All of it may touch disks and networks: what is not `async` is quick, or runs in a thread."""

    def profiles(self) -> Sequence[ProfileEntry]: ...

    def unfinished(self) -> Sequence[UnfinishedRun]: ...

    def read(self, entry: ProfileEntry) -> Mapping[str, Any]:
        """The data of a profile or draft, as it stands in the file. Raises UsageError."""
        ...

    def save(self, name: str, data: Mapping[str, Any], *, draft: bool = False, path: Path | None = None) -> Saved:
        """Writes atomically, keeping the file's comments where it has any. Raises UsageError.

        `path` is the file that was opened: a profile of the same name goes back there. A draft has a place of
        its own, and is gone once the profile of its name is saved.
        """
        ...

    def forget(self, name: str) -> None:
        """Removes the draft of that name, if there is one."""
        ...

    def read_file(self, path: str) -> bytes:
        """A file that the operator names, such as a table of tenants. Raises UsageError."""
        ...

    def write_file(self, path: str, text: str) -> Path:
        """Never over a file that is there. Raises UsageError."""
        ...

    def contexts(self, kubeconfig: str | None = None) -> Sequence[ContextEntry]:
        """Empty where there is no kubeconfig. Raises UsageError where it cannot be read."""
        ...

    async def reach(self, context: str | None, kubeconfig: str | None = None) -> Reachability:
        """Asks a cluster for its version, for at most 5 s."""
        ...

    async def inspect(self, profile: Profile) -> Sequence[Finding]:
        """Connects to the server of target k3s and looks whether it will do; changes nothing. Raises WizardError."""
        ...

    async def resolve(self, host: str) -> Reachability:
        """Looks a host name up, for at most 5 s."""
        ...

    async def secrets(self, profile: Profile) -> Sequence[SecretPlace]:
        """Which secrets a profile needs and where they are now."""
        ...

    async def keep_secret(self, profile: Profile, name: str, value: Secret) -> bool:
        """Puts a secret into the operator's keyring; False where no keyring keeps it."""
        ...

    def session(self, profile: Profile, say: Callable[[str], None]) -> Session:
        """May block for seconds (starts a sandbox, finds helm). Raises WizardError. `say` gets progress."""
        ...

    def offline_plan(self, profile: Profile) -> Plan:
        """What the profile means for an empty target, where the real one cannot be looked at. Raises WizardError."""
        ...

    def expected(self, profile: Profile) -> Mapping[str, float]:
        """Step id -> seconds it took the last times on this kind of target, from the journals; empty at first."""
        ...

    def kubeconfig(self, profile: Profile) -> str:
        """The file that kubectl would need; empty for the default one."""
        ...

    async def https(self, url: str) -> Reachability:
        """Asks a URL for its first answer and its certificate, for at most 5 s."""
        ...

    def watch(self, profile: Profile) -> Watch:
        """The live feeds of a profile's target. Raises WizardError."""
        ...

    def scenarios(self) -> Sequence[tuple[str, str, str]]:
        """Name, title and lesson of each fault that a sandbox can play."""
        ...

    def tell_sandbox(self, profile: Profile, path: str) -> None:
        """`scenario/NAME` or `reset`. Raises WizardError."""
        ...

    def remember(self, key: str, value: Any) -> None:
        """Keeps a preference (theme, layout) for the next start; never fails."""
        ...

    def recall(self, key: str) -> Any:
        """None where nothing was kept."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an interactive front end ends with."""

    exit_code: int
    words: tuple[str, ...] = ()
    """Printed on the terminal after the app has gone: URLs, next steps, where the draft is."""
    findings: tuple[Finding, ...] = field(default=())
