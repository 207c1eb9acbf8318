"""The contexts that a kubeconfig names, read as kubectl merges them; asks no cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wizard.adapters.kube_access import kubeconfig_paths
from wizard.domain.finding import UsageError, Where, error

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Context:
    name: str
    server: str
    """URL of the API server; empty where the file names none."""
    namespace: str
    current: bool


def contexts(explicit: Path | None = None) -> list[Context]:
    """By name; empty where there is no kubeconfig. Of several files (KUBECONFIG) the first one that names
    something counts. UsageError where one cannot be read."""
    found: dict[str, dict[str, Any]] = {}
    servers: dict[str, str] = {}
    current = ""
    for path in kubeconfig_paths(explicit):
        config = _read(path)
        current = current or str(config.get("current-context") or "")
        for item in _named(config.get("clusters")):
            servers.setdefault(item["name"], str(_part(item, "cluster").get("server") or ""))
        for item in _named(config.get("contexts")):
            found.setdefault(item["name"], _part(item, "context"))
    return [
        Context(name, servers.get(str(said.get("cluster")), ""), str(said.get("namespace") or ""), name == current)
        for name, said in sorted(found.items())
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.load(path.read_bytes(), Loader=_LOADER)
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is no YAML"
        summary = f"the kubeconfig {path} cannot be read: {reason}"
        raise UsageError(error("kubeconfig", summary, where=Where(file=str(path)))) from problem
    return config if isinstance(config, dict) else {}


def _named(items: object) -> list[dict[str, Any]]:
    given = items if isinstance(items, list) else []
    return [item for item in given if isinstance(item, dict) and isinstance(item.get("name"), str)]


def _part(item: dict[str, Any], key: str) -> dict[str, Any]:
    part = item.get(key)
    return part if isinstance(part, dict) else {}
