"""A cluster behind the live port: versions, history, streams that break when a test says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wizard.domain.finding import WizardError, error
from wizard.ports import (
    Change,
    Decode,
    Forbidden,
    Gone,
    Invalid,
    KubeObject,
    Listed,
    NotFound,
    Resource,
    ServerBusy,
    Take,
    Unreachable,
)

T = TypeVar("T")

NAMESPACE = "chat"


def broken(what: str = "connection reset") -> Unreachable:
    return Unreachable(error("cluster-unreachable", "no answer", detail=what))


def forbidden(what: str = "pods is forbidden") -> Forbidden:
    return Forbidden(error("forbidden", what))


def gone() -> Gone:
    return Gone(error("gone", "too old resource version"))


def busy() -> ServerBusy:
    return ServerBusy(error("server-busy", "overloaded"))


def missing() -> NotFound:
    return NotFound(error("not-found", "the server could not find it"))


def invalid(what: str) -> Invalid:
    return Invalid(error("invalid", what))


class FakeClock:
    """Time goes by only in `sleep`, which does not take any."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class RealClock(FakeClock):
    """For feeds that poll: a hundred times as fast."""

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(seconds / 100)


@dataclass
class Cluster:
    """Implements ports.LiveReader and ports.LiveWriter."""

    objects: dict[tuple[str, str, str], KubeObject] = field(default_factory=dict)
    """(plural, namespace, name) -> object; what tables show of it is in its `cells`."""
    version: int = 1
    oldest: int = 1
    log: list[tuple[int, str, str, KubeObject]] = field(default_factory=list)
    """(version, plural, type, object)."""
    documents: dict[str, Any] = field(default_factory=dict)
    """Path -> JSON, an error, or a function of the query."""
    texts: dict[str, Callable[[Mapping[str, str]], list[bytes] | WizardError]] = field(default_factory=dict)
    streams: dict[str, Callable[[Mapping[str, str]], list[list[bytes] | WizardError]]] = field(default_factory=dict)
    """Path -> of a query, the batches of one stream; an error breaks it off."""
    ahead: float = 0.0
    forbid: set[tuple[str, str]] = field(default_factory=set)
    """(plural, namespace; empty for all)."""
    fail_lists: list[WizardError] = field(default_factory=list)
    """Raised by the next lists, one each."""
    lists: int = 0
    watches: int = 0
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    answer: Any = None
    _break: WizardError | None = None
    _generation: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    # What a test does ----------------------------------------------------------------------------

    def put(self, plural: str, obj: KubeObject) -> None:
        meta = obj["metadata"]
        key = (plural, meta.get("namespace", ""), meta["name"])
        kind = "MODIFIED" if key in self.objects else "ADDED"
        self._write(key, kind, obj)

    def remove(self, plural: str, namespace: str, name: str) -> None:
        key = (plural, namespace, name)
        if key in self.objects:
            self._write(key, "DELETED", self.objects[key])

    def _write(self, key: tuple[str, str, str], kind: str, obj: KubeObject) -> None:
        self.version += 1
        obj = json.loads(json.dumps(obj))
        obj["metadata"]["resourceVersion"] = str(self.version)
        if kind == "DELETED":
            del self.objects[key]
        else:
            self.objects[key] = obj
        self.log.append((self.version, key[0], kind, obj))
        self._moved.set()

    def compact(self) -> None:
        """Forgets all history: watches that were cut off cannot go on."""
        self.log.clear()
        self.oldest = self.version

    def cut(self, problem: WizardError | None = None) -> None:
        """Ends every watch: as servers do, or with an error."""
        self._break, self._generation = problem, self._generation + 1
        self._moved.set()

    # ports.LiveReader ----------------------------------------------------------------------------

    def expect(self, resource: Resource, namespace: str, decode: Decode[Any]) -> None:
        pass

    async def listed(
        self, resource: Resource, namespace: str, decode: Decode[T], *, table: bool = True, labels: str = ""
    ) -> Listed[T]:
        self.lists += 1
        await asyncio.sleep(0)
        if self.fail_lists:
            raise self.fail_lists.pop(0)
        if (resource.plural, namespace) in self.forbid:
            raise forbidden(f"{resource.plural} is forbidden in {namespace or 'all'}")
        rows = [
            decode(*_shown(obj, table))
            for (plural, ns, _), obj in self.objects.items()
            if plural == resource.plural and namespace in ("", ns) and _selected(obj, labels)
        ]
        return Listed(rows, str(self.version))

    async def watch(
        self, resource: Resource, namespace: str, decode: Decode[T], *, resource_version: str, table: bool = True
    ) -> AsyncIterator[Sequence[Change[T]]]:
        self.watches += 1
        at, generation = int(resource_version), self._generation
        await asyncio.sleep(0)
        if at < self.oldest:
            raise gone()
        yield ()
        while True:
            if generation != self._generation:
                if self._break is not None:
                    raise self._break
                return
            if at < self.oldest:
                raise gone()
            due = [each for each in self.log if each[0] > at and each[1] == resource.plural]
            at = self.version
            batch = [
                Change(kind, str(version), decode(*_shown(obj, table)))
                for version, _, kind, obj in due
                if namespace in ("", obj["metadata"].get("namespace", ""))
            ]
            if batch:
                yield batch
                continue
            self._moved.clear()
            await self._moved.wait()

    async def lines(
        self, path: str, take: Take[T], *, query: Mapping[str, str], limit: int
    ) -> AsyncIterator[Sequence[T]]:
        await asyncio.sleep(0)
        if path not in self.streams:
            raise missing()
        for number, batch in enumerate(self.streams[path](query)):
            if isinstance(batch, WizardError):
                raise batch
            if not number:
                yield []
            yield [take(line[:limit], max(0, len(line) - limit)) for line in batch]

    async def fetch(
        self, path: str, decode: Callable[[Any], T], *, query: Mapping[str, str] | None = None, timeout: float = 10.0
    ) -> T:
        await asyncio.sleep(0)
        found = self.documents.get(path)
        if callable(found):
            found = found(query or {})
        if found is None:
            raise missing()
        if isinstance(found, WizardError):
            raise found
        return decode(json.loads(json.dumps(found)))

    async def text(
        self, path: str, take: Take[T], *, query: Mapping[str, str] | None = None, limit: int = 2**16
    ) -> list[T]:
        await asyncio.sleep(0)
        if path not in self.texts:
            raise missing()
        found = self.texts[path](query or {})
        if isinstance(found, WizardError):
            raise found
        return [take(line[:limit], max(0, len(line) - limit)) for line in found]

    async def send(self, method: str, path: str, body: KubeObject | None = None) -> Any:
        await asyncio.sleep(0)
        self.sent.append((method, path, body))
        if isinstance(self.answer, WizardError):
            raise self.answer
        return self.answer

    async def close(self) -> None: ...


