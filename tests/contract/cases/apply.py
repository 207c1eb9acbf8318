"""Server-side apply: owners, conflicts, what is taken away."""

from __future__ import annotations

from typing import Any

from ..play import APPLY, JSON_PATCH, MERGE, Case, Saved, Step
from .configmaps import MAPS, config_map
from .deployments import APPS, deployment, template

WEB = f"{APPS}/web"


def by(manager: str, path: str = WEB, **query: str) -> str:
    more = "".join(f"&{key}={value}" for key, value in query.items())
    return f"{path}?fieldManager={manager}{more}"


def web(**spec: Any) -> dict[str, Any]:
    found = deployment(**spec)
    return found


def _partly(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def _main(**container: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "main", **container}]}}}


def _map(**data: Any) -> dict[str, Any]:
    return config_map(data=data)


def _owned_by_its_namespace(saved: Saved) -> dict[str, Any]:
    """The garbage collector would delete what an owner that is not there owns, sooner or later."""
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "{ns}", "uid": saved["namespace"]["metadata"]["uid"]}
    return {**_map(), "metadata": {"name": "one", "ownerReferences": [owner]}}


ONE = f"{MAPS}/one"

CASES = [
    Case(
        "apply",
        [
            Step("create", "PATCH", by("a"), web(), APPLY),
            Step("the same again", "PATCH", by("a"), web(), APPLY),
            Step("change the image", "PATCH", by("a"), web(template=template(image="web:2")), APPLY),
            Step("conflict", "PATCH", by("b"), _partly(replicas=1), APPLY),
            Step("no conflict over the same value", "PATCH", by("b"), _partly(replicas=0), APPLY),
            Step("two owners disagree", "PATCH", by("a"), web(replicas=1), APPLY),
            Step("force", "PATCH", by("c", force="true"), _partly(replicas=0, **_main(image="web:3")), APPLY),
            Step("several conflicts", "PATCH", by("d"), _partly(minReadySeconds=1, **_main(image="web:4")), APPLY),
            Step("conflicts with two", "PATCH", by("d"), _partly(replicas=1, **_main(image="web:4")), APPLY),
            Step(
                "add a container",
                "PATCH",
                by("d"),
                _partly(template={"spec": {"containers": [{"name": "side", "image": "side:1"}]}}),
                APPLY,
            ),
            Step(
                "add env",
                "PATCH",
                by("d"),
                _partly(
                    template={
                        "spec": {
                            "containers": [
                                {
                                    "name": "side",
                                    "image": "side:1",
                                    "env": [{"name": "A", "value": "1"}],
                                    "ports": [{"containerPort": 80}],
                                }
                            ]
                        }
                    }
                ),
                APPLY,
            ),
            Step(
                "other env by another",
                "PATCH",
                by("e"),
                _partly(template={"spec": {"containers": [{"name": "side", "env": [{"name": "B", "value": "2"}]}]}}),
                APPLY,
            ),
            Step("the container's owner leaves", "PATCH", by("d"), _partly(minReadySeconds=2), APPLY),
            Step("the last field goes", "PATCH", by("e"), _partly(), APPLY),
            Step(
                "order is kept",
                "PATCH",
                by("f"),
                _partly(template={"spec": {"containers": [{"name": "z", "image": "z"}, {"name": "y", "image": "y"}]}}),
                APPLY,
            ),
            Step(
                "order is changed",
                "PATCH",
                by("f"),
                _partly(
                    template={
                        "spec": {
                            "containers": [
                                {"name": "y", "image": "y"},
                                {"name": "x", "image": "x"},
                                {"name": "z", "image": "z"},
                            ]
                        }
                    }
                ),
                APPLY,
            ),
            Step(
                "take a default",
                "PATCH",
                by("g"),
                _partly(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%"}}),
                APPLY,
            ),
            Step("give it back", "PATCH", by("g"), _partly(), APPLY),
            Step(
                "an update takes over",
                "PATCH",
                f"{WEB}?fieldManager=u",
                {"spec": {"replicas": 0, "minReadySeconds": 7}},
                MERGE,
            ),
            Step("status is not applied", "PATCH", by("h"), {**_partly(), "status": {"replicas": 9}}, APPLY),
            Step("empty map", "PATCH", by("i"), {**_partly(), "metadata": {"name": "web", "labels": {}}}, APPLY),
            Step("labels", "PATCH", by("i"), {**_partly(), "metadata": {"name": "web", "labels": {"a": "b"}}}, APPLY),
            Step("atomic selector", "PATCH", by("j"), _partly(selector={"matchLabels": {"app": "web"}}), APPLY),
            Step(
                "atomic conflict",
                "PATCH",
                by("k"),
                _partly(
                    template={"spec": {"containers": [{"name": "main", "args": ["a"]}], "nodeSelector": {"a": "b"}}}
                ),
                APPLY,
            ),
            Step(
                "atomic conflict again",
                "PATCH",
                by("l"),
                _partly(
                    template={"spec": {"containers": [{"name": "main", "args": ["b"]}], "nodeSelector": {"c": "d"}}}
                ),
                APPLY,
            ),
            Step("dry run", "PATCH", by("m", dryRun="All"), _partly(minReadySeconds=3), APPLY),
            Step(
                "equal in another form",
                "PATCH",
                by("n"),
                _partly(**_main(resources={"limits": {"cpu": "1000m"}})),
                APPLY,
            ),
            Step("equal once more", "PATCH", by("n"), _partly(**_main(resources={"limits": {"cpu": "1000m"}})), APPLY),
            Step("scale by hand", "PATCH", f"{WEB}/scale?fieldManager=s", {"spec": {"replicas": 0}}, MERGE, quiet=True),
            Step("after the scale", "GET", WEB),
            Step(
                "through status",
                "PATCH",
                by("o", f"{WEB}/status"),
                {**_partly(), "status": {"collisionCount": 3}},
                APPLY,
            ),
            Step(
                "clear the owners",
                "PATCH",
                WEB,
                [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}],
                JSON_PATCH,
                quiet=True,
            ),
            Step("apply to what nobody owns", "PATCH", by("p"), web(replicas=0), APPLY),
            Step("conflict with before", "PATCH", by("q"), web(replicas=3), APPLY),
        ],
    ),
    Case(
        "apply_refused",
        [
            Step("no manager", "PATCH", WEB, web(), APPLY),
            Step("no kind", "PATCH", by("a"), {"apiVersion": "apps/v1", "metadata": {"name": "web"}}, APPLY),
            Step("another version", "PATCH", by("a"), {**web(), "apiVersion": "apps/v1beta1"}, APPLY),
            Step("another name", "PATCH", by("a"), deployment("other"), APPLY),
            Step(
                "managed fields", "PATCH", by("a"), {**web(), "metadata": {"name": "web", "managedFields": []}}, APPLY
            ),
            Step("unknown field", "PATCH", by("a"), _partly(colour="red"), APPLY),
            Step(
                "unknown fields",
                "PATCH",
                by("a"),
                _partly(colour="red", **_main(shade="dark")),
                APPLY,
                chance="Go's map order decides whether one or both of them are named",
            ),
            Step("unknown field, strict", "PATCH", by("a", fieldValidation="Strict"), web(colour="red"), APPLY),
            Step("wrong type", "PATCH", by("a"), _partly(replicas="two"), APPLY),
            Step(
                "item without its key",
                "PATCH",
                by("a"),
                _partly(template={"spec": {"containers": [{"image": "x"}]}}),
                APPLY,
            ),
            Step(
                "items twice",
                "PATCH",
                by("a"),
                _partly(template={"spec": {"containers": [{"name": "x"}, {"name": "x"}]}}),
                APPLY,
            ),
            Step("invalid", "PATCH", by("a"), _partly(replicas=1), APPLY),
            Step(
                "resource version of nothing",
                "PATCH",
                by("a"),
                {**web(), "metadata": {"name": "web", "resourceVersion": "1"}},
                APPLY,
            ),
            Step(
                "uid of nothing",
                "PATCH",
                by("a"),
                {**web(), "metadata": {"name": "web", "uid": "00000000-0000-4000-8000-000000000000"}},
                APPLY,
            ),
            Step("status of nothing", "PATCH", by("a", f"{WEB}/status"), _partly(), APPLY),
            Step("no yaml", "PATCH", by("a"), b"a: [", APPLY),
        ],
    ),
    Case(
        "apply_maps",
        [
            Step("create", "PATCH", by("a", ONE), _map(a="1", b="2"), APPLY),
            Step("drop a key", "PATCH", by("a", ONE), _map(a="1"), APPLY),
            Step("another adds", "PATCH", by("b", ONE), _map(c="3"), APPLY),
            Step("update adds", "PATCH", f"{ONE}?fieldManager=u", {"data": {"d": "4"}}, MERGE),
            Step("update changes", "PATCH", f"{ONE}?fieldManager=u", {"data": {"a": "9"}}, MERGE),
            Step("conflict with an update", "PATCH", by("a", ONE), _map(a="1"), APPLY),
            Step(
                "kubectl takes over",
                "PATCH",
                f"{ONE}?fieldManager=kubectl-client-side-apply",
                {
                    "metadata": {
                        "annotations": {
                            "kubectl.kubernetes.io/last-applied-configuration": (
                                '{"apiVersion":"v1","data":{"k":"1"},"kind":"ConfigMap","metadata":{"name":"one"}}\n'
                            )
                        }
                    },
                    "data": {"k": "1"},
                },
                MERGE,
            ),
            Step("kubectl applies", "PATCH", by("kubectl", ONE), _map(k="2"), APPLY),
            Step("apply nothing", "PATCH", by("b", ONE), config_map(data=None), APPLY),
            Step(
                "yaml",
                "PATCH",
                by("y", ONE),
                b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  labels: {a: b}\n",
                APPLY,
            ),
            Step(
                "finalizers",
                "PATCH",
                by("z", ONE),
                {**_map(), "metadata": {"name": "one", "finalizers": ["a.b/c"]}},
                APPLY,
            ),
            Step("an owner that lives", "GET", "/api/v1/namespaces/{ns}", save="namespace", quiet=True),
            Step(
                "owner references",
                "PATCH",
                by("w", ONE),
                _owned_by_its_namespace,
                APPLY,
            ),
            Step("no finalizers", "PATCH", by("z", ONE), {**_map(), "metadata": {"name": "one"}}, APPLY),
        ],
    ),
]
