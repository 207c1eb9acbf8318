"""Walks through the app as an operator would, and keeps a picture of what is worth seeing.

Nothing is drawn by hand: each SVG is what the terminal shows. The state of the wizard (journals, drafts, the sandbox)
goes to a folder of its own and is gone afterwards.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import OptionList

from wizard.commands.base import Choices
from wizard.commands.desk import Desk
from wizard.domain.finding import ExitCode
from wizard.ui.services import Outcome
from wizard.ui.tui.app import Start, WizardApp

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "docs" / "pictures"
SIZE = (116, 34)
PATIENCE = 90.0
"""Seconds until something that should show has shown."""
_FONT_FACES = re.compile(r"@font-face \{.*?\}", re.DOTALL)
_FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def picture(app: WizardApp, name: str) -> None:
    """Without the fonts that the exporter would load from elsewhere: a README must not call home."""
    svg = app.export_screenshot(title="wizard")
    svg = _FONT_FACES.sub("", svg).replace("Fira Code, monospace", _FONT)
    svg = re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)
    (PLACE / f"{name}.svg").write_text(svg.rstrip("\n") + "\n")
    print(f"docs/pictures/{name}.svg")


async def until(pilot: Pilot[Outcome], seen: Callable[[], bool], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not seen():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"never seen: {what}")
        await pilot.pause(0.05)


def on(app: WizardApp, screen: str) -> Callable[[], bool]:
    return lambda: type(app.screen).__name__ == screen


async def walk(desk: Desk) -> None:
    app = WizardApp(desk, Start())
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: any(each.option_count > 4 for each in app.screen.query(OptionList)), "home")
        picture(app, "home")
        await pilot.press("n")
        await until(pilot, on(app, "WalkScreen"), "the walk")
        await pilot.pause()
        await pilot.press("down", "down", "down", "enter")
        await pilot.press("ctrl+n")
        await pilot.pause()
        await pilot.press(*"us-east-1")
        await pilot.press("ctrl+n")
        await pilot.pause()
        picture(app, "tiers")
        await pilot.press("ctrl+n")
        await pilot.pause()
        await pilot.press("f")
        await until(pilot, on(app, "ModelsScreen"), "the models")
        await pilot.press("down", "down", "down", "down", "down")
        await pilot.pause()
        picture(app, "models")
        await pilot.press("escape", "escape")
        await pilot.pause()
        await pilot.press("d")  # discard
        await pilot.press("enter")
        await until(pilot, on(app, "HomeScreen"), "home again")
        await pilot.press("d")
        await until(pilot, lambda: app.deployment is not None and app.deployment.plan is not None, "the plan")
        await pilot.pause()
        picture(app, "review")
        await pilot.press("d")
        deployment = app.deployment
        assert deployment is not None
        await until(pilot, lambda: sum(s.status.final for s in deployment.state.steps.values()) >= 5, "steps")
        await pilot.pause(0.3)
        picture(app, "deploy")
        await until(pilot, lambda: deployment.code is not None, "the end")
        assert deployment.code is ExitCode.OK, deployment.problem
        await pilot.press("c")
        await until(pilot, on(app, "DoneScreen"), "done")
        await pilot.press("w")
        await until(pilot, on(app, "WatchScreen"), "the dashboard")
        await pilot.resize_terminal(164, 40)
        await pilot.pause(3)  # lines and measurements come in while one looks
        picture(app, "watch")


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            os.environ[variable] = str(Path(home) / variable.lower())
        desk = Desk(Choices(None), cwd=Path(home))
        try:
            asyncio.run(walk(desk))
        finally:
            desk.close()


if __name__ == "__main__":
    main()
