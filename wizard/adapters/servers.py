"""Makes the server of a profile: where this machine keeps what it knows of it, and who is asked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wizard.adapters.secret_stores import EnvironmentStore
from wizard.adapters.server_link import ServerLink
from wizard.adapters.ssh import SshShell
from wizard.catalog import k3s as pins
from wizard.domain.profile import Profile
from wizard.planning import k3s
from wizard.planning.desired import Component
from wizard.ports import Asker
from wizard.steps.server import ServerJob


def server_of(profile: Profile, state: Path, asker: Asker) -> ServerLink:
    """Passwords are only taken from the environment and asked for: never from the keyring, where they would stay."""
    target = profile.target.need_k3s()
    given = EnvironmentStore()
    shell = SshShell(
        target, own_hosts=state / "known_hosts", asker=asker, given=lambda name: given.get(profile.name, name)
    )
    return ServerLink(target, profile.name, state / "servers" / profile.name, shell)


def job_on(machine: ServerLink, profile: Profile, components: Iterable[Component], config: Path) -> ServerJob:
    """`config`: the operator's own folder, whose k3s.yaml replaces the shipped pins. Raises UsageError."""
    pinned = pins.catalog(config / "k3s.yaml")
    return ServerJob(machine, k3s.wish(profile, pinned.default), pinned, profile, tuple(components))
