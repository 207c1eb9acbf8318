"""A feed: rows of one kind that stay true by themselves, and say so when they are not.

All of it runs on one event loop; adapters hand over from their threads. A reader polls `version`
and asks for what changed since the version that it drew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from wizard.domain.finding import Finding
from wizard.domain.live import FeedState
from wizard.observers.supervise import Supervisor
from wizard.ports import Clock

_REMEMBERED = 20_000
"""Changes that a reader may fall behind before it must take all rows: 200 s at 100 a second."""


class Row(Protocol):
    @property
    def key(self) -> Hashable: ...


T = TypeVar("T", bound=Row)


class Changes(NamedTuple, Generic[T]):
    upserts: Sequence[T]
    removed: Sequence[Hashable]


class Feed(Generic[T]):
    """Rows by their key. Subclasses give `_run`, which may raise whatever: it is started again."""

    name = "feed"
    """As findings call it: `pods`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[Hashable, T] = {}
        self._version = 0
        self._log: deque[tuple[int, Hashable]] = deque()
        self._forgotten = 0
        """Changes up to this version are no longer remembered one by one."""
        self._snapshot: tuple[int, Sequence[T]] = (0, ())
        self._shape = 0
        """The version of the last change of rows: a change of state alone makes no new snapshot."""
        self._state = FeedState(live=False, since=clock.now())
        self._supervisor = Supervisor(self.name, clock, self._run, self._blind)

    # What a reader uses --------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Grows with every change of rows or state."""
        return self._version

    @property
    def state(self) -> FeedState:
        return self._state

    def rows(self) -> Sequence[T]:
        """All rows, in no order that counts. The same object as long as nothing changed."""
        if self._snapshot[0] != self._shape:
            self._snapshot = (self._shape, tuple(self._rows.values()))
        return self._snapshot[1]

    def get(self, key: Hashable) -> T | None:
        return self._rows.get(key)

    def __len__(self) -> int:
        return len(self._rows)

    def changed_since(self, version: int) -> Changes[T] | None:
        """What `rows()` of that version lacks to be that of now; None: take all rows anew."""
        if version < self._forgotten or version > self._version:
            return None
        seen: dict[Hashable, None] = {}
        for at, key in reversed(self._log):
            if at <= version:
                break
            seen[key] = None
        upserts: list[T] = []
        removed: list[Hashable] = []
        for key in reversed(seen):
            row = self._rows.get(key)
            if row is None:
                removed.append(key)
            else:
                upserts.append(row)
        return Changes(upserts, removed)

    async def start(self) -> None:
        await self._supervisor.start()

    async def stop(self) -> None:
        await self._supervisor.stop()

    # What a subclass uses ------------------------------------------------------------------------

    async def _run(self) -> None:
        """Feeds until it is cancelled. What it raises is shown, and it is run again after a pause."""
        raise NotImplementedError

    def _apply(self, upserts: Iterable[T] = (), removed: Iterable[Hashable] = ()) -> bool:
        """Changes rows; whether anything was different."""
        version, rows, log = self._version + 1, self._rows, self._log
        before = len(log)
        for key in removed:
            if rows.pop(key, None) is not None:
                log.append((version, key))
        for row in upserts:
            key = row.key
            if rows.get(key) != row:
                rows[key] = row
                log.append((version, key))
        if len(log) == before:
            return False
        self._version = self._shape = version
        while len(log) > max(_REMEMBERED, 2 * len(rows)):
            self._forgotten = log.popleft()[0]
        return True

    def _live(self, finding: Finding | None = None) -> None:
        state = self._state
        if state.live and state.finding == finding:
            return
        since = state.since if state.live else self._clock.now()
        self._become(FeedState(live=True, since=since, finding=finding))

    def _blind(self, finding: Finding, *, unavailable: bool = False) -> None:
        """Keeps the rows: they are what was last known, and since when is in the state."""
        state = self._state
        since = self._clock.now() if state.live else state.since
        self._become(FeedState(live=False, since=since, finding=finding, unavailable=unavailable))

    def _become(self, state: FeedState) -> None:
        if state != self._state:
            self._state = state
            self._version += 1
