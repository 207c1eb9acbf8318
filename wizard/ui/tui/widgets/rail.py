"""The progress rail: every stage of the walk, which are done, which have something wrong."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from wizard.ui.flow.chapters import CHAPTERS, RAIL


class Rail(Static):
    """A column on a wide screen, one line on a narrow one. A click goes there."""

    DEFAULT_CSS = """
    Rail { width: 20; height: 1fr; padding: 1 1 0 2; background: $surface; }
    Rail.-line { width: 1fr; height: 1; padding: 0 1; }
    """

    class Chosen(Message):
        def __init__(self, stage: str) -> None:
            super().__init__()
            self.stage = stage

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._at = CHAPTERS[0].id
        self._visited: frozenset[str] = frozenset()
        self._wrong: Mapping[str, int] = {}

    def show(self, at: str, visited: frozenset[str], wrong: Mapping[str, int]) -> None:
        """`wrong`: stage -> number of its findings."""
        self._at, self._visited, self._wrong = at, visited, wrong
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    @property
    def _line(self) -> bool:
        return self.has_class("-line")

    def _mark(self, stage: str) -> tuple[str, str]:
        if stage == self._at:
            return "▸", "bold $text-primary"
        if stage in self._visited and self._wrong.get(stage):
            return "✗", "$text-error"
        if stage in self._visited:
            return "✓", "$text-success"
        return "·", "$muted"

    def _draw(self) -> None:
        if self._line:
            number = next((at for at, (stage, _) in enumerate(RAIL) if stage == self._at), 0)
            marks: list[Content | tuple[str, str]] = [self._mark(stage) for stage, _ in RAIL]
            words = f"  {number + 1} of {len(RAIL)}  {RAIL[number][1]}"
            self.update(Content.assemble(*marks, (words, "bold")))
            return
        lines = []
        for stage, title in RAIL:
            mark, style = self._mark(stage)
            count = f" {self._wrong[stage]}" if stage in self._visited and self._wrong.get(stage) else ""
            lines.append(Content.assemble((f"{mark} {title}", style), (count, "$text-error")))
        self.update(Content("\n").join(lines))

    def on_click(self, event: events.Click) -> None:
        at = event.x - 1 if self._line else event.y - 1
        if 0 <= at < len(RAIL):
            self.post_message(self.Chosen(RAIL[at][0]))
