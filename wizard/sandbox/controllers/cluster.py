"""What all controllers share: the informers' index, timers, work queues, and the recorder of events.

The counterpart of client-go: a controller is told that something changed, never what; it looks at the whole
state again (level, not edge). Changes to one object while it waits are one piece of work.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import zlib
from collections import deque
from collections.abc import Callable

from wizard.sandbox.clock import Handle, SimClock, stamp
from wizard.sandbox.controllers.events import Recorder
from wizard.sandbox.controllers.shapes import PODS, Obj, Resource, controller_of, key_of
from wizard.sandbox.status import StatusError
from wizard.sandbox.store import Store

log = logging.getLogger(__name__)

Key = tuple[str, str]
"""namespace, name."""
Handler = Callable[[str, Obj], None]
"""fn(event type, object)."""

_GRID = 0.01
"""Timers fire on a grid of this many simulated seconds, so that a thousand pods share a few of the clock's."""
_SLICE = 64
"""Pieces of work between two turns of the event loop: about 10 ms, so that requests are still answered."""
_FIRST_RETRY, _LAST_RETRY = 0.005, 1000.0
"""client-go's ItemExponentialFailureRateLimiter."""


class Timer:
    """Something to be done later. Cancelling only forgets it; the heap drops it when its time comes."""

    __slots__ = ("fn",)

    def __init__(self, fn: Callable[[], object] | None) -> None:
        self.fn = fn

    def cancel(self) -> None:
        self.fn = None


class Queue:
    """One controller's work: keys that need a look, each at most once."""

    def __init__(self, cluster: Cluster, name: str, sync: Callable[[str, str], float | None]) -> None:
        self.name = name
        self.sync = sync
        self._cluster = cluster
        self._waiting: set[Key] = set()
        self._later: dict[Key, tuple[float, Timer]] = {}
        self._failures: dict[Key, int] = {}

    def add(self, ns: str, name: str, delay: float = 0.0) -> None:
        """Looks at the object soon, or after `delay` simulated seconds; the earliest wish wins."""
        key = (ns, name)
        if key in self._waiting:
            return
        if delay > 0:
            due = self._cluster.clock.now() + delay
            known = self._later.get(key)
            if known is not None:
                if known[0] <= due:
                    return
                known[1].cancel()
            self._later[key] = (due, self._cluster.after(delay, lambda: self._due(key)))
            return
        known = self._later.pop(key, None)
        if known is not None:
            known[1].cancel()
        self._waiting.add(key)
        self._cluster.ready(self, key)

    def add_object(self, obj: Obj, delay: float = 0.0) -> None:
        self.add(*key_of(obj), delay)

    def run(self, key: Key) -> None:
        self._waiting.discard(key)
        try:
            again = self.sync(*key)
        except StatusError as refusal:
            failed = self._failures.get(key, 0)
            self._failures[key] = failed + 1
            log.debug("%s %s: %s", self.name, key, refusal)
            self.add(*key, min(_FIRST_RETRY * 2**failed, _LAST_RETRY))
        except Exception as bug:
            self._cluster.bugs.append(bug)
            # A bug in one controller must not stop the others; the real ones recover from panics likewise.
            log.exception("%s %s", self.name, key)
            failed = self._failures.get(key, 0)
            self._failures[key] = failed + 1
            self.add(*key, min(1.0 * 2**failed, _LAST_RETRY))
        else:
            self._failures.pop(key, None)
            if again is not None:
                self.add(*key, max(again, _GRID))

    def _due(self, key: Key) -> None:
        self._later.pop(key, None)
        self.add(*key)


