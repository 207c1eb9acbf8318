"""The words of kwok's stages: when a stage applies, and what it writes.

A stage says: an object that looks like this becomes so, after that long. Where several match a pod, kwok
draws one by weight. Its own stages weigh 0 and ours 1000, so ours always win and its files stay as they are.

Traps: a stage must not match what it has just written, or it runs for ever; a pod that no longer matches any
stage keeps the delayed one that it was given before, hence stages that only hold; every use of PodIPsWith in
a template hands out another address.
"""

from __future__ import annotations

from typing import Any

Stage = dict[str, Any]

BAD_IMAGE = "does-not-exist"
CRASH_IMAGE = "crash-loop"
OOM_IMAGE = "oom-killed"
BROKEN = (BAD_IMAGE, CRASH_IMAGE, OOM_IMAGE)

_IMAGES = "[.spec.containers[], (.spec.initContainers // [])[]] | map(.image)"
_STATUSES = "((.status.initContainerStatuses // []) + (.status.containerStatuses // []))[]"

# -- when: expressions of jq on the object -----------------------------------------------------------------

WAITING = f"{_STATUSES} | .state.waiting.reason"
ENDED = f"{_STATUSES} | .state.terminated.reason"
PHASE = ".status.phase"
READY = '.status.conditions.[] | select(.type == "Ready") | .status'
UNREADY_REASON = '.status.conditions.[] | select(.type == "Ready" and .status == "False") | .reason'
_OWNER = ".metadata.ownerReferences.[].kind"


def is_(key: str, *values: str) -> Stage:
    """One of what `key` yields is one of these."""
    return {"key": key, "operator": "In", "values": list(values)}


def is_not(key: str, *values: str) -> Stage:
    """`key` yields none of these, or nothing."""
    return {"key": key, "operator": "NotIn", "values": list(values)}


def exists(key: str) -> Stage:
    return {"key": key, "operator": "Exists"}


def absent(key: str) -> Stage:
    return {"key": key, "operator": "DoesNotExist"}


def annotation(name: str) -> str:
    return f'.metadata.annotations["{name}"]'


def any_image(*parts: str) -> str:
    """Whether an image of the pod, also of an init container, contains one of these: "true" or "false"."""
    return f"{_IMAGES} | any({' or '.join(_contains(part) for part in parts)})"


def _contains(part: str) -> str:
    return f'contains("{part}")'


def image(*parts: str) -> Stage:
    return is_(any_image(*parts), "true")


def no_image(*parts: str) -> Stage:
    return is_not(any_image(*parts), "true")


OF_A_JOB = is_(_OWNER, "Job")
OF_NO_JOB = is_not(_OWNER, "Job")


# -- the stage ---------------------------------------------------------------------------------------------


