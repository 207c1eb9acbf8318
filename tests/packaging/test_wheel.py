"""The wheel alone, in an environment of its own, away from the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / ".ci" / "requirements" / "dev.txt"


@pytest.fixture(scope="module")
def uv() -> str:
    found = os.environ.get("WIZARD_UV") or shutil.which("uv")
    assert found, "uv is missing: run this by `make test`, which brings it"
    return found


@pytest.fixture(scope="module")
def wheel(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [
        uv,
        "build",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        str(out),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_it_carries_profiles_and_assets_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "wizard/_shipped/profiles/demo.yaml",
        "wizard/_shipped/assets/charts/open-webui/Chart.yaml",
        "wizard/_shipped/assets/charts/ollama/templates/_helpers.tpl",
        "wizard/_shipped/assets/schema/profile.schema.json",
        "wizard/_shipped/assets/catalog/tools.yaml",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith(("tests", "docs", "profiles", "assets"))]


def test_it_plans_the_demo_from_an_empty_directory(uv: str, wheel: Path, tmp_path: Path) -> None:
    venv, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    python = str(venv / "bin" / "python")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    # The pinned versions, and only what the wheel itself asks for.
    install = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--constraint",
        str(_versions(tmp_path)),
        str(wheel),
    ]
    subprocess.run(install, check=True)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(empty), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [str(venv / "bin" / "wizard"), "--profile", "demo", "--plan"],
        cwd=empty,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "+ create" in done.stdout
    assert "release chat/open-webui" in done.stdout
    assert list(empty.iterdir()) == [], "planning writes nothing"


def _versions(folder: Path) -> Path:
    """The pins without their hashes: a wheel just built has none in the lock."""
    lines = [line.split(" ;")[0].rstrip(" \\") for line in REQUIREMENTS.read_text().splitlines() if "==" in line]
    pins = folder / "constraints.txt"
    pins.write_text("\n".join(lines) + "\n")
    return pins
