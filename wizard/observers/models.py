"""Ollama's models: those that are pulled, and which of them are in memory where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.domain.finding import Finding, WizardError
from wizard.domain.live import ModelRow
from wizard.domain.text import text_of
from wizard.observers.amounts import epoch
from wizard.observers.pods import PodFeed
from wizard.observers.polled import PolledFeed
from wizard.observers.services import Program, ServiceAt, Services, nothing, silent
from wizard.observers.supervise import finding_of
from wizard.ports import PODS, Clock, LiveReader

_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class _Loaded:
    size: int
    vram: int
    until: float | None


class ModelFeed(PolledFeed[ModelRow]):
    name = "models"

    def __init__(self, reader: LiveReader, clock: Clock, services: Services, pods: PodFeed) -> None:
        super().__init__(clock)
        self._reader, self._services, self._pods = reader, services, pods

    async def _poll(self) -> float:
        servers = await self._services.find(Program.OLLAMA)
        if not servers:
            return self._none(nothing(Program.OLLAMA, "there are no models to show"))
        rows: dict[str, ModelRow] = {}
        blind: Finding | None = None
        for at in servers:
            try:
                rows |= {row.key: row for row in await self._models(at)}
            except WizardError as problem:
                blind = finding_of(problem, self.name)
                if silent(problem):
                    self._services.forget()
        if blind is not None and not rows:
            self._blind(blind)
        else:
            self._all(list(rows.values()), blind)
        return _INTERVAL

    async def _models(self, at: ServiceAt) -> list[ModelRow]:
        pulled = await self._reader.fetch(at.path("/api/tags"), _listed)
        where = await self._memory(at)
        return [_row(model, at.namespace, where) for model in pulled]

    async def _memory(self, at: ServiceAt) -> dict[str, dict[str, _Loaded]]:
        """Pod -> its loaded models. A service leads to any of its pods, so several are asked one by one."""
        pods = [
            row.name
            for row in self._pods.rows()
            if row.namespace == at.namespace and row.component == Program.OLLAMA and row.status == "Running"
        ]
        if len(pods) < 2:
            return {(pods[0] if pods else ""): await self._reader.fetch(at.path("/api/ps"), _loaded)}
        found = {}
        for name in pods:
            path = f"{PODS.path(at.namespace, f'{name}:{at.port}')}/proxy/api/ps"
            found[name] = await self._reader.fetch(path, _loaded)
        return found


def _row(model: Mapping[str, Any], namespace: str, where: Mapping[str, Mapping[str, _Loaded]]) -> ModelRow:
    details = model.get("details") or {}
    name = text_of(model.get("name") or model.get("model"))
    holders = [(pod, loaded[name]) for pod, loaded in where.items() if name in loaded]
    only = next(iter(where)) if len(where) == 1 else ""
    untils = [each.until for _, each in holders if each.until is not None]
    return ModelRow(
        name=name,
        size=_number(model.get("size")),
        parameters=text_of(details.get("parameter_size"), 20),
        quantisation=text_of(details.get("quantization_level"), 20),
        loaded=bool(holders),
        loaded_bytes=sum(each.size for _, each in holders),
        vram_bytes=sum(each.vram for _, each in holders),
        until=max(untils, default=None),
        pod=", ".join(pod for pod, _ in holders) or only,
        namespace=namespace,
    )


def _listed(reply: Any) -> Sequence[Mapping[str, Any]]:
    found = reply.get("models") if isinstance(reply, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _loaded(reply: Any) -> dict[str, _Loaded]:
    return {
        text_of(each.get("name") or each.get("model")): _Loaded(
            _number(each.get("size")), _number(each.get("size_vram")), epoch(each.get("expires_at"))
        )
        for each in _listed(reply)
    }


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
