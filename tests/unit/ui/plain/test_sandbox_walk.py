"""The whole walk for real: a new profile, deployed to a sandbox that is started for it, and saved."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.unit.ui.plain.conftest import CTRL_U, DOWN, ENTER, Terminal
from wizard import compose
from wizard.adapters.journal import last_runs
from wizard.commands.base import Choices
from wizard.commands.interactive import Desk
from wizard.domain.finding import WizardError
from wizard.ui.flow.chapters import CHAPTERS
from wizard.ui.plain.app import run_plain


def _has_helm() -> bool:
    try:
        return compose.find_helm() is not None
    except WizardError:
        return False


@pytest.mark.skipif(not _has_helm(), reason="needs helm")
def test_the_walk_ends_deployed(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "profiles").mkdir()
    desk = Desk(Choices(profile=None, patience=30), cwd=tmp_path)
    new = ENTER + ENTER
    named = DOWN * 2 + ENTER + CTRL_U + "plain-walk" + ENTER
    fast = DOWN * 2 + ENTER + CTRL_U + "100" + ENTER
    walk = new + named + ENTER + fast + ENTER * (len(CHAPTERS) - 1)
    deploy, save, leave = ENTER, DOWN + ENTER + ENTER, ENTER
    terminal.type(walk, deploy, save, leave)
    try:
        outcome = run_plain(desk, asking=terminal.asking, talk=terminal.talk)
        found = compose.sandbox_status("plain-walk")
    finally:
        desk.close()
    assert outcome.exit_code == 0, terminal.said[-3000:]
    assert "plain-walk is deployed and ready (SIMULATED)." in terminal.answers.getvalue()
    assert "https://chat.demo.localhost" in terminal.answers.getvalue()
    assert "ready:open-webui ok" in capsys.readouterr().err
    saved = yaml.safe_load((tmp_path / "profiles" / "plain-walk.yaml").read_text())
    assert saved["name"] == "plain-walk" and saved["target"]["sandbox"]["speed"] == 100
    assert found is not None and compose.sandbox_status("plain-walk") is None  # it ended with the desk
    assert [run.state.exit_code for run in last_runs(compose.state_dir() / "runs")] == [0]
    assert desk.unfinished() == []
