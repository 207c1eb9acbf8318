"""The pod worker (pkg/kubelet/pod_workers.go, kuberuntime_manager.go): one bound pod, from sandbox to last breath.

A worker is a state machine that is looked at again whenever its pod changed or the time came that it named.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wizard.sandbox.controllers.kubelet.container import (
    BACK_OFF,
    BACK_OFF_MAX,
    RELIST,
    Container,
    missing_reference,
)
from wizard.sandbox.controllers.kubelet.mounts import mount_problem
from wizard.sandbox.controllers.kubelet.pulling import Puller
from wizard.sandbox.controllers.kubelet.status import phase_of, status_of
from wizard.sandbox.controllers.kubelet.watching import Watcher
from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.programs import registry
from wizard.sandbox.controllers.programs.base import Exit, Run
from wizard.sandbox.controllers.shapes import (
    PODS,
    Obj,
)

if TYPE_CHECKING:
    from wizard.sandbox.controllers.kubelet.kubelet import Kubelet

_SANDBOX = 0.15
"""Seconds until a pod has its network."""
_SETTLE = 10.0
"""Seconds between tries to make a container whose configuration is not there."""


def go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


class Worker:
    def __init__(self, kubelet: Kubelet, pod: Obj) -> None:
        self.kubelet = kubelet
        self.cluster = kubelet.cluster
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.node: str = pod["spec"]["nodeName"]
        self.init = [Container(each, True) for each in pod["spec"].get("initContainers") or ()]
        self.main = [Container(each, False) for each in pod["spec"]["containers"]]
        if self.init:
            for each in (*self.init, *self.main):
                each.waiting = "PodInitializing"
        self.ip = ""
        self.writing = False
        self.over = False
        """The pod reached a terminal phase, or is gone."""
        self._began = self.cluster.now
        self._sandbox_at = 0.0
        self._mount_retry, self._mount_delay = 0.0, 0.5
        self._wake = math.inf
        self._evicted: tuple[str, str] | None = None
        self._puller, self._watcher = Puller(self), Watcher(self)

    @property
    def containers(self) -> list[Container]:
        return [*self.init, *self.main]

    def running(self) -> list[Container]:
        return [each for each in self.containers if each.running]

    # Looking at it --------------------------------------------------------------------------------

    def sync(self, pod: Obj) -> float | None:
        self.pod = pod
        now = self.cluster.now
        self._wake = math.inf
        if self.over and "deletionTimestamp" not in pod["metadata"]:
            return None
        if self._evicted is not None and not self.over:
            self._finish_eviction(now)
        elif "deletionTimestamp" in pod["metadata"]:
            if self._terminate(now):
                self._write(now, final=True)
                self.over = True
                self.cluster.store.delete(
                    *PODS, pod["metadata"]["namespace"], pod["metadata"]["name"], grace=0, uid=self.uid
                )
                return None
        else:
            self._advance(now)
        self._write(now)
        return self._wake - self.cluster.now if self._wake < math.inf else None

    def wake_at(self, when: float) -> None:
        self._wake = min(self._wake, when)

    def tell(self, kind: str, reason: str, message: str, container: Container | None = None) -> None:
        self.cluster.events.record(
            PODS,
            self.pod,
            kind,
            reason,
            message,
            source="kubelet",
            host=self.node,
            field=container.field if container else "",
        )

    def tell_once(self, container: Container, kind: str, reason: str, message: str) -> None:
        if message not in container.told:
            container.told.add(message)
            self.tell(kind, reason, message, container)

    # Onwards --------------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        if not self._sandbox_at:
            slow = self.kubelet.slowness(self.node)
            jitter = self.cluster.jitter(self.pod["metadata"]["namespace"], self.pod["metadata"]["name"], "sandbox")
            self._sandbox_at = now + _SANDBOX * slow * (0.7 + 0.6 * jitter)
        if not self._mounted(now):
            return
        if now < self._sandbox_at:
            self.wake_at(self._sandbox_at)
            return
        if not self.ip:
            self.ip = self.kubelet.address(self.pod)
        for each in self.init:
            if each.done and not each.sidecar:
                continue
            self._drive(each, now)
            if not (each.done or (each.sidecar and each.running and each.started)):
                return
        for each in self.main:
            if each.waiting == "PodInitializing":
                each.waiting = "ContainerCreating"
            self._drive(each, now)

    def _mounted(self, now: float) -> bool:
        if self._sandbox_at and self.ip:
            return True
        if now < self._mount_retry:
            self.wake_at(self._mount_retry)
            return False
        problem = mount_problem(self.cluster, self.pod)
        if not problem:
            return True
        self.tell("Warning", "FailedMount", problem)
        self._mount_delay = min(self._mount_delay * 2, 122.0)
        self._mount_retry = now + self._mount_delay
        self.wake_at(self._mount_retry)
        return False

    def _drive(self, container: Container, now: float) -> None:
        """Brings one container as far as it goes now."""
        if container.running:
            self._watcher.watch(container, now)
        elif container.exit is not None and not container.waiting:
            self._after_end(container, now)
        if not container.running and container.waiting:
            if container.waiting == "CrashLoopBackOff" and now < container.retry_at:
                self.wake_at(container.retry_at)
            elif self._start(container, now):
                self._watcher.watch(container, now)

    # Starting -------------------------------------------------------------------------------------

    def _start(self, container: Container, now: float) -> bool:
        """Whether it runs now."""
        if not self._puller.there(container, now):
            return False
        if container.waiting == "CreateContainerConfigError" and now < container.retry_at:
            self.wake_at(container.retry_at)
            return False
        restarts = container.restarts + (1 if container.program is not None else 0)
        slow = self.kubelet.slowness(self.node)
        run = Run(self.cluster, self.kubelet.world, self.pod, container.spec, restarts, slow)
        run.wake = lambda: self.kubelet.look(self.pod)
        problem = missing_reference(run)
        if problem:
            container.waiting, container.message = "CreateContainerConfigError", problem
            container.retry_at = now + _SETTLE
            self.tell("Warning", "Failed", f"Error: {problem}", container)
            self.wake_at(container.retry_at)
            return False
        container.restarts = restarts
        container.begin(registry.start(run))
        if container.program is not None and not container.program.steady:
            self.kubelet.fickle.setdefault(run.ns, {})[self.uid] = self
        self.tell("Normal", "Created", "Container created", container)
        self.tell("Normal", "Started", "Container started", container)
        return True

    def out_of_memory(self, container: Container) -> None:
        """The kernel killed its process."""
        now = self.cluster.now
        if container.program is not None and container.running:
            container.program.quit(now, 137, "OOMKilled")
            self.kubelet.look(self.pod)

    # Ended ----------------------------------------------------------------------------------------

    def _after_end(self, container: Container, now: float) -> None:
        assert container.exit is not None
        end = container.program.end if container.program and container.program.end is not None else now
        if now < end + RELIST:
            self.wake_at(end + RELIST)
            return
        policy = self.pod["spec"].get("restartPolicy", "Always")
        if container.sidecar:
            policy = "Always"
        elif container.init and policy == "Always":
            policy = "OnFailure"
        if policy == "Never" or (policy == "OnFailure" and container.exit.code == 0):
            return
        container.last = container.terminated(now)
        # The first failure is answered at once, each further one after twice as long.
        wait, container.back_off = container.back_off, min(max(container.back_off * 2, BACK_OFF), BACK_OFF_MAX)
        container.retry_at = end + wait
        if wait and now < container.retry_at:
            where = f"{self.pod['metadata']['name']}_{self.pod['metadata']['namespace']}({self.uid})"
            container.waiting = "CrashLoopBackOff"
            container.message = f"back-off {go_duration(wait)} restarting failed container={container.name} pod={where}"
            message = f"Back-off restarting failed container {container.name} in pod {where}"
            self.tell("Warning", "BackOff", message, container)
        else:
            container.waiting = "CrashLoopBackOff" if wait else "ContainerCreating"

    def _terminate(self, now: float) -> bool:
        """Stops what runs, within the grace period. True once nothing does."""
        meta = self.pod["metadata"]
        deadline = seconds_of(meta["deletionTimestamp"])
        still = False
        for each in self.containers:
            if not each.running:
                continue
            program = each.program
            assert program is not None
            if each.stopping_at is None:
                self.tell("Normal", "Killing", f"Stopping container {each.name}", each)
                pre_stop = ((each.spec.get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}
                stops = program.stops * self.kubelet.slowness(self.node) + float(pre_stop.get("seconds", 0))
                each.stopping_at = now + stops
            due = min(each.stopping_at, deadline)
            if meta.get("deletionGracePeriodSeconds") == 0 or now >= due:
                killed = each.stopping_at > due
                program.quit(now, 137 if killed else program.stop_code)
                assert program.ended is not None
                each.ended(program.ended, now)
                continue
            still = True  # and as ready as it was: endpoints are taken away for the deletion, not for this
            self.wake_at(due)
        return not still

    def evict(self, reason: str, message: str) -> None:
        self._evicted = (reason, message)
        self.tell("Warning", reason, message)
        self.kubelet.look(self.pod)

    def _finish_eviction(self, now: float) -> None:
        for each in self.running():
            assert each.program is not None
            each.program.quit(now, 137)
            each.ended(Exit(137), now)

    # Telling the API server -----------------------------------------------------------------------

    def _write(self, now: float, final: bool = False) -> None:
        phase = phase_of(self.pod, self.init, self.main)
        if final or self._evicted is not None:
            bad = any(each.exit is None or each.exit.code for each in self.main)
            phase = "Failed" if bad or self._evicted else "Succeeded"
        status = status_of(
            self.pod,
            phase=phase,
            sandbox=bool(self.ip) and not final,
            started=self._began,
            ips=(self.kubelet.node_ip(self.node), self.ip),
            init=self.init,
            main=self.main,
            images=self.kubelet.images.on(self.node),
            now=now,
        )
        if self._evicted is not None:
            status["reason"], status["message"] = self._evicted
            status["conditions"].append(
                {
                    "type": "DisruptionTarget",
                    "status": "True",
                    "reason": "TerminationByKubelet",
                    "message": self._evicted[1],
                    "lastProbeTime": None,
                    "lastTransitionTime": self.cluster.stamp(),
                }
            )
        self.over = self.over or phase in ("Succeeded", "Failed")
        if self.over:
            self.kubelet.release(self.ip)
        self.writing = True
        try:
            self.pod = self.cluster.set_status(PODS, self.pod, status, "kubelet") or self.pod
        finally:
            self.writing = False
