"""The command-line tools of the contract: helm 4, a helm 3 and kubectl, found or fetched as the wizard does it."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from wizard.adapters.helm_binary import find_helm, find_kubectl
from wizard.catalog import shipped
from wizard.domain.finding import PreflightError

_OLD = Path(__file__).with_name("helm3.yaml")


class Missing(Exception):
    """There is none, and none could be fetched; the text says what to do."""


@cache
def kubectl() -> str:
    """Raises Missing."""
    found = find_kubectl(tools=shipped.assets("catalog", "tools.yaml"))
    if found is None:
        raise Missing("no kubectl, and none could be fetched: set WIZARD_KUBECTL")
    return str(found)


@cache
def helm(major: str) -> str:
    """`3` or `4`. Raises Missing."""
    variable = {"3": "WIZARD_HELM3", "4": "WIZARD_HELM"}[major]
    environment = {key: value for key, value in os.environ.items() if key != "WIZARD_HELM"}
    if named := os.environ.get(variable):
        environment["WIZARD_HELM"] = named
    tools = shipped.assets("catalog", "tools.yaml") if major == "4" else _OLD
    try:
        found = find_helm(env=environment, tools=tools)
    except PreflightError as problem:
        raise Missing(f"no helm {major}: {problem.findings[0].summary}; set {variable}") from problem
    if not found.version.startswith(f"{major}."):
        raise Missing(f"{found.path} is helm {found.version}, not a helm {major}: set {variable}")
    return str(found.path)
