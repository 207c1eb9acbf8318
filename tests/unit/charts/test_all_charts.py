"""What holds for each of our charts, with the least and with all of its options."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.unit.charts.conftest import ASK_THE_API, CHARTS, FULL, MINIMAL, NAMES, WITHOUT_DATA, Helm, HelmFailed
from tests.unit.charts.objects import Manifest, containers, of_kind, one, pod_templates, quantity
from tests.unit.charts.pss import violations

Rendered = Callable[[str], list[Manifest]]
pytestmark = pytest.mark.parametrize("chart", NAMES)

RECOMMENDED = {
    f"app.kubernetes.io/{label}" for label in ("name", "instance", "version", "component", "part-of", "managed-by")
}
SELECTOR = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}


def test_lints_strictly(helm: Helm, chart: str) -> None:
    helm.run("lint", "--strict", str(CHARTS / chart))
    helm.run("lint", "--strict", str(CHARTS / chart), "--values=-", stdin=yaml.safe_dump(FULL[chart]))


def test_pods_are_admitted_by_the_restricted_standard(rendered: Rendered, chart: str) -> None:
    for name, template in pod_templates(rendered(chart)):
        assert violations(template["spec"], template["metadata"].get("annotations")) == [], name


def test_every_container_is_bounded_and_cannot_write_its_image(rendered: Rendered, chart: str) -> None:
    for name, template in pod_templates(rendered(chart)):
        for container in containers(template["spec"]):
            where = f"{name} {container['name']}"
            for bound in ("requests", "limits"):
                assert {"cpu", "memory"} <= set(container["resources"][bound]), where
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, where
            assert container["securityContext"]["runAsUser"] > 0, where


def test_pods_hold_no_token_and_no_service_variables(rendered: Rendered, chart: str) -> None:
    objects = rendered(chart)
    assert one(objects, "ServiceAccount")["automountServiceAccountToken"] is False
    for name, template in pod_templates(objects):
        assert template["spec"]["automountServiceAccountToken"] is (chart in ASK_THE_API), name
        assert template["spec"]["enableServiceLinks"] is False, name
        assert template["spec"]["serviceAccountName"] == chart, name


def test_long_running_containers_have_all_three_probes(rendered: Rendered, chart: str) -> None:
    for name, template in pod_templates(rendered(chart)):
        if name.startswith("Job/"):
            continue
        for container in template["spec"]["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name
            patience = container["startupProbe"]["failureThreshold"] * container["startupProbe"]["periodSeconds"]
            assert patience >= 120, name


def test_a_token_goes_with_a_role_and_the_role_can_only_read(rendered: Rendered, chart: str) -> None:
    objects = rendered(chart)
    assert (
        bool(of_kind(objects, "ClusterRole")) is bool(of_kind(objects, "ClusterRoleBinding")) is (chart in ASK_THE_API)
    )
    for role in of_kind(objects, "ClusterRole"):
        for rule in role["rules"]:
            assert set(rule["verbs"]) <= {"get", "list", "watch"}
            # nodes/proxy lets whoever has it run commands in every pod; pods/exec the same.
            assert not set(rule["resources"]) & {"*", "secrets", "nodes/proxy", "pods/exec"}
    for binding in of_kind(objects, "ClusterRoleBinding"):
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": chart, "namespace": "chat"}]


def test_the_helpers_are_those_of_every_chart(chart: str) -> None:
    """Each chart stands alone, so each has its own copy: one that is changed is changed in all."""
    text = (CHARTS / chart / "templates" / "_helpers.tpl").read_text()
    assert text.replace(f'"{chart}.', '"NAME.') == (
        (CHARTS / "postgresql" / "templates" / "_helpers.tpl").read_text().replace('"postgresql.', '"NAME.')
    )


def test_no_release_holds_a_secret(rendered: Rendered, chart: str) -> None:
    objects = rendered(chart)
    assert not of_kind(objects, "Secret")
    for _, template in pod_templates(objects):
        for container in containers(template["spec"]):
            for variable in container.get("env", []):
                if re.search(r"PASSWORD|SECRET|TOKEN|_KEYS?$|DATABASE_URL|REDIS_URL", variable["name"]):
                    assert variable.get("value", "/run/secrets/").startswith("/run/secrets/"), variable["name"]


def test_labels_are_complete_and_selectors_never_change(rendered: Rendered, chart: str) -> None:
    for item in rendered(chart):
        name = f"{item['kind']}/{item['metadata']['name']}"
        labels = item["metadata"]["labels"]
        assert set(labels) >= RECOMMENDED | {"helm.sh/chart"}, name
        assert labels["app.kubernetes.io/part-of"] == "wizard"
        selector = item["spec"].get("selector") if "spec" in item else None
        if item["kind"] in {"Deployment", "StatefulSet", "DaemonSet"}:
            assert selector
            assert set(selector["matchLabels"]) == SELECTOR, name
            template = item["spec"]["template"]["metadata"]["labels"]
            assert template.items() >= selector["matchLabels"].items(), name
            assert set(template) >= RECOMMENDED, name
            assert "helm.sh/chart" not in template, "a new chart version would restart the pods"
        if item["kind"] == "Service":
            assert selector
            assert set(selector) == SELECTOR, name


def test_claim_templates_hold_nothing_that_a_version_changes(rendered: Rendered, chart: str) -> None:
    for item in of_kind(rendered(chart), "StatefulSet"):
        for claim in item["spec"].get("volumeClaimTemplates", []):
            assert not set(claim["metadata"]["labels"]) & {"app.kubernetes.io/version", "helm.sh/chart"}
        assert item["spec"]["persistentVolumeClaimRetentionPolicy"] == {
            "whenDeleted": "Retain",
            "whenScaled": "Retain",
        }


def test_claims_outlive_the_release(rendered: Rendered, chart: str) -> None:
    for claim in of_kind(rendered(chart), "PersistentVolumeClaim"):
        assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_an_existing_claim_is_used_and_none_is_made(helm: Helm, chart: str) -> None:
    if chart in WITHOUT_DATA:
        pytest.skip("keeps no data")
    values = MINIMAL[chart] | {"persistence": {"existingClaim": "mine"}}
    objects = helm.template(chart, values)
    assert not of_kind(objects, "PersistentVolumeClaim")
    (_, template), *_ = pod_templates(objects)
    assert {"claimName": "mine"} in [volume.get("persistentVolumeClaim") for volume in template["spec"]["volumes"]]


def test_a_digest_wins_over_the_tag(helm: Helm, chart: str) -> None:
    digest = "sha256:" + "a1" * 32
    objects = helm.template(chart, FULL[chart], sets=(f"image.digest={digest}", "image.tag=moved"))
    images = {c["image"] for _, template in pod_templates(objects) for c in containers(template["spec"])}
    assert len(images) == 1
    assert images.pop().endswith(f"@{digest}")


def test_a_tag_is_pinned(helm: Helm, chart: str) -> None:
    for _, template in pod_templates(helm.template(chart)):
        for container in containers(template["spec"]):
            assert re.search(r":v?\d+\.\d+", container["image"]), container["image"]


def test_options_reach_the_pods(helm: Helm, chart: str) -> None:
    objects = helm.template(chart, FULL[chart])
    main = next(template for name, template in pod_templates(objects) if not name.startswith("Job/"))
    assert main["metadata"]["annotations"]["example.com/note"] == "here"
    assert main["metadata"]["labels"]["example.com/tier"] == "standard"
    assert main["metadata"]["labels"]["cost-centre"] == "research"
    assert all(item["metadata"]["labels"]["cost-centre"] == "research" for item in objects)
    spec = main["spec"]
    assert spec["priorityClassName"] == "important"
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert spec["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert set(spec["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]) == SELECTOR
    budget = one(objects, "PodDisruptionBudget")["spec"]
    assert main["metadata"]["labels"].items() >= budget["selector"]["matchLabels"].items()


def test_the_network_is_closed_unless_opened(helm: Helm, chart: str) -> None:
    objects = helm.template(chart, FULL[chart])
    templates = dict(pod_templates(objects))
    policies = of_kind(objects, "NetworkPolicy")
    for name, template in templates.items():
        labels = template["metadata"]["labels"].items()
        closed = [p for p in policies if labels >= p["spec"]["podSelector"]["matchLabels"].items()]
        assert len(closed) == 1, name
        assert set(closed[0]["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        for rule in closed[0]["spec"].get("ingress", ()):
            assert rule.get("from"), "an ingress rule without peers opens the pod to everyone"
    open_ones = helm.template(chart, FULL[chart], sets=("networkPolicy.enabled=false",))
    assert not of_kind(open_ones, "NetworkPolicy")


def _named(schema: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every sub-schema that names properties, with its path."""
    found = []
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            found.append((path or "/", schema))
        for key, value in schema.items():
            found += _named(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            found += _named(value, f"{path}/{index}")
    return found


def test_the_schema_is_closed_at_every_level(chart: str) -> None:
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text())
    levels = _named(schema)
    assert len(levels) > 10
    assert [path for path, level in levels if level.get("additionalProperties") is not False] == []


