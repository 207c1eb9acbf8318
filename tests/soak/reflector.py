"""A watcher as client-go's Reflector is one: list, watch from there, resume, and list again after 410.

What it is told goes into a Mirror, which knows whether it can be true.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import NoReturn

from tests.soak.kinds import Kind
from tests.soak.mirror import Mirror, Obj, Objects, bare, key_of, version_of
from tests.soak.tally import Tally
from tests.soak.wire import PARTIAL, PARTIAL_LIST, Lost, Refused, Wire

_BACK_OFF = 0.05
"""Seconds after a failure that says nothing of when to come back; client-go begins with 0.8, which would
spend most of a short run waiting."""
_INITIAL_END = "k8s.io/initial-events-end"


class Expired(Exception):
    """410: what was asked for is forgotten."""


class Left(Exception):
    """The watcher went away on purpose, in the middle of a stream."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is watched, and in which form."""

    kind: Kind
    namespace: str = ""
    labels: str = ""
    fields: str = ""
    partial: bool = False

    @property
    def path(self) -> str:
        return self.kind.path(self.namespace)

    @property
    def selectors(self) -> dict[str, str]:
        told = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in told.items() if value}

    @property
    def listed_as(self) -> str:
        return PARTIAL_LIST if self.partial else "application/json"

    @property
    def watched_as(self) -> str:
        return PARTIAL if self.partial else "application/json"

    def __str__(self) -> str:
        parts = [self.kind.plural, self.namespace or "*", self.labels, self.fields, "partial" * self.partial]
        return " ".join(filter(None, parts))


async def fresh_list(wire: Wire, query: Query) -> tuple[int, Objects]:
    """The objects now, in one consistent answer. Raises Refused or Lost."""
    body = await wire.call("GET", query.path, query=query.selectors, accept=query.listed_as)
    return version_of(body), {key_of(each): bare(each) for each in body["items"]}


class Reflector:
    """Follows one query until cancelled. `streams`: gets its first objects as events, not as a list."""

    def __init__(
        self,
        wire: Wire,
        query: Query,
        name: str,
        seed: str,
        tally: Tally,
        absence: Callable[[], Awaitable[None]],
        *,
        streams: bool = False,
    ) -> None:
        self.query, self._wire, self._tally, self._streams = query, wire, tally, streams
        self._absence = absence
        """How long it sometimes stays away, when it leaves on purpose."""
        self.mirror = Mirror(f"{name} ({query})", tally)
        self._dice = random.Random(seed)
        self._expired = False
        """Whether our version was forgotten: then the next list must not ask for it."""
        self._goes_on = asyncio.Event()
        self._goes_on.set()

    def pause(self) -> None:
        """Stops reading what the server sends, as a client that hangs; `resume` goes on."""
        self._goes_on.clear()

    def resume(self) -> None:
        self._goes_on.set()

    async def run(self) -> NoReturn:
        while True:
            try:
                if not self.mirror.version or self._expired:
                    await self._begin()
                await self._follow({}, _LATER, timeout=self._dice.randint(1, 6))
                self._tally.saw("watches ended by the server")
            except Expired:
                self._expired = True
                self._tally.saw("410 and a new list")
            except Lost:
                self._tally.saw("disconnects")
                await asyncio.sleep(_BACK_OFF)
            except Left:
                self._tally.saw("disconnects")
                if self._dice.random() < 0.4:
                    await self._absence()
                    self._tally.saw("absences")
            except Refused as refusal:
                if not refusal.simulated:
                    self._tally.differs(self.mirror.name, f"refused: {refusal}")
                self._tally.saw(f"reads answered {refusal.code}")
                await asyncio.sleep(refusal.retry_after or _BACK_OFF)
            if self._dice.random() < 0.04:
                self._tally.saw("watchers started anew")
                self._expired = False
                self.mirror.forget()

    async def _begin(self) -> None:
        """The state to begin with. Raises Expired, Lost or Refused."""
        if self._streams:
            asked = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            await self._follow(asked, {}, timeout=self._dice.randint(1, 6))
            return
        # As client-go: any version will do at first, also a stale one; after 410 only the newest does.
        asked = {} if self._expired else {"resourceVersion": "0"}
        if self._dice.random() < 0.5:
            asked = {"limit": str(self._dice.randint(3, 60))}  # pages are of the newest version as well
        objects: Objects = {}
        token, version = "", 0
        while token or not version:
            page = await self._page({**asked, **({"continue": token} if token else {})})
            if version and version_of(page) != version:
                self._tally.differs(self.mirror.name, f"pages of {version} and {version_of(page)} in one list")
            version, token = version_of(page), page["metadata"].get("continue", "")
            for each in page["items"]:
                if key_of(each) in objects:
                    self._tally.differs(self.mirror.name, f"{key_of(each)} is on two pages")
                objects[key_of(each)] = bare(each)
            self._tally.saw("pages")
        self._expired = False
        self.mirror.replace(objects, version)

    async def _page(self, asked: dict[str, str]) -> Obj:
        try:
            query = {**self.query.selectors, **asked}
            return await self._wire.call("GET", self.query.path, query=query, accept=self.query.listed_as)
        except Refused as refusal:
            if refusal.code == 410:
                raise Expired from refusal
            raise

    async def _follow(self, asked: dict[str, str], initial: Objects | None, *, timeout: int) -> None:
        """Applies events until the server ends the watch. `initial` gathers what is there, up to its bookmark."""
        query = {**self.query.selectors, **asked, "allowWatchBookmarks": "true", "timeoutSeconds": str(timeout)}
        if initial is None:
            query["resourceVersion"] = str(self.mirror.version)
        leaves = self._dice.random() < 0.3
        async with aclosing(self._wire.watch(self.query.path, query, self.query.watched_as)) as events:
            async for event in events:
                await self._goes_on.wait()
                kind, obj = event["type"], event["object"]
                if kind == "ERROR":
                    if obj.get("code") == 410:
                        raise Expired
                    raise Refused(int(obj.get("code", 0)), obj)
                if initial is None:
                    self._heard(kind, obj)
                elif kind == "BOOKMARK" and _INITIAL_END in obj["metadata"].get("annotations", {}):
                    self._expired = False
                    self.mirror.replace(initial, version_of(obj))
                    self._tally.saw("lists as a stream")
                    initial = None
                elif kind == "ADDED" and key_of(obj) not in initial:
                    initial[key_of(obj)] = bare(obj)
                else:
                    self._tally.differs(self.mirror.name, f"{kind} {obj['metadata']} among initial events")
                if leaves and self._dice.random() < 0.02:
                    raise Left

    def _heard(self, kind: str, obj: Obj) -> None:
        if kind == "BOOKMARK":
            self._tally.saw("bookmarks")
            self.mirror.bookmark(version_of(obj))
        else:
            self._tally.saw("events")
            self.mirror.apply(kind, obj)


_LATER: Objects | None = None
"""For `_follow`: the objects are known, the watch goes on from there."""
