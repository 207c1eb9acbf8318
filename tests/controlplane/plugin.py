"""pytest fixtures of the real control plane. None of them skips: what cannot run fails, and says why.

Either ``-p tests.controlplane.plugin``, or import the fixtures in a conftest.py: they share one plane.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from .cluster import ControlPlane
from .netns import pod_network_is_local

_SHARED = pytest.StashKey[ControlPlane]()


@pytest.fixture(scope="session")
def controlplane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """One for the whole session; leave it as you found it. Builds the binaries if the cache has none."""
    # Kept at the config and not in the fixture: two conftests that import it make two fixtures of it.
    config = request.config
    if _SHARED not in config.stash:
        workdir = tmp_path_factory.mktemp("controlplane")
        plane = ControlPlane.start(workdir, programs=pod_network_is_local())
        config.add_cleanup(plane.stop)
        config.stash[_SHARED] = plane
    return config.stash[_SHARED]


@pytest.fixture
def fresh_controlplane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One of its own, for a test that damages it (about three seconds)."""
    workdir = tmp_path_factory.mktemp("fresh-controlplane")
    with ControlPlane.start(workdir, programs=pod_network_is_local()) as plane:
        yield plane


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    """A namespace in which pods may be created; deleted afterwards, without waiting for that."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    status, answer = controlplane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert status == 201, answer
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    controlplane.wait_for(f"{name}'s account", lambda: controlplane.request("GET", account)[0] == 200)
    yield name
    controlplane.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def pod_network(controlplane: ControlPlane) -> ControlPlane:
    """The session's control plane, with programs answering in the pods."""
    if not controlplane.programs:
        pytest.fail(
            "this test talks to programs in pods: run `python -m tests.controlplane.netns -- pytest ...`",
            pytrace=False,
        )
    return controlplane


def pytest_report_header() -> str:
    """Says beforehand whether tests that need the pod network can pass."""
    return f"control plane: programs in pods {'answer' if pod_network_is_local() else 'off (not under netns)'}"
