"""Programs of images that nobody knows, and the conventions that tests ask for behaviour with.

The words and annotations are those of tests/controlplane (kubelet.py, failures.py, programs.py), so that the
same test runs on the real control plane and here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wizard.sandbox.controllers.programs.base import Line, Program, Request, Response, Run
from wizard.sandbox.controllers.shapes import controller_of, duration

BAD_IMAGE, CRASH_IMAGE, OOM_IMAGE = "does-not-exist", "crash-loop", "oom-killed"
NEVER_READY = "wizard.test/never-ready"
READY_AFTER = "wizard.test/ready-after"
JOB_FAILS = "wizard.test/job-fails"
FATAL_LINE = "FATAL: crash-loop: cannot start, giving up (exit code 1)"
_MAX_LINES = 5000
_CRASHES_AFTER = 0.5


class Generic(Program):
    """Says that it starts, then once a second that it still runs. A Job's ends at once."""

    boots = 0.05
    stop_code = 143  # whoever does not handle SIGTERM dies of it

    @property
    def of_job(self) -> bool:
        owner = controller_of(self.run.pod)
        return owner is not None and owner["kind"] == "Job"

    def step(self, now: float) -> float | None:
        run = self.run
        if CRASH_IMAGE in run.image or OOM_IMAGE in run.image:
            return self._crash(now)
        if self.of_job or self.is_init:
            done = run.started + self.boots
            if (wait := run.annotation(READY_AFTER)) and not self.is_init:
                done = run.started + duration(wait)
            if now < done:
                return done
            if run.annotation(JOB_FAILS) == "true" and not self.is_init:
                self.quit(now, 1, words="FATAL: the job was asked to fail (exit code 1)")
            else:
                self.quit(now, 0, words="done")
            return None
        return super().step(now)

    @property
    def is_init(self) -> bool:
        """An init container that is no sidecar has to end, or nothing ever starts."""
        names = [each["name"] for each in self.run.pod["spec"].get("initContainers") or ()]
        return self.run.name in names and self.run.container.get("restartPolicy") != "Always"

    def may_be_ready(self, now: float) -> bool:
        """Real crashing containers without a probe are ready for a moment, and a rollout goes on over them. The
        tests' convention is that they never are, so that what they show does not hang on that moment."""
        return not (CRASH_IMAGE in self.run.image or OOM_IMAGE in self.run.image)

    def _crash(self, now: float) -> float | None:
        due = self.run.started + _CRASHES_AFTER
        if now < due:
            return due
        if CRASH_IMAGE in self.run.image:
            self.quit(now, 1, words=FATAL_LINE)
        else:
            self.quit(now, 137, "OOMKilled", "allocating more memory")
        return None

    def opening(self) -> list[Line]:
        lines = [(0.0, f"starting {self.run.image} in pod {self.run.pod_name}"), (0.001, "reading the configuration")]
        broken = CRASH_IMAGE in self.run.image or OOM_IMAGE in self.run.image
        return lines if broken or self.of_job or self.is_init else [*lines, (0.003, "ready to serve")]

    def periodic(self, since: float, until: float) -> Iterator[Line]:
        if self.ended is not None or self.of_job:
            return
        age = int(until - self.run.started)
        first = max(1, age - _MAX_LINES, int(since - self.run.started))
        for second in range(first, age + 1):
            yield self.run.started + second, f"still running after {second} s"

    def http(self, request: Request, now: float) -> Response:
        """By the port that the container declares, another program's answers; none while the pod is not ready."""
        ports = {each["containerPort"] for each in self.run.container.get("ports") or ()}
        for port, answer in BY_PORT.items():
            if port in ports:
                return answer(self.run, request, now)
        return Response.text("ok\n")

    def probe(self, spec: Mapping[str, Any], now: float) -> str:
        return "" if self.listening(now) else "connection refused"


Answer = Callable[[Run, Request, float], Response]
BY_PORT: dict[int, Answer] = {}
"""Filled by the programs that answer on these ports."""


class Pause(Generic):
    """Runs and says nothing."""

    def opening(self) -> list[Line]:
        return []

    def periodic(self, since: float, until: float) -> Iterator[Line]:
        return iter(())
