"""The same deployment twice over: by the wizard, and by helm one release after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.cluster import ControlPlane
from wizard.catalog.charts import chart
from wizard.domain.events import RunStarted, StepStarted, StepSucceeded, from_wire
from wizard.domain.profile import profile_from_data
from wizard.planning.desired import Component
from wizard.planning.graph import critical_path
from wizard.planning.platform import desired

READY_AFTER = {"postgresql": "4s", "ollama": "6s", "open-webui": "5s"}
"""Pods become ready after this: image pulls and starts, shortened alike for both sides."""


@dataclass(frozen=True, slots=True)
class Bench:
    plane: ControlPlane
    home: Path

    @contextmanager
    def fresh(self) -> Iterator[One]:
        """A deployment of its own; its namespace is gone before the next one is measured."""
        one = One(self, f"bench-{uuid.uuid4().hex[:6]}")
        try:
            yield one
        finally:
            path = f"/api/v1/namespaces/{one.name}"
            self.plane.request("DELETE", path)
            self.plane.wait_for(f"end of {one.name}", lambda: self.plane.request("GET", path)[0] == 404)


@dataclass(frozen=True, slots=True)
class One:
    bench: Bench
    name: str

    @property
    def data(self) -> dict[str, Any]:
        notes = {
            name: {"values": {"podAnnotations": {"wizard.test/ready-after": after}}}
            for name, after in READY_AFTER.items()
        }
        return {
            "name": self.name,
            "namespace": self.name,
            "target": {"kind": "cluster"},
            "models": ["qwen3:0.6b"],
            # The budgets are those of the three programs of the platform.
            "observability": {"enabled": False},
            "components": notes,
        }

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.bench.home),
            "KUBECONFIG": str(self.bench.plane.kubeconfig("admin")),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def wizard(self) -> tuple[float, float]:
        """(wall seconds of the whole process, seconds of its own critical path)."""
        profile = self.bench.home / f"{self.name}.yaml"
        profile.write_text(yaml.safe_dump(self.data))
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "wizard", "--profile", str(profile), "--yes", "--json"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"wizard ended with {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}")
        took = time.perf_counter() - began
        started: dict[str, float] = {}
        seconds: dict[str, float] = {}
        steps = ()
        for line in done.stdout.splitlines():
            data = json.loads(line)
            match from_wire(data):
                case RunStarted(steps=planned):
                    steps = planned  # type: ignore[assignment]
                case StepStarted(step, 1):
                    started[step] = data["at"]
                case StepSucceeded(step, _):
                    seconds[step] = data["at"] - started[step]
        return took, critical_path(steps, seconds)[0]

    def _components(self) -> tuple[Component, ...]:
        return desired(profile_from_data(self.data), chart).components

    def helm_one_after_the_other(self) -> float:
        """Wall seconds of `helm upgrade --install --wait`; namespace and Secrets are there before."""
        path = "/api/v1/namespaces"
        assert self.bench.plane.request("POST", path, {"metadata": {"name": self.name}})[0] == 201
        for secret in desired(profile_from_data(self.data), chart).secret_objects:
            body = {"metadata": {"name": secret.name}, "stringData": dict.fromkeys(secret.keys, "x")}
            assert self.bench.plane.request("POST", f"{path}/{self.name}/secrets", body)[0] == 201
        return self._helm("--install", "--wait", "--wait-for-jobs")

    def helm_again(self) -> float:
        return self._helm()

    def _helm(self, *flags: str) -> float:
        began = time.perf_counter()
        for component in self._components():
            subprocess.run(
                [
                    os.environ["WIZARD_HELM"],
                    "upgrade",
                    component.name,
                    component.chart,
                    "--namespace",
                    self.name,
                    "--values",
                    "-",
                    *flags,
                ],
                input=json.dumps(component.values).encode(),
                env=self.environment,
                capture_output=True,
                check=True,
            )
        return time.perf_counter() - began
