"""Steps, how they are played on a cluster, and what of the answers is compared."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .client import Answer, Client

Saved = dict[str, Any]
Path = str | Callable[[Saved], str]

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Step:
    """One request, or with WATCH the events of a watch until it ends.

    `{ns}` in a path is the case's namespace; callables get the bodies saved before.
    """

    title: str
    method: str
    path: Path
    body: Any = None
    content: str = "application/json"
    headers: Mapping[str, str] | Callable[[Saved], Mapping[str, str]] = field(default_factory=dict)
    save: str = ""
    """Keeps the answer's body under that name, for later steps."""
    until: Callable[[Answer], bool] | None = None
    """Asks again until this holds, for what controllers do in their own time."""
    chance: str = ""
    """Why the message is not compared: the real server itself does not always say the same."""
    quiet: bool = False
    """Not compared: only there to bring something about."""


@dataclass(frozen=True, slots=True)
class Case:
    """Steps in a namespace of their own."""

    name: str
    steps: list[Step]
    level: str = ""
    """The namespace's Pod Security level to enforce."""
    prefix: str = ""
    """For names outside of the namespace, which the case removes itself."""


def play(client: Client, case: Case) -> dict[str, Any]:
    """The transcript: step -> status and body, with everything out that differs from run to run."""
    namespace = f"c-{case.name[:30]}-{uuid.uuid4().hex[:6]}".replace("_", "-")
    labels = {"pod-security.kubernetes.io/enforce": case.level} if case.level else {}
    made = {"metadata": {"name": namespace, "labels": labels}}
    assert client.request("POST", "/api/v1/namespaces", made).status == 201
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    _until(client, "GET", account, lambda answer: answer.status == 200)
    saved: Saved = {"ns": namespace}
    transcript: dict[str, Any] = {}
    try:
        for step in case.steps:
            path = step.path(saved) if callable(step.path) else step.path
            body = step.body(saved) if callable(step.body) else step.body
            path = path.replace("{ns}", namespace)
            if not isinstance(body, bytes) and body is not None:
                body = json.loads(json.dumps(body).replace("{ns}", namespace))
            headers = step.headers(saved) if callable(step.headers) else step.headers
            headers = {key: value.replace("{ns}", namespace) for key, value in headers.items()}
            if step.method == "WATCH":
                events = [plain(each, namespace) for each in client.watch(path, headers) if _told(each)]
                transcript[step.title] = {"status": 200, "body": events}
                continue
            answer = client.request(step.method, path, body, content=step.content, headers=headers)
            if step.until is not None and not step.until(answer):
                answer = _until(client, step.method, path, step.until, body, headers)
            if step.save:
                saved[step.save] = answer.body
            if not step.quiet:
                assert step.title not in transcript, f"{case.name}: two steps called {step.title}"
                found = {"status": answer.status, "body": plain(answer.body, namespace)}
                if step.chance:
                    found["body"]["message"] = "..."
                # Whether a generated update warns depends on the deployment controller's annotation.
                if (warning := answer.headers.get("Warning")) and not case.name.startswith("generated"):
                    found["warnings"] = sorted(_WARNING.findall(warning))
                transcript[step.title] = found
    finally:
        client.request("DELETE", f"/api/v1/namespaces/{namespace}")
    return transcript


def _told(event: dict[str, Any]) -> bool:
    """Not the bookmarks that come when the server thinks fit, only the one that ends a streamed list."""
    return event.get("type") != "BOOKMARK" or "k8s.io/initial-events-end" in json.dumps(event)


def _until(
    client: Client,
    method: str,
    path: str,
    done: Callable[[Answer], bool],
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    deadline = time.monotonic() + 20
    while True:
        answer = client.request(method, path, body, headers=headers)
        if done(answer) or time.monotonic() > deadline:
            return answer
        time.sleep(0.02)


_WARNING = re.compile(r'299 - "(?:[^"\\]|\\.)*"')
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_AGE = re.compile(r"(\d+[ydhms])+|<unknown>")
_IP = re.compile(r"10\.96\.\d+\.\d+")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_SUFFIX = re.compile(r"(kube-api-access-|gen-)[a-z0-9]{5}")
_OTHERS = {"kube-controller-manager", "kube-scheduler", "kwok", "kubelet", "kube-apiserver"}
_CONTROLLED = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Pod", "PersistentVolumeClaim"}
"""Kinds whose status controllers write at their own time."""


def plain(value: Any, namespace: str) -> Any:
    """What is left of a body when names, times and the doings of controllers are taken out."""
    text = json.dumps(value)
    text = text.replace(namespace, "NAMESPACE")
    for pattern, word in ((_TIME, "TIME"), (_UID, "UID"), (_JWT, "TOKEN"), (_IP, "IP")):
        text = pattern.sub(word, text)
    text = _SUFFIX.sub(r"\1xxxxx", text)
    text = re.sub(r'"nodePort": 3\d{4}', '"nodePort": 30000', text)
    text = re.sub(r"(nodePort: Invalid value: )3\d{4}", r"\g<1>30000", text)
    return _walk(json.loads(text), "")


def _message(text: str) -> str:
    """Without the diffs and dumps of Go structs that some messages end with."""
    text = text.partition("\n@@")[0].partition("\n  core.PodSpec")[0].partition("\n- ")[0].partition("\n\u00a0")[0]
    text = re.sub(r"(template\.spec: Invalid value: |^Invalid value: )\{.*\}(: field is immutable)", r"\1{...}\2", text)
    return re.sub(r'(Invalid value: )"\{.*\}(": json:)', r"\1{...}\2", text)


def _walk(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_walk(each, key) for each in value]
    if not isinstance(value, dict):
        return _message(value) if key == "message" and isinstance(value, str) else value
    out = {name: _walk(each, name) for name, each in value.items()}
    if isinstance(out.get("cells"), list):
        out["cells"] = ["AGE" if isinstance(each, str) and _AGE.fullmatch(each) else each for each in out["cells"]]
        if out["cells"][:1] == [""]:
            del out["cells"]  # a bookmark's, which show nothing
    if key in ("metadata", "rows"):
        out.pop("selfLink", None)
    if "resourceVersion" in out:
        out["resourceVersion"] = "VERSION"
    if "managedFields" in out:
        kept = [each for each in out["managedFields"] if each.get("manager") not in _OTHERS]
        out["managedFields"] = sorted(
            kept, key=lambda each: (each.get("manager", ""), each.get("operation", ""), each.get("subresource", ""))
        )
        if not kept:
            del out["managedFields"]
    if key == "f:annotations":
        # Whether the revision's annotation came first, and who owns it, is a race with the deployment controller.
        out.pop(".", None)
        out.pop("f:deployment.kubernetes.io/revision", None)
    if key == "f:metadata" and out.get("f:annotations") == {}:
        del out["f:annotations"]
    if key == "fieldsV1" and out.get("f:metadata") == {}:
        del out["f:metadata"]
    out.pop("storageVersionHash", None)
    if out.get("status") == "Failure" and len((out.get("details") or {}).get("causes", ())) > 1:
        # Several causes come in the order of a Go map.
        out["details"]["causes"].sort(key=json.dumps)
        out["message"] = "several causes"
    if "annotations" in out and isinstance(out["annotations"], dict):
        out["annotations"].pop("deployment.kubernetes.io/revision", None)
        out["annotations"].pop("deprecated.daemonset.template.generation", None)
        if not out["annotations"]:
            del out["annotations"]
    if out.get("kind") in _CONTROLLED and "metadata" in out:
        out.pop("status", None)
        if out["kind"] == "Pod":
            out.get("spec", {}).pop("nodeName", None)
    return out
