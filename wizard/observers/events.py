"""Events, from whole objects: the table says `5m ago` of when, which is too little to sort by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.domain.live import EventRow
from wizard.domain.text import text_of
from wizard.observers.amounts import epoch
from wizard.observers.watched import WatchedFeed
from wizard.ports import EVENTS, KubeObject

_KEPT = 5000
"""Events shown; a cluster in trouble writes more in an hour than anybody reads."""
_SLACK = 500


class EventFeed(WatchedFeed[EventRow, EventRow]):
    name = "events"
    resource = EVENTS
    table = False

    def decode(self, cells: Mapping[str, Any], obj: KubeObject) -> EventRow:
        return event_row(obj)

    def _merged(self, seen: EventRow) -> EventRow:
        return seen

    def _changed(self) -> None:
        if len(self._rows) > _KEPT + _SLACK:
            oldest = sorted(self._rows.values(), key=lambda row: row.at)[: len(self._rows) - _KEPT]
            self._apply((), [row.key for row in oldest])


def event_row(obj: KubeObject) -> EventRow:
    """Of the events API's both generations: counted ones, and those with a series."""
    meta, about = obj.get("metadata") or {}, obj.get("involvedObject") or {}
    series = obj.get("series") or {}
    stamps = (
        series.get("lastObservedTime"),
        obj.get("lastTimestamp"),
        obj.get("eventTime"),
        obj.get("firstTimestamp"),
        meta.get("creationTimestamp"),
    )
    return EventRow(
        uid=text_of(meta.get("uid")) or f"{meta.get('namespace', '')}/{meta.get('name', '')}",
        namespace=text_of(about.get("namespace") or meta.get("namespace")),
        at=next((at for stamp in stamps if (at := epoch(stamp)) is not None), 0.0),
        type=text_of(obj.get("type")) or "Normal",
        reason=text_of(obj.get("reason")),
        object=f"{text_of(about.get('kind')).lower()}/{text_of(about.get('name'))}",
        message=text_of(obj.get("message"), 1024),
        count=int(series.get("count") or obj.get("count") or 1),
    )
