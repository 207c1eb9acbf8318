"""A running container: what its program does, what its probes say, and when it has to be killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.sandbox.controllers.kubelet.container import RELIST, Container
from wizard.sandbox.controllers.kubelet.probes import Probe
from wizard.sandbox.controllers.programs.generic import NEVER_READY, READY_AFTER
from wizard.sandbox.controllers.shapes import Obj, annotations_of, duration

if TYPE_CHECKING:
    from wizard.sandbox.controllers.kubelet.worker import Worker


class Watcher:
    """Looks after the running containers of one pod."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def watch(self, container: Container, now: float) -> None:
        program = container.program
        assert program is not None
        crash = self._worker.kubelet.world.effects.find("crash", self._worker.pod, container.spec, now)
        if crash is not None and program.ended is None:
            due = max(program.run.started, crash.since) + crash.number("after", 2.0)
            if now >= due:
                words = str(crash.settings.get("log", "FATAL: cannot start, giving up"))
                program.quit(now, int(crash.number("code", 1)), words=words)
            else:
                self._worker.wake_at(due)
        if program.ended is None:
            again = program.step(now)
            if again is not None:
                self._worker.wake_at(again)
        if program.ended is not None:
            container.ended(program.ended, now)
            self._worker.wake_at(now + RELIST)
            return
        self._probe(container, now)

    def _probe(self, container: Container, now: float) -> None:
        program = container.program
        assert program is not None
        shaky = self._worker.kubelet.is_shaky(self._worker.node)

        def ask(spec: Obj) -> str:
            if shaky and self._worker.cluster.jitter(self._worker.uid, container.name, int(now)) < shaky:
                return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            assert program is not None
            return program.probe(spec, now)

        def run(probe: Probe) -> None:
            title = probe.kind.capitalize()

            def tell(problem: str) -> None:
                self._worker.tell("Warning", "Unhealthy", f"{title} probe failed: {problem}", container)

            again = probe.advance(now, ask, tell)
            if again is not None or shaky:
                self._worker.wake_at(again if again is not None else now + probe.period)

        startup = container.probes.get("startup")
        if startup is not None and not container.started:
            run(startup)
            if startup.passing:
                container.started = True
            elif startup.failed_for_good():
                self._kill(container, "failed startup probe, will be restarted", now)
                return
        if not container.started:
            container.ready = False
            return
        liveness = container.probes.get("liveness")
        if liveness is not None:
            run(liveness)
            if not liveness.passing:
                self._kill(container, "failed liveness probe, will be restarted", now)
                return
        readiness = container.probes.get("readiness")
        ready = True
        if readiness is not None:
            run(readiness)
            ready = readiness.passing
        container.ready = ready and self._asked_ready(container, now)

    def _asked_ready(self, container: Container, now: float) -> bool:
        """The tests' annotations: never, or not before so long after the start."""
        if container.program is not None and not container.program.may_be_ready(now):
            return False
        notes = annotations_of(self._worker.pod)
        if notes.get(NEVER_READY) == "true":
            message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            self._worker.tell_once(container, "Warning", "Unhealthy", message)
            return False
        container.told.discard("Readiness probe failed: HTTP probe failed with statuscode: 503")
        after = notes.get(READY_AFTER)
        if after and container.program is not None:
            due = container.program.run.started + duration(after)
            if now < due:
                self._worker.wake_at(due)
                return False
        return True

    def _kill(self, container: Container, why: str, now: float) -> None:
        self._worker.tell("Normal", "Killing", f"Container {container.name} {why}", container)
        program = container.program
        assert program is not None
        program.quit(now, 143 if program.listening(now) and program.stop_code == 0 else 137, "Error")
        assert program.ended is not None
        container.ended(program.ended, now)
        self._worker.wake_at(now + RELIST)
