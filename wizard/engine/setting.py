"""What a session is given: the desired state, the ports, the operator's options, who listens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wizard.domain.holder import Holder
from wizard.engine.sink import Subscriber
from wizard.planning.desired import Desired
from wizard.ports import Clock, Helm, Journal, Kube, KubeReader, SecretStore
from wizard.steps.base import Options, Stop
from wizard.steps.server import ServerJob


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside, wired by compose. Expensive ones are made on first use."""

    reader: Callable[[], KubeReader]
    """Quick to make; enough to find that there is nothing to do."""
    kube: Callable[[], Kube]
    helm: Callable[[], Helm]
    clock: Clock
    stores: Sequence[SecretStore]
    journal: Callable[[str], Journal]
    """run id -> its journal. Raises OSError where it cannot be made."""
    holder: Holder
    dead: Callable[[str], bool]
    """Whether a Holder.process is proved to be gone."""
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Setting:
    desired: Desired
    profile: Mapping[str, Any]
    """The profile as plain data, for saved plans."""
    ports: Ports
    options: Options = field(default_factory=Options)
    subscribers: list[Subscriber] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    server: ServerJob | None = None
    """For target k3s: the server below the cluster."""
