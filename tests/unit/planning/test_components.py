"""What a profile means for each chart: the values, and that the charts take them (helm applies their schemas)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.planning.conftest import (
    OBSERVED,
    SHIPPED,
    Obj,
    Refused,
    cached_chart,
    plan_of,
    pods,
    profile,
    shipped,
    values_of,
)
from wizard.domain.finding import UsageError
from wizard.domain.profile import Profile
from wizard.planning.components.base import merge
from wizard.planning.desired import Component, HttpCheck

Render = Callable[[Component], list[Obj]]

EXTERNAL: Obj = {
    "kind": "external",
    "external": {"host": "db.example.com", "port": 6543, "database": "chat", "user": "wiz", "secret": "db-password"},
}
VARIANTS: dict[str, Obj] = {
    "smallest": {},
    "external database": {"database": EXTERNAL},
    "mirror": {"images": {"registry": "mirror.example.com:5000/hub", "pullSecrets": ["regcred", "other"]}},
    "gpu": {
        "tiers": {
            "standard": {
                "gpu": {"count": 2, "resource": "amd.com/gpu"},
                "nodeSelector": {"accelerator": "yes"},
                "tolerations": [
                    {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"},
                    {"key": "a", "value": "b"},
                ],
            }
        }
    },
    "autoscaled": {
        "tiers": {"standard": {"ollama": {"replicas": 2, "maxReplicas": 5}}},
        "storage": {"modelsAccess": "ReadWriteMany"},
    },
    "three copies": {
        "tiers": {"standard": {"ollama": {"replicas": 3}}},
        "storage": {"modelsAccess": "ReadWriteMany"},
    },
    "every setting of Ollama": {
        "tiers": {
            "standard": {
                "ollama": {
                    "keepAlive": "forever", "parallel": 4, "maxLoaded": 2, "maxQueue": 9, "contextLength": 8192,
                    "flashAttention": False, "kvCache": "q8_0",
                    "resources": {"requests": {"cpu": "2", "memory": "3Gi"}, "limits": {"memory": "5Gi"}},
                }
            }
        }
    },
    "exposed": {"access": {"domain": "example.com"}},
    "exposed, a cluster issuer": {
        "access": {"domain": "example.com", "ingressClass": "nginx",
                   "tls": {"issuer": "cluster-issuer", "issuerName": "corporate"}},
    },
    "exposed, plain": {"access": {"domain": "example.com", "tls": {"issuer": "none"}}},
    "storage classes": {
        "storage": {"className": "fast", "modelsClassName": "shared", "openWebui": "3Gi", "models": "9Gi"},
    },
    "older PostgreSQL": {"database": {"internal": {"version": "16", "storage": "7Gi", "maxConnections": 99}}},
    "newer PostgreSQL": {"database": {"internal": {"version": "18"}}},
    "no network policies": {"security": {"networkPolicies": False}},
    "no models": {"models": []},
    "document search": {"models": ["qwen3:0.6b", "nomic-embed-text"], "chat": {"embeddingModel": "nomic-embed-text"}},
    "observed": OBSERVED,
    "observed, exposed, with receivers": {
        "access": {"domain": "example.com"},
        "storage": {"className": "fast"},
        "observability": {
            "enabled": True,
            "metrics": {"retention": "3d", "size": "2Gi", "interval": "5s"},
            "receivers": [
                {"name": "ops", "kind": "slack", "secret": "slack-webhook", "channel": "#ops"},
                {"name": "mail", "kind": "email", "to": ["a@example.com"], "smarthost": "mail.example.com:587"},
                {"name": "hook", "kind": "webhook", "secret": "hook-url", "severity": "info"},
                {"name": "on-call", "kind": "pagerduty", "secret": "pagerduty-key", "severity": "critical"},
            ],
        },
    },
    "observed, without logs": {"observability": {"enabled": True, "logs": {"backend": "none"}}},
    "observed, mirror, no policies": {
        "observability": {"enabled": True},
        "images": {"registry": "mirror.example.com:5000/hub", "pullSecrets": ["regcred"]},
        "security": {"networkPolicies": False},
    },
    "overrides": {
        "components": {
            "ollama": {"resources": {"requests": {"cpu": "1500m"}}, "values": {"env": {"OLLAMA_DEBUG": "1"}}},
            "open-webui": {"values": {"service": {"annotations": {"a": "b"}}, "env": {"WEBUI_NAME": "Mine"}}},
            "postgresql": {"values": {"resources": {"limits": {"memory": "1Gi"}}}},
        }
    },
}  # fmt: skip


def named(objects: list[Obj], kind: str) -> Obj:
    (found,) = [obj for obj in objects if obj["kind"] == kind]
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_charts_take_our_values(variant: str, render: Render) -> None:
    for component in plan_of(profile(**VARIANTS[variant])).components:
        objects = render(component)
        assert {obj["metadata"].get("namespace", "chat") for obj in objects} == {"chat"}
        assert pods(objects)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_charts_take_every_shipped_profile(name: str, render: Render) -> None:
    """Also those of later targets: what this version makes of them must be a platform."""
    for component in plan_of(shipped(name)).components:
        assert pods(render(component))


def test_helm_would_refuse_other_values(render: Render) -> None:
    """The schemas are closed, or the two tests above prove nothing."""
    for component in plan_of(profile(**OBSERVED)).components:
        with pytest.raises(Refused, match="nonsense"):
            render(Component(**{**vars(component), "values": {**component.values, "nonsense": 1}}))


def test_open_webui_reaches_what_it_needs(render: Render) -> None:
    """The names that one component's values have are those that another component's chart renders."""
    desired = plan_of(profile())
    services = {
        f"{obj['metadata']['name']}.chat.svc:{port['port']}"
        for component in desired.components
        for obj in render(component)
        if obj["kind"] == "Service"
        for port in obj["spec"]["ports"]
    }
    web = desired.component("open-webui")
    assert [url.removeprefix("http://") for url in web.values["ollama"]["urls"]] == ["ollama.chat.svc:11434"]
    assert "ollama.chat.svc:11434" in services
    (entry,) = [e for o in desired.secret_objects for e in o.entries if e.key == "DATABASE_URL"]
    assert entry.source == "postgresql://openwebui:{postgresql-password}@postgresql.chat.svc:5432/openwebui"
    assert "postgresql.chat.svc:5432" in services
    assert web.needs == ("postgresql", "ollama")
    ports = {
        (obj["metadata"]["name"], str(port))
        for component in desired.components
        for obj in render(component)
        if obj["kind"] == "Service"
        for given in obj["spec"]["ports"]
        for port in (given["port"], given.get("name"))
    }
    assert {(check.service, check.port) for c in desired.components for check in c.checks} <= ports


def test_secrets_exist_under_the_names_and_keys_that_pods_read(render: Render) -> None:
    desired = plan_of(profile())
    made = {(wanted.name, key) for wanted in desired.secret_objects for key in wanted.keys}
    read = set()
    for component in desired.components:
        for spec in pods(render(component)):
            for container in [*spec["containers"], *spec.get("initContainers", ())]:
                for env in container.get("env", ()):
                    ref = (env.get("valueFrom") or {}).get("secretKeyRef")
                    if ref and not ref.get("optional"):
                        read.add((ref["name"], ref["key"]))
    assert read
    assert read <= made
    # Each entry is made of secrets that there are.
    names = {ref.name for ref in desired.secrets}
    assert {e.source for o in desired.secret_objects for e in o.entries if not e.template} <= names
    assert len(names) == len(desired.secrets)


def test_external_database() -> None:
    desired = plan_of(profile(database=EXTERNAL))
    assert [component.name for component in desired.components] == ["ollama", "open-webui"]
    web = desired.component("open-webui")
    assert web.needs == ("ollama",)
    assert web.values["database"]["port"] == 6543
    (entry,) = [e for e in desired.secret_objects[0].entries if e.key == "DATABASE_URL"]
    assert entry.source == "postgresql://wiz:{db-password}@db.example.com:6543/chat?sslmode=require"
    (ref,) = [ref for ref in desired.secrets if ref.name == "db-password"]
    assert ref.generated is False
    assert "postgresql-password" not in {ref.name for ref in desired.secrets}


def test_external_database_is_let_through_by_the_network_policy(render: Render) -> None:
    policy = named(render(plan_of(profile(database=EXTERNAL)).component("open-webui")), "NetworkPolicy")
    (rule,) = [r for r in policy["spec"]["egress"] if {"port": 6543, "protocol": "TCP"} in r.get("ports", ())]
    assert not rule.get("to")  # the address is outside the cluster: any


def test_an_ipv6_address_is_bracketed_in_the_url() -> None:
    given = profile(database={"kind": "external", "external": {"host": "2001:db8::5"}})
    (entry,) = [e for e in plan_of(given).secret_objects[0].entries if e.key == "DATABASE_URL"]
    assert "@[2001:db8::5]:5432/" in entry.source


def test_another_database_restarts_open_webui() -> None:
    """Its pods read the Secret when they start: with equal values, helm would leave them running."""
    digests = {
        plan_of(profile(database=merge(EXTERNAL, {"external": {"host": host}}))).component("open-webui").digest
        for host in ("db.example.com", "db2.example.com")
    }
    assert len(digests) == 2


def test_every_image_comes_from_the_mirror(render: Render) -> None:
    seen = set()
    for component in plan_of(profile(**VARIANTS["mirror"])).components:
        for spec in pods(render(component)):
            assert spec["imagePullSecrets"] == [{"name": "regcred"}, {"name": "other"}]
            seen |= {c["image"] for c in [*spec["containers"], *spec.get("initContainers", ())]}
    assert len(seen) == 3
    assert all(image.startswith("mirror.example.com:5000/hub/") for image in seen), seen
    assert any(image.startswith("mirror.example.com:5000/hub/docker.io/ollama/ollama:") for image in seen)


def test_gpu(render: Render) -> None:
    spec = named(render(plan_of(profile(**VARIANTS["gpu"])).component("ollama")), "Deployment")["spec"]["template"][
        "spec"
    ]
    assert spec["containers"][0]["resources"]["limits"]["amd.com/gpu"] in (2, "2")
    assert spec["nodeSelector"] == {"accelerator": "yes"}
    assert {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"} in spec["tolerations"]
    assert {"key": "a", "operator": "Equal", "value": "b"} in spec["tolerations"]


def test_autoscaling(render: Render) -> None:
    objects = render(plan_of(profile(**VARIANTS["autoscaled"])).component("ollama"))
    scaler = named(objects, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert "replicas" not in named(objects, "Deployment")["spec"]  # or each upgrade would undo the autoscaler's work
    assert named(objects, "PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteMany"]
    assert (
        "autoscaling"
        not in plan_of(profile(tiers={"standard": {"ollama": {"replicas": 2, "maxReplicas": 2}}}))
        .component("ollama")
        .values
    )


def test_copies(render: Render) -> None:
    component = plan_of(profile(**VARIANTS["three copies"])).component("ollama")
    assert named(render(component), "Deployment")["spec"]["replicas"] == 3
    one = plan_of(profile()).component("ollama")
    assert component.resources.memory_request == 3 * one.resources.memory_request


def test_every_setting_of_ollama_reaches_its_environment(render: Render) -> None:
    component = plan_of(profile(**VARIANTS["every setting of Ollama"])).component("ollama")
    container = named(render(component), "Deployment")["spec"]["template"]["spec"]["containers"][0]
    env = {item["name"]: item.get("value") for item in container["env"]}
    assert (
        env.items()
        >= {
            "OLLAMA_KEEP_ALIVE": "-1",
            "OLLAMA_NUM_PARALLEL": "4",
            "OLLAMA_MAX_LOADED_MODELS": "2",
            "OLLAMA_MAX_QUEUE": "9",
            "OLLAMA_CONTEXT_LENGTH": "8192",
            "OLLAMA_FLASH_ATTENTION": "false",
            "OLLAMA_KV_CACHE_TYPE": "q8_0",
        }.items()
    )
    assert container["resources"]["requests"] == {"cpu": "2", "memory": "3Gi"}
    assert container["resources"]["limits"]["memory"] == "5Gi"
    assert component.resources.memory_request == 3 * 2**30


def test_models_are_pulled_and_checked() -> None:
    given = profile(models=["qwen3", {"name": "llama3.2:1b", "default": True}])
    desired = plan_of(given)
    assert desired.component("ollama").values["models"] == ["qwen3:latest", "llama3.2:1b"]
    (check,) = desired.component("ollama").checks
    assert check == HttpCheck(
        "ollama", "http", "/api/tags", "Ollama's list of models", ('"qwen3:latest"', '"llama3.2:1b"')
    )
    assert desired.component("open-webui").values["env"]["DEFAULT_MODELS"] == "llama3.2:1b"
    assert "DEFAULT_MODELS" not in plan_of(profile(models=[])).component("open-webui").values["env"]


@pytest.mark.parametrize(
    ("access", "urls"),
    [
        ({}, ()),
        ({"domain": "example.com"}, ("https://chat.example.com",)),
        ({"domain": "example.com", "ingress": False}, ()),
        ({"domain": "example.com", "chat": "ai.example.com"}, ("https://ai.example.com",)),
        ({"domain": "example.com", "tls": {"issuer": "none"}}, ("http://chat.example.com",)),
    ],
)
def test_address(access: Obj, urls: tuple[str, ...], render: Render) -> None:
    desired = plan_of(profile(access=access))
    assert desired.urls == urls
    component = desired.component("open-webui")
    ingresses = [obj for obj in render(component) if obj["kind"] == "Ingress"]
    hosts = [rule["host"] for obj in ingresses for rule in obj["spec"]["rules"]]
    assert hosts == [url.split("//")[1] for url in urls]
    assert [bool(obj["spec"].get("tls")) for obj in ingresses] == [url.startswith("https") for url in urls]
    assert component.values.get("url", "") == "".join(urls)


def test_the_cluster_issuer_is_named(render: Render) -> None:
    component = plan_of(profile(**VARIANTS["exposed, a cluster issuer"])).component("open-webui")
    ingress = named(render(component), "Ingress")
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "corporate"
    assert ingress["spec"]["ingressClassName"] == "nginx"


def test_volumes(render: Render) -> None:
    claims: dict[str, tuple[str | None, str]] = {}
    for component in plan_of(
        profile(**VARIANTS["storage classes"], database={"internal": {"storage": "7Gi"}})
    ).components:
        for obj in render(component):
            specs = [obj["spec"]] if obj["kind"] == "PersistentVolumeClaim" else []
            specs += [claim["spec"] for claim in obj.get("spec", {}).get("volumeClaimTemplates", ())]
            for spec in specs:
                claims[component.name] = (spec.get("storageClassName"), spec["resources"]["requests"]["storage"])
    assert claims == {"postgresql": ("fast", "7Gi"), "ollama": ("shared", "9Gi"), "open-webui": ("fast", "3Gi")}


@pytest.mark.parametrize("version", ["16", "17", "18"])
def test_postgresql_version(version: str, render: Render) -> None:
    """Image and data folder move together, or an upgrade would start an empty database beside the old one."""
    component = plan_of(profile(database={"internal": {"version": version}})).component("postgresql")
    container = named(render(component), "StatefulSet")["spec"]["template"]["spec"]["containers"][0]
    assert f":{version}" in container["image"]
    (data,) = [item["value"] for item in container["env"] if item["name"] == "PGDATA"]
    assert f"/{version}/" in data


def test_network_policies_can_be_off(render: Render) -> None:
    on, off = profile(), profile(**VARIANTS["no network policies"])
    for given, there in ((on, True), (off, False)):
        for component in plan_of(given).components:
            assert any(obj["kind"] == "NetworkPolicy" for obj in render(component)) is there


def test_overrides_win_and_only_where_they_say(render: Render) -> None:
    given = profile(**VARIANTS["overrides"])
    ollama, web, postgresql = (values_of(given, name) for name in ("ollama", "open-webui", "postgresql"))
    assert ollama["resources"]["requests"]["cpu"] == "1500m"
    assert (
        ollama["resources"]["requests"]["memory"] == cached_chart("ollama").defaults["resources"]["requests"]["memory"]
    )
    assert ollama["env"]["OLLAMA_DEBUG"] == "1"
    assert web["env"]["WEBUI_NAME"] == "Mine" and web["env"]["DEFAULT_MODELS"] == "qwen3:0.6b"
    assert web["service"]["annotations"] == {"a": "b"} and web["database"]["existingSecret"]
    assert plan_of(given).component("ollama").resources.cpu_request == 1.5
    assert plan_of(given).component("postgresql").resources.memory_limit == 2**30
    assert postgresql["resources"]["requests"] == cached_chart("postgresql").defaults["resources"]["requests"]


@pytest.mark.parametrize(
    "wrong", [{"requests": {"memory": "lots"}}, {"limits": "all"}, "none", {"requests": {"cpu": None}}]
)
def test_an_override_that_cannot_be_read_is_the_operators_to_correct(wrong: object) -> None:
    with pytest.raises(UsageError) as raised:
        plan_of(profile(components={"ollama": {"values": {"resources": wrong}}}))
    (finding,) = raised.value.findings
    assert finding.code == "component-values" and finding.where.path == "components.ollama.values.resources"


def test_merge_is_helms() -> None:
    below = {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"k": 1}}
    assert merge(below, {"a": {"y": [3], "z": None}, "b": {"n": 1}, "c": 2}) == {
        "a": {"x": 1, "y": [3], "z": None},
        "b": {"n": 1},
        "c": 2,
    }
    assert below == {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"k": 1}}


def test_the_order_of_a_profile_does_not_change_digests() -> None:
    given = VARIANTS["gpu"] | VARIANTS["exposed"]
    digest = plan_of(profile(**given)).digest
    assert digest == plan_of(profile(**dict(reversed(list(given.items()))))).digest
    assert digest != plan_of(profile(**VARIANTS["exposed"])).digest


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [str(value)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_secret_value_in_values_or_rendered(variant: str, render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts get a Secret's name: neither Helm's release nor its values can hold a value."""
    given: Profile = profile(**VARIANTS[variant])
    for ref in plan_of(given).secrets:
        monkeypatch.setenv(ref.env, "correct-horse-battery")
    desired = plan_of(given)
    for component in desired.components:
        objects = render(component)
        assert not [obj for obj in objects if obj["kind"] == "Secret"]
        text = json.dumps([component.values, objects])
        assert "correct-horse-battery" not in text
        # No address with a password, not even the template of one.
        assert not [leaf for leaf in _leaves(dict(component.values)) if "://" in leaf and "@" in leaf]
        for spec in pods(objects):
            for container in spec["containers"]:
                secret = [
                    e
                    for e in container.get("env", ())
                    if any(w in e["name"] for w in ("PASSWORD", "SECRET", "DATABASE_URL"))
                ]
                assert all("value" not in env or env["name"].endswith("_FILE") for env in secret), secret
