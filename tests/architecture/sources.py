"""The files of the package, as the tests of this folder read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "wizard"


@cache
def sources() -> tuple[Path, ...]:
    """Every module, relative to the root: those of the checkout's index, or all where there is no git."""
    found = subprocess.run(["git", "ls-files", "-z", "wizard"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in found.stdout.split("\0") if name.endswith(".py")]
    paths = [ROOT / name for name in names] if names and not found.returncode else PACKAGE.rglob("*.py")
    return tuple(sorted(path.relative_to(ROOT) for path in paths if path.is_file()))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), str(path))


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in sources():
        for node in ast.walk(tree(path)):
            yield path, node


def called(node: ast.AST) -> str:
    """`subprocess.run` of `subprocess.run(...)`; empty for what is no call of a plain name."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""
