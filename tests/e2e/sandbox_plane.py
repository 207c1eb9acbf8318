"""The sandbox behind the few methods of ControlPlane that the cases of the main job use."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.nodes import NodeSpec
from wizard.sandbox import manager

SPEED = 20.0
"""Simulated seconds in a real one: image pulls of half a minute take two seconds."""


class SandboxPlane:
    speed = SPEED
    programs = True

    def __init__(self, workdir: Path) -> None:
        self._state = workdir / "sandbox"
        room = [{"name": "server", "cpu": "3", "memory": "4Gi"}, {"name": "e2e-room", "cpu": "64", "memory": "256Gi"}]
        self._running = manager.up(self._state, options=manager.UpOptions(speed=SPEED, seed=1, nodes=json.dumps(room)))
        self._config: dict[str, Any] = yaml.safe_load(self._running.kubeconfig.read_text())
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    def kubeconfig(self, identity: str = "admin", path: Path | None = None) -> Path:
        config = json.loads(json.dumps(self._config))
        if identity == "unreachable":
            config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        elif identity == "wrong-token":
            config["users"][0]["user"] = {"token": "nobody"}
        path = path or self._state / f"{identity}.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path

    def request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            self._running.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._running.token}", "Content-Type": content_type},
        )
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=30) as reply:
                return reply.status, json.loads(reply.read() or b"{}")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")

    def wait_for(self, what: str, check: Callable[[], object], timeout: float = 30.0) -> None:
        deadline = time.monotonic() + timeout
        while not check():
            assert time.monotonic() < deadline, f"{what} did not happen within {timeout:g} s"
            time.sleep(0.05)

    def add_node(self, node: NodeSpec, *, wait: bool = True) -> None:
        """Its nodes are given when it starts; the roomy one is among them."""

    def stop(self) -> None:
        manager.down(self._state)
