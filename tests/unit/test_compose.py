"""The wiring: what is refused before anything is touched, and what is not imported until it is used."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from wizard import compose
from wizard.compose import Reach
from wizard.domain.finding import ExitCode, PreflightError, UsageError
from wizard.steps.base import Options

HEAVY = ("kubernetes", "aiohttp", "pyhelm3", "keyring", "boto3", "asyncssh", "textual", "questionary")

CLUSTER = ["target.kind=cluster", "target.cluster.context=here"]


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_target_of_a_later_version_is_refused_unless_it_is_only_planned(at_home: Path) -> None:
    profile = compose.load_profile("prod", [])
    for reach in (Reach.THERE, Reach.START):
        with pytest.raises(UsageError) as refused:
            compose.session(profile, Options(), reach=reach)
        assert refused.value.exit_code is ExitCode.USAGE
        assert refused.value.findings[0].code == "not-in-this-version"
    assert not compose.session(profile, Options(), reach=Reach.NONE).offline_plan().empty
    assert not list(at_home.iterdir())


def test_a_sandbox_that_does_not_run_is_not_started_unasked(at_home: Path) -> None:
    with pytest.raises(PreflightError) as refused:
        compose.session(compose.load_profile("demo", []), Options())
    assert refused.value.findings[0].code == "no-sandbox"
    assert not list(at_home.iterdir())


def test_a_cluster_is_taken_and_nothing_is_touched_before_the_first_question(at_home: Path) -> None:
    session = compose.session(compose.load_profile("k3s-4gb", CLUSTER), Options())
    assert not list(at_home.iterdir())
    with pytest.raises(PreflightError) as refused:
        asyncio.run(session.plan())
    assert refused.value.findings[0].code == "kubeconfig"


def test_nothing_heavy_is_imported_until_it_is_used(at_home: Path) -> None:
    """A run with nothing to change reads with the standard library: kubernetes.aio alone takes a second."""
    kubeconfig = at_home / "config"
    kubeconfig.write_text(
        "current-context: here\ncontexts: [{name: here, context: {cluster: c, user: u}}]\n"
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: t}}]\n"
    )
    program = f"""
import asyncio, sys
from wizard import compose
from wizard.compose import Reach
from wizard.domain.finding import WizardError
from wizard.steps.base import Options
profile = compose.load_profile("k3s-4gb", {[*CLUSTER, f"target.cluster.kubeconfig={kubeconfig}"]!r})
session = compose.session(profile, Options())
try:
    asyncio.run(session.plan())
except WizardError as problem:
    print(problem.findings[0].code)
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["cluster-unreachable", "[]"], done.stderr


def test_run_ids_sort_by_time_and_differ() -> None:
    ids = {compose.new_run() for _ in range(20)}
    assert len(ids) > 15
    assert all(len(each) == 21 and each[8] == "T" and each[16] == "-" for each in ids)
