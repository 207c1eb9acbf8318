"""Where profiles/ and assets/ are: beside the package in a wheel, at the top in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def _root() -> Path:
    package = Path(__file__).resolve().parents[1]
    installed = package / "_shipped"
    return installed if installed.is_dir() else package.parent


def assets(*parts: str) -> Path:
    return _root().joinpath("assets", *parts)


def profiles() -> Path:
    return _root() / "profiles"
