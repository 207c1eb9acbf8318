"""Profiles on disk: where they are looked for, and what is said when they cannot be read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from wizard.adapters.profile_files import find_profile, list_profiles, load_profile, read_profile
from wizard.domain.finding import ExitCode, Finding, UsageError

TEXT = "name: {name}\ntarget: {{kind: sandbox}}\n"


@dataclass
class Places:
    cwd: Path
    config: Path
    shipped: Path

    def put(self, path: Path, name: str = "x") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT.format(name=name), encoding="utf-8")
        return path

    def find(self, name: str) -> Path:
        return find_profile(name, cwd=self.cwd, config_dir=self.config, shipped_dir=self.shipped)

    def load(self, name: str, *overrides: str) -> str:
        return load_profile(
            name, cwd=self.cwd, config_dir=self.config, shipped_dir=self.shipped, overrides=overrides
        ).name

    def failing(self, name: str) -> Finding:
        with pytest.raises(UsageError) as caught:
            self.load(name)
        assert caught.value.exit_code is ExitCode.USAGE
        (finding,) = caught.value.findings
        return finding


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "work", tmp_path / "config", tmp_path / "shipped")
    for path in (found.cwd, found.config, found.shipped):
        path.mkdir()
    return found


def test_a_name_is_looked_for_in_three_places(places: Places) -> None:
    shipped = places.put(places.shipped / "prod.yaml", "shipped")
    assert places.find("prod") == shipped
    mine = places.put(places.config / "profiles/prod.yml", "mine")
    assert places.find("prod") == mine
    here = places.put(places.cwd / "profiles/prod.yaml", "here")
    assert places.find("prod") == here
    assert places.load("prod") == "here"
    assert places.load("prod", "name=changed") == "changed"


def test_a_path_is_taken_as_it_is(places: Places) -> None:
    places.put(places.cwd / "profiles/prod.yaml", "named")
    path = places.put(places.cwd / "elsewhere/prod.yaml", "path")
    assert places.load("elsewhere/prod.yaml") == "path"
    assert places.load(str(path)) == "path"
    plain = places.put(places.cwd / "prod.yaml", "plain")
    assert places.find("prod.yaml") == plain
    assert places.load("./prod.yaml") == "plain"
    assert places.load("prod") == "named"
    assert places.find(str(places.put(places.cwd / "no-suffix"))) == places.cwd / "no-suffix"
    assert places.find("no-suffix") == places.cwd / "no-suffix"


def test_a_home_directory_is_expanded(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(places.config))
    path = places.put(places.config / "my.yaml")
    assert places.find("~/my.yaml") == path


def test_an_unknown_name_says_where_it_looked_and_what_is_near(places: Places) -> None:
    places.put(places.shipped / "k3s-4gb.yaml")
    places.put(places.shipped / "prod.yaml")
    finding = places.failing("k3s")
    assert finding.code == "profile-not-found"
    assert "'k3s-4gb'" in finding.hint
    for place in (places.cwd / "profiles", places.config / "profiles", places.shipped):
        assert str(place) in finding.detail
    assert "k3s-4gb, prod" in places.failing("zzz").hint


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000, "..", "."])
def test_odd_names(places: Places, name: str) -> None:
    assert places.failing(name).code == "profile-not-found"


def test_an_unknown_path_says_what_is_near(places: Places) -> None:
    places.put(places.cwd / "here/prod.yaml")
    finding = places.failing("here/prd.yaml")
    assert finding.code == "profile-not-found"
    assert "prod.yaml" in finding.hint
    assert places.failing("nowhere/x.yaml").hint == "check the path"


def test_listing(places: Places) -> None:
    places.put(places.shipped / "b.yaml")
    places.put(places.shipped / "a.yaml")
    mine = places.put(places.config / "profiles/a.yml")
    (places.shipped / "c.yaml").mkdir()
    (places.shipped / "notes.txt").touch()
    found = list_profiles(cwd=places.cwd, config_dir=places.config, shipped_dir=places.shipped)
    assert found == {"a": mine, "b": places.shipped / "b.yaml"}
    assert places.find("a") == mine


def test_findings_name_the_file_as_it_was_given(places: Places) -> None:
    (places.cwd / "profiles").mkdir()
    (places.cwd / "profiles/bad.yaml").write_bytes(b"name: \xff")
    assert places.failing("bad").where.file == "profiles/bad.yaml"
    (places.shipped / "worse.yaml").write_bytes(b"name: [")
    assert places.failing("worse").where.file == str(places.shipped / "worse.yaml")


def test_what_cannot_be_read(places: Places) -> None:
    (places.cwd / "dir.yaml").mkdir()
    assert "is a directory" in places.failing("dir.yaml").summary
    (places.cwd / "dangling.yaml").symlink_to("nowhere")
    assert "leads nowhere" in places.failing("dangling.yaml").hint
    (places.cwd / "loop.yaml").symlink_to("loop.yaml")
    assert "leads to itself" in places.failing("loop.yaml").hint
    os.mkfifo(places.cwd / "pipe.yaml")
    assert "no regular file" in places.failing("pipe.yaml").summary
    (places.cwd / "big.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    assert places.failing("big.yaml").code == "profile-size"


def test_a_file_that_may_not_be_read(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    path = places.put(places.cwd / "secret.yaml")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")  # chmod would not stop a test that runs as root

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(UsageError) as caught:
        read_profile(path)
    assert caught.value.findings[0].code == "profile-unreadable"
    assert caught.value.findings[0].where.file == str(path)
