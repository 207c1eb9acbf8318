"""Ollama's models: pulled, loaded, how large, where."""

from __future__ import annotations

from wizard.domain.live import ModelRow
from wizard.observers.feed import Feed
from wizard.ui.tui.panes.pane import FeedPane
from wizard.ui.tui.panes.words import amount, now, span
from wizard.ui.tui.widgets.grid.columns import Column, Group


def _loaded(row: ModelRow) -> str:
    if not row.loaded:
        return "pulled"
    return "loaded" if row.until is None else f"loaded, {span(row.until - now())} left"


def _where(row: ModelRow) -> str:
    if not row.loaded or not row.loaded_bytes:
        return "-"
    on_gpu = round(100 * row.vram_bytes / row.loaded_bytes)
    return "CPU" if not on_gpu else "GPU" if on_gpu >= 100 else f"{on_gpu}% GPU"


COLUMNS = (
    Column[ModelRow]("name", "MODEL", lambda r: r.name, 20, most=50),
    Column[ModelRow]("state", "STATE", _loaded, 12, most=22, sort=lambda r: not r.loaded,
                     tone=lambda r: "good" if r.loaded else "muted"),
    Column[ModelRow]("size", "DISK", lambda r: amount(r.size), 6, sort=lambda r: r.size, right=True, search=False,
                     first_down=True, priority=1),
    Column[ModelRow]("memory", "MEMORY", lambda r: amount(r.loaded_bytes or None), 6, sort=lambda r: r.loaded_bytes,
                     right=True, search=False, first_down=True, priority=2),
    Column[ModelRow]("where", "RUNS ON", _where, 8, priority=3),
    Column[ModelRow]("parameters", "PARAMS", lambda r: r.parameters, 7, right=True, priority=4),
    Column[ModelRow]("quantisation", "QUANT", lambda r: r.quantisation, 8, priority=5),
    Column[ModelRow]("pod", "POD", lambda r: r.pod, 12, most=40, middle=True, priority=6, tone="muted"),
    Column[ModelRow]("namespace", "NAMESPACE", lambda r: r.namespace, 10, most=30, priority=7, tone="muted"),
)  # fmt: skip
GROUPS = (
    Group[ModelRow]("pod", "pod", lambda r: f"{r.namespace}/{r.pod}"),
    Group[ModelRow]("namespace", "namespace", lambda r: r.namespace),
)


class ModelsPane(FeedPane[ModelRow]):
    NAME, TITLE, NOTHING = "models", "Models", "no model is pulled yet"

    def __init__(self, feed: Feed[ModelRow]) -> None:
        super().__init__(feed, COLUMNS, GROUPS)
