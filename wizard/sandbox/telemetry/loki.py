"""Loki's HTTP API: the log lines of all containers, with the selectors and line filters of LogQL."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.sandbox.controllers.programs.base import Line, Program, Request, Response
from wizard.sandbox.controllers.shapes import labels_of
from wizard.sandbox.telemetry.prometheus import parameters, when
from wizard.sandbox.telemetry.promql import BadQuery, Selector, parse, seconds

if TYPE_CHECKING:
    from wizard.sandbox.controllers.cluster import Cluster
    from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
    from wizard.sandbox.controllers.kubelet.worker import Worker

_LIMIT, _MOST = 100, 5000
_ARCHIVED = 200
"""Containers of pods that are gone whose last lines are kept, and how many lines of each."""


@dataclass(frozen=True, slots=True)
class Query:
    selector: Selector
    filters: tuple[Callable[[str], bool], ...]

    def keeps(self, text: str) -> bool:
        return all(each(text) for each in self.filters)


def logql(text: str) -> Query:
    """`{namespace="chat", pod=~"ollama.*"} |= "error" != "debug" |~ "a.*b"`. Raises BadQuery."""
    match = re.match(r"\s*(\{.*?\})\s*(?=\||!|$)", text, re.DOTALL)
    if match is None:
        raise BadQuery("parse error : only log queries are served here: a selector in braces, and line filters")
    selector = parse(match[1])
    assert isinstance(selector, Selector)
    if not selector.matchers:
        raise BadQuery(
            "queries require at least one regexp or equality matcher that does not have an empty-compatible value"
        )
    filters: list[Callable[[str], bool]] = []
    rest = text[match.end() :].strip()
    while rest:
        part = re.match(r'(\|=|\|~|!=|!~)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*', rest)
        if part is None:
            raise BadQuery(f"parse error : unexpected {rest.split()[0]}")
        filters.append(_filter(part[1], part[2][1:-1].replace('\\"', '"').replace("\\\\", "\\")))
        rest = rest[part.end() :]
    return Query(selector, tuple(filters))


def _filter(operator: str, value: str) -> Callable[[str], bool]:
    match operator:
        case "|=":
            return lambda text: value in text
        case "!=":
            return lambda text: value not in text
    pattern = re.compile(value)
    if operator == "|~":
        return lambda text: pattern.search(text) is not None
    return lambda text: pattern.search(text) is None


class Loki:
    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._archive: deque[tuple[dict[str, str], list[Line]]] = deque(maxlen=_ARCHIVED)
        self.keeps = False
        """Whether somebody reads these logs: only then are those of pods that go worth keeping."""
        kubelet.farewell = self._gone

    def _gone(self, worker: Worker) -> None:
        for labels, program in _programs(worker) if self.keeps else ():
            lines = deque(program.lines(0.0, self._cluster.now), maxlen=_ARCHIVED)
            self._archive.append((labels, list(lines)))

    def streams(self) -> Iterator[tuple[dict[str, str], Callable[[float, float], Iterator[Line]]]]:
        for worker in self._kubelet.workers.values():
            for labels, program in _programs(worker):
                yield labels, program.lines
        for labels, lines in self._archive:
            yield labels, lambda start, end, lines=lines: (line for line in lines if start < line[0] <= end)  # type: ignore[misc]

    def answer(self, request: Request, now: float) -> Response | None:
        path = request.path.rstrip("/").removeprefix("/loki/api/v1/")
        told = parameters(request)
        try:
            if path in ("query_range", "query", "tail"):
                return self._query(path, told, now)
            if path == "labels":
                return _success(sorted({key for labels, _ in self.streams() for key in labels}))
            if found := re.fullmatch(r"label/(\w+)/values", path):
                return _success(sorted({labels[found[1]] for labels, _ in self.streams() if found[1] in labels}))
            if path == "series":
                query = logql(told.get("match[]") or told.get("match") or "")
                return _success([labels for labels, _ in self.streams() if _selected(query, labels)])
        except BadQuery as problem:
            return Response.text(f"{problem}\n", 400)
        return None

    def _query(self, path: str, told: dict[str, str], now: float) -> Response:
        query = logql(told.get("query", ""))
        limit = min(int(told.get("limit") or _LIMIT), _MOST)
        since = seconds(told.get("since", "")) or 3600.0
        start, end = _time(told.get("start", ""), now - since), _time(told.get("end", ""), now)
        backward = told.get("direction", "backward").lower() == "backward"
        found: list[tuple[float, str, int]] = []
        kept: list[dict[str, str]] = []
        for labels, lines in self.streams():
            if not _selected(query, labels):
                continue
            number = len(kept)
            kept.append(labels)
            fitting = ((at, text, number) for at, text in lines(start, end) if query.keeps(text))
            found += deque(fitting, maxlen=limit) if backward else list(fitting)[:limit]
        found.sort(key=lambda each: each[0], reverse=backward)
        values: dict[int, list[list[str]]] = {}
        for at, text, number in found[:limit]:
            values.setdefault(number, []).append([str(int(at * 1e9)), text])
        result = [{"stream": kept[number], "values": lines} for number, lines in values.items()]
        if path == "tail":
            # Over a WebSocket this would be the first message; the API server's proxy here carries none.
            return Response.of({"streams": result, "dropped_entries": None})
        return _success({"resultType": "streams", "result": result, "stats": {}})


def _programs(worker: Worker) -> Iterator[tuple[dict[str, str], Program]]:
    meta = worker.pod["metadata"]
    labels = {"namespace": meta["namespace"], "pod": meta["name"], "node_name": worker.node}
    own = labels_of(worker.pod)
    if app := own.get("app.kubernetes.io/name") or own.get("app"):
        labels["app"] = app
    if instance := own.get("app.kubernetes.io/instance"):
        labels["instance"] = instance
    for each in worker.containers:
        for program in (each.previous, each.program):
            if program is not None:
                yield {**labels, "container": each.name}, program


def _selected(query: Query, labels: dict[str, str]) -> bool:
    return all(matcher.fits(labels) for matcher in query.selector.matchers)


def _success(data: object) -> Response:
    return Response.of({"status": "success", "data": data})


def _time(text: str, default: float) -> float:
    """Loki takes nanoseconds where Prometheus takes seconds."""
    found = when(text, default)
    return found / 1e9 if found > 1e14 else found
