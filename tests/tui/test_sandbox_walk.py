"""The app on the real sandbox with the real desk, real helm and the real engine: keyboard only, to a platform."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.tui.play import Player
from wizard import compose
from wizard.adapters import journal
from wizard.commands.base import Choices
from wizard.commands.desk import Desk
from wizard.domain.events import RunFinished
from wizard.domain.finding import ExitCode
from wizard.domain.profile import Profile, profile_from_data
from wizard.ui.services import Outcome
from wizard.ui.tui.app import Start, WizardApp

pytestmark = pytest.mark.skipif(
    not (os.environ.get("WIZARD_HELM") or shutil.which("helm")), reason="helm is missing: set WIZARD_HELM"
)
LONG = 90.0
"""Seconds that a deployment on the sandbox may take on a busy machine."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: no profile, no sandbox, no keyring but the test's."""
    for name, where in (("CONFIG", "config"), ("STATE", "state"), ("CACHE", "cache"), ("DATA", "data")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / where))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def on_the_sandbox(story: Callable[[Player], Awaitable[None]], start: Start | None = None) -> WizardApp:
    """Runs the app with a desk that starts, and ends, a sandbox of its own."""
    desk = Desk(Choices(profile=None, patience=3.0))
    app = WizardApp(desk, start)

    async def run() -> None:
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await story(Player(app, pilot, desk))  # type: ignore[arg-type]
            if app.deployment is not None:
                await app.deployment.close()

    try:
        asyncio.run(run())
    finally:
        desk.close()
    return app


def sandbox_profile(name: str, **sandbox: object) -> Profile:
    target = {"kind": "sandbox", "sandbox": {"speed": 200, "seed": 1, "nodes": 3, **sandbox}}
    return profile_from_data({"name": name, "target": target, "models": ["qwen3:0.6b"]})


def last_event(home: Path, name: str) -> object:
    newest = journal.newest(home / "state" / "wizard" / "runs" / name)
    assert newest is not None
    return list(journal.events(newest))[-1][1]


def test_from_home_to_a_deployed_platform_by_keys_alone(home: Path) -> None:
    async def story(player: Player) -> None:
        await player.on("HomeScreen")
        await player.sees("New profile", "Examples")
        await player.press("n")
        await player.on("WalkScreen")
        await player.answer("name", "walked")
        await player.go("where")
        await player.answer("target.sandbox.speed", "100")
        await player.go("access")
        await player.answer("access.domain", "walked.localhost")
        await player.go("secrets")
        await player.sees("admin-password", "will be generated")
        await player.press("ctrl+n")
        await player.on("ReviewScreen")
        await player.until(lambda: "Press d to deploy" in player.text, "the plan", LONG)
        assert compose.sandbox_status("walked") is not None
        await player.press("d")
        await player.on("DeployScreen")
        await player.until(lambda: "Deployed and ready in " in player.text, "the end", LONG)
        await player.press("enter")
        await player.on("DoneScreen")
        await player.sees("https://chat.walked.localhost", "simulated: no browser reaches it")
        await player.press("p")
        await player.sees("Log in as admin@walked.localhost", "admin-password")
        await player.press("q")
        await player.until(lambda: player.app.return_code is not None)

    app = on_the_sandbox(story)
    outcome = app.return_value
    assert isinstance(outcome, Outcome) and outcome.exit_code == 0
    assert any("walked is deployed and ready (SIMULATED)" in words for words in outcome.words)
    assert last_event(home, "walked") == RunFinished(getattr(last_event(home, "walked"), "run", ""), 0)
    assert compose.sandbox_status("walked") is None  # ended with the app


def test_a_fault_mid_way_is_explained_mended_and_gone_on_with(home: Path) -> None:
    profile = sandbox_profile("faulty", scenario="image-missing")

    async def story(player: Player) -> None:
        await player.until(lambda: player.screen == "ExplainScreen", "the failing step's explanation", LONG)
        await player.sees("open-webui", "do: ")
        await player.until(lambda: "r Retry" in player.text, "the end of the run", LONG)
        compose.sandbox_tell("faulty", "reset")  # the registry has the image again
        await player.press("r")
        await player.on("DeployScreen")
        await player.until(lambda: "Deployed and ready in " in player.text, "the end", LONG)

    app = on_the_sandbox(story, Start(profile, deploy=True))
    assert app.deployment is not None and app.deployment.code is ExitCode.OK
    assert len(list((home / "state" / "wizard" / "runs" / "faulty").glob("*.jsonl"))) == 2


def test_a_connection_lost_in_the_middle_ends_the_run_with_words_and_the_app_stays(home: Path) -> None:
    async def story(player: Player) -> None:
        await player.on("DeployScreen")
        await player.until(lambda: "▸ " in player.text and "✓ " in player.text, "the first steps", LONG)
        running = compose.sandbox_status("lost")
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)  # started by this test's desk
        assert player.app.deployment is not None
        await player.until(lambda: player.app.deployment and not player.app.deployment.running, "the run's end", LONG)
        if player.screen == "ExplainScreen":
            await player.press("escape")
        await player.on("DeployScreen")
        await player.sees("Failed after ", "r Retry")
        await player.press("r")  # the sandbox is started anew: an empty cluster, so everything is made again
        await player.until(lambda: "Deployed and ready in " in player.text, "the end", LONG)

    on_the_sandbox(story, Start(sandbox_profile("lost"), deploy=True))
    assert isinstance(last_event(home, "lost"), RunFinished)
