"""Files that the wizard writes for an operator: whole or not at all, in the right hands."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from wizard.adapters.atomic import write_whole
from wizard.adapters.preferences import Preferences
from wizard.adapters.profile_files import (
    forget,
    is_name,
    list_drafts,
    read_data,
    write_new,
    write_profile,
)
from wizard.domain.finding import UsageError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(link, b"new")
    assert path.read_text() == "new" and mode(path) == 0o640 and link.is_symlink()
    old = os.umask(0o027)
    try:
        write_whole(tmp_path / "c", b"")
    finally:
        os.umask(old)
    assert mode(tmp_path / "c") == 0o640
    write_whole(tmp_path / "c", b"", mode=0o600)
    assert mode(tmp_path / "c") == 0o600


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(UsageError) as refused:
        write_profile(path, {"name": "x"})
    assert "No space left" in refused.value.findings[0].summary


def test_a_profile_is_written_with_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.yaml"
    write_profile(path, {"name": "x", "target": {"kind": "sandbox"}})
    assert path.read_text() == "name: x\ntarget:\n  kind: sandbox\n"
    path.write_text("# mine\n" + path.read_text() + "  # end\n")
    write_profile(path, {"name": "y", "target": {"kind": "sandbox"}})
    assert path.read_text() == "# mine\nname: y\ntarget:\n  kind: sandbox\n  # end\n"


def test_drafts_are_private_and_listed_newest_first(tmp_path: Path) -> None:
    folder = tmp_path / "drafts"
    for number, name in enumerate(("old", "new")):
        write_profile(folder / f"{name}.yaml", {"name": name}, private=True)
        os.utime(folder / f"{name}.yaml", (number, number))
    assert mode(folder) == 0o700 and mode(folder / "new.yaml") == 0o600
    assert [path.stem for path in list_drafts(folder)] == ["new", "old"]
    forget(folder / "new.yaml")
    forget(folder / "new.yaml")
    assert [path.stem for path in list_drafts(folder)] == ["old"] and list_drafts(tmp_path / "none") == []


def test_reading_data_takes_what_is_not_valid_but_no_lists(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: [1]\nwhatever: 1\n")
    assert read_data(path) == {"name": [1], "whatever": 1}
    path.write_text("# nothing\n")
    assert read_data(path) == {}
    for text in ("- a\n", "a: [\n"):
        path.write_text(text)
        with pytest.raises(UsageError):
            read_data(path)


def test_a_new_file_is_never_written_over_another(tmp_path: Path) -> None:
    write_new(tmp_path / "t.csv", "name\n")
    for path in (tmp_path / "t.csv", tmp_path / "none" / "t.csv"):
        with pytest.raises(UsageError):
            write_new(path, "")
    assert (tmp_path / "t.csv").read_text() == "name\n"


@pytest.mark.parametrize(
    ("name", "right"),
    [("prod", True), ("a.b-c_1", True), ("", False), ("../x", False), ("x.yaml", False), ("a b", False), ("-x", False)],
)
def test_names_of_profiles(name: str, right: bool) -> None:
    assert is_name(name) is right


def test_preferences(tmp_path: Path) -> None:
    path = tmp_path / "config" / "preferences.json"
    kept = Preferences(path)
    assert kept.recall("theme") is None
    kept.remember("theme", "dark")
    kept.remember("layout", {"pods": 2})
    assert mode(path) == 0o600 and mode(path.parent) == 0o700
    again = Preferences(path)
    assert again.recall("theme") == "dark" and again.recall("layout") == {"pods": 2}
    path.write_text("[1, 2")
    broken = Preferences(path)
    assert broken.recall("theme") is None
    broken.remember("theme", object())  # no JSON: kept for this run only
    assert broken.recall("theme") is not None and path.read_text() == "[1, 2"
    Preferences(tmp_path / "config" / "preferences.json" / "x").remember("a", 1)  # no folder can be made there
    json.dumps(again.recall("layout"))
