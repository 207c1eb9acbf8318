"""Profiles on disk: found by name or path, listed, read."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from wizard.adapters.atomic import write_whole
from wizard.domain.finding import Finding, UsageError, Where, error
from wizard.domain.profile import Profile, parse_profile
from wizard.domain.profile.edit import dump, edit_yaml
from wizard.domain.profile.text import MAX_BYTES, decode, read_yaml

SUFFIXES = (".yaml", ".yml")


def find_profile(name_or_path: str, *, cwd: Path, config_dir: Path, shipped_dir: Path) -> Path:
    """The file that `--profile` means.

    A path (with a separator or a YAML suffix) is taken as it is, relative to `cwd`. A name is looked for as
    NAME.yaml and NAME.yml in `cwd`/profiles, `config_dir`/profiles and `shipped_dir`, in that order, and last
    as a file of that very name. UsageError `profile-not-found` says where it looked and what there is.
    """
    if not name_or_path or "\0" in name_or_path:
        raise UsageError(error("profile-not-found", "no profile is named", hint="give --profile NAME"))
    places = _places(cwd, config_dir, shipped_dir)
    if _is_path(name_or_path):
        path = cwd / Path(name_or_path).expanduser()
        if not os.path.lexists(path):
            raise UsageError(_no_file(name_or_path, path))
        return path
    for place in places:
        for suffix in SUFFIXES:
            path = place / f"{name_or_path}{suffix}"
            if _is_file(path):
                return path
    path = cwd / name_or_path
    if _is_file(path):
        return path
    raise UsageError(_no_name(name_or_path, places, _named(places)))


def list_profiles(*, cwd: Path, config_dir: Path, shipped_dir: Path) -> dict[str, Path]:
    """Name -> file of every profile that `find_profile` finds by name, sorted by name.

    Where a name is in several places, the file is the one that would be taken.
    """
    return _named(_places(cwd, config_dir, shipped_dir))


def list_drafts(folder: Path) -> list[Path]:
    """The drafts in a folder, newest first."""
    files = [path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}") if _is_file(path)]
    return sorted(files, key=lambda path: (-path.stat().st_mtime, path.name))


def is_name(name: str) -> bool:
    """Whether a profile can be kept under it, and found by it again."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) is not None and not _is_path(name)


def load_profile(
    name_or_path: str, *, cwd: Path, config_dir: Path, shipped_dir: Path, overrides: Sequence[str] = ()
) -> Profile:
    """Finds, reads and checks a profile. UsageError with every finding; nothing else is raised."""
    path = find_profile(name_or_path, cwd=cwd, config_dir=config_dir, shipped_dir=shipped_dir)
    return parse_profile(read_profile(path), file=_shown(path, cwd), overrides=overrides)


def read_profile(path: Path) -> bytes:
    """The bytes of a profile. UsageError `profile-unreadable` or `profile-size`.

    Reads one byte more than allowed at most, so that neither a huge file nor a device fills the memory.
    """
    where = Where(file=str(path))
    if path.exists() and not path.is_file():
        what = "a directory" if path.is_dir() else "no regular file"
        raise UsageError(error("profile-unreadable", f"{path} is {what}", hint="name a YAML file", where=where))
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise UsageError(_unreadable(path, problem)) from problem
    if len(raw) > MAX_BYTES:
        summary = f"{path} is larger than {MAX_BYTES // 1024} KiB"
        raise UsageError(error("profile-size", summary, where=where))
    return raw


def read_data(path: Path) -> Mapping[str, Any]:
    """What a profile or draft says, valid or not. UsageError where it cannot be read as YAML with keys at its top."""
    read = read_yaml(decode(read_profile(path), str(path)), str(path))
    if read.data is not None and not isinstance(read.data, dict):
        summary = f"{path} holds no profile: it has no keys at its top"
        raise UsageError(*read.findings, error("profile-type", summary, where=Where(file=str(path))))
    return read.data or {}


def write_profile(path: Path, data: Mapping[str, Any], *, private: bool = False) -> None:
    """Writes a profile whole or not at all; a file that is there keeps its comments. UsageError.

    `private` is for drafts: readable by their owner alone.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o777)
        text = edit_yaml(decode(read_profile(path), str(path)), data) if path.exists() else dump(dict(data))
        write_whole(path, text.encode(), mode=0o600 if private else None)
    except OSError as problem:
        summary = f"{path} cannot be written: {problem.strerror or problem}"
        hint = "save it under a name in another folder, or free space"
        raise UsageError(error("profile-unwritable", summary, hint=hint, where=Where(file=str(path)))) from problem


def write_new(path: Path, text: str) -> None:
    """A file of its own, never over one that is there. UsageError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        summary = f"{path} cannot be written: {problem.strerror or problem}"
        raise UsageError(error("file-unwritable", summary, where=Where(file=str(path)))) from problem


def forget(path: Path) -> None:
    """Removes a draft that is not needed any more; one that cannot be removed does no harm."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _is_path(name_or_path: str) -> bool:
    return "/" in name_or_path or os.sep in name_or_path or name_or_path.lower().endswith(SUFFIXES)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a directory that may not be searched
        return False


def _places(cwd: Path, config_dir: Path, shipped_dir: Path) -> tuple[Path, ...]:
    return (cwd / "profiles", config_dir / "profiles", shipped_dir)


def _named(places: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for place in places:
        for suffix in SUFFIXES:
            try:
                files = sorted(place.glob(f"*{suffix}"))
            except OSError:
                continue
            for path in files:
                if _is_file(path):
                    found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def _shown(path: Path, cwd: Path) -> str:
    """Short where it lies below the working directory: `profiles/prod.yaml`."""
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)


def _no_name(name: str, places: Sequence[Path], known: dict[str, Path]) -> Finding:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        hint = "did you mean " + " or ".join(f"'{other}'" for other in near) + "?"
    else:
        hint = f"there are: {', '.join(known)}" if known else "give the path of a YAML file"
    return error(
        "profile-not-found",
        f"there is no profile {name[:100]!a}",
        detail="looked for it in " + ", ".join(str(place) for place in places),
        hint=hint,
    )


def _no_file(given: str, path: Path) -> Finding:
    siblings = []
    if path.parent.is_dir():
        siblings = [other.name for suffix in SUFFIXES for other in path.parent.glob(f"*{suffix}")]
    near = difflib.get_close_matches(path.name, siblings, n=1)
    hint = f"did you mean '{path.parent / near[0]}'?" if near else "check the path"
    return error("profile-not-found", f"there is no file {given[:200]!a}", hint=hint, where=Where(file=str(path)))


def _unreadable(path: Path, problem: OSError) -> Finding:
    hints = {
        errno.EACCES: "allow your user to read it",
        errno.EPERM: "allow your user to read it",
        errno.ELOOP: "the symbolic link leads to itself",
        errno.ENOENT: "the symbolic link leads nowhere",
    }
    return error(
        "profile-unreadable",
        f"{path} cannot be read: {problem.strerror or problem}",
        hint=hints.get(problem.errno or 0, ""),
        where=Where(file=str(path)),
    )
