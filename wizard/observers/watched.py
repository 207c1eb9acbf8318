"""A feed that mirrors objects of the API: in all namespaces, or one by one where all is forbidden."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from wizard.domain.finding import Finding, warning
from wizard.observers.feed import Feed, Row
from wizard.observers.reflector import Reflector
from wizard.observers.scope import Scope
from wizard.observers.supervise import finding_of
from wizard.ports import Change, Clock, Forbidden, KubeObject, LiveReader, Resource

T = TypeVar("T", bound=Row)
R = TypeVar("R", bound=Row)
"""What a thread made of an object; `_merged` makes the row of it. Often the same."""

_LOOK_AGAIN = 60.0
"""Seconds until a namespace that was forbidden, or was not there, is tried again."""


class WatchedFeed(Feed[T], Generic[T, R]):
    resource: Resource
    table = True

    def __init__(self, reader: LiveReader, clock: Clock, scope: Scope) -> None:
        super().__init__(clock)
        self._reader, self._scope = reader, scope
        self._keys: dict[str, set[Hashable]] = {}
        """Namespace of a stream (empty: all) -> keys of its rows."""
        self._sight: dict[str, Finding | None] = {}
        self.sees_all = False
        """Whether all namespaces are in it."""

    @abstractmethod
    def decode(self, cells: Mapping[str, Any], obj: KubeObject) -> R:
        """Runs in a thread: looks at nothing that changes."""

    @abstractmethod
    def _merged(self, seen: R) -> T:
        """The row, with what is known from elsewhere."""

    def _forgotten_rows(self, keys: Sequence[Hashable]) -> None:
        """Those rows are gone."""

    def _changed(self) -> None:
        """Rows came or went."""

    # Sink of the reflectors ----------------------------------------------------------------------

    def replace(self, namespace: str, rows: Sequence[R]) -> None:
        now = {row.key for row in rows}
        gone = list(self._keys.get(namespace, set()) - now)
        self._keys[namespace] = now
        self._apply([self._merged(row) for row in rows], gone)
        self._forgotten_rows(gone)
        self._changed()

    def change(self, namespace: str, changes: Sequence[Change[R]]) -> None:
        latest: dict[Hashable, R | None] = {}
        for each in changes:
            if each.row is not None:
                latest.pop(each.row.key, None)  # in the order of the last change
                latest[each.row.key] = None if each.type == "DELETED" else each.row
        if not latest:
            return
        keys = self._keys.setdefault(namespace, set())
        gone = [key for key, row in latest.items() if row is None]
        rows = [self._merged(row) for row in latest.values() if row is not None]
        keys.difference_update(gone)
        keys.update(row.key for row in rows)
        self._apply(rows, gone)
        self._forgotten_rows(gone)
        self._changed()

    def seen(self, namespace: str, finding: Finding | None) -> None:
        self._sight[namespace] = finding
        blind = [each for each in self._sight.values() if each is not None]
        if not blind:
            self._live()
        elif len(blind) < len(self._sight):
            self._live(blind[0] if len(blind) == 1 else _several(blind))
        else:
            self._blind(blind[0])

    def _drop(self, namespace: str) -> None:
        self._sight.pop(namespace, None)
        gone = list(self._keys.pop(namespace, ()))
        self._apply((), gone)
        self._forgotten_rows(gone)

    # Running -------------------------------------------------------------------------------------

    def _reflector(self, namespace: str) -> Reflector[R]:
        return Reflector(self._reader, self._clock, self.resource, namespace, self.decode, self, self.table)

    async def _run(self) -> None:
        if self._scope.wanted is None or not self.resource.namespaced:
            try:
                self.sees_all = True
                await self._reflector("").run()
            except Forbidden as refused:
                if not self.resource.namespaced:
                    self._blind(finding_of(refused, self.name), unavailable=True)
                    await self._clock.sleep(_LOOK_AGAIN)
                    return
            self.sees_all = False
            self._drop("")
        await self._one_by_one()

    async def _one_by_one(self) -> None:
        running: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                wanted = self._scope.wanted if self._scope.wanted is not None else await self._scope.own()
                for namespace in set(running) - set(wanted):
                    running.pop(namespace).cancel()
                    self._drop(namespace)
                for namespace in wanted:
                    if namespace not in running:
                        running[namespace] = asyncio.create_task(self._one(namespace))
                pause = asyncio.ensure_future(self._clock.sleep(_LOOK_AGAIN))
                done, _ = await asyncio.wait([pause, *running.values()], return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                for task in done - {pause}:
                    await task  # which raises what it ended with: it does not end by itself
        finally:
            for task in running.values():
                task.cancel()

    async def _one(self, namespace: str) -> None:
        while True:
            try:
                await self._reflector(namespace).run()
            except Forbidden as refused:
                self.seen(namespace, finding_of(refused, self.name))
                await self._clock.sleep(_LOOK_AGAIN)


def _several(blind: Sequence[Finding]) -> Finding:
    detail = "\n".join(each.summary for each in blind[:5])
    return warning("partly-blind", f"{len(blind)} namespaces cannot be watched", detail=detail, hint=blind[0].hint)
