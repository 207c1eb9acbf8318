"""Pods that fail by their image's name: it cannot be pulled, it crashes, it is killed for memory."""

from __future__ import annotations

from .kwok import (
    ADDRESSES,
    BAD_IMAGE,
    COMPLETED,
    CRASH_IMAGE,
    ENDED,
    FOREVER,
    INITIALIZED,
    INITIALIZING,
    OF_A_JOB,
    OF_NO_JOB,
    OOM_IMAGE,
    PHASE,
    RUNNING,
    WAITING,
    Stage,
    annotation,
    any_image,
    conditions,
    containers,
    event,
    fill,
    image,
    is_,
    is_not,
    no_image,
    phase,
    seconds,
    stage,
    status,
    terminated,
)

JOB_FAILS = "wizard.test/job-fails"

_PULL_ERROR = (
    r"rpc error: code = NotFound desc = failed to pull and unpack image \"%s\":"
    r" failed to resolve reference \"%s\": not found"
)


def bad_images() -> list[Stage]:
    """ErrImagePull, and ImagePullBackOff from a second later on, with the kubelet's texts and events."""

    def waiting(reason: str, message: str) -> Stage:
        # The pod's sound containers would run; that they wait as well leaves the phase what it is: Pending.
        state = fill(
            """
{{ if contains "@BAD@" .image }}
  state: {waiting: {reason: @REASON@, message: {{ printf @MESSAGE@ | Quote }}}}
{{ else }}
@OTHER@
{{ end }}
""",
            BAD=BAD_IMAGE,
            REASON=reason,
            MESSAGE=message,
            OTHER=INITIALIZING,
        )
        return status(
            ADDRESSES,
            conditions(initialized=False, ready=False),
            containers("initContainerStatuses", state, ready=False),
            containers("containerStatuses", state, ready=False),
            phase("Pending"),
        )

    pulled = rf'"Failed to pull image \"%s\": {_PULL_ERROR}" $image $image $image'
    back_off = rf'"Back-off pulling image \"%s\": ErrImagePull: {_PULL_ERROR}" .image .image .image'
    bad = image(BAD_IMAGE)
    return [
        stage(
            "Pod",
            "image-pull-error",
            [bad, is_not(WAITING, "ErrImagePull", "ImagePullBackOff")],
            [
                event("Normal", "Pulling", r'"Pulling image \"%s\"" $image', "pulling"),
                event("Warning", "Failed", pulled, "pull"),
                event("Warning", "Failed", '"Error: ErrImagePull"', "error"),
                waiting("ErrImagePull", f'"{_PULL_ERROR}" .image .image'),
            ],
        ),
        stage(
            "Pod",
            "image-pull-back-off",
            [bad, is_(WAITING, "ErrImagePull")],
            [
                event("Normal", "BackOff", r'"Back-off pulling image \"%s\"" $image', "backoff"),
                event("Warning", "Failed", '"Error: ImagePullBackOff"', "error-backoff"),
                waiting("ImagePullBackOff", back_off),
            ],
            seconds(1),
        ),
        stage("Pod", "image-pull-hold", [bad, is_(WAITING, "ImagePullBackOff")], [], FOREVER),
    ]


_CRASHES = f'regexMatch "{CRASH_IMAGE}|{OOM_IMAGE}" .image'
_BY_MEMORY = '{{ if contains "@OOM@" .image }}@THEN@{{ else }}@ELSE@{{ end }}'
_CRASHED = terminated(
    fill(_BY_MEMORY, OOM=OOM_IMAGE, THEN="137", ELSE="1"),
    fill(_BY_MEMORY, OOM=OOM_IMAGE, THEN="OOMKilled", ELSE="Error"),
)
_BACK_OFF = """waiting: {reason: CrashLoopBackOff, message: {{
  printf "back-off 10s restarting failed container=%s pod=%s_%s(%s)"
  .name $.metadata.name $.metadata.namespace $.metadata.uid | Quote }}}"""
# How often the container had been restarted before this stage.
_RESTARTS = (
    "{{ with (index (or $.status.@FIELD@ (list dict)) $index) }}"
    "{{ add @MORE@ (int (or .restartCount 0)) }}{{ else }}0{{ end }}"
)


def crashes() -> list[Stage]:
    """Ends, waits in CrashLoopBackOff from a second later on, and is restarted every eleven seconds."""
    crash = image(CRASH_IMAGE, OOM_IMAGE)
    # A crash in the middle of a crash keeps what the one before left.
    again = f"  state: {{{_CRASHED}}}\n  lastState: {{{_CRASHED}}}"
    message = (
        '"Back-off restarting failed container %s in pod %s_%s(%s)"'
        " $name .metadata.name .metadata.namespace .metadata.uid"
    )
    return [
        stage(
            "Pod",
            "crash",
            [OF_NO_JOB, crash, is_not(ENDED, "Error", "OOMKilled"), is_not(WAITING, "CrashLoopBackOff")],
            [_crashing(f"  state: {{{_CRASHED}}}", "0")],
        ),
        stage(
            "Pod",
            "crash-back-off",
            [OF_NO_JOB, crash, is_(ENDED, "Error", "OOMKilled")],
            [
                _crashing(f"  state: {{{_BACK_OFF}}}\n  lastState: {{{_CRASHED}}}", "1"),
                event("Warning", "BackOff", message, "backoff"),
            ],
            seconds(1),
        ),
        stage(
            "Pod",
            "crash-again",
            [OF_NO_JOB, crash, is_(WAITING, "CrashLoopBackOff")],
            [_crashing(again, "0")],
            seconds(10),
        ),
    ]


def _crashing(state: str, more_restarts: str) -> Stage:
    def statuses(field: str, other: str) -> str:
        values = {"CRASHES": _CRASHES, "FIELD": field, "MORE": more_restarts}
        mine = fill("{{ if @CRASHES@ }}\n@STATE@\n{{ else }}\n@OTHER@\n{{ end }}", STATE=state, OTHER=other, **values)
        count = fill("{{ if @CRASHES@ }}@COUNT@{{ else }}0{{ end }}", COUNT=_RESTARTS)
        return containers(field, mine, ready=False, restarts=fill(count, **values))

    return status(
        # An init container that crashes keeps the pod Pending and its containers waiting.
        fill(
            "{{ $init := false }}{{ range .spec.initContainers }}{{ if @C@ }}{{ $init = true }}{{ end }}{{ end }}",
            C=_CRASHES,
        ),
        ADDRESSES,
        "{{ if $init }}",
        conditions(initialized=False, ready=False),
        statuses("initContainerStatuses", COMPLETED),
        containers("containerStatuses", INITIALIZING, ready=False),
        phase("Pending"),
        "{{ else }}",
        conditions(initialized=True, ready=False),
        INITIALIZED,
        statuses("containerStatuses", RUNNING),
        phase("Running"),
        "{{ end }}",
    )


def jobs() -> list[Stage]:
    """A Job's pod fails when asked to, and where another pod would crash for ever."""
    asked = f'({annotation(JOB_FAILS)} == "true") or ({any_image(CRASH_IMAGE, OOM_IMAGE)})'
    return [
        stage(
            "Pod",
            "job-fails",
            [OF_A_JOB, is_(asked, "true"), no_image(BAD_IMAGE), is_(PHASE, "Pending", "Running")],
            [
                status(
                    ADDRESSES,
                    conditions(initialized=True, ready=False, reason="PodFailed"),
                    INITIALIZED,
                    containers("containerStatuses", f"  state: {{{terminated('1', 'Error')}}}", ready=False),
                    phase("Failed"),
                )
            ],
        )
    ]
