"""The run's steps as a tree with bars, times and the critical path; a step can be chosen and opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wizard.domain.plan import StepSpec
from wizard.domain.run import RunState, StepState, StepStatus
from wizard.planning.graph import critical_path, ordered
from wizard.ui.tui.text import clean, fit

MARKS = {
    StepStatus.PENDING: "·",
    StepStatus.RUNNING: "▸",
    StepStatus.RETRYING: "↻",
    StepStatus.DONE: "✓",
    StepStatus.UNCHANGED: "=",
    StepStatus.FAILED: "✗",
    StepStatus.SKIPPED: "-",
}
_BAR = 12
_PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Row:
    step: str
    indent: str
    """Branches drawn before the mark: `├ `, `│ └ `."""


def tree_rows(specs: Sequence[StepSpec], weight: Mapping[str, float]) -> tuple[Row, ...]:
    """The graph as a tree: each step under the one it waits for longest (by `weight`, seconds), in plan order.

    A step with several needs has one place; the others of its needs are said when it is opened.
    """
    finish: dict[str, float] = {}
    parent: dict[str, str] = {}
    in_order = ordered(specs)
    for spec in in_order:
        last = max(spec.needs, key=lambda need: finish[need], default="")
        parent[spec.id] = last
        finish[spec.id] = finish.get(last, 0.0) + weight.get(spec.id, 1.0)
    children: dict[str, list[str]] = {}
    for spec in in_order:
        children.setdefault(parent[spec.id], []).append(spec.id)
    rows: list[Row] = []

    def add(step: str, before: str, last: bool, top: bool) -> None:
        rows.append(Row(step, before + ("" if top else "└ " if last else "├ ")))
        below = children.get(step, [])
        for child in below:
            add(child, before + ("" if top else "  " if last else "│ "), child == below[-1], False)

    roots = children.get("", [])
    for root in roots:
        add(root, "", root == roots[-1], True)
    return tuple(rows)


def seconds(value: float) -> str:
    """`0:07`, `2:41`, `1:02:03`."""
    whole = int(value)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def bar(share: float, cells: int = _BAR) -> tuple[str, str]:
    """A share from 0 to 1 as a thin line of `cells` cells: what is done, and the rest."""
    halves = round(max(0.0, min(1.0, share)) * cells * 2)
    done = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return done, "━" * (cells - len(done))


class StepTree(ScrollView, can_focus=True):
    """Draws a RunState; `expected` has the seconds each step took last time, as far as known."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("home", "move(-10000)", "First", show=False),
        Binding("end", "move(10000)", "Last", show=False),
        Binding("enter", "open", "Explain step"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "steps--pending",
        "steps--running",
        "steps--done",
        "steps--failed",
        "steps--skipped",
        "steps--branch",
        "steps--critical",
        "steps--bar",
        "steps--rest",
        "steps--message",
        "steps--cursor",
    }
    DEFAULT_CSS = """
    StepTree { height: auto; max-height: 100%; overflow-x: hidden; }
    StepTree > .steps--pending { color: $muted; }
    StepTree > .steps--running { color: $text-primary; text-style: bold; }
    StepTree > .steps--done { color: $text-success; }
    StepTree > .steps--failed { color: $text-error; text-style: bold; }
    StepTree > .steps--skipped { color: $muted; }
    StepTree > .steps--branch { color: $faint; }
    StepTree > .steps--critical { color: $text-accent; }
    StepTree > .steps--bar { color: $primary; }
    StepTree > .steps--message { color: $muted; }
    StepTree > .steps--rest { color: $panel; }
    StepTree > .steps--cursor { background: $panel; }
    StepTree:focus > .steps--cursor { background: $primary-muted; }
    """
    _CLASS: ClassVar[dict[StepStatus, str]] = {
        StepStatus.PENDING: "pending",
        StepStatus.RUNNING: "running",
        StepStatus.RETRYING: "running",
        StepStatus.DONE: "done",
        StepStatus.UNCHANGED: "done",
        StepStatus.FAILED: "failed",
        StepStatus.SKIPPED: "skipped",
    }

    class Opened(Message):
        def __init__(self, step: str) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = RunState()
        self._specs: tuple[StepSpec, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._critical: frozenset[str] = frozenset()
        self._expected: Mapping[str, float] = {}
        self._now = 0.0
        self.cursor = 0
        self.chosen_by_hand = False
        """Once the operator has moved the cursor it stays; before that it follows what runs."""

    @property
    def step(self) -> str:
        """Id of the step under the cursor; empty where there are no steps."""
        return self._rows[self.cursor].step if self._rows else ""

    def show(self, state: RunState, now: float, expected: Mapping[str, float]) -> None:
        """Draws a snapshot as of `now` (seconds since the epoch); lays the tree out anew for a new run only."""
        specs = tuple(each.spec for each in state.steps.values())
        self._state, self._now, self._expected = state, now, expected
        if specs != self._specs:
            self._specs = specs
            self._rows = tree_rows(specs, expected) if specs else ()
            self.cursor, self.chosen_by_hand = 0, False
            self.virtual_size = Size(self.size.width, len(self._rows))
            self.styles.height = len(self._rows) or 1
        self._critical = frozenset(critical_path(specs, self._weights())[1]) if expected else frozenset()
        if not self.chosen_by_hand:
            self._follow()
        self.refresh()

    def _weights(self) -> dict[str, float]:
        return {step: self._took(state) or self._expected.get(step, 0.0) for step, state in self._state.steps.items()}

    def _took(self, state: StepState) -> float:
        if state.started is None:
            return 0.0
        return max(0.0, (state.ended or self._now) - state.started)

    def _follow(self) -> None:
        for status in (StepStatus.FAILED, StepStatus.RETRYING, StepStatus.RUNNING):
            for at, row in enumerate(self._rows):
                if self._state.steps[row.step].status is status:
                    self.cursor = at
                    return

    def action_move(self, by: int) -> None:
        if self._rows:
            self.chosen_by_hand = True
            self.cursor = max(0, min(len(self._rows) - 1, self.cursor + by))
            self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False)
            self.refresh()

    def action_open(self) -> None:
        if self.step:
            self.post_message(self.Opened(self.step))

    def on_click(self, event: object) -> None:
        y = getattr(event, "y", 0) + self.scroll_offset.y
        if 0 <= y < len(self._rows):
            again = self.chosen_by_hand and self.cursor == y
            self.chosen_by_hand, self.cursor = True, y
            self.refresh()
            if again:
                self.action_open()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._rows))

    def render_line(self, y: int) -> Strip:
        at, width = y + self.scroll_offset.y, self.size.width
        base = self.rich_style
        if at >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[at]
        state = self._state.steps[row.step]
        look = self.get_component_rich_style(f"steps--{self._CLASS[state.status]}", partial=True)
        under = self.get_component_rich_style("steps--cursor", partial=True) if at == self.cursor else Style()

        def piece(text: str, style: Style = _PLAIN) -> Segment:
            return Segment(text, base + style + under)

        def part(name: str) -> Style:
            return self.get_component_rich_style(f"steps--{name}", partial=True)

        critical = row.step in self._critical
        wide = width >= 70
        title_width = min(34, max(16, width - 30)) if wide else max(12, width - 14)
        title = fit(clean(state.spec.title), max(4, title_width - len(row.indent)))
        out = [
            piece("▌" if critical else " ", part("critical")),
            piece(row.indent, part("branch")),
            piece(f"{MARKS[state.status]} {title} ", look),
        ]
        took, expected = self._took(state), self._expected.get(row.step, 0.0)
        running = state.status in (StepStatus.RUNNING, StepStatus.RETRYING)
        if wide:
            share = 1.0 if state.status.final and state.started else took / expected if expected and running else 0.0
            done, rest = bar(min(share, 0.97) if running else share)
            out += [piece(done, look if state.status.final else part("bar")), piece(rest, part("rest"))]
        time = seconds(took) if state.started is not None else ""
        if wide and expected and not state.status.final:
            time += f"/{seconds(expected)}"
        out.append(piece(f" {time:>11} " if wide else f" {time:>7} ", look))
        left = width - sum(segment.cell_length for segment in out)
        message = clean(state.message) if not state.findings else clean(state.findings[0].summary)
        out.append(piece(fit(message, left), part("message")) if left > 0 else piece(""))
        return Strip(out).adjust_cell_length(width, base + under)
