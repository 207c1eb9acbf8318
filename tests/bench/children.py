"""What the screens' benchmarks measure, each in a process of its own: `python -m tests.bench.children WHAT ...`.

Imports nothing of the harness: what is measured is the app's own start. Escape sequences are made, and thrown away.

    frame | bare              until the first frame of the home screen, of an empty app
    list KUBECONFIG           until the pods pane has the full list
    live KUBECONFIG SECONDS   the panes while pods change
    logs KUBECONFIG SECONDS   the log pane while a pod talks
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PODS, RATE, LINES = 5000, 100, 20_000
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a child process printed."""

    share: float
    """Of a core: the thread that draws."""
    key: float
    """Seconds from a key to its effect on the screen, 99th percentile."""
    memory: int
    """Bytes resident at the end."""
    fed: int = 0
    taken: int = 0
    dropped: int = 0


def _frame() -> None:
    from wizard.commands import tui
    from wizard.ui.tui.app import Start, WizardApp
    from wizard.ui.tui.screens.home import HomeScreen

    given = {"profile": None}
    mount = HomeScreen.on_mount

    def mounted(self: HomeScreen) -> None:
        mount(self)
        self.call_after_refresh(self.app.exit)

    HomeScreen.on_mount = mounted  # type: ignore[method-assign]
    WizardApp(tui.LateDesk(given), Start()).run(headless=True)


def _bare() -> None:
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    class Empty(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("wizard")

        def on_mount(self) -> None:
            self.call_after_refresh(self.exit)

    Empty().run(headless=True)


def _list(kubeconfig: Path) -> None:
    """The app itself, as `wizard watch` opens it, until its table has drawn all of them."""
    from wizard.commands import tui
    from wizard.commands.base import Choices

    given = {"profile": "cluster", "sets": (f"target.cluster.kubeconfig={kubeconfig}",)}
    desk, profile = tui.LateDesk(given), Choices(**given).load()  # type: ignore[arg-type]
    desk.begin_watch(profile)
    from wizard.ui.tui.app import Start, WizardApp
    from wizard.ui.tui.panes.live import LivePanes

    app = WizardApp(desk, Start(profile, watch=True))

    def look() -> None:
        if any(panes.pods.table.model.total >= PODS for panes in app.screen.query(LivePanes)):
            app.call_after_refresh(app.exit)

    async def begun() -> None:
        app.set_interval(0.02, look)

    asyncio.run(app.run_async(headless=True, size=(160, 50), auto_pilot=lambda _: begun()))


async def _live(kubeconfig: Path, seconds: float) -> Measured:
    from tests.live_rig import watch_of
    from tests.tui.speed import measured, running

    watch = watch_of(kubeconfig)
    async with running(watch, (160, 50)) as (app, pilot):
        await watch.start()
        async with asyncio.timeout(_PATIENCE):
            while app.panes.pods.table.model.total < PODS:
                await pilot.pause(0.1)
        argv = [sys.executable, "-m", "tests.live_rig", "change", str(kubeconfig), str(RATE), str(seconds + 5)]
        changer = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.DEVNULL)
        try:
            figures = await measured(app, lambda number: None, 1, seconds, 5.0)
        finally:
            changer.terminate()
            await changer.wait()
    await watch.stop()
    return Measured(figures.cpu, figures.p99, figures.rss)


async def _logs(kubeconfig: Path, seconds: float) -> Measured:
    from tests.live_rig import watch_of
    from tests.tui.speed import measured, running
    from wizard.domain.live import LogSelection

    watch = watch_of(kubeconfig)
    async with running(watch, (160, 50)) as (app, pilot):
        app.panes.logs.select(LogSelection(pods=(("chat", "talker"),), container="talker", source="pods"))
        app.panes.show("logs")
        figures = await measured(app, lambda number: None, 1, seconds, 3.0, keys=("t", "t"))
        pane, sent = app.panes.logs, int(LINES * seconds)
        async with asyncio.timeout(60):
            while pane.view.buffer.received + pane.dropped < sent:
                await pilot.pause(0.1)
        found = Measured(figures.cpu, figures.p99, figures.rss, sent, pane.view.buffer.received, pane.dropped)
    await watch.stop()
    return found


def main(argv: Sequence[str]) -> int:
    found: Any = None
    match argv:
        case ["frame"]:
            _frame()
        case ["bare"]:
            _bare()
        case ["list", kubeconfig]:
            _list(Path(kubeconfig))
        case ["live", kubeconfig, seconds]:
            found = asyncio.run(_live(Path(kubeconfig), float(seconds)))
        case ["logs", kubeconfig, seconds]:
            found = asyncio.run(_logs(Path(kubeconfig), float(seconds)))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    if found is not None:
        print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
