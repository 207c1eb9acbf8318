"""What one watcher knows: the objects it was told of, and what they were a while ago.

The past is kept because a fresh list and a watch come over two connections: when the list of version L
arrives, the watcher may be beyond L already. Undoing what came after L makes the two comparable exactly,
under load, without anyone standing still.
"""

from __future__ import annotations

from asyncio import Future
from collections import deque
from dataclasses import dataclass
from typing import Any

from tests.soak.tally import Tally

Obj = dict[str, Any]
Key = tuple[str, str]
Objects = dict[Key, Obj]
_PAST = 4000
"""Changes that can be undone: more than come while one list is answered."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A fresh list, and who waits to hear whether this mirror agrees: True, or False where it cannot tell."""

    version: int
    objects: Objects
    told: Future[bool]


def key_of(obj: Obj) -> Key:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def version_of(obj: Obj) -> int:
    return int(obj["metadata"]["resourceVersion"])


def bare(obj: Obj) -> Obj:
    """Without kind and apiVersion, which items of lists lack."""
    return {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}


class Mirror:
    """A watcher's state. Events that contradict it are differences."""

    def __init__(self, name: str, tally: Tally) -> None:
        self.name, self._tally = name, tally
        self.objects: Objects = {}
        self.version = 0
        """Everything up to here is known; 0 before the first list."""
        self._floor = 0
        self._past: deque[tuple[int, Key, Obj | None]] = deque()
        self._pending: list[Checkpoint] = []

    def forget(self) -> None:
        """As a client that starts anew."""
        self.objects, self.version, self._floor = {}, 0, 0
        self._past.clear()

    def replace(self, objects: Objects, version: int) -> None:
        """A list arrived."""
        if version < self.version:
            self._tally.differs(self.name, f"a list went back from {self.version} to {version}")
        self.objects, self.version, self._floor = objects, version, version
        self._past.clear()
        self._settle()

    def bookmark(self, version: int) -> None:
        if version < self.version:
            self._tally.differs(self.name, f"a bookmark went back from {self.version} to {version}")
        self.version = max(version, self.version)
        self._settle()

    def apply(self, kind: str, obj: Obj) -> None:
        """One ADDED, MODIFIED or DELETED event."""
        key, version = key_of(obj), version_of(obj)
        known = self.objects.get(key)
        if version <= self.version:
            self._tally.differs(self.name, f"{kind} {key} at {version}, after {self.version}")
        if (known is None) != (kind == "ADDED"):
            self._tally.differs(self.name, f"{kind} {key} at {version}, which is {'not ' * (known is None)}there")
        if kind == "DELETED":
            self.objects.pop(key, None)
        else:
            self.objects[key] = bare(obj)
        self._past.append((version, key, known))
        if len(self._past) > _PAST:
            self._floor = self._past.popleft()[0]
        self.version = max(version, self.version)
        self._settle()

    def expect(self, checkpoint: Checkpoint) -> None:
        """Compares as soon as everything up to the checkpoint's version is known."""
        self._pending.append(checkpoint)
        self._settle()

    @property
    def waits(self) -> bool:
        """Whether it has not yet come as far as it was asked to compare."""
        return bool(self._pending)

    def _settle(self) -> None:
        if not self._pending or not self.version:
            return
        due = [each for each in self._pending if each.version <= self.version]
        self._pending = [each for each in self._pending if each.version > self.version]
        for each in due:
            comparable = each.version >= self._floor
            if comparable:
                self._compare(each)
            if not each.told.done():
                each.told.set_result(comparable)

    def _compare(self, checkpoint: Checkpoint) -> None:
        mine = dict(self.objects)
        for version, key, before in reversed(self._past):
            if version <= checkpoint.version:
                break
            if before is None:
                mine.pop(key, None)
            else:
                mine[key] = before
        self._tally.saw("objects compared", len(checkpoint.objects))
        theirs = checkpoint.objects
        for key in mine.keys() | theirs.keys():
            if mine.get(key) == theirs.get(key):
                continue
            words = "missed" if key not in mine else "still there" if key not in theirs else "another"
            seen = [version_of(each[key]) if key in each else None for each in (mine, theirs)]
            why = f"{key} is {words} at {checkpoint.version}: watched {seen[0]}, listed {seen[1]}"
            self._tally.differs(self.name, why)
