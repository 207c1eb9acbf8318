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
    if not WANTED:
        return None
    if WANTED == "controlplane":
        return Client(request.getfixturevalue("controlplane").layout.kubeconfig)
    return Client(Path(WANTED))
