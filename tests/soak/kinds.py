"""What the clients of a soak work on: four kinds, how objects of them are made, and how they change."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Obj = dict[str, Any]

NAMESPACES = ("soak-a", "soak-b")
HOLD = "soak.wizard.dev/hold"
"""A finalizer of ours: objects with it stay Terminating until a client lets them go."""
_TEAMS, _TIERS, _IMAGES = ("a", "b", "c"), ("x", "y"), ("sound:1", "sound:2", "sound:3")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource: where it is served, and what random objects of it are like."""

    api_version: str
    name: str
    plural: str
    body: Callable[[random.Random, str], Obj]
    """Everything but metadata, of a new object with that name."""
    change: Callable[[random.Random, Obj], None]
    """Edits what may be edited of it, labels aside."""
    weight: int

    def path(self, namespace: str = "", name: str = "") -> str:
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        parts = [root, *(["namespaces", namespace] if namespace else []), self.plural, *([name] if name else [])]
        return "/".join(parts)

    def make(self, dice: random.Random, name: str, client: str) -> Obj:
        meta: Obj = {"name": name, "labels": labels(dice, client)}
        return {"apiVersion": self.api_version, "kind": self.name, "metadata": meta, **self.body(dice, name)}


def labels(dice: random.Random, client: str) -> dict[str, str]:
    return {"soak": "yes", "client": client, "team": dice.choice(_TEAMS), "tier": dice.choice(_TIERS)}


def relabel(dice: random.Random) -> dict[str, str | None]:
    """As a merge patch: moves the object in and out of the watchers' selectors."""
    return {"team": dice.choice(_TEAMS), "tier": dice.choice((*_TIERS, None))}


def _text(dice: random.Random) -> str:
    return "v" * dice.randint(1, 600)


def _data(dice: random.Random, name: str) -> Obj:
    return {"data": {f"key-{number}": _text(dice) for number in range(dice.randint(0, 4))}}


def _change_data(dice: random.Random, obj: Obj) -> None:
    obj.setdefault("data", {})[f"key-{dice.randint(0, 4)}"] = _text(dice)


def _pod_spec(dice: random.Random) -> Obj:
    container = {"name": "main", "image": dice.choice(_IMAGES), "resources": {"requests": {"cpu": "10m"}}}
    return {"containers": [container], "terminationGracePeriodSeconds": dice.choice((0, 1, 30))}


def _pod(dice: random.Random, name: str) -> Obj:
    return {"spec": _pod_spec(dice)}


def _change_pod(dice: random.Random, obj: Obj) -> None:
    if dice.random() < 0.3:
        obj["spec"]["containers"][0]["image"] = dice.choice(_IMAGES)
    obj["metadata"].setdefault("annotations", {})["soak"] = _text(dice)


def _deployment(dice: random.Random, name: str) -> Obj:
    app = {"app": name}
    template = {"metadata": {"labels": {**app, "soak": "yes", "team": dice.choice(_TEAMS)}}, "spec": _pod_spec(dice)}
    return {"spec": {"replicas": dice.randint(0, 3), "selector": {"matchLabels": app}, "template": template}}


def _change_deployment(dice: random.Random, obj: Obj) -> None:
    if dice.random() < 0.5:
        obj["spec"]["replicas"] = dice.randint(0, 3)
    else:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = dice.choice(_IMAGES)


def _widget(dice: random.Random, name: str) -> Obj:
    return {"spec": {"size": dice.randint(1, 100), "colour": dice.choice(("red", "green"))}}


def _change_widget(dice: random.Random, obj: Obj) -> None:
    obj["spec"]["size"] = dice.randint(1, 100)
    obj["spec"]["notes"] = [{"text": _text(dice)} for _ in range(dice.randint(0, 3))]


CONFIG_MAPS = Kind("v1", "ConfigMap", "configmaps", _data, _change_data, 5)
PODS = Kind("v1", "Pod", "pods", _pod, _change_pod, 3)
DEPLOYMENTS = Kind("apps/v1", "Deployment", "deployments", _deployment, _change_deployment, 2)
WIDGETS = Kind("soak.wizard.dev/v1", "Widget", "widgets", _widget, _change_widget, 3)
KINDS = (CONFIG_MAPS, PODS, DEPLOYMENTS, WIDGETS)

CRD: Obj = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.soak.wizard.dev"},
    "spec": {
        "group": "soak.wizard.dev",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["size"],
                                "properties": {
                                    "size": {"type": "integer", "minimum": 1, "maximum": 100},
                                    "colour": {"type": "string", "enum": ["red", "green"], "default": "green"},
                                    "notes": {
                                        "type": "array",
                                        "items": {"type": "object", "properties": {"text": {"type": "string"}}},
                                    },
                                },
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}
