"""Puts one context into the operator's own kubeconfig, beside what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from wizard.adapters.atomic import write_whole
from wizard.adapters.kube_access import kubeconfig_paths
from wizard.domain.finding import PreflightError, Where, error


def merge(config: dict[str, Any], path: Path | None = None) -> None:
    """Its cluster, user and context replace those of the same name; the current context stays the operator's.

    Raises PreflightError where the file cannot be read or written: then nothing of it was changed.
    """
    path = path or kubeconfig_paths(None)[0]
    try:
        before = yaml.safe_load(path.read_bytes()) if path.exists() else None
        if before is not None and not isinstance(before, dict):
            raise ValueError("it holds no mapping")
        merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", **(before or {})}
        changed = before is None
        for kind in ("clusters", "users", "contexts"):
            mine = config[kind][0]
            others = [each for each in merged.get(kind) or () if each.get("name") != mine["name"]]
            changed = changed or mine not in (merged.get(kind) or ())
            merged[kind] = [*others, mine]
        merged["current-context"] = merged.get("current-context") or config["current-context"]
        if changed:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, yaml.safe_dump(merged, sort_keys=False).encode(), mode=0o600)
    except (OSError, yaml.YAMLError, ValueError, AttributeError) as problem:
        raise PreflightError(
            error(
                "kubeconfig-merge",
                f"the context {config['current-context']} cannot be added to {path}",
                detail=str(problem),
                hint="correct that file, or set `target.k3s.mergeKubeconfig: false`",
                where=Where(file=str(path)),
            )
        ) from problem
