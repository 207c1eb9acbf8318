"""A server, a cluster behind it, and an operator's home: `wizard` as it is run, over SSH."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.server.k3s import Releases
from tests.server.machine import Machine
from tests.server.wire import Wire

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    def finding(self, code: str) -> str:
        lines = [line for line in self.stderr.splitlines() if f"[{code}]" in line]
        assert lines, f"no finding {code} in:\n{self.stdout}\n{self.stderr}"
        return lines[0]


def helm() -> str:
    return os.environ.get("WIZARD_HELM") or shutil.which("helm") or ""


@dataclass(slots=True)
class Site:
    machine: Machine
    releases: Releases
    home: Path
    name: str
    settings: dict[str, str] = field(default_factory=dict)
    """Of target.k3s, over those that lead to the machine."""
    environment: dict[str, str] = field(default_factory=dict)
    profile: str = "k3s-4gb"

    def __post_init__(self) -> None:
        self.releases.pins(self.pins)
        machine = self.machine
        machine.modern()
        # The reference server's processors; everything outside of loopback answers, and is not asked.
        machine.program("getconf", "#!/bin/sh\necho 3\n")
        machine.program(
            "curl",
            '#!/bin/sh\ncase "$*" in *127.0.0.1*) exec /usr/bin/curl "$@" ;; *"-I "*) printf 200 ;; *) exit 6 ;; esac',
        )

    @property
    def pins(self) -> Path:
        return self.home / ".config/wizard/k3s.yaml"

    @property
    def state(self) -> Path:
        return self.home / ".local/state/wizard"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "servers" / self.name / "kubeconfig"

    def argv(self, *args: str) -> list[str]:
        target = {
            "host": "127.0.0.1",
            "port": str(self.machine.port),
            "key": str(self.machine.key),
            "hostKey": self.machine.fingerprint,
            "apiPort": str(self.releases.api_port),
            **self.settings,
        }
        sets = [f"target.k3s.{key}={value}" for key, value in target.items() if value]
        # No domain: nothing here may be looked up in a real DNS.
        sets += [f"name={self.name}", f"namespace={self.name}", "access.ingress=false"]
        return [
            *(sys.executable, "-m", "wizard", *args, "--profile", self.profile),
            *(part for each in sets for part in ("--set", each)),
            # What these cases are about is the server: tests/e2e/test_observability.py deploys the rest.
            *("--set", "observability.enabled=false"),
        ]

    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "WIZARD_HELM": helm(),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **self.environment,
        }

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

    def wizard(self, *args: str, code: int | None = 0) -> Result:
        process = self.start(*args)
        try:
            out, err = process.communicate(timeout=150)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
        assert code is None or process.returncode == code, (
            f"exit {process.returncode}, wanted {code}\n{out}\n{err}\n{self.machine.log[-3000:]}"
        )
        return Result(process.returncode, out, err)

    def deploy(self, *args: str, code: int | None = 0) -> Result:
        return self.wizard("--yes", "--patience", "2", *args, code=code)

    def revisions(self) -> dict[str, int]:
        done = subprocess.run(
            [helm(), "list", "-n", self.name, "-o", "json", "--kubeconfig", str(self.kubeconfig)],
            env=self.env(),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return {row["name"]: int(row["revision"]) for row in json.loads(done.stdout)}

    def through(self, wire: Wire) -> None:
        """The operator's connections go through that wire from now on."""
        self.settings["port"] = str(wire.port)