def test_the_schema_and_the_values_name_the_same(chart: str) -> None:
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text())
    text = (CHARTS / chart / "values.yaml").read_text()
    values = yaml.safe_load(text)
    assert set(schema["properties"]) == set(values)
    for key, value in values.items():
        named = schema["properties"][key].get("properties")
        if named and isinstance(value, dict):
            assert set(named) == set(value), key
    undocumented = [
        line
        for before, line in zip(text.splitlines(), text.splitlines()[1:], strict=False)
        if re.match(r"[a-z]\w*: *\S", line) and not before.startswith("#")
    ]
    assert undocumented == []


@pytest.mark.parametrize(
    "pair",
    [
        "nope=1",
        "image.nope=1",
        "persistence.nope=1",
        "networkPolicy.nope=1",
        "resources.limits.nope=1",
        "service.nope=1",
        "global.nope=1",
        "image.pullPolicy=Sometimes",
        "podSecurity.runAsUser=0",
        "resources.limits.memory=lots",
        "commonLabels.helm\\.sh/chart=mine",
        "service.port=70000",
        "image.digest=sha256:123",
    ],
)
def test_what_the_schema_does_not_know_is_refused(helm: Helm, chart: str, pair: str) -> None:
    with pytest.raises(HelmFailed, match="values don't meet the specifications of the schema"):
        helm.template(chart, sets=(pair,))


