"""Where the cluster's programs answer: Alertmanager, Prometheus, Loki and Ollama, behind the API server's proxy.

Found by the labels that our charts, kube-prometheus-stack's and Loki's set; where only some
namespaces may be read, also by their well-known names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wizard.domain.finding import Finding, WizardError, warning
from wizard.observers.scope import Scope
from wizard.ports import SERVICES, Clock, Forbidden, KubeObject, LiveReader

_FRESH, _BARE = 30.0, 8.0
"""Seconds that what was found, and what was not, is taken for true: after a deployment, things come."""
_USUAL = ("monitoring", "observability", "prometheus", "loki", "logging")
"""Namespaces where others install them."""


class Program(StrEnum):
    ALERTMANAGER = "alertmanager"
    PROMETHEUS = "prometheus"
    LOKI = "loki"
    OLLAMA = "ollama"


_PORTS = {
    Program.ALERTMANAGER: (9093,),
    Program.PROMETHEUS: (9090, 80),
    Program.LOKI: (3100, 80),
    Program.OLLAMA: (11434,),
}
_BESIDE = ("headless", "memberlist", "canary", "cache", "backend", "write", "operator", "operated", "exporter")
"""Words in names of services that lead somewhere else, or to the same by another way."""
_SELECTORS = (
    "app.kubernetes.io/name in (alertmanager,prometheus,loki,ollama)",
    "app in (kube-prometheus-stack-alertmanager,kube-prometheus-stack-prometheus,loki,ollama)",
)


@dataclass(frozen=True, slots=True)
class ServiceAt:
    program: Program
    namespace: str
    name: str
    port: int

    def path(self, path: str) -> str:
        """Of the program, as the API server proxies it."""
        return f"{SERVICES.path(self.namespace, f'{self.name}:{self.port}')}/proxy{path}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Services:
    def __init__(self, reader: LiveReader, clock: Clock, scope: Scope) -> None:
        self._reader, self._clock, self._scope = reader, clock, scope
        self._found: Sequence[ServiceAt] = ()
        self._looked = float("-inf")

    async def find(self, program: Program) -> Sequence[ServiceAt]:
        """The best first. Raises KubeError where the cluster does not say."""
        now = self._clock.monotonic()
        known = any(each.program is program for each in self._found)
        if now - self._looked >= (_FRESH if known else _BARE):
            self._looked = now
            self._found = sorted(await self._look(), key=self._rank)
        return [each for each in self._found if each.program is program]

    async def one(self, program: Program) -> ServiceAt | None:
        return next(iter(await self.find(program)), None)

    def forget(self) -> None:
        """What was found does not answer."""
        self._looked = float("-inf")

    async def _look(self) -> set[ServiceAt]:
        try:
            lists = [
                await self._reader.listed(SERVICES, "", _service, table=False, labels=labels) for labels in _SELECTORS
            ]
        except Forbidden:
            lists = []
            for namespace in dict.fromkeys((*await self._scope.own(), *_USUAL)):
                try:
                    lists.append(await self._reader.listed(SERVICES, namespace, _service, table=False))
                except Forbidden:
                    continue  # not ours to see: what is there cannot be asked either
        return {found for each in lists for found in each.rows if found is not None}

    def _rank(self, at: ServiceAt) -> tuple[bool, bool, int, str]:
        ports = _PORTS[at.program]
        return (
            not self._scope.owns(at.namespace),
            any(word in at.name for word in _BESIDE),
            ports.index(at.port) if at.port in ports else len(ports),
            f"{at.namespace}/{at.name}",
        )


def nothing(program: Program, what: str) -> Finding:
    name = program.value.capitalize()
    return warning(
        f"no-{program.value}",
        f"this cluster has no {name}: {what}",
        detail="No service carries its label or its usual name in the namespaces that may be read.",
        hint=f"install it with the platform's monitoring, or label its service app.kubernetes.io/name={program.value}",
    )


def silent(problem: WizardError) -> bool:
    """Whether it may be somewhere else by now."""
    return problem.temporary or getattr(problem, "status", 0) in (404, 503)


def _service(cells: Mapping[str, Any], obj: KubeObject) -> ServiceAt | None:
    meta, spec = obj.get("metadata") or {}, obj.get("spec") or {}
    name = str(meta.get("name", ""))
    program = _program(name, meta.get("labels") or {})
    ports = [each.get("port") for each in spec.get("ports") or () if each.get("protocol", "TCP") == "TCP"]
    if program is None or not ports:
        return None
    port = next((number for number in _PORTS[program] if number in ports), ports[0])
    return ServiceAt(program, str(meta.get("namespace", "")), name, int(port))


def _program(name: str, labels: Mapping[str, Any]) -> Program | None:
    app = str(labels.get("app.kubernetes.io/name") or labels.get("app") or "")
    component = str(labels.get("app.kubernetes.io/component") or "")
    for program in Program:
        if app == program or app.endswith(f"-{program}"):
            # The community's Prometheus chart labels all its parts alike.
            other = program is Program.PROMETHEUS and component not in ("", "server", "prometheus")
            return None if other else program
    if not app:
        for program in Program:
            if name in (program, f"{program}-operated") or name.endswith(f"-{program}"):
                return program
    return None
