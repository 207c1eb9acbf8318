"""Events as client-go's recorders write them: one object for what repeats, with a count; spam is dropped.

Two forms, as in a real cluster: the kubelet and the controllers write the core form (count, firstTimestamp,
lastTimestamp), the scheduler the events.k8s.io form (eventTime, action, series).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from wizard.sandbox.clock import micro_stamp, stamp
from wizard.sandbox.controllers.shapes import EVENTS, Obj, Resource, kind_of
from wizard.sandbox.status import StatusError

if TYPE_CHECKING:
    from wizard.sandbox.controllers.cluster import Cluster

V = TypeVar("V")

# client-go tools/record/events_cache.go, and kube-apiserver's --event-ttl
_CACHED = 4096
_SIMILAR = 10
_SIMILAR_SECONDS = 600.0
_BURST = 25.0
_REFILL = 1 / 300
_TTL = 3600.0


@dataclass(slots=True)
class _Known:
    """An event object that exists, under the name that it has."""

    name: str
    count: int
    first: float


class Recorder:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: OrderedDict[tuple[str, ...], _Known] = OrderedDict()
        self._similar: OrderedDict[tuple[str, ...], tuple[float, set[str]]] = OrderedDict()
        self._tokens: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()
        self._expiring: deque[tuple[float, str, str]] = deque()
        self._last = 0

    def record(
        self,
        resource: Resource,
        obj: Obj,
        kind: str,
        reason: str,
        message: str,
        *,
        source: str,
        host: str = "",
        field: str = "",
        action: str = "",
    ) -> None:
        """`kind` is Normal or Warning. With an `action` the event has the events.k8s.io form."""
        cluster = self._cluster
        now = cluster.now
        meta = obj["metadata"]
        self._expire(now)
        about = (source, host, meta["uid"], field)
        if not action and not self._allowed(about[:3], now):
            return
        similar = (*about, kind, reason)
        started, messages = self._similar.get(similar, (now, set()))
        if now - started > _SIMILAR_SECONDS:
            started, messages = now, set()
        messages.add(message)
        _remember(self._similar, similar, (started, messages))
        key: tuple[str, ...] = (*similar, message)
        if len(messages) > _SIMILAR and not action:
            key, message = similar, f"(combined from similar events): {message}"
            messages.discard(message)
        ns = meta.get("namespace") or "default"
        known = self._known.get(key)
        if known is not None and self._repeat(ns, known, message, now, action):
            return
        # Two events of one nanosecond would share a name, and simulated clocks do stand still.
        self._last = max(self._last + 1, int(now * 1e9))
        name = f"{meta['name']}.{self._last:x}"
        version, kind_name = kind_of(resource, obj)
        involved: Obj = {
            "apiVersion": version,
            "kind": kind_name,
            "name": meta["name"],
            "resourceVersion": meta.get("resourceVersion", ""),
            "uid": meta["uid"],
        }
        if meta.get("namespace"):
            involved["namespace"] = ns
        if field:
            involved["fieldPath"] = field
        event: Obj = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": ns},
            "involvedObject": involved,
            "reason": reason,
            "message": message[:1024],
            "type": kind,
            "reportingComponent": source,
            "reportingInstance": host,
        }
        if action:
            event |= {
                "source": {},
                "action": action,
                "reportingInstance": f"{source}-sandbox",
                "eventTime": micro_stamp(now),
                "firstTimestamp": None,
                "lastTimestamp": None,
            }
        else:
            event |= {
                "source": {"component": source, "host": host} if host else {"component": source},
                "count": 1,
                "eventTime": None,
                "firstTimestamp": stamp(now),
                "lastTimestamp": stamp(now),
            }
        try:
            cluster.create(EVENTS, event, manager=source)
        except StatusError:
            return  # a namespace that is going takes no events; the real recorder gives up likewise
        _remember(self._known, key, _Known(name, 1, now))
        self._expiring.append((now + _TTL, ns, name))

    def _repeat(self, ns: str, known: _Known, message: str, now: float, action: str) -> bool:
        known.count += 1

        def again(event: Obj) -> None:
            if action:
                event["series"] = {"count": known.count, "lastObservedTime": micro_stamp(now)}
            else:
                event["count"] = known.count
                event["lastTimestamp"] = stamp(now)
                event["message"] = message[:1024]

        return self._cluster.store.mutate(*EVENTS, ns, known.name, again, manager="kubelet") is not None

    def _allowed(self, about: tuple[str, ...], now: float) -> bool:
        tokens, since = self._tokens.get(about, (_BURST, now))
        tokens = min(_BURST, tokens + (now - since) * _REFILL)
        allowed = tokens >= 1
        _remember(self._tokens, about, (tokens - 1 if allowed else tokens, now))
        return allowed

    def _expire(self, now: float) -> None:
        while self._expiring and self._expiring[0][0] <= now:
            _, ns, name = self._expiring.popleft()
            event = self._cluster.get(EVENTS, ns, name)
            if event is not None:
                self._cluster.delete(EVENTS, event)


def _remember(cache: OrderedDict[tuple[str, ...], V], key: tuple[str, ...], value: V) -> None:
    cache[key] = value
    cache.move_to_end(key)
    if len(cache) > _CACHED:
        cache.popitem(last=False)