def test_names_stay_within_a_label(helm: Helm, chart: str) -> None:
    for release in ("r", "a" * 53, f"x-{chart}-y"):
        for item in helm.template(chart, FULL[chart], release=release):
            name = item["metadata"]["name"]
            assert len(name) <= 63 and re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name), name


def test_a_full_name_is_taken_as_it_is(helm: Helm, chart: str) -> None:
    names = [
        item["metadata"]["name"]
        for item in helm.template(chart, FULL[chart], release="r", sets=("fullnameOverride=mine",))
    ]
    assert all(name == "mine" or name.startswith("mine-") for name in names)


def test_no_environment_variable_comes_twice(rendered: Rendered, chart: str) -> None:
    for name, template in pod_templates(rendered(chart)):
        for container in containers(template["spec"]):
            names = [variable["name"] for variable in container.get("env", [])]
            assert len(names) == len(set(names)), name


def test_volumes_and_mounts_agree(rendered: Rendered, chart: str) -> None:
    for item in rendered(chart):
        for name, template in pod_templates([item]):
            claims = item["spec"].get("volumeClaimTemplates", [])
            volumes = {v["name"] for v in template["spec"]["volumes"]} | {c["metadata"]["name"] for c in claims}
            mounts = {m["name"] for c in containers(template["spec"]) for m in c.get("volumeMounts", [])}
            assert mounts == volumes, name


def test_requests_do_not_exceed_limits(rendered: Rendered, chart: str) -> None:
    for _, template in pod_templates(rendered(chart)):
        for container in containers(template["spec"]):
            resources = container["resources"]
            for name, asked in resources["requests"].items():
                assert quantity(asked) <= quantity(resources["limits"][name])