def stage(kind: str, name: str, when: list[Stage], steps: list[Stage], delay: Stage | None = None) -> Stage:
    """For objects of a core kind that are not being deleted; at once unless there is a delay."""
    spec: Stage = {
        "resourceRef": {"apiGroup": "v1", "kind": kind},
        "selector": {"matchExpressions": [{"jq": each} for each in (absent(".metadata.deletionTimestamp"), *when)]},
        "weight": 1000,
        "steps": steps,
    }
    if delay is not None:
        spec["delay"] = delay
    return {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": {"name": name}, "spec": spec}


def seconds(number: float) -> Stage:
    return {"durationMilliseconds": int(number * 1000)}


FOREVER = seconds(10 * 365 * 86400)


def duration_from(key: str) -> Stage:
    """A delay such as "5s" that the object names; none where it does not."""
    return {"durationFrom": {"jq": {"expression": key}}}


# -- what: Go templates of YAML ----------------------------------------------------------------------------


def fill(template: str, **values: str) -> str:
    """Replaces @NAME@: Go's templates and JSON leave hardly another mark that is free."""
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template


def status(*parts: str) -> Stage:
    return {"patch": {"subresource": "status", "root": "status", "template": "\n".join(parts)}}


def apply(template: str) -> Stage:
    return {"apply": {"template": template}}


# Only for a pod that has none yet: each rendering would take the next address.
ADDRESSES = """
{{ if not .status.podIP }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
hostIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
{{ $host := or .spec.hostNetwork false }}
{{ with PodIPsWith .spec.nodeName $host .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ index . 0 | Quote }}
podIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
startTime: {{ Now | Quote }}
{{ end }}
"""

RUNNING = "  state: {running: {startedAt: {{ Now | Quote }}}}"
INITIALIZING = "  state: {waiting: {reason: PodInitializing}}"
_TERMINATED = "terminated: {exitCode: @CODE@, reason: @REASON@, startedAt: @NOW@, finishedAt: @NOW@}"


def phase(name: str) -> str:
    return f"phase: {name}"


def terminated(code: str, reason: str) -> str:
    """What stands for `state` or `lastState`; code and reason may be templates."""
    return fill(_TERMINATED, CODE=code, REASON=reason, NOW="{{ Now | Quote }}")


COMPLETED = f"  state: {{{terminated('0', 'Completed')}}}"


def conditions(*, initialized: bool, ready: bool, reason: str = "ContainersNotReady") -> str:
    # Empty, not absent, when ready: the patch is merged, and would leave the reason of an earlier failure
    # standing.
    why = "" if ready else reason
    message = "" if ready else "containers with unready status"
    lines = [("Initialized", initialized, "", ""), ("Ready", ready, why, message)]
    lines.append(("ContainersReady", ready, why, message))
    return "conditions:\n" + "\n".join(
        f'- {{type: {kind}, status: "{value}", reason: "{because}", message: "{text}",'
        " lastTransitionTime: {{ Now | Quote }}}"
        for kind, value, because, text in lines
    )


def containers(field: str, state: str, *, ready: bool, restarts: str = "0") -> str:
    """Statuses for one of the pod's two lists of containers; in `state`, `.` is the container."""
    template = """
{{ with .spec.@SOURCE@ }}
@FIELD@:
{{ range $index, $container := . }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: @READY@
  started: @READY@
  restartCount: @RESTARTS@
@STATE@
{{ end }}
{{ end }}
"""
    source = "initContainers" if field == "initContainerStatuses" else "containers"
    ready_text = "true" if ready else "false"
    return fill(template, SOURCE=source, FIELD=field, READY=ready_text, RESTARTS=restarts, STATE=state)


INITIALIZED = containers("initContainerStatuses", COMPLETED, ready=True)


def event(kind: str, reason: str, message: str, suffix: str) -> Stage:
    """An event like the kubelet's; `message`: printf's arguments, with the culprit's $image and $name.

    kwok's own events have fixed texts, so this applies an Event object. Its name is the same each time, so
    that an event that comes again counts up, as the kubelet's do.
    """
    return apply(
        fill(
            """
{{ $image := "" }}{{ $name := "" }}
{{ range (concat (or .spec.initContainers list) .spec.containers) }}
{{ if and (eq $name "") (regexMatch "@BROKEN@" .image) }}{{ $image = .image }}{{ $name = .name }}{{ end }}
{{ end }}
{{ $first := index (or .status.containerStatuses (list dict)) 0 }}
{{ $now := now | date "2006-01-02T15:04:05Z07:00" }}
apiVersion: v1
kind: Event
metadata:
  name: {{ printf "%s.%s.@SUFFIX@" (trunc 200 .metadata.name) (trunc 8 .metadata.uid) }}
  namespace: {{ .metadata.namespace }}
type: @KIND@
reason: @REASON@
message: {{ printf @MESSAGE@ | Quote }}
count: {{ add1 (int (or $first.restartCount 0)) }}
firstTimestamp: {{ $now | Quote }}
lastTimestamp: {{ $now | Quote }}
source: {component: kubelet, host: {{ .spec.nodeName | Quote }}}
reportingComponent: kubelet
reportingInstance: {{ .spec.nodeName | Quote }}
involvedObject:
  apiVersion: v1
  kind: Pod
  name: {{ .metadata.name }}
  namespace: {{ .metadata.namespace }}
  uid: {{ .metadata.uid }}
""",
            BROKEN="|".join(BROKEN),
            KIND=kind,
            REASON=reason,
            MESSAGE=message,
            SUFFIX=suffix,
        )
    )
