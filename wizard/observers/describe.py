"""One pod in words, from its object and its events: what `kubectl describe` would tell, and no more than that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wizard.domain.live import EventRow
from wizard.domain.text import text_of
from wizard.observers.amounts import epoch
from wizard.ports import KubeObject

_LONG = 1024
_NOTES = 20
"""Annotations shown."""


def describe(pod: KubeObject, events: Sequence[EventRow], now: float) -> str:
    """Lines of plain text, aligned."""
    return "\n".join([*_head(pod, now), *_containers(pod, now), *_conditions(pod), *_rest(pod), *_events(events, now)])


def _head(pod: KubeObject, now: float) -> Iterator[str]:
    meta, spec, status = (pod.get(each) or {} for each in ("metadata", "spec", "status"))
    owners = [f"{each.get('kind')}/{each.get('name')}" for each in meta.get("ownerReferences") or ()]
    yield _pair("Name", meta.get("name"))
    yield _pair("Namespace", meta.get("namespace"))
    yield _pair("Node", spec.get("nodeName") or "not scheduled")
    yield _pair("Status", f"{status.get('phase')} {status.get('reason') or ''}".strip())
    if status.get("message"):
        yield _pair("Message", status["message"])
    yield _pair("Address", status.get("podIP") or "none")
    yield _pair("Controlled by", ", ".join(owners) or "nothing")
    yield _pair("Created", f"{_ago(meta.get('creationTimestamp'), now)} ago")
    if meta.get("deletionTimestamp"):
        yield _pair("Terminating", f"since {_ago(meta['deletionTimestamp'], now)}")
    yield _pair("Service account", spec.get("serviceAccountName"))
    yield _pair("Priority class", spec.get("priorityClassName") or "none")
    yield from _mapping("Labels", meta.get("labels") or {})
    yield from _mapping("Annotations", meta.get("annotations") or {})


def _containers(pod: KubeObject, now: float) -> Iterator[str]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    for title, kind, told in (
        ("Init container", "initContainers", "initContainerStatuses"),
        ("Container", "containers", "containerStatuses"),
    ):
        statuses = {each.get("name"): each for each in status.get(told) or ()}
        for each in spec.get(kind) or ():
            yield ""
            yield f"{title} {text_of(each.get('name'))}"
            yield from _container(each, statuses.get(each.get("name")) or {}, now)


def _container(container: Mapping[str, Any], status: Mapping[str, Any], now: float) -> Iterator[str]:
    yield _pair("  Image", container.get("image"), _LONG)
    ports = [f"{each.get('containerPort')}/{each.get('protocol', 'TCP')}" for each in container.get("ports") or ()]
    if ports:
        yield _pair("  Ports", ", ".join(ports))
    yield _pair("  State", _state(status.get("state") or {}, now), _LONG)
    if last := status.get("lastState"):
        yield _pair("  Last state", _state(last, now), _LONG)
    yield _pair("  Ready", f"{'yes' if status.get('ready') else 'no'}, {status.get('restartCount', 0)} restarts")
    resources = container.get("resources") or {}
    for kind in ("requests", "limits"):
        if told := resources.get(kind):
            yield _pair(f"  {kind.capitalize()}", ", ".join(f"{name} {value}" for name, value in told.items()))
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        if probe := container.get(kind):
            yield _pair(f"  {kind.removesuffix('Probe').capitalize()}", _probe(probe), _LONG)
    # Values may be secrets of somebody who did not know better; names say what is set.
    if names := [str(each.get("name")) for each in container.get("env") or ()]:
        yield _pair("  Environment", ", ".join(names), _LONG)
    for mount in container.get("volumeMounts") or ():
        mode = " (read-only)" if mount.get("readOnly") else ""
        yield _pair("  Mount", f"{mount.get('mountPath')} from {mount.get('name')}{mode}")


def _state(state: Mapping[str, Any], now: float) -> str:
    if waiting := state.get("waiting"):
        return f"waiting: {waiting.get('reason', '')} {waiting.get('message', '')}".strip()
    if running := state.get("running"):
        return f"running for {_ago(running.get('startedAt'), now)}"
    if ended := state.get("terminated"):
        how = ended.get("reason") or "ended"
        text = f"{how}, exit code {ended.get('exitCode')}, {_ago(ended.get('finishedAt'), now)} ago"
        return f"{text}: {ended['message']}" if ended.get("message") else text
    return "not started"


def _probe(probe: Mapping[str, Any]) -> str:
    if get := probe.get("httpGet"):
        how = f"GET {get.get('path', '/')} on port {get.get('port')}"
    elif tcp := probe.get("tcpSocket"):
        how = f"connects to port {tcp.get('port')}"
    elif run := probe.get("exec"):
        how = f"runs {' '.join(map(str, run.get('command') or ()))}"
    else:
        how = f"gRPC on port {(probe.get('grpc') or {}).get('port')}"
    return f"{how} every {probe.get('periodSeconds', 10)} s, {probe.get('failureThreshold', 3)} failures"


def _conditions(pod: KubeObject) -> Iterator[str]:
    bad = [each for each in (pod.get("status") or {}).get("conditions") or () if each.get("status") != "True"]
    if bad:
        yield ""
        yield "Not fulfilled"
    for each in bad:
        why = " ".join(str(each[key]) for key in ("reason", "message") if each.get(key))
        yield _pair(f"  {text_of(each.get('type'))}", why or "no reason given", _LONG)


def _rest(pod: KubeObject) -> Iterator[str]:
    spec = pod.get("spec") or {}
    volumes = spec.get("volumes") or ()
    if volumes:
        yield ""
        yield "Volumes"
    for each in volumes:
        kind = next((key for key in each if key != "name"), "emptyDir")
        told = each.get(kind) or {}
        name = told.get("claimName") or told.get("secretName") or told.get("name") or told.get("path") or ""
        yield _pair(f"  {text_of(each.get('name'))}", f"{kind} {name}".strip())
    if chosen := spec.get("nodeSelector"):
        yield from _mapping("Node selector", chosen)


def _events(events: Sequence[EventRow], now: float) -> Iterator[str]:
    yield ""
    yield "Events" if events else "No events"
    for each in sorted(events, key=lambda row: row.at):
        times = f" (x{each.count})" if each.count > 1 else ""
        yield f"  {duration(now - each.at):>6} ago  {each.type:<8} {each.reason}{times}: {each.message}"


def _pair(name: str, value: object, limit: int = 253) -> str:
    return f"{name + ':' if name else '':<18}{text_of(value, limit)}".rstrip()


def _mapping(title: str, found: Mapping[str, Any]) -> Iterator[str]:
    for number, (name, value) in enumerate(sorted(found.items())):
        if number == _NOTES:
            yield _pair("", f"and {len(found) - _NOTES} more")
            return
        yield _pair("" if number else title, f"{name}={value}")


def _ago(stamp: object, now: float) -> str:
    at = epoch(stamp)
    return duration(now - at) if at is not None else "?"


def duration(seconds: float) -> str:
    """Two units at most: `2d3h`, `4m10s`."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number or (unit == "s" and not parts):
            parts.append(f"{number}{unit}")
        elif parts:
            break
    return "".join(parts[:2])
