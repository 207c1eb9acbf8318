"""The k3s releases that are pinned (assets/catalog/k3s.yaml), and where they are downloaded from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from wizard.catalog import datafile, shipped

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_VERSION = re.compile(r"v1\.([0-9]+)\.([0-9]+)\+k3s([0-9]+)")
ARCHITECTURES: Mapping[str, str] = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""`uname -m` -> as k3s names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    amd64: Sha256
    arm64: Sha256


@dataclass(frozen=True, slots=True)
class Download:
    """What one server of one architecture needs."""

    version: str
    binary: str
    """URL."""
    sha256: str
    """Of the binary; empty where this release is not pinned: `sums` decides."""
    sums: str
    """URL of the digests that k3s publishes."""
    name: str
    """The binary's name in `sums`."""
    installer: str
    installer_sha256: str

    @property
    def pinned(self) -> bool:
        return bool(self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class K3s:
    __pydantic_config__: ClassVar[Any] = datafile.STRICT

    base: str
    installers: str
    default: str
    installer: Sha256
    releases: dict[str, Binaries] = field(default_factory=dict)
    looked_up: date

    def download(self, version: str | None, architecture: str) -> Download:
        """`architecture`: amd64 or arm64. The installer is the tag's own; only its content is pinned, for all tags."""
        version = version or self.default
        tag = quote(version, safe="")
        known = self.releases.get(version)
        name = "k3s" if architecture == "amd64" else f"k3s-{architecture}"
        return Download(
            version,
            f"{self.base}/{tag}/{name}",
            getattr(known, architecture) if known else "",
            f"{self.base}/{tag}/sha256sum-{architecture}.txt",
            name,
            f"{self.installers}/{quote(self.default if not known else version, safe='')}/install.sh",
            self.installer,
        )


def catalog(own: Path | None = None) -> K3s:
    """The shipped pins, or the operator's own file where there is one. Raises UsageError where that one is wrong."""
    path = own if own is not None and own.is_file() else shipped.assets("catalog", "k3s.yaml")
    return datafile.read("k3s.yaml", K3s, path, check=_check)


def _check(made: K3s) -> dict[str, str]:
    wrong = {f"releases.{each}": "is no version of k3s" for each in made.releases if not _VERSION.fullmatch(each)}
    if made.default not in made.releases:
        wrong["default"] = "has no digests under `releases`"
    return wrong


def numbers(version: str) -> tuple[int, int, int] | None:
    """(minor, patch, k3s) of `v1.36.4+k3s1`; None for what is no such version."""
    match = _VERSION.fullmatch(version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None
