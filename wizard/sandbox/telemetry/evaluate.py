"""PromQL, evaluated at one moment on series that are kept in memory (promql/engine.go, functions.go)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from wizard.sandbox.telemetry.promql import (
    Aggregate,
    BadQuery,
    Binary,
    Call,
    Expr,
    Number,
    Selector,
    Text,
)
from wizard.sandbox.telemetry.series import NAME, Database, Labels, Sample

LOOKBACK = 300.0
"""Seconds that an instant selector looks back for a value."""
Vector = list[tuple[dict[str, str], float]]
Value = float | str | Vector

_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else (math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)),
    "%": lambda a, b: math.fmod(a, b) if b else math.nan,
    "^": lambda a, b: a**b,
}
_COMPARISON: Mapping[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


def evaluate(database: Database, expr: Expr, at: float) -> Value:
    """A number, a string or an instant vector. Raises BadQuery."""
    match expr:
        case Number(value):
            return value
        case Text(value):
            return value
        case Selector():
            if expr.span:
                raise BadQuery("a range vector needs a function such as rate() around it")
            return _instant(database, expr, at)
        case Call():
            return _call(database, expr, at)
        case Aggregate():
            return _aggregate(database, expr, at)
        case Binary():
            return _binary(database, expr, at)


def vector(database: Database, expr: Expr, at: float) -> Vector:
    value = evaluate(database, expr, at)
    if isinstance(value, str):
        raise BadQuery("expected a vector, found a string")
    return value if isinstance(value, list) else [({}, value)]


def _number(database: Database, expr: Expr, at: float) -> float:
    value = evaluate(database, expr, at)
    if isinstance(value, (str, list)):
        raise BadQuery("expected a number")
    return value


def _instant(database: Database, selector: Selector, at: float) -> Vector:
    when = at - selector.offset
    found: Vector = []
    for labels, samples in database.select(selector, when - LOOKBACK, when):
        if samples and not math.isnan(samples[-1][1]):
            found.append((dict(labels), samples[-1][1]))
    return found


# Functions of a range -------------------------------------------------------------------------------------


def _increase(samples: list[Sample], start: float, end: float) -> float:
    """With counter resets, extrapolated to the range as Prometheus does."""
    total = 0.0
    for (_, before), (_, after) in pairwise(samples):
        total += after - before if after >= before else after
    first, last = samples[0][0], samples[-1][0]
    covered = last - first
    gap = covered / (len(samples) - 1) * 1.1
    left = first - start if first - start < gap else covered / (len(samples) - 1) / 2
    right = end - last if end - last < gap else covered / (len(samples) - 1) / 2
    return total * (covered + left + right) / covered


def _values(samples: list[Sample]) -> list[float]:
    return [value for _, value in samples]


_OVER_TIME: Mapping[str, Callable[[list[Sample], float, float], float | None]] = {
    "rate": lambda s, a, b: _increase(s, a, b) / (b - a) if len(s) > 1 else None,
    "increase": lambda s, a, b: _increase(s, a, b) if len(s) > 1 else None,
    "irate": lambda s, a, b: _increase(s[-2:], s[-2][0], s[-1][0]) / (s[-1][0] - s[-2][0]) if len(s) > 1 else None,
    "delta": lambda s, a, b: s[-1][1] - s[0][1] if len(s) > 1 else None,
    "deriv": lambda s, a, b: (s[-1][1] - s[0][1]) / (s[-1][0] - s[0][0]) if len(s) > 1 else None,
    "changes": lambda s, a, b: float(sum(x != y for (_, x), (_, y) in pairwise(s))),
    "avg_over_time": lambda s, a, b: sum(_values(s)) / len(s),
    "min_over_time": lambda s, a, b: min(_values(s)),
    "max_over_time": lambda s, a, b: max(_values(s)),
    "sum_over_time": lambda s, a, b: sum(_values(s)),
    "count_over_time": lambda s, a, b: float(len(s)),
    "last_over_time": lambda s, a, b: s[-1][1],
}
_SIMPLE: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "sqrt": lambda v: math.sqrt(v) if v >= 0 else math.nan,
    "ln": lambda v: math.log(v) if v > 0 else math.nan,
    "round": lambda v: math.floor(v + 0.5),
}


def _call(database: Database, call: Call, at: float) -> Value:
    name, args = call.name, call.args
    if name in _OVER_TIME:
        selector = args[-1] if args else None
        if not isinstance(selector, Selector) or not selector.span:
            raise BadQuery(f"{name}() takes a range vector")
        end = at - selector.offset
        found: Vector = []
        for labels, samples in database.select(selector, end - selector.span, end):
            value = _OVER_TIME[name](samples, end - selector.span, end) if samples else None
            if value is not None:
                kept = labels if name == "last_over_time" else _nameless(labels)
                found.append((dict(kept), value))
        return found
    match name:
        case "time":
            return at
        case "vector":
            return [({}, _number(database, args[0], at))]
        case "scalar":
            only = vector(database, args[0], at)
            return only[0][1] if len(only) == 1 else math.nan
        case "absent":
            if vector(database, args[0], at):
                return []
            matchers = args[0].matchers if isinstance(args[0], Selector) else ()
            return [({each.label: each.value for each in matchers if each.operator == "="}, 1.0)]
        case "clamp_min" | "clamp_max":
            limit = _number(database, args[1], at)
            pick = max if name == "clamp_min" else min
            return [(_nameless(labels), pick(value, limit)) for labels, value in vector(database, args[0], at)]
        case "sort" | "sort_desc":
            return sorted(vector(database, args[0], at), key=lambda each: each[1], reverse=name == "sort_desc")
    if name in _SIMPLE:
        return [(_nameless(labels), _SIMPLE[name](value)) for labels, value in vector(database, args[0], at)]
    raise BadQuery(f'unknown function with name "{name}"')


# Aggregation ----------------------------------------------------------------------------------------------


def _aggregate(database: Database, expr: Aggregate, at: float) -> Vector:
    groups: dict[Labels, Vector] = {}
    for labels, value in vector(database, expr.body, at):
        if expr.without:
            kept = {key: each for key, each in labels.items() if key not in expr.labels and key != NAME}
        else:
            kept = {key: labels[key] for key in expr.labels if key in labels}
        groups.setdefault(tuple(sorted(kept.items())), []).append((labels, value))
    if expr.name in ("topk", "bottomk"):
        count = int(_number(database, expr.parameter or Number(1), at))
        return [
            each
            for members in groups.values()
            for each in sorted(members, key=lambda one: one[1], reverse=expr.name == "topk")[:count]
        ]
    parameter = _number(database, expr.parameter, at) if expr.parameter is not None else 0.5
    return [(dict(kept), _folded(expr.name, [v for _, v in members], parameter)) for kept, members in groups.items()]


def _folded(name: str, values: list[float], parameter: float) -> float:
    match name:
        case "sum":
            return sum(values)
        case "avg":
            return sum(values) / len(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "count":
            return float(len(values))
        case "group":
            return 1.0
        case "stddev":
            mean = sum(values) / len(values)
            return math.sqrt(sum((each - mean) ** 2 for each in values) / len(values))
    ordered = sorted(values)
    rank = parameter * (len(ordered) - 1)
    low = min(max(int(rank), 0), len(ordered) - 1)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


# Two sides ------------------------------------------------------------------------------------------------


def _nameless(labels: Labels | Mapping[str, str]) -> dict[str, str]:
    pairs: Iterable[tuple[str, str]] = labels.items() if isinstance(labels, Mapping) else labels
    return {key: value for key, value in pairs if key != NAME}


def _binary(database: Database, expr: Binary, at: float) -> Value:
    left, right = evaluate(database, expr.left, at), evaluate(database, expr.right, at)
    if isinstance(left, str) or isinstance(right, str):
        raise BadQuery("strings cannot be compared or added")
    if expr.operator in ("and", "or", "unless"):
        if not isinstance(left, list) or not isinstance(right, list):
            raise BadQuery(f'set operator "{expr.operator}" not allowed in binary scalar expression')
        return _sets(expr, left, right)
    if not isinstance(left, list) and not isinstance(right, list):
        if expr.operator in _COMPARISON:
            if not expr.boolean:
                raise BadQuery("comparisons between scalars must use BOOL modifier")
            return float(_COMPARISON[expr.operator](left, right))
        return _ARITHMETIC[expr.operator](left, right)
    if isinstance(left, list) and isinstance(right, list):
        return _joined(expr, left, right)
    found: Vector = []
    if isinstance(left, list):
        assert not isinstance(right, list)
        for labels, value in left:
            found += _combined(expr, labels, value, right, value)
    elif isinstance(right, list):
        for labels, value in right:
            found += _combined(expr, labels, left, value, value)
    return found


def _combined(expr: Binary, labels: Mapping[str, str], a: float, b: float, shown: float) -> Vector:
    if expr.operator in _ARITHMETIC:
        return [(_nameless(labels), _ARITHMETIC[expr.operator](a, b))]
    holds = _COMPARISON[expr.operator](a, b)
    if expr.boolean:
        return [(_nameless(labels), float(holds))]
    return [(dict(labels), shown)] if holds else []


def _signature(expr: Binary, labels: Mapping[str, str]) -> Labels:
    if expr.on is not None:
        return tuple((key, labels.get(key, "")) for key in sorted(expr.on))
    return tuple(sorted((k, v) for k, v in labels.items() if k != NAME and k not in expr.ignoring))


def _sets(expr: Binary, left: Vector, right: Vector) -> Vector:
    theirs = {_signature(expr, labels) for labels, _ in right}
    if expr.operator == "or":
        ours = {_signature(expr, labels) for labels, _ in left}
        return [*left, *(each for each in right if _signature(expr, each[0]) not in ours)]
    return [each for each in left if (_signature(expr, each[0]) in theirs) == (expr.operator == "and")]


def _joined(expr: Binary, left: Vector, right: Vector) -> Vector:
    many, one = (right, left) if expr.group == "right" else (left, right)
    by_signature: dict[Labels, tuple[dict[str, str], float]] = {}
    for labels, value in one:
        signature = _signature(expr, labels)
        if signature in by_signature:
            raise BadQuery("found duplicate series for the match group: many-to-many matching not allowed")
        by_signature[signature] = (labels, value)
    found: Vector = []
    seen: set[Labels] = set()
    for labels, value in many:
        signature = _signature(expr, labels)
        other = by_signature.get(signature)
        if other is None:
            continue
        if not expr.group:
            if signature in seen:
                raise BadQuery("multiple matches for labels: many-to-one matching must be explicit (group_left/right)")
            seen.add(signature)
        kept = dict(labels)
        if not expr.group and expr.on is not None and expr.operator in _ARITHMETIC:
            kept = {key: each for key, each in labels.items() if key in expr.on}
        elif not expr.group and expr.operator in _ARITHMETIC:
            kept = {key: each for key, each in labels.items() if key not in expr.ignoring}
        for label in expr.include:
            kept.pop(label, None)
            if label in other[0]:
                kept[label] = other[0][label]
        a, b = (other[1], value) if expr.group == "right" else (value, other[1])
        found += _combined(expr, kept, a, b, a)
    return found