class Cluster:
    """The store as controllers see it, and time as they spend it."""

    def __init__(self, store: Store, clock: SimClock, seed: int = 0) -> None:
        self.store = store
        self.clock = clock
        self.seed = seed
        self.closed = False
        self.bugs: deque[Exception] = deque(maxlen=20)
        """Exceptions of our own, the last few: tests look at them."""
        self.events = Recorder(self)
        self._handlers: dict[Resource, list[Handler]] = {}
        self._owned: dict[tuple[Resource, str], dict[Key, Obj]] = {}
        self._owner: dict[tuple[Resource, Key], str] = {}
        self._in_namespace: dict[str, dict[str, Obj]] = {}
        self._work: deque[tuple[Queue, Key]] = deque()
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._armed: tuple[float, Handle] | None = None
        self._draining = False
        self._unsubscribe = store.subscribe(self._changed)

    # Time -----------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.clock.now()

    def stamp(self) -> str:
        return stamp(self.clock.now())

    def jitter(self, *parts: object) -> float:
        """From 0 to 1, always the same for the same parts and seed: no order of events changes it."""
        text = ":".join(map(str, (self.seed, *parts)))
        return (zlib.crc32(text.encode()) * 2654435761 & 0xFFFFFFFF) / 2**32

    def after(self, delay: float, fn: Callable[[], object]) -> Timer:
        timer = Timer(fn)
        due = round((self.clock.now() + max(delay, 0.0)) / _GRID + 0.499) * _GRID
        heapq.heappush(self._heap, (due, next(self._order), timer))
        self._arm()
        return timer

    def _arm(self) -> None:
        while self._heap and self._heap[0][2].fn is None:
            heapq.heappop(self._heap)
        if not self._heap or self.closed:
            return
        due = self._heap[0][0]
        if self._armed is not None:
            if self._armed[0] <= due:
                return
            self._armed[1].cancel()
        self._armed = (due, self.clock.call_later(due - self.clock.now(), self._tick))

    def _tick(self) -> None:
        self._armed = None
        now = self.clock.now() + _GRID / 10
        while self._heap and self._heap[0][0] <= now and not self.closed:
            fn = heapq.heappop(self._heap)[2].fn
            if fn is not None:
                fn()
        self._arm()

    # Work -----------------------------------------------------------------------------------------

    def queue(self, name: str, sync: Callable[[str, str], float | None]) -> Queue:
        """`sync(namespace, name)` may return after how many seconds it wants to look again."""
        return Queue(self, name, sync)

    def ready(self, queue: Queue, key: Key) -> None:
        self._work.append((queue, key))
        if not self._draining and not self.closed:
            self._draining = True
            self.clock.call_later(0, self._drain)

    def _drain(self) -> None:
        for _ in range(_SLICE):
            if not self._work or self.closed:
                break
            queue, key = self._work.popleft()
            queue.run(key)
        self._draining = bool(self._work) and not self.closed
        if self._draining:
            self.clock.call_later(0, self._drain)

    # Objects --------------------------------------------------------------------------------------

    def on(self, resource: Resource, handler: Handler) -> None:
        """Calls `handler` after each change of the resource, once the index knows of it."""
        self._handlers.setdefault(resource, []).append(handler)

    def replay(self) -> None:
        """Tells the handlers of everything that was there before them."""
        for resource in self.store.resources():
            for obj in self.store.list(*resource):
                self._changed("ADDED", resource, obj)

    def get(self, resource: Resource, ns: str, name: str) -> Obj | None:
        return self.store.get(*resource, ns, name)

    def objects(self, resource: Resource, ns: str = "") -> list[Obj]:
        return self.store.list(*resource, ns)

    def owned(self, resource: Resource, uid: str) -> list[Obj]:
        """Objects whose controller has this uid, oldest first."""
        found = self._owned.get((resource, uid))
        return list(found.values()) if found else []

    def orphans(self, resource: Resource, ns: str) -> list[Obj]:
        """Pods and ReplicaSets of a namespace that no controller owns."""
        return [each for each in self.owned(resource, "") if each["metadata"].get("namespace") == ns]

    def pods(self, ns: str) -> list[Obj]:
        found = self._in_namespace.get(ns)
        return list(found.values()) if found else []

    def create(self, resource: Resource, obj: Obj, manager: str = "kube-controller-manager") -> Obj:
        return self.store.create(*resource, obj, manager=manager)

    def edit(
        self, resource: Resource, obj: Obj, fn: Callable[[Obj], object], manager: str = "kube-controller-manager"
    ) -> Obj | None:
        return self.store.mutate(*resource, *key_of(obj), fn, manager=manager)

    def set_status(
        self, resource: Resource, obj: Obj, status: Obj, manager: str = "kube-controller-manager"
    ) -> Obj | None:
        """Replaces the status, if it is another one."""
        if obj.get("status") == status:
            return obj

        def write(new: Obj) -> None:
            new["status"] = status

        return self.store.mutate(*resource, *key_of(obj), write, subresource="status", manager=manager)

    def delete(
        self, resource: Resource, obj: Obj, *, propagation: str = "Background", grace: int | None = None
    ) -> bool:
        """False where it was gone already, or has been replaced by one of the same name."""
        uid = obj["metadata"]["uid"]
        try:
            self.store.delete(*resource, *key_of(obj), propagation=propagation, grace=grace, uid=uid)
        except StatusError as refusal:
            if refusal.code in (404, 409):
                return False
            raise
        return True

    def _changed(self, event: str, resource: Resource, obj: Obj) -> None:
        if self.closed:
            return
        key = key_of(obj)
        if resource == PODS:
            home = self._in_namespace.setdefault(key[0], {})
            if event == "DELETED":
                home.pop(key[1], None)
            else:
                home[key[1]] = obj
        handlers = self._handlers.get(resource)
        owner = controller_of(obj)
        if owner is not None or resource in _ORPHANED or (resource, key) in self._owner:
            self._index(event, resource, key, obj, owner["uid"] if owner else "")
        if handlers:
            for handler in handlers:
                handler(event, obj)

    def _index(self, event: str, resource: Resource, key: Key, obj: Obj, uid: str) -> None:
        before = self._owner.get((resource, key))
        if before is not None and (event == "DELETED" or before != uid):  # gone, adopted or released
            found = self._owned[resource, before]
            found.pop(key, None)
            if not found:
                del self._owned[resource, before]
            del self._owner[resource, key]
        if event != "DELETED":
            self._owner[resource, key] = uid
            self._owned.setdefault((resource, uid), {})[key] = obj

    def close(self) -> None:
        self.closed = True
        self._unsubscribe()
        self._heap.clear()
        self._work.clear()
        if self._armed is not None:
            self._armed[1].cancel()
            self._armed = None


_ORPHANED = (PODS, ("apps", "replicasets"))
"""Resources whose ownerless objects are indexed as well: a controller with a fitting selector adopts them."""
