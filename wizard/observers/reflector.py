"""List, then watch: one kind of object of one namespace (or of all) kept true, whatever the connection does.

A watch goes on from the version that was seen last, so nothing is missed; where that is too old
(410), and now and then anyway, all is listed anew, so nothing is kept that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from wizard.domain.finding import Finding, WizardError
from wizard.observers.supervise import backoff, finding_of
from wizard.ports import Change, Clock, Decode, Forbidden, Gone, LiveReader, Resource

RESYNC = 900.0
"""Seconds between full lists: a watch through a broken proxy may lose what nobody can prove."""
_STEADY = 5.0
"""Seconds that a watch must have lasted for the failures before it to be forgotten."""
_RELIST_AFTER = 3
"""Failures in a row after which the version is not trusted: a restored etcd is behind what we have seen."""

R = TypeVar("R")


class Sink(Protocol[R]):
    def replace(self, namespace: str, rows: Sequence[R]) -> None:
        """All there is."""
        ...

    def change(self, namespace: str, changes: Sequence[Change[R]]) -> None: ...

    def seen(self, namespace: str, finding: Finding | None) -> None:
        """None: what is shown is true now; else why it cannot be known."""
        ...


@dataclass(frozen=True, slots=True)
class Reflector(Generic[R]):
    reader: LiveReader
    clock: Clock
    resource: Resource
    namespace: str
    """Empty for all."""
    decode: Decode[R]
    sink: Sink[R]
    table: bool = True
    resync: float = RESYNC

    async def run(self) -> None:
        """Until it is cancelled. Raises Forbidden: what to do then is for the caller to decide."""
        version, failures, listed_at = "", 0, 0.0
        while True:
            began = self.clock.monotonic()
            try:
                if not version:
                    found = await self.reader.listed(self.resource, self.namespace, self.decode, table=self.table)
                    listed_at = self.clock.monotonic()
                    self.sink.replace(self.namespace, found.rows)
                    self.sink.seen(self.namespace, None)
                    version = found.resource_version
                version = await self._watch(version, self._outdated(listed_at))
                if self.clock.monotonic() - began > _STEADY:
                    failures = 0
                    continue
                failures += 1  # a server that ends watches at once is not asked again at once
                wait = backoff(failures) if failures > 1 else 0.0
            except Forbidden:
                raise
            except Gone:
                version, failures = "", failures + 1
                wait = backoff(failures) if failures > 1 else 0.0
            except _Interrupted as cut:
                version = cut.version
                failures = 1 if self.clock.monotonic() - began > _STEADY else failures + 1
                self.sink.seen(self.namespace, finding_of(cut.why, self.resource.plural))
                wait = max(backoff(failures), cut.why.retry_after or 0.0)
            except WizardError as problem:
                failures += 1
                self.sink.seen(self.namespace, finding_of(problem, self.resource.plural))
                wait = max(backoff(failures), problem.retry_after or 0.0)
            if failures >= _RELIST_AFTER:
                version = ""
            await self.clock.sleep(wait)

    def _outdated(self, listed_at: float) -> Callable[[], bool]:
        return lambda: self.clock.monotonic() - listed_at > self.resync

    async def _watch(self, version: str, outdated: Callable[[], bool]) -> str:
        """The version to go on from; empty where all should be listed anew. Raises Gone, _Interrupted."""
        try:
            stream = self.reader.watch(
                self.resource, self.namespace, self.decode, resource_version=version, table=self.table
            )
            async with aclosing(stream) as batches:  # type: ignore[type-var]
                async for batch in batches:
                    if batch:
                        self.sink.change(self.namespace, batch)
                        version = next((each.resource_version for each in reversed(batch)), "") or version
                    self.sink.seen(self.namespace, None)
                    if outdated():
                        return ""
        except (Gone, Forbidden):
            raise
        except WizardError as problem:
            raise _Interrupted(version, problem) from problem
        return version


class _Interrupted(Exception):
    """A watch that broke off: from which version it can go on."""

    def __init__(self, version: str, why: WizardError) -> None:
        super().__init__(str(why))
        self.version, self.why = version, why
