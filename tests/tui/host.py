"""An app with nothing but our themes and the styles of what is tested."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from textual.app import App
from textual.pilot import Pilot

from tests.tui.fakes import FakeServices, FakeWatch
from wizard.ui.tui import text, themes

STYLES = Path(text.__file__).parent / "styles"
OURS = [STYLES / f"{name}.tcss" for name in ("dialog", "table", "watch", "pod")]


class Bare(App[None]):
    """The styles of dialogs, tables and panes; the app's own themes."""

    CSS_PATH = OURS  # type: ignore[assignment]  # as Textual declares it, a list of paths will do

    def __init__(self, services: FakeServices | None = None) -> None:
        super().__init__()
        self.services = services or FakeServices(FakeWatch())
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = themes.DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK


A = TypeVar("A", bound=App[None])


def drive(app: A, play: Callable[[A, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    """Runs the app without a terminal while `play` plays."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await play(app, pilot)

    asyncio.run(run())
