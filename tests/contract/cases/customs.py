"""CustomResourceDefinitions and custom resources."""

from __future__ import annotations

from typing import Any

from ..client import Answer
from ..play import APPLY, MERGE, STRATEGIC, Case, Step

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "word": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
                "parts": {
                    "type": "array",
                    "maxItems": 3,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "properties": {"id": {"type": "string"}, "value": {"type": "integer", "default": 1}},
                    },
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["id"],
                },
                "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "port": {"x-kubernetes-int-or-string": True},
                "on": {"type": "boolean", "nullable": True},
            },
        },
        "status": {
            "type": "object",
            "properties": {"phase": {"type": "string"}, "replicas": {"type": "integer"}},
        },
    },
}


def crd(plural: str, kind: str, group: str, **version: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"plural": plural, "kind": kind, "shortNames": [plural[:2]]},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _SCHEMA},
                    "subresources": {
                        "status": {},
                        "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas"},
                    },
                    "additionalPrinterColumns": [
                        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                        {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
                    ],
                    **version,
                }
            ],
        },
    }


GROUP = "contract.wizard.dev"
TOYS = f"/apis/{GROUP}/v1/namespaces/{{ns}}/toys"
BALL = f"{TOYS}/ball"


def toy(name: str = "ball", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/v1", "kind": "Toy", "metadata": {"name": name}, "spec": {"size": 1, **spec}}


def _established(answer: Answer) -> bool:
    body = answer.body
    conditions = body.get("status", {}).get("conditions") or [] if isinstance(body, dict) else []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _served(answer: Answer) -> bool:
    return answer.status == 200


_TABLE = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}

CASES = [
    Case(
        "customs",
        [
            Step("definition", "POST", CRDS, crd("toys", "Toy", GROUP), quiet=True),
            Step("established", "GET", f"{CRDS}/toys.{GROUP}", until=_established),
            Step("served", "GET", TOYS, until=_served),
            Step("discovered", "GET", f"/apis/{GROUP}/v1"),
            Step("create", "POST", TOYS, toy(parts=[{"id": "a"}], free={"x": {"y": 1}}, port="http", on=None)),
            Step("unknown is dropped", "POST", TOYS, toy("pruned", weight=3, labels={"a": "b"})),
            Step("unknown, strict", "POST", f"{TOYS}?fieldValidation=Strict", toy("strict", weight=3)),
            Step("not in the range", "POST", TOYS, toy("bad", size=10)),
            Step("missing", "POST", TOYS, {**toy("bad"), "spec": {}}),
            Step("no spec at all", "POST", TOYS, {**toy("bare"), "spec": None}),
            Step("not in the enumeration", "POST", TOYS, toy("bad", colour="green")),
            Step("not in the pattern", "POST", TOYS, toy("bad", word="A1")),
            Step("too long", "POST", TOYS, toy("bad", word="abcdefg")),
            Step("wrong type", "POST", TOYS, toy("bad", size="big")),
            Step("several", "POST", TOYS, toy("bad", size=0, colour="x", parts=[{"value": 1}])),
            Step("too many", "POST", TOYS, toy("bad", parts=[{"id": x} for x in "abcd"])),
            Step("twice the same key", "POST", TOYS, toy("bad", parts=[{"id": "a"}, {"id": "a"}])),
            Step("twice in a set", "POST", TOYS, toy("bad", tags=["a", "a"])),
            Step("status is not created", "POST", TOYS, {**toy("fresh"), "status": {"phase": "x"}}),
            Step("status", "PATCH", f"{BALL}/status", {"status": {"phase": "ready"}, "spec": {"size": 5}}, MERGE),
            Step("spec leaves status", "PATCH", BALL, {"status": {"phase": "x"}, "spec": {"size": 2}}, MERGE),
            Step("label only", "PATCH", BALL, {"metadata": {"labels": {"a": "b"}}}, MERGE),
            Step("strategic", "PATCH", BALL, {"spec": {"size": 3}}, STRATEGIC),
            Step("put without a version", "PUT", BALL, toy()),
            Step("scale", "GET", f"{BALL}/scale"),
            Step("scale up", "PATCH", f"{BALL}/scale", {"spec": {"replicas": 4}}, MERGE),
            Step("table", "GET", f"{TOYS}/ball", headers=_TABLE),
            Step(
                "apply",
                "PATCH",
                f"{TOYS}/applied?fieldManager=a",
                toy("applied", parts=[{"id": "a"}, {"id": "b", "value": 2}], tags=["x"], free={"k": {"l": [1]}}),
                APPLY,
            ),
            Step(
                "apply by another",
                "PATCH",
                f"{TOYS}/applied?fieldManager=b",
                toy("applied", parts=[{"id": "b", "value": 2}], tags=["y"], free={"k": {"m": 1}}),
                APPLY,
            ),
            Step("apply less", "PATCH", f"{TOYS}/applied?fieldManager=a", toy("applied", tags=["x"]), APPLY),
            Step(
                "apply a conflict",
                "PATCH",
                f"{TOYS}/applied?fieldManager=c",
                toy("applied", parts=[{"id": "b", "value": 5}]),
                APPLY,
            ),
            Step("apply the unknown", "PATCH", f"{TOYS}/applied?fieldManager=c", toy("applied", weight=1), APPLY),
            Step("apply the wrong type", "PATCH", f"{TOYS}/applied?fieldManager=c", toy("applied", word=1), APPLY),
            Step("delete", "DELETE", BALL),
            Step("delete all", "DELETE", TOYS, quiet=True),
            Step("delete the definition", "DELETE", f"{CRDS}/toys.{GROUP}", quiet=True),
            Step("no longer served", "GET", TOYS, until=lambda answer: answer.status == 404),
        ],
    ),
    Case(
        "definitions",
        [
            Step("wrong name", "POST", CRDS, {**crd("things", "Thing", GROUP), "metadata": {"name": "other"}}),
            Step("no schema", "POST", CRDS, crd("things", "Thing", GROUP, schema=None)),
            Step("not served", "POST", CRDS, crd("things", "Thing", GROUP, storage=False)),
            Step(
                "no scope",
                "POST",
                CRDS,
                {**crd("things", "Thing", GROUP), "spec": {**crd("things", "Thing", GROUP)["spec"], "scope": ""}},
            ),
        ],
    ),
]
