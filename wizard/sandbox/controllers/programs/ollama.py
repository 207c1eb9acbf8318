"""Ollama's server: its API, the models in its memory, its log."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wizard.sandbox.clock import micro_stamp
from wizard.sandbox.controllers.programs import generic, models
from wizard.sandbox.controllers.programs import ollama_wire as wire
from wizard.sandbox.controllers.programs.base import MIB, Line, Program, Request, Response, Run
from wizard.sandbox.controllers.shapes import (
    CLAIMS,
    Obj,
    duration,
)
from wizard.sandbox.controllers.world import Model

VERSION = "0.32.15"
_BUSY = 0.15
"""Activity from which on somebody is always chatting, so that the first model stays loaded."""
DISK_FULL = "write /models/blobs/sha256-{0}-partial-0: no space left on device"
_ANSWER = (
    "This answer comes from the wizard's sandbox: a simulated model that always says the same. Ask me again later."
)


class Ollama(Program):
    boots = 2.0
    stops = 1.5
    memory = 30 * MIB
    cpu = 0.004
    steady = False

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.version = wire.tag(run.image) or VERSION
        self._loaded: dict[str, float] = {}
        """Model -> until when it stays, by requests over the API."""

    @property
    def volume(self) -> str:
        """Where its models are: they outlive the pod only on a claim."""
        for each in self.run.pod["spec"].get("volumes") or ():
            if "persistentVolumeClaim" in each:
                claim = self.run.cluster.get(CLAIMS, self.run.ns, each["persistentVolumeClaim"]["claimName"])
                if claim is not None:
                    return str(claim["metadata"]["uid"])
        return self.run.uid

    def known(self) -> dict[str, Model]:
        return self.run.world.models_in(self.volume, f"namespace:{self.run.ns}")

    def pull(self, found: models.Details, now: float) -> None:
        self.run.world.models.setdefault(self.volume, {})[found.name] = Model(found.name, found.size, now)

    def disk_full(self, now: float) -> bool:
        return self.run.world.effects.find("disk", self.run.pod, self.run.container, now) is not None

    # Memory ---------------------------------------------------------------------------------------

    def loaded(self, now: float) -> dict[str, Model]:
        """Models in memory: those asked for over the API, and the first one while users are about."""
        known = self.known()
        found = {name: known[name] for name, until in self._loaded.items() if until > now and name in known}
        chats = [each for each in known.values() if "embed" not in each.name and "minilm" not in each.name]
        if not found and chats and self.run.world.activity(self.run.ns, now) > _BUSY and self._has_users():
            first = min(chats, key=lambda each: each.pulled)
            # What does not fit is refused when it is loaded, not killed.
            if not self.run.memory_limit or self._need(first) < self.run.memory_limit * 0.98:
                found[first.name] = first
        return found

    def _has_users(self) -> bool:
        return any(
            type(each).__name__ == "OpenWebUI" and each.run.ns == self.run.ns for each in self.run.world.running()
        )

    def _need(self, model: Model) -> float:
        return self.memory + model.size * models.RESIDENT + 90 * MIB

    def uses(self, now: float) -> tuple[float, float]:
        activity = self.run.world.activity(self.run.ns, now)
        memory, cpu = self.memory, self.cpu
        for model in self.loaded(now).values():
            memory += model.size * models.RESIDENT + 60 * MIB * (1 + activity)
            cpu += 0.1 + 2.4 * activity
        return cpu, memory

    # API ------------------------------------------------------------------------------------------

    def http(self, request: Request, now: float) -> Response:
        response = self._answer(request, now)
        if request.path not in ("/api/version", "/"):
            self._log(request, response, now)
        return response

    def _answer(self, request: Request, now: float) -> Response:
        match (request.method, request.path.rstrip("/") or "/"):
            case (_, "/"):
                return Response.text("Ollama is running")
            case (_, "/api/version"):
                return Response.of({"version": self.version})
            case (_, "/api/tags"):
                return Response.of({"models": [wire.listed(each) for each in self.known().values()]})
            case (_, "/api/ps"):
                return Response.of({"models": [self._running(each, now) for each in self.loaded(now).values()]})
            case ("DELETE", "/api/delete"):
                return self._delete(request)
            case ("POST", "/api/show"):
                found = self._named(request)
                return Response.of(wire.shown(found)) if found else self._missing(request)
            case ("POST", "/api/pull"):
                return self._pull(request, now)
            case ("POST", "/api/generate" | "/api/chat"):
                return self._generate(request, now)
            case ("POST", "/api/embed"):
                return self._embed(request, now)
        return Response.text("404 page not found", 404)

    def _named(self, request: Request) -> Model | None:
        asked = request.json()
        details = models.details(str(asked.get("model") or asked.get("name") or ""))
        return self.known().get(details.name) if details else None

    def _missing(self, request: Request) -> Response:
        asked = request.json()
        return Response.of({"error": f"model '{asked.get('model') or asked.get('name')}' not found"}, 404)

    def _delete(self, request: Request) -> Response:
        found = self._named(request)
        if found is None:
            return self._missing(request)
        for volume in (self.volume, f"namespace:{self.run.ns}"):
            self.run.world.models.get(volume, {}).pop(found.name, None)
        self._loaded.pop(found.name, None)
        return Response.of({})

    def _pull(self, request: Request, now: float) -> Response:
        """The whole stream at once: over this proxy nobody sees it grow; the Job is what takes its time."""
        asked = request.json()
        details = models.details(str(asked.get("model") or asked.get("name") or ""))
        if details is None:
            return Response.of({"error": "pull model manifest: file does not exist"}, 500)
        if self.disk_full(now):
            return Response.of({"error": DISK_FULL.format(details.digest[:12])}, 500)
        self.pull(details, now)
        if asked.get("stream") is False:
            return Response.of({"status": "success"})
        steps: list[Obj] = [{"status": "pulling manifest"}]
        for digest, size in models.layers(details):
            base = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": int(size)}
            steps += [{**base, "completed": int(size * part)} for part in (0.0, 0.5, 1.0)]
        steps += [{"status": word} for word in ("verifying sha256 digest", "writing manifest", "success")]
        return wire.stream(steps)

    def _generate(self, request: Request, now: float) -> Response:
        found = self._named(request)
        if found is None:
            return self._missing(request)
        asked = request.json()
        limit = self.run.memory_limit
        if limit and self._need(found) > limit:
            need, have = self._need(found) / 2**30, limit / 2**30
            message = f"model requires more system memory ({need:.1f} GiB) than is available ({have:.1f} GiB)"
            return Response.of({"error": message}, 500)
        keep = asked.get("keep_alive", self.run.env("OLLAMA_KEEP_ALIVE") or "5m")
        self._loaded[found.name] = now + (duration(keep) if str(keep) not in ("-1", "-1m") else 1e9)
        chat = request.path.endswith("chat")
        words = _ANSWER.split(" ")

        def piece(text: str, done: bool) -> Obj:
            body = {"message": {"role": "assistant", "content": text}} if chat else {"response": text}
            return {"model": found.name, "created_at": micro_stamp(now), **body, "done": done}

        measures = {
            "done_reason": "stop",
            "total_duration": int(len(words) * 7e7),
            "load_duration": int(2e8),
            "prompt_eval_count": 12,
            "prompt_eval_duration": int(1e8),
            "eval_count": len(words),
            "eval_duration": int(len(words) * 6e7),
        }
        if asked.get("stream") is False:
            return Response.of({**piece(_ANSWER, True), **measures})
        texts = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
        return wire.stream([*(piece(text, False) for text in texts), {**piece("", True), **measures}])

    def _embed(self, request: Request, now: float) -> Response:
        found = self._named(request)
        if found is None:
            return self._missing(request)
        asked = request.json().get("input", "")
        texts = asked if isinstance(asked, list) else [asked]
        jitter = self.run.cluster.jitter
        vectors = [[round(jitter("embed", text, number) - 0.5, 6) for number in range(64)] for text in texts]
        return Response.of({"model": found.name, "embeddings": vectors})

    def _running(self, model: Model, now: float) -> Obj:
        until = self._loaded.get(model.name, now + 300)
        return {**wire.listed(model), "expires_at": micro_stamp(until), "size_vram": 0, "context_length": 4096}

    # Log ------------------------------------------------------------------------------------------

    def opening(self) -> list[Line]:
        total = (self.run.memory_limit or 4 * 2**30) / 2**30
        routes = (
            'msg="server config" env="map[OLLAMA_FLASH_ATTENTION:true OLLAMA_HOST:http://0.0.0.0:11434 OLLAMA_KEEP_'
        )
        routes += 'ALIVE:10m0s OLLAMA_KV_CACHE_TYPE:q8_0 OLLAMA_MAX_LOADED_MODELS:1 OLLAMA_MODELS:/models]"'
        said = (
            (0.1, "routes.go:1511", routes),
            (0.15, "images.go:522", f'msg="total blobs: {4 * len(self.known())}"'),
            (0.15, "images.go:529", 'msg="total unused blobs removed: 0"'),
            (0.16, "routes.go:1564", f'msg="Listening on [::]:11434 (version {self.version})"'),
            (0.2, "runner.go:67", 'msg="discovering available GPUs..."'),
            (self.boots * 0.7, "types.go:60", 'msg="inference compute" id=cpu library=cpu compute="" name=cpu '
             f'description=cpu libdirs=ollama driver="" pci_id="" type="" total="{total:.1f} GiB" '
             f'available="{total * 0.9:.1f} GiB"'),
        )  # fmt: skip
        return [(at, wire.info(self.run.started + at, where, text)) for at, where, text in said]

    def periodic(self, since: float, until: float) -> Iterator[Line]:
        """The users' chats, and the kubelet's probes every ten seconds as GIN prints them."""
        world, ns = self.run.world, self.run.ns
        step = 10.0
        first = max(self.listens_at, since, until - 3600)
        tick = math.ceil(first / step) * step
        while tick <= until:
            micros = 18 + 30 * self.run.cluster.jitter("gin", tick)
            yield tick, wire.gin(tick, 200, f"{micros:.3f}µs", "10.42.0.1", "GET", "/api/version")
            if self.known() and world.activity(ns, tick) > _BUSY and self._has_users():
                seconds = 1.2 + 6 * self.run.cluster.jitter("chat", tick)
                yield tick + 0.4, wire.gin(tick + 0.4, 200, f"{seconds:.9f}s", "10.42.0.7", "POST", "/api/chat")
            tick += step

    def _log(self, request: Request, response: Response, now: float) -> None:
        took = f"{0.3 + self.run.cluster.jitter(now, request.path):.6f}ms"
        self.say(now, wire.gin(now, response.status, took, "10.42.0.1", request.method, request.path))


def answer(run: Run, request: Request, now: float) -> Response:
    """What a container that declares port 11434 answers, as on the tests' real control plane."""
    if not run.ready():
        return Response.text("not ready\n", 503)
    server = Ollama(run)
    return server._answer(request, now)


generic.BY_PORT[11434] = answer
