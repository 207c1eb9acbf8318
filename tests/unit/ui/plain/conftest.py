"""A terminal that keys are sent to, and services that remember what they were asked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from wizard.domain.finding import UsageError, error
from wizard.domain.plan import Plan
from wizard.domain.profile import Profile
from wizard.ui.headless.out import Out
from wizard.ui.plain.prompts import Arrows
from wizard.ui.plain.talk import Talk
from wizard.ui.services import (
    ContextEntry,
    ProfileEntry,
    Reachability,
    Saved,
    SecretPlace,
    UnfinishedRun,
)

UP, DOWN, ENTER, SPACE, CTRL_C, CTRL_U, CTRL_D = "\x1b[A", "\x1b[B", "\r", " ", "\x03", "\x15", "\x04"


@dataclass
class Services:
    """Implements what the plain walk uses of `ui.services.Services`, in memory."""

    files: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name -> data of profiles."""
    drafts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    runs: list[UnfinishedRun] = field(default_factory=list)
    clusters: list[ContextEntry] = field(default_factory=list)
    tables: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sessions: Callable[[Profile], Any] | None = None

    def profiles(self) -> Sequence[ProfileEntry]:
        drafts = [ProfileEntry(n, Path(f"drafts/{n}.yaml"), "", "unfinished", draft=True) for n in self.drafts]
        return [*drafts, *(ProfileEntry(n, Path(f"profiles/{n}.yaml"), "", "a profile") for n in self.files)]

    def unfinished(self) -> Sequence[UnfinishedRun]:
        return self.runs

    def read(self, entry: ProfileEntry) -> Mapping[str, Any]:
        return (self.drafts if entry.draft else self.files)[entry.name]

    def save(self, name: str, data: Mapping[str, Any], *, draft: bool = False, path: Path | None = None) -> Saved:
        if name == "full":
            raise UsageError(error("profile-unwritable", "the disk is full"))
        (self.drafts if draft else self.files)[name] = data
        return Saved(name, Path(f"{'drafts' if draft else 'profiles'}/{name}.yaml"))

    def read_file(self, path: str) -> bytes:
        if path not in self.tables:
            raise UsageError(error("profile-unreadable", f"there is no {path}"))
        return self.tables[path].encode()

    def write_file(self, path: str, text: str) -> Path:
        self.tables[path] = text
        return Path(path)

    def contexts(self, kubeconfig: str | None = None) -> Sequence[ContextEntry]:
        return self.clusters

    async def reach(self, context: str | None, kubeconfig: str | None = None) -> Reachability:
        self.asked.append(f"reach {context}")
        return Reachability(False, "no answer within 5 s", "check the VPN")

    async def resolve(self, host: str) -> Reachability:
        self.asked.append(f"resolve {host}")
        return Reachability(True, "203.0.113.7")

    async def secrets(self, profile: Profile) -> Sequence[SecretPlace]:
        return [
            SecretPlace("admin-password", "password of the first admin", "WIZARD_SECRET_ADMIN_PASSWORD"),
            SecretPlace("hook", "receiver ops (slack)", "WIZARD_SECRET_HOOK", generated=False),
            SecretPlace("kept", "something", "WIZARD_SECRET_KEPT", ("keyring",)),
        ]

    def kubeconfig(self, profile: Profile) -> str:
        return ""

    def offline_plan(self, profile: Profile) -> Plan:
        return Plan(profile.name, profile.namespace, "", (), (), simulated=profile.simulated)

    def session(self, profile: Profile, say: Callable[[str], None]) -> Any:
        assert self.sessions is not None
        return self.sessions(profile)

    def scenarios(self) -> Sequence[tuple[str, str, str]]:
        return [("crash-loop", "a pod that crashes again and again", "look at its last words")]


@dataclass
class Terminal:
    """What an operator has in front of them: keys go in, words come out."""

    pipe: PipeInput
    words: io.StringIO
    answers: io.StringIO

    def type(self, *keys: str) -> None:
        self.pipe.send_text("".join(keys))

    @property
    def asking(self) -> Arrows:
        return Arrows(self.pipe, DummyOutput())

    @property
    def talk(self) -> Talk:
        return Talk(Out(json_lines=False, stdout=self.answers, stderr=self.words))

    @property
    def said(self) -> str:
        return self.words.getvalue()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with create_pipe_input() as pipe:
        yield Terminal(pipe, io.StringIO(), io.StringIO())
