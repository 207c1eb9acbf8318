"""The main job as an operator runs it: the wizard's own process, a real helm, a real API server."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.nodes import NodeSpec
from tests.controlplane.plugin import controlplane as real_controlplane
from tests.controlplane.plugin import fresh_controlplane as real_fresh_controlplane

from .sandbox_plane import SandboxPlane

__all__ = ["real_controlplane", "real_fresh_controlplane"]

ON_SANDBOX = os.environ.get("WIZARD_E2E") == "sandbox"
"""The same cases on the sandbox: `make e2e-sandbox`."""

Plane = ControlPlane | SandboxPlane

ROOM = NodeSpec("e2e-room", cpu="64", memory="256Gi")
"""Namespaces of finished tests end in their own time: what still stands there must not be in the way."""

PATIENCE = ("--patience", "2")


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines of `--json`."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def finding(self, code: str) -> str:
        """The line of stderr that carries a finding's code; fails where there is none."""
        lines = [line for line in self.stderr.splitlines() if f"[{code}]" in line]
        assert lines, f"no finding {code} in:\n{self.stderr}"
        return lines[0]


@dataclass(slots=True)
class Deployment:
    """One profile on one cluster, in a home directory of its own."""

    plane: Plane
    home: Path
    name: str
    data: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    kubeconfig: Path = field(init=False)
    """Written once: a process that reads it while it is written anew would see half of it."""

    def __post_init__(self) -> None:
        self.kubeconfig = self.plane.kubeconfig("admin", self.home / "kubeconfig-admin")

    @property
    def namespace(self) -> str:
        return str(self.data["namespace"])

    @property
    def profile(self) -> Path:
        path = self.home / f"{self.name}.yaml"
        path.write_text(yaml.safe_dump(self.data))
        return path

    @property
    def state(self) -> Path:
        return self.home / ".local" / "state" / "wizard"

    def env(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            # The wizard of this checkout, whichever one the environment has installed.
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "KUBECONFIG": str(self.kubeconfig),
            "WIZARD_HELM": helm_path(),
            # No keyring: what a server or a pipeline has. A test that wants one brings it.
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **self.environment,
            **more,
        }

    def ask(self, component: str, **annotations: str) -> None:
        """Asks the cluster for a behaviour of a component's pods (tests/controlplane/README.md).

        `ready_after` is in real seconds, whatever the speed of the cluster's clock."""
        if "ready_after" in annotations:
            seconds = float(annotations["ready_after"].removesuffix("s")) * getattr(self.plane, "speed", 1)
            annotations["ready_after"] = f"{seconds:g}s"
        notes = {f"wizard.test/{key.replace('_', '-')}": value for key, value in annotations.items()}
        values = self.data.setdefault("components", {}).setdefault(component, {}).setdefault("values", {})
        values["podAnnotations"] = notes

    def argv(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "wizard", *args]

    def wizard(self, *args: str, code: int | None = 0, env: Mapping[str, str] | None = None) -> Result:
        """Runs `wizard ARGS`; `code` is the exit code that it must end with (None: any)."""
        done = subprocess.run(
            self.argv(*args),
            env=self.env(**(env or {})),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        assert code is None or result.code == code, f"exit {result.code}, wanted {code}\n{done.stdout}\n{done.stderr}"
        return result

    def start(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv(*args),
            env=self.env(),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def deploy(self, *args: str, code: int | None = 0) -> Result:
        return self.wizard("--profile", str(self.profile), "--yes", *PATIENCE, *args, code=code)

    def command(self, name: str, *args: str, code: int | None = 0) -> Result:
        return self.wizard(name, "--profile", str(self.profile), *args, code=code)

    def helm(self, *args: str) -> str:
        done = subprocess.run(
            [helm_path(), *args], env=self.env(), capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout

    def revisions(self) -> dict[str, tuple[int, str]]:
        """Release -> (revision, status)."""
        rows = json.loads(
            self.helm(
                "list", "-n", self.namespace, "-o", "json", "--pending", "--failed", "--deployed", "--uninstalling"
            )
        )
        return {row["name"]: (int(row["revision"]), row["status"]) for row in rows}

    def get(self, path: str) -> dict[str, Any]:
        status, body = self.plane.request("GET", path)
        assert status == 200, (status, body)
        return body

    def objects(self, group_path: str, plural: str) -> list[dict[str, Any]]:
        """`objects("/api/v1", "secrets")` of this namespace."""
        items: list[dict[str, Any]] = self.get(f"{group_path}/namespaces/{self.namespace}/{plural}")["items"]
        return items

    def secret_values(self) -> set[str]:
        """Every value of the Secrets that the wizard made, and what DATABASE_URL is made of."""
        values: set[str] = set()
        for secret in self.objects("/api/v1", "secrets"):
            if secret["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "wizard":
                data = {k: v for k, v in secret["data"].items() if k != "WEBUI_ADMIN_EMAIL"}
                values |= {base64.b64decode(v).decode() for v in data.values()}
        return values

    def release_texts(self) -> list[str]:
        """What Helm stored of every revision: base64 of base64 of gzip."""
        return [
            gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))).decode()
            for secret in self.objects("/api/v1", "secrets")
            if secret["type"] == "helm.sh/release.v1"
        ]


def helm_path() -> str:
    path = os.environ.get("WIZARD_HELM") or shutil.which("helm")
    assert path, "helm is missing: run this by `make e2e`, which fetches it"
    return path


@pytest.fixture
def deployments(tmp_path: Path) -> Iterator[Callable[..., Deployment]]:
    """Makes Deployments; their namespaces and processes are gone afterwards."""
    made: list[Deployment] = []

    def make(plane: Plane, **data: Any) -> Deployment:
        name = f"e2e-{uuid.uuid4().hex[:6]}"
        home = tmp_path / name
        home.mkdir()
        profile = {
            "name": name,
            "namespace": name,
            "target": {"kind": "cluster"},
            "models": ["qwen3:0.6b"],
            "storage": {"models": "2Gi", "openWebui": "1Gi"},
            "database": {"internal": {"storage": "1Gi"}},
            # Seven more releases would teach most cases nothing; test_observability.py has it on.
            "observability": {"enabled": False},
            **data,
        }
        made.append(Deployment(plane, home, name, profile))
        return made[-1]

    yield make
    for deployment in made:
        with suppress(OSError):  # a test may have stopped its control plane
            deployment.plane.request("DELETE", f"/api/v1/namespaces/{deployment.namespace}")


@pytest.fixture(scope="session")
def roomy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """One cluster for the session, with room for what tests leave behind."""
    if not ON_SANDBOX:
        plane: ControlPlane = request.getfixturevalue("real_controlplane")
        # tests/server borrows this fixture, and a session has one of each folder on the one cluster.
        if plane.request("GET", f"/api/v1/nodes/{ROOM.name}")[0] == 404:
            plane.add_node(ROOM)
        yield plane
        return
    sandbox = SandboxPlane(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plane]:
    """A cluster of its own, for a test that damages it."""
    if not ON_SANDBOX:
        yield request.getfixturevalue("real_fresh_controlplane")
        return
    sandbox = SandboxPlane(tmp_path)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def deployment(roomy: Plane, deployments: Callable[..., Deployment]) -> Deployment:
    return deployments(roomy)


def end(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> Sequence[str]:
    """Ends a wizard that `start` started; (stdout, stderr)."""
    process.send_signal(number)
    return process.communicate(timeout=120)
