"""What the dashboard shows of a running cluster: plain rows, and whether they are still true.

Every text in a row came from a cluster and has been through `domain.text.plain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wizard.domain.finding import Finding


@dataclass(frozen=True, slots=True)
class PodRow:
    namespace: str
    name: str
    uid: str
    ready: str
    """`1/1`."""
    status: str
    """As kubectl's STATUS column: `Running`, `CrashLoopBackOff`, `Init:0/1`."""
    restarts: int
    restarted_at: float | None
    """Epoch seconds, as exact as the API server's table says it (`5m ago`)."""
    created: float
    """Epoch seconds."""
    node: str
    ip: str
    tenant: str
    tier: str
    component: str
    cpu: int | None = None
    """Millicores; None where nothing measures."""
    memory: int | None = None
    """Bytes of its working set."""
    cpu_request: int | None = None
    """Millicores; None where not asked for, or not known (yet)."""
    cpu_limit: int | None = None
    memory_request: int | None = None
    memory_limit: int | None = None

    @property
    def key(self) -> str:
        return self.uid or f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class NodeRow:
    name: str
    status: str
    """`Ready`, `NotReady`, `Ready,SchedulingDisabled`."""
    roles: str
    version: str
    created: float
    tier: str
    cpu_capacity: int
    """Millicores."""
    memory_capacity: int
    """Bytes."""
    cpu: int | None = None
    memory: int | None = None
    pods: int | None = None
    """None where not all namespaces may be read."""
    conditions: tuple[str, ...] = ()
    """Those that are bad: `MemoryPressure: kubelet has insufficient memory`."""

    @property
    def key(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class EventRow:
    uid: str
    namespace: str
    at: float
    """When it was last seen."""
    type: str
    """Normal or Warning."""
    reason: str
    object: str
    """`pod/ollama-0`."""
    message: str
    count: int

    @property
    def key(self) -> str:
        return self.uid


@dataclass(frozen=True, slots=True)
class AlertRow:
    fingerprint: str
    name: str
    severity: str
    state: str
    """active, suppressed or unprocessed."""
    since: float
    summary: str
    description: str
    runbook_url: str
    labels: tuple[tuple[str, str], ...]
    silenced_by: tuple[str, ...] = ()
    """Ids of silences."""

    @property
    def key(self) -> str:
        return self.fingerprint


@dataclass(frozen=True, slots=True)
class SilenceRow:
    id: str
    matchers: tuple[str, ...]
    """`alertname="PodCrashLooping"`."""
    by: str
    why: str
    until: float

    @property
    def key(self) -> str:
        return self.id


class LogSeverity(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LogLine:
    at: float | None
    """Epoch seconds."""
    namespace: str
    pod: str
    container: str
    text: str
    severity: LogSeverity


@dataclass(frozen=True, slots=True)
class LogSelection:
    """Which lines are wanted. Neither pods nor LogQL: all of the deployment's own."""

    pods: tuple[tuple[str, str], ...] = ()
    """(namespace, name)."""
    container: str = ""
    """Empty: all."""
    query: str = ""
    """LogQL where it begins with `{` (needs Loki); else text that a line must hold, in any case unless it has
    a capital letter."""
    start: float | None = None
    """Epoch seconds; None: the last `tail` lines (of each container, where there is no Loki)."""
    end: float | None = None
    """Epoch seconds; None: goes on."""
    tail: int = 200
    source: str = "auto"
    """`auto` is Loki where there is one; `pods` is the API server, a second or two ahead of Loki."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    name: str
    size: int
    """Bytes on disk."""
    parameters: str
    """`7.6B`."""
    quantisation: str
    """`Q4_K_M`."""
    loaded: bool
    loaded_bytes: int
    vram_bytes: int
    until: float | None
    """When it is unloaded if nobody asks for it; None where it is not loaded."""
    pod: str
    """Where it is loaded, or the only pod that serves it; empty where it cannot be told."""
    namespace: str = ""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.pod}/{self.name}"


@dataclass(frozen=True, slots=True)
class FeedState:
    """Whether what a feed shows is true now."""

    live: bool
    since: float
    """When it became live, or when it was last known to be true."""
    finding: Finding | None = None
    """Why it is blind; on a live feed, what it cannot see (namespaces that may not be read)."""
    unavailable: bool = False
    """This cluster has no such thing (no Alertmanager); the finding says it. It is looked for again."""
