"""Which of the monitoring a profile brings, and what each part is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.planning.conftest import OBSERVED, Obj, plan_of, pods, profile, values_of
from wizard.domain.plan import Change
from wizard.planning.components.base import OBSERVABILITY, merge
from wizard.planning.desired import Component
from wizard.planning.diff import KNOWN, make_plan
from wizard.planning.observability import NAMES, wanted
from wizard.planning.observed import Observed
from wizard.ports import Release

Render = Callable[[Component], list[Obj]]


def observed(**changes: Any) -> Any:
    return profile(**merge(OBSERVED, changes))


def test_all_of_it_by_default_and_nothing_where_it_is_off() -> None:
    assert wanted(observed()) == NAMES
    assert wanted(profile()) == ()
    quiet = plan_of(profile())
    assert {component.name for component in quiet.components} == {"postgresql", "ollama", "open-webui"}
    assert "grafana-admin" not in {obj.name for obj in quiet.secret_objects}
    assert not any(component.part for component in quiet.components)


def test_without_logs_neither_store_nor_shipper() -> None:
    assert set(NAMES) - set(wanted(observed(observability={"logs": {"backend": "none"}}))) == {"loki", "alloy"}


def test_each_belongs_to_the_part_that_the_budget_sums_up() -> None:
    parts = {component.name: component.part for component in plan_of(observed()).components}
    assert {name for name, part in parts.items() if part == OBSERVABILITY} == set(NAMES)


def test_each_is_checked_where_it_says_that_it_is_ready() -> None:
    checks = {
        component.name: [(check.service, check.port, check.path) for check in component.checks]
        for component in plan_of(observed()).components
        if component.part
    }
    assert checks == {
        "prometheus": [("prometheus", "http", "/-/ready")],
        "alertmanager": [("alertmanager", "http", "/-/ready")],
        "grafana": [("grafana", "http", "/api/health")],
        "loki": [("loki", "http", "/ready")],
        "alloy": [], "node-exporter": [], "kube-state-metrics": [],
    }  # fmt: skip


def test_what_is_switched_off_is_removed() -> None:
    releases = {name: Release(name, "chat", 1, "deployed") for name in NAMES}
    plan = make_plan(
        plan_of(profile()),
        Observed(cluster="uid", namespace_phase="Active", namespace_ours=True, releases=releases),
        profile={},
        budget={},
    )
    assert {action.name for action in plan.actions if action.change is Change.REMOVE} == set(NAMES)
    assert set(NAMES) < KNOWN


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"metrics": {"retention": "7d", "size": "2Gi"}}, {"time": "7d", "size": "1638MB"}),
        ({"metrics": {"size": "50G"}}, {"time": "15d", "size": "38146MB"}),
    ],
)
def test_prometheus_keeps_less_than_its_volume_holds(given: Obj, values: Obj) -> None:
    assert values_of(observed(observability=given), "prometheus")["retention"] == values


def test_a_reading_ends_before_the_next_begins() -> None:
    for interval, timeout in (("5s", "5s"), ("30s", "10s"), ("2m", "10s")):
        scrape = values_of(observed(observability={"metrics": {"interval": interval}}), "prometheus")["scrape"]
        assert scrape == {"interval": interval, "timeout": timeout}


@pytest.mark.parametrize(("retention", "hours"), [("3d", "72h"), ("1h", "24h"), ("90m", "24h"), ("25h30m", "26h")])
def test_loki_counts_retention_in_hours_and_takes_no_less_than_a_day(retention: str, hours: str) -> None:
    assert values_of(observed(observability={"logs": {"retention": retention}}), "loki")["retention"] == {"time": hours}


def test_volumes_have_the_profiles_sizes_and_class() -> None:
    given = observed(observability={"metrics": {"size": "3Gi"}, "logs": {"size": "4Gi"}}, storage={"className": "fast"})
    found = {name: values_of(given, name)["persistence"] for name in ("prometheus", "loki", "alertmanager")}
    assert {name: (p["size"], p["storageClassName"]) for name, p in found.items()} == {
        "prometheus": ("3Gi", "fast"), "loki": ("4Gi", "fast"), "alertmanager": ("100Mi", "fast"),
    }  # fmt: skip


def test_grafana_is_at_the_monitor_host_and_the_chat_is_not(render: Render) -> None:
    given = observed(access={"domain": "example.com"})
    desired = plan_of(given)
    assert desired.urls == ("https://chat.example.com", "https://monitor.example.com")
    objects = render(desired.component("grafana"))
    (ingress,) = [obj for obj in objects if obj["kind"] == "Ingress"]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["monitor.example.com"]
    assert plan_of(profile(access={"domain": "example.com"})).urls == ("https://chat.example.com",)
    assert "Ingress" not in {obj["kind"] for obj in render(plan_of(observed()).component("grafana"))}


def test_grafanas_password_is_generated_and_named_only(render: Render) -> None:
    desired = plan_of(observed())
    refs = {ref.name: ref for ref in desired.secrets if ref.kubernetes_secret == "grafana-admin"}
    assert set(refs) == {"grafana-admin-password", "grafana-secret-key"}
    assert all(ref.generated for ref in refs.values())
    (spec,) = pods(render(desired.component("grafana")))
    (volume,) = [volume["secret"] for volume in spec["volumes"] if "secret" in volume]
    assert volume["secretName"] == "grafana-admin"
    (wanted_object,) = [obj for obj in desired.secret_objects if obj.name == "grafana-admin"]
    assert wanted_object.keys == ("admin-password", "secret-key")


def test_the_addresses_that_they_know_of_each_other_are_there(render: Render) -> None:
    desired = plan_of(observed())
    services = {
        f"http://{obj['metadata']['name']}.chat.svc:{port['port']}"
        for component in desired.components
        for obj in render(component)
        if obj["kind"] == "Service"
        for port in obj["spec"]["ports"]
    }
    named = {source["url"] for source in desired.component("grafana").values["datasources"]}
    named.add(desired.component("alloy").values["loki"]["url"].removesuffix("/loki/api/v1/push"))
    named.add("http://" + values_of(observed(), "prometheus")["alertmanager"]["address"].replace(":", ".chat.svc:"))
    assert named <= services


def test_every_image_comes_from_the_mirror(render: Render) -> None:
    given = observed(images={"registry": "mirror.example.com/hub"})
    images = {
        container["image"]
        for component in plan_of(given).components
        for spec in pods(render(component))
        for container in spec["containers"]
    }
    assert len(images) == 10
    assert all(image.startswith("mirror.example.com/hub/") for image in images)


def test_resources_can_be_overridden() -> None:
    given = observed(components={"prometheus": {"resources": {"limits": {"memory": "1Gi"}}}})
    assert plan_of(given).component("prometheus").resources.memory_limit == 2**30
