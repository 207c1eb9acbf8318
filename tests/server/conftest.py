"""Machines and shells on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Plane, real_controlplane, roomy
from tests.server.k3s import Releases
from tests.server.machine import Machine, missing
from tests.server.site import Site, helm
from wizard.adapters.ssh import SshShell
from wizard.domain.profile import K3sTarget
from wizard.domain.secret import Secret

__all__ = ["real_controlplane", "roomy"]


class Answers:
    """An Asker that answers as told, and remembers what it was asked."""

    def __init__(self, password: str | None = None, *, trust: bool = False) -> None:
        self._password, self._trust = password, trust
        self.asked: list[str] = []

    async def password(self, words: str) -> Secret | None:
        self.asked.append(words)
        return None if self._password is None else Secret(self._password)

    async def trust(self, host: str, kind: str, fingerprint: str) -> bool:
        self.asked.append(f"{host} {kind} {fingerprint}")
        return self._trust


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Not started, so that a test can prepare it."""
    if why := missing():
        pytest.skip(why)
    made = Machine(tmp_path)
    yield made
    made.stop()


MakeShell = Callable[..., SshShell]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's home without keys, agent or known hosts."""
    path = tmp_path / "operator"
    path.mkdir()
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return path


@pytest.fixture
def shell(machine: Machine, home: Path, tmp_path: Path) -> MakeShell:
    """Makes shells on the machine, by its key and with its host key given unless told otherwise."""

    def make(asker: Answers | None = None, *, given: dict[str, str] | None = None, **settings: object) -> SshShell:
        target = K3sTarget.model_validate(
            {"host": "127.0.0.1", "port": machine.port, "key": str(machine.key), "hostKey": machine.host_key} | settings
        )
        secrets = {name: Secret(value) for name, value in (given or {}).items()}
        return SshShell(target, own_hosts=tmp_path / "state/known_hosts", asker=asker or Answers(), given=secrets.get)

    return make


@pytest.fixture
def site(request: pytest.FixtureRequest, machine: Machine, tmp_path: Path) -> Iterator[Site]:
    """A machine (not started: a test may prepare it), and behind it the real control plane of tests/e2e, or, with
    WIZARD_E2E=sandbox, a simulated cluster."""
    if not helm():
        pytest.skip("helm is missing: `make e2e` fetches it")
    plane: Plane = request.getfixturevalue("roomy")
    kubeconfig = plane.kubeconfig("admin", tmp_path / "cluster.kubeconfig")
    releases = Releases(tmp_path / "releases", machine, kubeconfig)
    home = tmp_path / "operator"
    home.mkdir()
    made = Site(machine, releases, home, f"s-{uuid.uuid4().hex[:6]}")
    yield made
    releases.close()
    plane.request("DELETE", f"/api/v1/namespaces/{made.name}")
