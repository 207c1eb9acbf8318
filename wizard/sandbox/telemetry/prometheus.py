"""Prometheus' HTTP API, version 1: queries, rules, alerts, labels, targets."""

from __future__ import annotations

import math
import urllib.parse
from datetime import datetime
from typing import TYPE_CHECKING

from wizard.sandbox.controllers.programs.base import Request, Response
from wizard.sandbox.controllers.shapes import Obj
from wizard.sandbox.telemetry.evaluate import Value, evaluate
from wizard.sandbox.telemetry.promql import BadQuery, Selector, parse, seconds

if TYPE_CHECKING:
    from wizard.sandbox.telemetry.telemetry import Telemetry

_MOST = 11_000
"""Points a series in a range query."""


def parameters(request: Request) -> dict[str, str]:
    """Of the query string, and of a form that was POSTed."""
    found = dict(request.query)
    if request.method == "POST" and b"=" in request.body:
        found |= dict(urllib.parse.parse_qsl(request.body.decode(errors="replace")))
    return found


def when(text: str, default: float) -> float:
    """Unix seconds, or RFC 3339."""
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as problem:
        raise BadQuery(f'cannot parse "{text}" to a valid timestamp') from problem


def answer(telemetry: Telemetry, request: Request, now: float) -> Response | None:
    path = request.path.rstrip("/")
    if not path.startswith("/api/v1/"):
        return None
    told = parameters(request)
    try:
        data = _data(telemetry, path.removeprefix("/api/v1/"), told, now)
    except BadQuery as problem:
        return Response.of({"status": "error", "errorType": "bad_data", "error": str(problem)}, 400)
    return Response.of({"status": "success", "data": data}) if data is not None else None


def _data(telemetry: Telemetry, what: str, told: dict[str, str], now: float) -> object:
    database = telemetry.database
    if what == "query":
        at = when(told.get("time", ""), now)
        return _shown(evaluate(database, parse(told.get("query", "")), at), at)
    if what == "query_range":
        return _range(telemetry, told, now)
    if what == "rules":
        return {"groups": telemetry.rules.shown()}
    if what == "alerts":
        return {"alerts": [alert.shown() for alert in telemetry.rules.alerts()]}
    if what == "labels":
        return sorted({key for labels in database.series() for key, _ in labels})
    if what.startswith("label/") and what.endswith("/values"):
        wanted = what.split("/")[1]
        return sorted({value for labels in database.series() for key, value in labels if key == wanted})
    if what == "series":
        selector = parse(told.get("match[]", ""))
        if not isinstance(selector, Selector):
            raise BadQuery("match[] takes a selector")
        return [dict(labels) for labels, _ in database.select(selector, now - 3600, now)]
    if what == "targets":
        return {"activeTargets": telemetry.targets(now), "droppedTargets": []}
    if what == "status/buildinfo":
        return {"version": "3.8.1", "revision": "simulated", "branch": "HEAD", "goVersion": "go1.26"}
    if what == "status/runtimeinfo":
        return {"storageRetention": "2h", "timeSeriesCount": len(database)}
    return None


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _shown(value: Value, at: float) -> Obj:
    if isinstance(value, str):
        return {"resultType": "string", "result": [at, value]}
    if not isinstance(value, list):
        return {"resultType": "scalar", "result": [at, _number(value)]}
    result = [{"metric": labels, "value": [at, _number(number)]} for labels, number in value]
    return {"resultType": "vector", "result": result}


def _range(telemetry: Telemetry, told: dict[str, str], now: float) -> Obj:
    start, end = when(told.get("start", ""), now - 3600), when(told.get("end", ""), now)
    text = told.get("step", "15")
    step = seconds(text) or float(text)
    if step <= 0 or end < start:
        raise BadQuery("zero or negative query resolution step widths are not accepted. Try a positive integer")
    if (end - start) / step > _MOST:
        raise BadQuery(f"exceeded maximum resolution of {_MOST} points per timeseries")
    expr = parse(told.get("query", ""))
    series: dict[tuple[tuple[str, str], ...], list[list[object]]] = {}
    at = start
    while at <= end + 1e-6:
        value = evaluate(telemetry.database, expr, at)
        if isinstance(value, str):
            raise BadQuery('invalid expression type "string" for range query, must be Scalar or instant Vector')
        for labels, number in value if isinstance(value, list) else [({}, value)]:
            series.setdefault(tuple(sorted(labels.items())), []).append([at, _number(number)])
        at += step
    result = [{"metric": dict(labels), "values": values} for labels, values in series.items()]
    return {"resultType": "matrix", "result": result}
