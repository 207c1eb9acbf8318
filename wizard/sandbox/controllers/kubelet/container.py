"""One container of a pod as the kubelet sees it: from the image to the restarts (pkg/kubelet/kuberuntime)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from wizard.sandbox.clock import stamp
from wizard.sandbox.controllers.kubelet.images import Pull
from wizard.sandbox.controllers.kubelet.probes import Probe
from wizard.sandbox.controllers.programs.base import Exit, Program, Run
from wizard.sandbox.controllers.shapes import CONFIG_MAPS, SECRETS, Obj, Resource

BACK_OFF, BACK_OFF_MAX = 10.0, 300.0
"""Of restarts and of pulls."""
BACK_OFF_RESET = 600.0
RELIST = 1.0
"""Seconds between a container's end and what the kubelet does about it (PLEG)."""


@dataclass(slots=True)
class Container:
    spec: Obj
    init: bool
    program: Program | None = None
    """What runs, or ran last."""
    previous: Program | None = None
    restarts: int = 0
    waiting: str = "ContainerCreating"
    message: str = ""
    exit: Exit | None = None
    """How it ended, while it is in the state terminated."""
    last: Obj | None = None
    """lastState.terminated."""
    back_off: float = 0.0
    retry_at: float = 0.0
    pull: Pull | None = None
    pull_failures: int = 0
    pull_retry_at: float = 0.0
    pull_message: str = ""
    started: bool = False
    ready: bool = False
    probes: dict[str, Probe] = field(default_factory=dict)
    stopping_at: float | None = None
    told: set[str] = field(default_factory=set)
    """Events that are written once a start."""

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        return str(self.spec["image"])

    @property
    def sidecar(self) -> bool:
        return self.init and self.spec.get("restartPolicy") == "Always"

    @property
    def running(self) -> bool:
        return self.program is not None and self.exit is None and not self.waiting

    @property
    def done(self) -> bool:
        """An init container that succeeded."""
        return self.exit is not None and self.exit.code == 0

    @property
    def field(self) -> str:
        """As events point at it."""
        return f"spec.{'initContainers' if self.init else 'containers'}{{{self.name}}}"

    def begin(self, program: Program) -> None:
        if self.program is not None:
            self.previous = self.program
        self.program, self.exit = program, None
        self.waiting = self.message = ""
        self.ready = False
        self.stopping_at = None
        self.told.clear()
        self.probes = {}
        for kind in ("startup", "readiness", "liveness"):
            if spec := self.spec.get(f"{kind}Probe"):
                self.probes[kind] = Probe(kind, spec, program.run.started, kind == "liveness")
        self.started = "startup" not in self.probes

    def ended(self, how: Exit, now: float) -> None:
        """Into the state terminated; what comes next is the worker's decision."""
        self.exit = how
        self.ready = self.started = False
        if self.program is not None and self.program.ended is None:
            self.program.ended, self.program.end = how, now
        began = self.program.run.started if self.program is not None else now
        if now - began > BACK_OFF_RESET:
            self.back_off = 0.0

    def terminated(self, now: float) -> Obj:
        """The state as the API shows it."""
        assert self.exit is not None
        program = self.program
        return {
            "exitCode": self.exit.code,
            "reason": self.exit.word,
            "startedAt": stamp(program.run.started if program else now),
            "finishedAt": stamp(program.end if program and program.end is not None else now),
            "containerID": self.identity,
        }

    @property
    def identity(self) -> str:
        run: Run | None = self.program.run if self.program else None
        text = f"{run.uid if run else ''}/{self.name}/{self.restarts}"
        return f"containerd://{hashlib.sha256(text.encode()).hexdigest()}"

    def status(self, now: float, node_has_image: bool) -> Obj:
        """Its entry in containerStatuses."""
        state: Obj
        if self.waiting:
            state = {"waiting": {"reason": self.waiting}}
            if self.message:
                state["waiting"]["message"] = self.message
        elif self.exit is not None:
            state = {"terminated": self.terminated(now)}
        elif self.program is not None:
            state = {"running": {"startedAt": stamp(self.program.run.started)}}
        else:
            state = {"waiting": {"reason": "ContainerCreating"}}
        digest = hashlib.sha256(self.image.encode()).hexdigest()
        bare = self.image.partition("@")[0]
        name = bare.rpartition(":")[0] if ":" in bare.rpartition("/")[2] else bare
        made: Obj = {
            "name": self.name,
            "image": self.image,
            "imageID": f"{name}@sha256:{digest}" if node_has_image and self.program else "",
            "state": state,
            "lastState": {"terminated": self.last} if self.last else {},
            "ready": (self.done and not self.sidecar) if self.init and not self.sidecar else self.ready,
            "restartCount": self.restarts,
            "started": self.running and self.started,
        }
        if self.program is not None:
            made["containerID"] = self.identity
        if resources := self.spec.get("resources"):
            made["resources"] = resources
            if requests := resources.get("requests"):
                made["allocatedResources"] = requests
        return made


def missing_reference(run: Run) -> str:
    """What keeps a container from being made: a Secret or ConfigMap that its environment names; or nothing."""
    for each in run.container.get("env") or ():
        source = each.get("valueFrom") or {}
        for kind, resource in (("secretKeyRef", SECRETS), ("configMapKeyRef", CONFIG_MAPS)):
            reference = source.get(kind)
            if reference and not reference.get("optional"):
                problem = _missing(run, resource, reference["name"], reference.get("key"))
                if problem:
                    return problem
    for each in run.container.get("envFrom") or ():
        for kind, resource in (("secretRef", SECRETS), ("configMapRef", CONFIG_MAPS)):
            reference = each.get(kind)
            if reference and not reference.get("optional"):
                problem = _missing(run, resource, reference["name"], None)
                if problem:
                    return problem
    return ""


def _missing(run: Run, resource: Resource, name: str, key: str | None) -> str:
    word = "secret" if resource == SECRETS else "configmap"
    found = run.cluster.get(resource, run.ns, name)
    if found is None:
        return f'{word} "{name}" not found'
    if key and key not in (found.get("data") or {}) and key not in (found.get("binaryData") or {}):
        title = "Secret" if resource == SECRETS else "ConfigMap"
        return f"couldn't find key {key} in {title} {run.ns}/{name}"
    return ""
