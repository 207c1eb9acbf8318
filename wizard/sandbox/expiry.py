"""The time to live of events (the API server's --event-ttl)."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.store import Store

Obj = dict[str, Any]
_SECONDS = 3600.0


class EventExpiry:
    """Deletes each event an hour after it was last told, so that a long-lived sandbox does not grow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stop = store.subscribe(self._heard)

    def close(self) -> None:
        self._stop()

    def _heard(self, event: str, resource: tuple[str, str], obj: Obj) -> None:
        if resource == ("", "events") and event == "ADDED":
            self._look_later(obj)

    def _look_later(self, obj: Obj) -> None:
        self._store.clock.call_later(_SECONDS, lambda: self._look(obj))

    def _look(self, then: Obj) -> None:
        namespace, name = then["metadata"].get("namespace", ""), then["metadata"]["name"]
        now = self._store.get("", "events", namespace, name)
        if now is None or now["metadata"]["uid"] != then["metadata"]["uid"]:
            return
        if now is not then:
            self._look_later(now)  # it happened again meanwhile
        else:
            self._store.delete("", "events", namespace, name)