def _shown(obj: KubeObject, table: bool) -> tuple[Mapping[str, Any], KubeObject]:
    return (obj.get("cells", {}), {"metadata": obj["metadata"]}) if table else ({}, obj)


def _selected(obj: KubeObject, labels: str) -> bool:
    """`key in (a,b)`, which is all that is asked."""
    if not labels:
        return True
    key, _, values = labels.partition(" in ")
    return obj["metadata"].get("labels", {}).get(key) in values.strip("()").split(",")


def pod(name: str, namespace: str = "chat", *, uid: str = "", status: str = "Running", **more: Any) -> KubeObject:
    meta = {"name": name, "namespace": namespace, "uid": uid or f"{namespace}-{name}", **more.pop("metadata", {})}
    meta.setdefault("creationTimestamp", "2026-11-23T10:00:00Z")
    cells = {"Name": name, "Ready": "1/1", "Status": status, "Restarts": "0", "IP": "10.0.0.1", "Node": "one"}
    return {"metadata": meta, "cells": {**cells, **more.pop("cells", {})}, **more}


async def until(check: Callable[[], object], what: str = "it") -> None:
    """Lets the loop run until that is so; fails after a great many turns, or five seconds."""
    async with asyncio.timeout(5):
        for _ in range(200_000):
            if check():
                return
            await asyncio.sleep(0)
    raise AssertionError(f"{what} did not happen")
