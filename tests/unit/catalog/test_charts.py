"""Our charts as the catalog gives them: found in a checkout, and another digest for another content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wizard.catalog import charts, shipped

NAMES = ("ollama", "open-webui", "postgresql")


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_chart(name: str) -> None:
    found = charts.chart(name)
    assert found.name == name == found.path.name
    assert found.path.is_absolute() and (found.path / "Chart.yaml").is_file()
    assert found.version.count(".") == 2
    assert len(found.digest) == 16 and int(found.digest, 16) >= 0
    assert found.defaults["image"]["repository"].count("/") >= 1  # planning puts a mirror before it
    assert found == charts.chart(name)


def test_shipped_files_are_there() -> None:
    assert {path.stem for path in shipped.profiles().glob("*.yaml")} >= {"demo", "k3s-4gb", "prod", "cluster"}
    assert shipped.assets("catalog", "tools.yaml").is_file()


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the ollama chart that `chart` reads instead."""
    shutil.copytree(shipped.assets("charts", "ollama"), tmp_path / "charts" / "ollama")
    monkeypatch.setattr(shipped, "assets", lambda *parts: tmp_path.joinpath(*parts))
    return tmp_path / "charts" / "ollama"


def test_a_copy_elsewhere_has_the_same_digest(copied: Path) -> None:
    """The digest goes into records in the cluster: two operators' checkouts must agree on it."""
    here = charts.chart("ollama")
    assert here.path == copied
    copied.rename(copied.with_name("moved"))
    copied.with_name("moved").rename(copied)
    assert charts.chart("ollama").digest == here.digest


@pytest.mark.parametrize("change", ["edit", "rename", "add", "remove", "move content"])
def test_any_change_is_another_digest(copied: Path, change: str) -> None:
    before = charts.chart("ollama").digest
    notes = copied / "templates" / "NOTES.txt"
    match change:
        case "edit":
            notes.write_bytes(notes.read_bytes() + b" ")
        case "rename":
            notes.rename(notes.with_name("OTHER.txt"))
        case "add":
            (copied / "templates" / "empty.yaml").touch()
        case "remove":
            notes.unlink()
        case _:  # the same bytes in all, divided otherwise among the files
            (copied / "a").write_bytes(b"xy")
            (copied / "b").write_bytes(b"z")
            before = charts.chart("ollama").digest
            (copied / "a").write_bytes(b"x")
            (copied / "b").write_bytes(b"yz")
    assert charts.chart("ollama").digest != before


def test_a_broken_installation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "assets", lambda *parts: tmp_path.joinpath(*parts))
    with pytest.raises(FileNotFoundError):
        charts.chart("ollama")
