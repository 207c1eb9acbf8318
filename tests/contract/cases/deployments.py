"""Deployments: defaults, patches of lists, scale, and what is refused."""

from __future__ import annotations

from typing import Any

from ..play import JSON_PATCH, MERGE, STRATEGIC, Case, Step

APPS = "/apis/apps/v1/namespaces/{ns}/deployments"
WEB = f"{APPS}/web"


def template(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "web:1", **container}]},
    }


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        # No pods: what controllers do with them is not the API's contract.
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template(), **spec},
    }


_RICH = {
    "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP", "name": "dns"}],
    "env": [
        {"name": "A", "value": "1"},
        {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": False}}},
    ],
    "resources": {
        "limits": {"cpu": "1000m", "memory": "1024Mi"},
        "requests": {"cpu": 0.5, "memory": "1e3"},
    },
    "readinessProbe": {"httpGet": {"port": "http"}},
    "livenessProbe": {"tcpSocket": {"port": 80}, "initialDelaySeconds": 5},
    "startupProbe": {"exec": {"command": ["true"]}},
    "securityContext": {"runAsNonRoot": False, "capabilities": {"drop": ["ALL"]}},
    "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "conf", "mountPath": "/conf"}],
    "lifecycle": {"preStop": {"httpGet": {"port": 80, "path": "/bye"}}},
}


def _rich() -> dict[str, Any]:
    found = deployment("rich")
    spec = found["spec"]["template"]["spec"]
    spec["containers"][0].update(_RICH)
    spec["initContainers"] = [{"name": "first", "image": "first"}]
    spec["volumes"] = [
        {"name": "data"},
        {"name": "conf", "configMap": {"name": "conf"}},
        {"name": "secret", "secret": {"secretName": "s", "defaultMode": 256}},
        {"name": "host", "hostPath": {"path": "/tmp"}},
        {
            "name": "all",
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "t"}},
                    {"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                ]
            },
        },
        {"name": "mem", "emptyDir": {"medium": "Memory", "sizeLimit": "1024Ki"}},
    ]
    spec["affinity"] = {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}
            ]
        }
    }
    spec["topologySpreadConstraints"] = [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]
    spec["tolerations"] = [{"operator": "Exists"}]
    spec["serviceAccountName"] = "someone"
    return found


def _containers(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(containers), **spec}}}}


def _without(*path: str) -> dict[str, Any]:
    found = deployment("broken")
    target = found
    for part in path[:-1]:
        target = target[part]
    del target[path[-1]]
    return found


