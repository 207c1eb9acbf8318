"""PromQL, the part that rules, dashboards and the wizard's panes use: the grammar.

Selectors with ranges and offsets, arithmetic, comparison (also `bool`), and/or/unless, on/ignoring with
group_left/right, aggregation by/without, and the functions of wizard.sandbox.telemetry.evaluate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

AGGREGATIONS = ("sum", "avg", "min", "max", "count", "topk", "bottomk", "quantile", "group", "stddev")
_LEVELS: Mapping[str, int] = {
    "or": 1, "and": 2, "unless": 2,
    "==": 3, "!=": 3, ">": 3, "<": 3, ">=": 3, "<=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6,
}  # fmt: skip
_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n\s*)*(?:
    (?P<duration>\d+(?:\.\d+)?(?:ms|s|m|h|d|w|y)(?:\d+(?:ms|s|m|h|d|w|y))*)(?![\w])
    |(?P<number>0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|(?:[iI]nf|[nN]a[nN])\b)
    |(?P<name>[a-zA-Z_:][\w:]*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<op>=~|!~|==|!=|>=|<=|[-+*/%^(){}\[\],=<>])
    )""",
    re.VERBOSE,
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


class BadQuery(ValueError):
    """Not PromQL, or not the part that is played here."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    operator: str
    value: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        have = labels.get(self.label, "")
        match self.operator:
            case "=":
                return have == self.value
            case "!=":
                return have != self.value
            case "=~":
                return re.fullmatch(self.value, have) is not None
        return re.fullmatch(self.value, have) is None


@dataclass(frozen=True, slots=True)
class Selector:
    name: str
    matchers: tuple[Matcher, ...]
    span: float = 0.0
    """Seconds of a range; 0: an instant."""
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    name: str
    body: Expr
    labels: tuple[str, ...] = ()
    without: bool = False
    parameter: Expr | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expr
    right: Expr
    boolean: bool = False
    on: tuple[str, ...] | None = None
    ignoring: tuple[str, ...] = ()
    group: str = ""
    """left, right or nothing."""
    include: tuple[str, ...] = ()


Expr = Number | Text | Selector | Call | Aggregate | Binary


def seconds(text: str) -> float:
    return sum(float(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)", text))


def parse(text: str) -> Expr:
    """Raises BadQuery."""
    parser = _Parser(_tokens(text))
    found = parser.expression(1)
    if parser.kind:
        raise BadQuery(f'parse error: unexpected "{parser.text}"')
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise BadQuery(f"parse error: unexpected character: {text[position]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


@dataclass(slots=True)
class _Parser:
    tokens: Sequence[tuple[str, str]]
    position: int = field(default=0)

    @property
    def kind(self) -> str:
        return self.tokens[self.position][0] if self.position < len(self.tokens) else ""

    @property
    def text(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        if not self.kind or (expected and self.text != expected):
            raise BadQuery(f'parse error: expected "{expected}", found "{self.text or "end of input"}"')
        found = self.text
        self.position += 1
        return found

    def expression(self, level: int) -> Expr:
        left = self._unary()
        while (weight := _LEVELS.get(self.text.lower() if self.kind == "name" else self.text, 0)) >= level:
            operator = self.take().lower()
            boolean = self.text == "bool" and bool(self.take())
            on, ignoring, group, include = self._matching()
            right = self.expression(weight if operator == "^" else weight + 1)
            left = Binary(operator, left, right, boolean, on, ignoring, group, include)
        return left

    def _matching(self) -> tuple[tuple[str, ...] | None, tuple[str, ...], str, tuple[str, ...]]:
        on: tuple[str, ...] | None = None
        ignoring: tuple[str, ...] = ()
        group = ""
        include: tuple[str, ...] = ()
        if self.text == "on":
            self.take()
            on = self._names()
        elif self.text == "ignoring":
            self.take()
            ignoring = self._names()
        if self.text in ("group_left", "group_right"):
            group = self.take().removeprefix("group_")
            include = self._names() if self.text == "(" else ()
        return on, ignoring, group, include

    def _names(self) -> tuple[str, ...]:
        found: list[str] = []
        self.take("(")
        while self.text != ")":
            found.append(self.take())
            if self.text == ",":
                self.take()
        self.take(")")
        return tuple(found)

    def _unary(self) -> Expr:
        if self.text == "-":
            self.take()
            return Binary("*", Number(-1.0), self.expression(6))
        if self.text == "+":
            self.take()
        return self._primary()

    def _primary(self) -> Expr:
        if self.text == "(":
            self.take()
            found = self.expression(1)
            self.take(")")
            return found
        if self.kind == "number":
            text = self.take()
            return Number(float(int(text, 16)) if text.startswith("0x") else float(text))
        if self.kind == "string":
            return Text(_unquoted(self.take()))
        if self.text == "{":
            return self._selector("")
        if self.kind != "name":
            raise BadQuery(f'parse error: unexpected "{self.text or "end of input"}"')
        name = self.take()
        if name in AGGREGATIONS and self.text in ("(", "by", "without"):
            return self._aggregate(name)
        if self.text == "(":
            return Call(name, self._arguments())
        return self._selector(name)

    def _arguments(self) -> tuple[Expr, ...]:
        found: list[Expr] = []
        self.take("(")
        while self.text != ")":
            found.append(self.expression(1))
            if self.text == ",":
                self.take()
        self.take(")")
        return tuple(found)

    def _aggregate(self, name: str) -> Expr:
        labels, without = self._grouping()
        args = self._arguments()
        if not labels and not without:
            labels, without = self._grouping()
        if not args:
            raise BadQuery(f"parse error: {name} needs an argument")
        return Aggregate(name, args[-1], labels, without, args[0] if len(args) > 1 else None)

    def _grouping(self) -> tuple[tuple[str, ...], bool]:
        if self.text not in ("by", "without"):
            return (), False
        without = self.take() == "without"
        return self._names(), without

    def _selector(self, name: str) -> Expr:
        matchers: list[Matcher] = []
        if self.text == "{":
            self.take()
            while self.text != "}":
                label, operator = self.take(), self.take()
                if operator not in ("=", "!=", "=~", "!~") or self.kind != "string":
                    raise BadQuery(f'parse error: unexpected "{operator}" in label matching')
                matchers.append(Matcher(label, operator, _unquoted(self.take())))
                if self.text == ",":
                    self.take()
            self.take("}")
        span = offset = 0.0
        if self.text == "[":
            self.take()
            span = seconds(self.take())
            self.take("]")
        if self.text == "offset":
            self.take()
            offset = seconds(self.take())
        return Selector(name, tuple(matchers), span, offset)


def _unquoted(text: str) -> str:
    body = text[1:-1]
    return body if text[0] == "`" else re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), body)
