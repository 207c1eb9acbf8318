"""The Job of our chart that pulls models through the server, and what such Jobs leave behind."""

from __future__ import annotations

from datetime import UTC, datetime

from wizard.sandbox.controllers.podcontrol import seconds_of
from wizard.sandbox.controllers.programs import models
from wizard.sandbox.controllers.programs.base import MIB, Program, Run
from wizard.sandbox.controllers.programs.ollama import DISK_FULL, Ollama
from wizard.sandbox.controllers.services import endpoints_of
from wizard.sandbox.controllers.shapes import CLAIMS, JOBS, Obj, annotations_of, controller_of, is_finished
from wizard.sandbox.controllers.world import Model, World
from wizard.sandbox.status import StatusError

MODELS_ANNOTATION = "wizard.dev/models"


class PullModels(Program):
    """`pull-models.sh` of our chart: waits for the server, pulls one model after the other, says how far it is."""

    boots = 0.1
    memory = 18 * MIB

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._todo = list(wanted_models(run))
        self._failed: list[str] = []
        self._count = len(self._todo)
        self._current: tuple[models.Details, float] | None = None
        self._percent = 0
        self._waited = -1.0

    def step(self, now: float) -> float | None:
        server = self._server(now)
        if server is None and self._current is None:
            if self._waited < 0 or now - self._waited >= 30:
                self._log(now, f"waiting for {self.run.env('OLLAMA_HOST') or 'http://ollama:11434'}")
                self._waited = now
            return now + 2.0
        if self._current is not None:
            return self._progress(server, now)
        if not self._todo:
            if self._failed:
                self._log(now, f"not pulled: {' '.join(self._failed)}")
                self.quit(now, 1)
            else:
                self._log(now, f"all {self._count} models are ready")
                self.quit(now, 0)
            return None
        name = self._todo.pop(0)
        self._log(now, f"{name}: pulling")
        details = models.details(name)
        if details is None:
            self._log(now, f"{name}: Error: pull model manifest: file does not exist")
            self._fail(now, name)
            return now + 0.1
        self._log(now, f"{name}: pulling manifest")
        there = server is not None and details.name in server.known()
        seconds = 0.5 if there else details.seconds * self.run.slow
        self._current, self._percent = (details, now + seconds), 100 if there else 0
        return now + min(seconds / 20, 5.0)

    def _progress(self, server: Ollama | None, now: float) -> float:
        assert self._current is not None
        details, done = self._current
        blob = models.layers(details)[0][0][:12]
        if server is None:
            self._log(now, f'{details.name}: Error: Post "{self.run.env("OLLAMA_HOST")}/api/pull": EOF')
            self._fail(now, details.name)
            return now + 2.0
        if server.disk_full(now):
            self._log(now, f"{details.name}: Error: {DISK_FULL.format(details.digest[:12])}")
            self._fail(now, details.name)
            return now + 0.5
        if now < done:
            percent = int(100 * (1 - (done - now) / max(details.seconds * self.run.slow, 0.1)))
            if percent > self._percent:
                self._percent = percent
                self._log(now, f"{details.name}: layer {blob} {percent}%")
            return min(done, now + max(0.5, details.seconds / 50))
        for text in ("layer " + blob + " 100%", "verifying sha256 digest", "writing manifest", "success", "ready"):
            self._log(now, f"{details.name}: {text}")
        server.pull(details, now)
        self._current = None
        return now + 0.1

    def _fail(self, now: float, name: str) -> None:
        self._log(now, f"{name}: FAILED")
        self._failed.append(name)
        self._current = None

    def _server(self, now: float) -> Ollama | None:
        host = self.run.env("OLLAMA_HOST").removeprefix("http://").partition(":")[0].partition(".")[0] or "ollama"
        try:
            pods = endpoints_of(self.run.cluster, self.run.ns, host)
        except StatusError:
            return None
        for pod, _ in pods:
            for container in pod["spec"]["containers"]:
                found = self.run.world.program_of(pod["metadata"]["uid"], container["name"])
                if isinstance(found, Ollama) and found.listening(now):
                    return found
        return None

    def _log(self, now: float, text: str) -> None:
        self.say(now, f"{datetime.fromtimestamp(now, UTC):%H:%M:%S} {text}")


def wanted_models(run: Run) -> list[str]:
    owner = controller_of(run.pod)
    job = run.cluster.get(JOBS, run.ns, owner["name"]) if owner and owner["kind"] == "Job" else None
    listed = annotations_of(job).get(MODELS_ANNOTATION, "") if job else ""
    return [part.strip() for part in listed.split(",") if part.strip()]


def watch_jobs(world: World) -> None:
    """The tests' convention: a Job with the annotation leaves its models behind, whatever image it ran."""
    seen: set[str] = set()

    def changed(event: str, job: Obj) -> None:
        listed = annotations_of(job).get(MODELS_ANNOTATION, "")
        uid = job["metadata"]["uid"]
        if not listed or uid in seen or is_finished(job) != "Complete":
            return
        seen.add(uid)
        image = job["spec"]["template"]["spec"]["containers"][0]["image"]
        if "ollama" in image:
            return  # its program pulled them into the server's volume
        when = seconds_of(job["status"].get("completionTime") or job["metadata"]["creationTimestamp"])
        home = world.models.setdefault(f"namespace:{job['metadata']['namespace']}", {})
        for name in filter(None, (part.strip() for part in listed.split(","))):
            details = models.details(name)
            home[name] = Model(name, details.size if details else 0.0, when)

    world.cluster.on(JOBS, changed)
    gone: tuple[tuple[str, str], ...] = (CLAIMS, ("", "pods"))
    for resource in gone:
        world.cluster.on(resource, lambda event, obj: _forget(world, event, obj["metadata"]["uid"]))
    world.cluster.on(
        ("", "namespaces"), lambda event, obj: _forget(world, event, f"namespace:{obj['metadata']['name']}")
    )


def _forget(world: World, event: str, volume: str) -> None:
    if event == "DELETED":
        world.models.pop(volume, None)