CASES = [
    Case(
        "deployments",
        [
            Step("defaults", "POST", APPS, deployment()),
            Step("all defaults", "POST", APPS, _rich()),
            Step("recreate", "POST", APPS, deployment("again", strategy={"type": "Recreate"})),
            Step(
                "recreate with rolling",
                "POST",
                APPS,
                deployment("broken", strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
            ),
            Step("no selector", "POST", APPS, _without("spec", "selector")),
            Step("no template", "POST", APPS, _without("spec", "template")),
            Step("no labels in the template", "POST", APPS, _without("spec", "template", "metadata")),
            Step("no spec", "POST", APPS, _without("spec")),
            Step("another selector", "POST", APPS, deployment("broken", selector={"matchLabels": {"app": "x"}})),
            Step("empty selector", "POST", APPS, deployment("broken", selector={})),
            Step("negative replicas", "POST", APPS, deployment("broken", replicas=-1)),
            Step("replicas as text", "POST", APPS, deployment("broken", replicas="2")),
            Step("fractional replicas", "POST", APPS, deployment("broken", replicas=1.5)),
            Step(
                "containers as an object",
                "POST",
                APPS,
                deployment("broken", template={"spec": {"containers": {"a": 1}}}),
            ),
            Step(
                "no containers",
                "POST",
                APPS,
                deployment("broken", template={"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}),
            ),
            Step("no image", "POST", APPS, deployment("broken", template=template(image=""))),
            Step("bad container name", "POST", APPS, deployment("broken", template=template(name="A_B"))),
            Step("bad port", "POST", APPS, deployment("broken", template=template(ports=[{"containerPort": 0}]))),
            Step(
                "bad port name",
                "POST",
                APPS,
                deployment("broken", template=template(ports=[{"containerPort": 1, "name": "a b"}])),
            ),
            Step(
                "bad quantity",
                "POST",
                APPS,
                deployment("broken", template=template(resources={"limits": {"cpu": "much"}})),
            ),
            Step(
                "requests above limits",
                "POST",
                APPS,
                deployment("broken", template=template(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2"}})),
            ),
            Step("bad pull policy", "POST", APPS, deployment("broken", template=template(imagePullPolicy="Sometimes"))),
            Step(
                "unknown mount",
                "POST",
                APPS,
                deployment("broken", template=template(volumeMounts=[{"name": "nothing", "mountPath": "/x"}])),
            ),
            Step("bad env name", "POST", APPS, deployment("broken", template=template(env=[{"name": ""}]))),
            Step(
                "probe without a handler",
                "POST",
                APPS,
                deployment("broken", template=template(livenessProbe={"periodSeconds": 3})),
            ),
            Step(
                "restart never",
                "POST",
                APPS,
                deployment("broken", template={**template(), "spec": {**template()["spec"], "restartPolicy": "Never"}}),
            ),
            Step(
                "several problems",
                "POST",
                APPS,
                deployment(
                    "broken", replicas=-2, template=template(name="", image="", ports=[{"containerPort": 99999}])
                ),
            ),
            Step(
                "both at zero",
                "POST",
                APPS,
                deployment("broken", strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
            ),
            Step(
                "bad percentage", "POST", APPS, deployment("broken", strategy={"rollingUpdate": {"maxSurge": "many"}})
            ),
            Step("change the selector", "PATCH", WEB, {"spec": {"selector": {"matchLabels": {"b": "c"}}}}, MERGE),
            Step(
                "strict in a template",
                "POST",
                f"{APPS}?fieldValidation=Strict",
                deployment("broken", template=template(colour="red", ports=[{"containerPort": 80, "x": 1}])),
            ),
            Step(
                "null values",
                "POST",
                APPS,
                deployment("nulls", paused=None, minReadySeconds=0, template=template(env=None, args=[], command=None)),
            ),
        ],
    ),
    Case(
        "strategic",
        [
            Step("create", "POST", APPS, _rich(), quiet=True),
            Step(
                "create web",
                "POST",
                APPS,
                deployment(
                    template=template(
                        **{
                            "env": [
                                {"name": "A", "value": "1"},
                                {"name": "B", "value": "2"},
                                {"name": "C", "value": "3"},
                            ],
                            "args": ["a", "b"],
                            "ports": [{"containerPort": 80}],
                        }
                    )
                ),
            ),
            Step("change one container", "PATCH", WEB, _containers({"name": "main", "image": "web:2"}), STRATEGIC),
            Step("add a container", "PATCH", WEB, _containers({"name": "side", "image": "side:1"}), STRATEGIC),
            Step(
                "order of containers",
                "PATCH",
                WEB,
                {
                    "spec": {
                        "template": {
                            "spec": {
                                "$setElementOrder/containers": [{"name": "main"}, {"name": "side"}],
                                "containers": [{"name": "side", "image": "side:2"}],
                            }
                        }
                    }
                },
                STRATEGIC,
            ),
            Step("remove a container", "PATCH", WEB, _containers({"name": "side", "$patch": "delete"}), STRATEGIC),
            Step(
                "merge env",
                "PATCH",
                WEB,
                _containers({"name": "main", "env": [{"name": "B", "value": "9"}, {"name": "D", "value": "4"}]}),
                STRATEGIC,
            ),
            Step(
                "reorder env",
                "PATCH",
                WEB,
                _containers(
                    {
                        "name": "main",
                        "$setElementOrder/env": [{"name": "D"}, {"name": "A"}, {"name": "C"}, {"name": "B"}],
                        "env": [{"name": "D", "value": "5"}],
                    }
                ),
                STRATEGIC,
            ),
            Step(
                "delete env",
                "PATCH",
                WEB,
                _containers({"name": "main", "env": [{"name": "A", "$patch": "delete"}]}),
                STRATEGIC,
            ),
            Step("replace args", "PATCH", WEB, _containers({"name": "main", "args": ["c"]}), STRATEGIC),
            Step(
                "replace all env",
                "PATCH",
                WEB,
                _containers({"name": "main", "env": [{"$patch": "replace"}, {"name": "Z", "value": "z"}]}),
                STRATEGIC,
            ),
            Step(
                "same port, other protocol",
                "PATCH",
                WEB,
                _containers({"name": "main", "ports": [{"containerPort": 80, "protocol": "UDP"}]}),
                STRATEGIC,
            ),
            Step(
                "retain keys",
                "PATCH",
                WEB,
                {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
                STRATEGIC,
            ),
            Step(
                "volumes retain keys",
                "PATCH",
                f"{APPS}/rich",
                {
                    "spec": {
                        "template": {
                            "spec": {
                                "volumes": [
                                    {"name": "data", "$retainKeys": ["name", "configMap"], "configMap": {"name": "d"}}
                                ]
                            }
                        }
                    }
                },
                STRATEGIC,
            ),
            Step("null a map", "PATCH", WEB, {"spec": {"template": {"metadata": {"labels": {"x": "y"}}}}}, STRATEGIC),
            Step("no merge key", "PATCH", WEB, _containers({"image": "web:3"}), STRATEGIC),
            Step(
                "replace a map",
                "PATCH",
                WEB,
                {"metadata": {"annotations": {"a": "b"}, "labels": {"$patch": "replace", "c": "d"}}},
                STRATEGIC,
            ),
            Step("merge patch a list", "PATCH", WEB, _containers({"name": "only", "image": "x"}), MERGE),
            Step("add to finalizers", "PATCH", WEB, {"metadata": {"finalizers": ["a.b/c"]}}, STRATEGIC),
            Step(
                "remove from finalizers",
                "PATCH",
                WEB,
                {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a.b/c"]}},
                STRATEGIC,
            ),
            Step(
                "json patch a list",
                "PATCH",
                WEB,
                [
                    {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "last", "image": "y"}},
                    {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "z"},
                    {
                        "op": "copy",
                        "from": "/spec/template/spec/containers/0/image",
                        "path": "/metadata/annotations/copy",
                    },
                ],
                JSON_PATCH,
            ),
        ],
    ),
    Case(
        "scale",
        [
            Step("create", "POST", APPS, deployment(), quiet=True),
            Step("get", "GET", f"{WEB}/scale"),
            Step(
                "put",
                "PUT",
                f"{WEB}/scale",
                {
                    "apiVersion": "autoscaling/v1",
                    "kind": "Scale",
                    "metadata": {"name": "web", "namespace": "{ns}"},
                    "spec": {"replicas": 0},
                },
            ),
            Step("patch", "PATCH", f"{WEB}/scale", {"spec": {"replicas": 1}}, MERGE),
            Step("after", "GET", WEB),
            Step("negative", "PATCH", f"{WEB}/scale", {"spec": {"replicas": -1}}, MERGE),
            Step("of nothing", "GET", f"{APPS}/nothing/scale"),
            Step("back to none", "PATCH", f"{WEB}/scale", {"spec": {"replicas": 0}}, MERGE, quiet=True),
            Step("unknown subresource", "GET", f"{WEB}/nothing"),
        ],
    ),
]
