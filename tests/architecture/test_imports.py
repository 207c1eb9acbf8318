"""What is imported when: quick commands stay quick, and the layers stay layers. Each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.architecture.sources import ROOT, sources
from wizard.catalog.charts import chart
from wizard.domain.profile import profile_from_data
from wizard.planning.platform import desired

HEAVY = {"kubernetes", "pyhelm3", "boto3", "botocore", "asyncssh", "keyring", "aiohttp"}
SCREENS = {"textual", "rich", "questionary", "prompt_toolkit"}

_TELL = """
import atexit, json, os, pathlib, sys
atexit.register(lambda: pathlib.Path(os.environ["TELL"]).write_text(json.dumps(sorted(sys.modules))))
"""


def modules(code: str, home: Path, **environment: str) -> tuple[int, set[str], str]:
    """(exit code, top-level names and full names of all modules at the end, what was said)."""
    told = home / "modules.json"
    clean = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "TELL": str(told)}
    done = subprocess.run(
        [sys.executable, "-c", _TELL + code], env=clean | environment, cwd=home, check=False, text=True, timeout=60,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    names = json.loads(told.read_text())
    return done.returncode, {name.partition(".")[0] for name in names} | set(names), done.stdout


def run(*argv: str) -> str:
    return f"from wizard.cli import main\nmain({list(argv)!r})\n"


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["plan", "--help"], ["completion", "bash"], []])
def test_quick_answers_import_nothing_heavy(argv: list[str], tmp_path: Path) -> None:
    code, loaded, said = modules(run(*argv), tmp_path)
    assert code == (0 if argv else 2), said
    assert not loaded & (HEAVY | SCREENS | {"pydantic", "yaml", "asyncio", "ssl", "http"})
    ours = {name for name in loaded if name.startswith("wizard.")}
    assert ours <= {"wizard.cli", "wizard.ui", "wizard.ui.terminal"}


@pytest.mark.parametrize("argv", [["plan", "--profile", "demo"], ["plan", "--profile", "prod", "--json"], ["schema"]])
def test_planning_offline_imports_no_sdk(argv: list[str], tmp_path: Path) -> None:
    code, loaded, said = modules(run(*argv), tmp_path)
    assert code in (0, 3), said
    assert not loaded & (HEAVY | SCREENS)


def test_headless_never_loads_a_screen(tmp_path: Path) -> None:
    """With everything that any headless command may import, the lazily made adapters too."""
    code = "import wizard.commands.deploy, wizard.commands.look, wizard.ui.headless.run\n" + "".join(
        f"import {name}\n" for name in _names("wizard/adapters") + _names("wizard/engine") + _names("wizard/steps")
    )
    exit_code, loaded, said = modules(code, tmp_path)
    assert exit_code == 0, said
    assert "wizard.adapters.helm" in loaded  # the list was not empty
    assert not loaded & SCREENS


def _names(folder: str) -> list[str]:
    return [
        ".".join(path.with_suffix("").parts)
        for path in sources()
        if path.as_posix().startswith(folder + "/") and path.name != "__init__.py"
    ]


# --- a run with nothing to change, for real: against an API server that has it all


class Cluster(BaseHTTPRequestHandler):
    """Answers the reads of an observation from `objects`: path -> JSON."""

    objects: dict[str, Any]
    asked: list[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.asked.append(f"GET {path}")
        self._answer(self.objects.get(path))

    def do_POST(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self._answer(None)

    do_PUT = do_PATCH = do_DELETE = do_POST

    def _answer(self, found: Any) -> None:
        body = json.dumps(
            found or {"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"}
        ).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


PROFILE = {"name": "prod", "target": {"kind": "cluster"}, "models": ["qwen3:0.6b"]}


def _deployed() -> dict[str, Any]:
    """All that PROFILE means, deployed and ready, as an API server would list it."""
    wanted = desired(profile_from_data(PROFILE), chart)

    def listing(*items: Any) -> dict[str, Any]:
        return {"metadata": {"resourceVersion": "9"}, "items": list(items)}

    def secret(name: str, labels: dict[str, str], annotations: dict[str, str]) -> dict[str, Any]:
        return {"metadata": {"name": name, "labels": labels, "annotations": annotations}}

    secrets = [secret(s.name, {}, {"wizard.dev/made-of": s.digest}) for s in wanted.secret_objects]
    labels = {"owner": "helm", "version": "1", "status": "deployed"}
    secrets += [secret(f"sh.helm.release.v1.{c.name}.v1", {**labels, "name": c.name}, {}) for c in wanted.components]
    record = {
        c.name: json.dumps({"digest": c.digest, "revision": 1, "generations": {f"Deployment/{c.name}": 1}})
        for c in wanted.components
    }
    full = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "observedGeneration"), 1)
    workloads = [
        {
            "metadata": {"name": c.name, "generation": 1, "labels": {"app.kubernetes.io/instance": c.name}},
            "spec": {"replicas": 1},
            "status": full,
        }
        for c in wanted.components
    ]
    ours = {"app.kubernetes.io/managed-by": "wizard", "pod-security.kubernetes.io/enforce": "restricted"}
    apps, core = "/apis/apps/v1/namespaces/chat", "/api/v1/namespaces"
    return {
        f"{core}/kube-system": {"metadata": {"name": "kube-system", "uid": "uid-1"}},
        f"{core}/chat": {"metadata": {"name": "chat", "labels": ours}, "status": {"phase": "Active"}},
        f"{core}/chat/secrets": listing(*secrets),
        f"{core}/wizard-system/configmaps/prod": {"metadata": {"name": "prod"}, "data": record},
        f"{apps}/deployments": listing(*workloads),
        f"{apps}/statefulsets": listing(),
        f"{apps}/daemonsets": listing(),
        "/apis/batch/v1/namespaces/chat/jobs": listing(),
    }


@pytest.fixture
def cluster() -> Iterator[tuple[str, type[Cluster]]]:
    handler = type("Deployed", (Cluster,), {"objects": _deployed(), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()


def _kubeconfig(home: Path, server: str) -> str:
    path = home / "config"
    path.write_text(
        json.dumps(
            {
                "current-context": "x",
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                "clusters": [{"name": "x", "cluster": {"server": server}}],
                "users": [{"name": "x", "user": {"token": "t"}}],
            }
        )
    )
    (home / "prod.yaml").write_text(json.dumps(PROFILE))
    return str(path)


def test_a_run_with_nothing_to_change_loads_no_sdk(cluster: tuple[str, type[Cluster]], tmp_path: Path) -> None:
    """Nor does it start helm, ask the keyring, take the lock or write: eight reads, and done."""
    server, handler = cluster
    environment = {"KUBECONFIG": _kubeconfig(tmp_path, server), "WIZARD_HELM": "/nonexistent/helm"}
    code, loaded, said = modules(run("--profile", "prod.yaml", "--yes"), tmp_path, **environment)
    assert code == 0, said
    assert "prod is deployed and ready." in said
    assert not loaded & (HEAVY | SCREENS)
    assert sorted(handler.asked) == sorted(f"GET {path}" for path in handler.objects)


def test_and_one_with_something_to_change_does(cluster: tuple[str, type[Cluster]], tmp_path: Path) -> None:
    """The test above would see it."""
    server, handler = cluster
    del handler.objects["/api/v1/namespaces/wizard-system/configmaps/prod"]
    environment = {"KUBECONFIG": _kubeconfig(tmp_path, server), "WIZARD_HELM": "/nonexistent/helm"}
    code, _, said = modules(run("--profile", "prod.yaml", "--yes"), tmp_path, **environment)
    assert code == 3, said
    assert "/nonexistent/helm" in said


# --- layers


def test_the_contracts_of_import_linter_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_every_room_is_in_the_layers() -> None:
    """A new room that no contract names could import anything."""
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = {part.strip(" ()") for layer in contracts[0]["layers"] for part in layer.split("|")}
    rooms = {f"wizard.{path.parts[1].removesuffix('.py')}" for path in sources()}
    assert rooms - layers == {"wizard.__init__", "wizard.__main__"}
