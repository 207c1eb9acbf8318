"""The contexts of a kubeconfig, as kubectl lists them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from wizard.adapters.kubeconfig import Context, contexts
from wizard.domain.finding import UsageError


def _write(path: Path, current: str, *names: str) -> Path:
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": current,
                "contexts": [{"name": n, "context": {"cluster": n, "user": n, "namespace": "ns"}} for n in names],
                "clusters": [{"name": n, "cluster": {"server": f"https://{n}.{path.name}"}} for n in names],
            }
        )
    )
    return path


def test_one_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "one", "b", "b", "a")
    assert contexts(path) == [
        Context("a", "https://a.one", "ns", current=False),
        Context("b", "https://b.one", "ns", current=True),
    ]


def test_several_files_are_merged_and_the_first_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = _write(tmp_path / "one", "", "a"), _write(tmp_path / "two", "b", "a", "b")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (one, tmp_path / "none", two))))
    assert [(c.name, c.server, c.current) for c in contexts()] == [
        ("a", "https://a.one", False),
        ("b", "https://b.two", True),
    ]


def test_none_and_broken_ones(tmp_path: Path) -> None:
    assert contexts(tmp_path / "none") == []
    path = tmp_path / "x"
    for text in ("[]", "contexts: 7", "contexts: [1, {name: 3}, {name: a, context: 7}]", ""):
        path.write_text(text)
        assert [c.name for c in contexts(path)] == (["a"] if "name: a" in text else [])
    path.write_text("a: [")
    with pytest.raises(UsageError):
        contexts(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError):
        contexts(path)
