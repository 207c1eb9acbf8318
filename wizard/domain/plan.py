"""The plan: the ordered difference between what a profile means and what is there, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wizard.domain.finding import Finding, Severity, Where

PLAN_SCHEMA = "wizard.dev/plan/v1"


class Change(StrEnum):
    CREATE = "create"
    UPDATE = "change"
    LEAVE = "leave"
    REMOVE = "remove"
    REPAIR = "repair"
    """A Helm release that an aborted operation left pending: put right first, then upgraded."""
    WAIT = "wait"
    """Installed as desired but not ready: nothing is written, the run waits for it."""


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that an upgrade would set, held by another field manager (server-side apply)."""

    resource: str
    """`deployment chat/open-webui`."""
    field: str
    """As the API server names it: `.spec.replicas`."""
    manager: str
    """The field manager that owns it: `kubectl`, `horizontal-pod-autoscaler`."""

    def finding(self, severity: Severity) -> Finding:
        return Finding(
            severity,
            "field-conflict",
            f"{self.field} of {self.resource} belongs to {self.manager}",
            "Helm applies server-side: the upgrade would stop at this field.",
            "leave the field to its owner, or take it back with --take-back-conflicts",
            Where(resource=self.resource),
        )


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to one thing, and why."""

    kind: str
    """`namespace`, `secret` or `release`."""
    name: str
    namespace: str
    change: Change
    reasons: tuple[str, ...]
    diff: str = ""
    """Unified diff of the rendered manifests; only for a release that changes."""
    conflicts: tuple[FieldConflict, ...] = ()

    @property
    def resource(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def as_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "kind": self.kind,
            "name": self.name,
            "namespace": self.namespace,
            "change": self.change.value,
            "reasons": list(self.reasons),
        }
        if self.diff:
            plain["diff"] = self.diff
        if self.conflicts:
            plain["conflicts"] = [
                {"resource": c.resource, "field": c.field, "manager": c.manager} for c in self.conflicts
            ]
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Action:
        return cls(
            data["kind"],
            data["name"],
            data["namespace"],
            Change(data["change"]),
            tuple(data["reasons"]),
            data.get("diff", ""),
            tuple(FieldConflict(c["resource"], c["field"], c["manager"]) for c in data.get("conflicts", ())),
        )


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A node of the plan's graph: which kind of step, on what, after which others."""

    id: str
    """`release:ollama`; unique within the plan."""
    kind: str
    """Selects the step's class: `namespace`, `secrets`, `release`, `ready`, `remove`."""
    target: str
    """What it works on: a component, a namespace."""
    needs: tuple[str, ...] = ()
    title: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "target": self.target,
            "needs": list(self.needs),
            "title": self.title,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StepSpec:
        return cls(data["id"], data["kind"], data["target"], tuple(data["needs"]), data["title"])


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one run will do. Serialisable; holds no secret value."""

    deployment: str
    namespace: str
    cluster: str
    """UID of the cluster's `kube-system` namespace; empty where there is no cluster yet."""
    actions: tuple[Action, ...]
    steps: tuple[StepSpec, ...]
    findings: tuple[Finding, ...] = ()
    fingerprint: str = ""
    """Hash of the desired state and of what was observed; a saved plan is refused when it differs."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """The validated profile, so that a saved plan can be applied without its file."""
    budget: Mapping[str, Any] = field(default_factory=dict)
    """Totals of requests and limits, see `planning.budget`."""
    simulated: bool = False
    """Whether the target is a sandbox: marked SIMULATED wherever it shows."""

    @property
    def empty(self) -> bool:
        return not self.steps

    @property
    def blocked(self) -> tuple[Finding, ...]:
        """The findings that forbid applying this plan."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    def as_dict(self) -> dict[str, Any]:
        return {
            "schema": PLAN_SCHEMA,
            "deployment": self.deployment,
            "namespace": self.namespace,
            "cluster": self.cluster,
            "fingerprint": self.fingerprint,
            "actions": [action.as_dict() for action in self.actions],
            "steps": [step.as_dict() for step in self.steps],
            "findings": [finding.as_dict() for finding in self.findings],
            "budget": dict(self.budget),
            "simulated": self.simulated,
            "profile": dict(self.profile),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Raises KeyError, TypeError or ValueError on anything that `as_dict` did not write."""
        if data["schema"] != PLAN_SCHEMA:
            raise ValueError(f"plan schema {data['schema']!r}, this wizard reads {PLAN_SCHEMA}")
        return cls(
            deployment=data["deployment"],
            namespace=data["namespace"],
            cluster=data["cluster"],
            actions=tuple(map(Action.from_dict, data["actions"])),
            steps=tuple(map(StepSpec.from_dict, data["steps"])),
            findings=tuple(map(Finding.from_dict, data["findings"])),
            fingerprint=data["fingerprint"],
            profile=data["profile"],
            budget=data["budget"],
            simulated=data["simulated"],
        )
