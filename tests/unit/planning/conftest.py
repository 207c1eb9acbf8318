"""Profiles and rendered charts for the tests of planning."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from wizard.catalog.charts import Chart, chart
from wizard.domain.profile import Profile, profile_from_data
from wizard.planning.components.base import merge
from wizard.planning.desired import Component, Desired
from wizard.planning.platform import desired

Obj = dict[str, Any]
PROFILES = Path(__file__).resolve().parents[3] / "profiles"
SHIPPED = sorted(path.stem for path in PROFILES.glob("*.yaml"))
SMALLEST: Obj = {
    "name": "prod",
    "target": {"kind": "cluster"},
    "models": ["qwen3:0.6b"],
    # The three programs of the platform itself; what watches them has tests of its own.
    "observability": {"enabled": False},
}
OBSERVED: Obj = {"observability": {"enabled": True}}

cached_chart: Callable[[str], Chart] = cache(chart)


def profile(**changes: Any) -> Profile:
    """The smallest profile with these parts merged over it."""
    return profile_from_data(merge(SMALLEST, changes))


def shipped(name: str, **changes: Any) -> Profile:
    return profile_from_data(merge(yaml.safe_load((PROFILES / f"{name}.yaml").read_text()), changes))


def plan_of(given: Profile) -> Desired:
    return desired(given, cached_chart)


def values_of(given: Profile, name: str) -> Mapping[str, Any]:
    """What Helm will see: the chart's defaults under our values."""
    component = plan_of(given).component(name)
    return merge(cached_chart(name).defaults, component.values)


class Refused(Exception):
    """helm did not render; its words."""


@pytest.fixture(scope="session")
def render() -> Callable[[Component], list[Obj]]:
    """Renders a component as `helm template` does: with the chart's own JSON schema applied to the values."""
    path = os.environ.get("WIZARD_HELM") or shutil.which("helm") or shutil.which("helm", path="/tmp/helm-dev")
    if not path:
        pytest.skip("no helm: set WIZARD_HELM or put one on PATH")

    known: dict[tuple[str, str], list[Obj]] = {}

    def rendered(component: Component) -> list[Obj]:
        key = (component.name, component.digest)
        if key not in known:
            known[key] = fresh(component)
        return known[key]

    def fresh(component: Component) -> list[Obj]:
        argv = [path, "template", component.name, component.chart, "--namespace", component.namespace, "--values", "-"]
        text = yaml.safe_dump(dict(component.values))
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise Refused(done.stderr)
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    return rendered


def pods(objects: list[Obj]) -> list[Obj]:
    """(spec of every pod that these workloads make, `replicas` times)."""
    found: list[Obj] = []
    for obj in objects:
        if obj["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            found += [obj["spec"]["template"]["spec"]] * obj["spec"].get("replicas", 1)
    return found
