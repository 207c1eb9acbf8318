"""Writes that change nothing are no writes: no new resourceVersion, and managedFields keep their times."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.test_api_cluster import Box, run
from wizard.sandbox.kinds import Resource
from wizard.sandbox.store import Obj, copied

MAP: Obj = {"metadata": {"name": "one"}, "data": {"a": "b"}}
SERVICE: Obj = {"metadata": {"name": "one"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}
OPTIONS: dict[str, Any] = {"dry_run": False, "validation": "Strict", "warn": print}


def _kind(box: Box, plural: str) -> Resource:
    found = box.cluster.kinds.find("", "v1", plural)
    assert found is not None
    return found


@pytest.mark.parametrize(("plural", "body"), [("configmaps", MAP), ("services", SERVICE)])
@pytest.mark.parametrize("manager", ["first", "second"])
def test_the_same_again(plural: str, body: Obj, manager: str) -> None:
    """A Service comes without the addresses that it was given: putting them back is no change either."""

    async def scenario(box: Box) -> None:
        verbs, resource = box.cluster.verbs, _kind(box, plural)
        made = verbs.create(resource, "default", copied(body), manager="first", **OPTIONS)
        await box.clock.advance(90)
        again, _ = verbs.update(resource, "", "default", "one", copied(body), manager=manager, **OPTIONS)
        assert again["metadata"]["managedFields"] == made["metadata"]["managedFields"]
        assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
        other = {**copied(body), "metadata": {"name": "one", "labels": {"new": "label"}}}
        changed, _ = verbs.update(resource, "", "default", "one", other, manager=manager, **OPTIONS)
        assert changed["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
        (time,) = (each["time"] for each in changed["metadata"]["managedFields"] if each["manager"] == manager)
        assert time > made["metadata"]["managedFields"][0]["time"]

    run(scenario)


def _deployment() -> Obj:
    container = {"name": "main", "image": "web:1", "resources": {"limits": {"cpu": "1000m"}}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    return {"spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template}}


@pytest.mark.parametrize(
    ("group", "kind", "body"),
    [("apps", "Deployment", _deployment()), ("", "Secret", {"stringData": {"a": "b"}})],
)
def test_applying_what_is_stored_in_another_form(group: str, kind: str, body: Obj) -> None:
    async def scenario(box: Box) -> None:
        resource = box.cluster.kinds.find(group, "v1", f"{kind.lower()}s")
        assert resource is not None
        told = {"apiVersion": resource.api_version, "kind": kind, "metadata": {"name": "one"}, **body}
        options: dict[str, Any] = {"manager": "me", "force": False, "dry_run": False}
        made, _ = box.cluster.verbs.apply(resource, "", "default", "one", copied(told), **options)
        await box.clock.advance(90)
        again, _ = box.cluster.verbs.apply(resource, "", "default", "one", copied(told), **options)
        assert again["metadata"] == made["metadata"]

    run(scenario)
