"""The clusters: a sandbox of the session's own, and the real one where it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.sandbox import manager

from .client import Client

WANTED = os.environ.get("WIZARD_CONTRACT", "")
"""`controlplane`, the path of a kubeconfig, or nothing: then the recorded answers stand for the real ones."""

if WANTED == "controlplane":
    from tests.controlplane.plugin import controlplane as controlplane


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The API alone: what controllers do in their own time would be a race with the steps."""
    state = tmp_path_factory.mktemp("sandbox")
    running = manager.up(state, options=manager.UpOptions(controllers=False))
    yield Client(running.kubeconfig)
    manager.down(state)


@pytest.fixture(scope="session")
def real(request: pytest.FixtureRequest) -> Client | None:
    """None where only the recorded answers are at hand."""
    return Client(request.getfixturevalue("real_kubeconfig")) if WANTED else None


@pytest.fixture(scope="session")
def real_kubeconfig(request: pytest.FixtureRequest) -> Path | None:
    """None where only the recorded answers are at hand."""
    if WANTED == "controlplane":
        found: Path = request.getfixturevalue("controlplane").layout.kubeconfig
        return found
    return Path(WANTED) if WANTED else None


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox with its controllers, twenty times as fast as the world."""
    state = tmp_path_factory.mktemp("moving")
    yield manager.up(state, options=manager.UpOptions(speed=20, seed=1)).kubeconfig
    manager.down(state)


@pytest.fixture(params=["sandbox", "real"])
def kubeconfig(request: pytest.FixtureRequest, moving: Path, real_kubeconfig: Path | None) -> Path:
    if request.param == "sandbox":
        return moving
    if real_kubeconfig is None:
        pytest.skip("no real API server to ask: WIZARD_CONTRACT=controlplane")
    return real_kubeconfig
